"""Tests of `diagnosis.network`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import failure, place, write
from uv_system_sync.diagnosis import network
from uv_system_sync.errors import ActionError

_FILE = "http://127.0.0.1:80/files/alpha-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("output", "values", "hint"),
    [
        pytest.param(
            f"  \u00d7 Failed to download `alpha==1.0`\n  ├─▶ Failed to fetch: `{_FILE}`\n"
            f"  ╰─▶ HTTP status client error (401 Unauthorized) for url ({_FILE})\n  help: `alpha` (v1.0) was included\n",
            ("alpha 1.0", _FILE, "401 Unauthorized"),
            "credentials that 127.0.0.1:80 accepts",
            id="file of 0.5",
        ),
        pytest.param(
            f"error: Failed to download `alpha==1.0`\n  cause: Failed to fetch: {_FILE}\n  cause: HTTP status client error (404 Not Found)"
            f" for url ({_FILE})\n",
            ("alpha 1.0", _FILE, "404 Not Found"),
            "Check the address of the index ",
            id="file of 0.13",
        ),
        pytest.param(
            "error: Failed to fetch: `https://host/simple/beta/`\n  Caused by: HTTP status server error (500 Internal Server Error)"
            " for url (https://host/simple/beta/)\n",
            ("beta", "https://host/simple/beta/", "500 Internal Server Error"),
            "ask the operator of host.",
            id="page",
        ),
        pytest.param(
            "error: Failed to fetch: `https://host/simple/beta/`\n  Caused by: client error (Connect)\n  Caused by: dns error\n",
            ("beta", "https://host/simple/beta/", "the host name could not be resolved"),
            "can reach host ",
            id="name",
        ),
        pytest.param(
            f"error: Failed to download `alpha==1.0`\n  cause: error sending request for url ({_FILE})\n  cause: operation timed out\n",
            ("alpha 1.0", _FILE, "it timed out"),
            "can reach 127.0.0.1:80 ",
            id="time",
        ),
        pytest.param(
            "error: Failed to fetch: `https://user:word@host/simple/beta/`\n  Caused by: invalid peer certificate: UnknownIssuer\n",
            ("beta", "https://user:word@host/simple/beta/", "its certificate is not trusted"),
            "CA certificates for host",
            id="certificate",
        ),
        pytest.param(
            "error: x\n  cause: Because beta was not found in the package registry and so on.\n\nhint: An index URL (http://host/simple)"
            " could not be queried due to a lack of valid authentication credentials (401 Unauthorized).\n",
            ("beta", "http://host/simple", "401"),
            "credentials that host accepts",
            id="index, 401",
        ),
        pytest.param(
            "error: x\n  cause: Because beta was not found in the package registry and so on.\n\nhint: An index (http://host/simple)"
            " returned a 403 Forbidden error. Check that the index URL is correct.\n",
            ("beta", "http://host/simple", "403"),
            "credentials that host accepts",
            id="index, 403",
        ),
        pytest.param(
            "error: Failed to fetch: https://host/direct.tar.gz\n  cause: something new\n",
            ("A file", "https://host/direct.tar.gz", "the connection failed"),
            "can reach host ",
            id="something else",
        ),
    ],
)
def test_address_has_its_reason_and_next_step(tmp_path: Path, output: str, values: tuple[str, str, str], hint: str) -> None:
    error = network.failed_fetch(failure(output, write(tmp_path)))

    assert error is not None
    assert values == tuple(error.values[name] for name in ("package", "address", "reason"))
    assert hint in str(error.hint)


@pytest.mark.parametrize(
    ("address", "cause", "where"),
    [
        pytest.param("https://host/simple/beta/", "has version 2", ("pyproject.toml", 3), id="index"),
        pytest.param("https://host/beta-1.0.tar.gz", "", None, id="file"),
    ],
)
def test_index_page_is_fetched_because_the_lock_is_outdated(
    tmp_path: Path, address: str, cause: str, where: tuple[str, int] | None
) -> None:
    """The error has the cause and its place. A locked file is fetched in any case, so it has no cause."""
    lock = 'version = 1\n[[package]]\nname = "sample"\nversion = "1"\nsource = { virtual = "." }\n'
    project = write(tmp_path, pyproject_toml='[project]\nname = "sample"\nversion = "2"\n', uv_lock=lock)
    error = network.failed_fetch(failure(f"error: Failed to fetch: `{address}`\n  Caused by: dns error\n", project))

    assert error is not None
    assert cause in str(error.values["because"])
    assert where == place(error, project)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("error reading a body from connection\n  cause: Connection reset by peer (os error 104)", "the connection failed"),
        ("Failed to download distribution due to network timeout. Try increasing UV_HTTP_TIMEOUT (current value: 2s).", "it timed out"),
    ],
)
def test_incomplete_download_has_the_address_in_the_lock(tmp_path: Path, cause: str, reason: str) -> None:
    lock = f'version = 1\n[[package]]\nname = "alpha"\nversion = "1.0"\nwheels = [{{ url = "{_FILE}" }}]\n'
    output = f"error: Failed to download `{{}}`\n  cause: Failed to write to the distribution cache\n  cause: {cause}\n"
    project = write(tmp_path, uv_lock=lock)
    error = network.failed_fetch(failure(output.format("alpha==1.0"), project))

    assert error is not None
    assert {"package": "alpha 1.0", "address": _FILE, "host": "127.0.0.1:80", "reason": reason}.items() <= error.values.items()
    assert network.failed_fetch(failure(output.format("alpha==2.0"), project)) is None


@pytest.mark.parametrize(
    "output", ["", "error: no space left", "error: Failed to fetch nothing", "see https://host/simple/", "index (https://host) 500"]
)
def test_other_messages_are_not_about_an_address(tmp_path: Path, output: str) -> None:
    assert network.failed_fetch(failure(output, write(tmp_path))) is None


_HTTPS = "https://host/org/private"
_PRIVATE = "git has no access to it, or it does not exist"
_COMMIT = "ee8478ec0a2d1b86c4b0ec248837e60836b6c56e"


def _failed_git_fetch(words: str, tmp_path: Path, address: str = f"git+{_HTTPS}@{_COMMIT}") -> ActionError | None:
    text = (
        f"error: Failed to download and build `alpha @ {address}`\n  cause: Git operation failed\n  cause: x\n    --- stderr\n    {words}\n"
    )
    return network.failed_git_fetch(failure(text, write(tmp_path, uv_lock='version = 1\n\n[[package]]\nname = "alpha"\n')))


@pytest.mark.parametrize(
    ("words", "reason", "hint"),
    [
        (f"fatal: remote error: upload-pack: not our ref {_COMMIT}", "it does not have the locked commit", "Restore the branch"),
        ("fatal: couldn't find remote ref refs/heads/x", "it does not have the locked commit", "Restore the branch"),
        ("fatal: '/srv/x' does not appear to be a git repository", "the repository does not exist", "Correct its address"),
        ("Host key verification failed. fatal: Could not", "its host key is not known", "Add the key of host to"),
        ("git@host: Permission denied (publickey). fatal:", _PRIVATE, "Give ssh a key that host accepts"),
        ("fatal: could not read Username for 'https://host': terminal", _PRIVATE, "Give git credentials that host accepts"),
        ("fatal: Authentication failed for 'https://host/'", _PRIVATE, "Give git credentials that host accepts"),
        ("fatal: unable to access: The requested URL returned error: 403", _PRIVATE, "Give git credentials that host accepts"),
        ("remote: Repository not found. fatal: repository", _PRIVATE, "Give git credentials that host accepts"),
        ("fatal: repository 'https://host/org/private/' not found", _PRIVATE, "Give git credentials that host accepts"),
        ("fatal: The requested URL returned error: 502", "the server reported an error", "ask the operator of host."),
        ("fatal: unable to access: Could not resolve host: host", "the host name could not be resolved", "can reach host"),
        ("ssh: connect to host host port 22: Connection refused", "the connection failed", "can reach host"),
        ("fatal: SSL certificate problem: self-signed", "its certificate is not trusted", "CA certificates for host"),
        ("fatal: something new", "git failed", "Read the end of uv's output"),
    ],
)
def test_reason_of_git_has_its_next_step(tmp_path: Path, words: str, reason: str, hint: str) -> None:
    """The place is the line of the package in uv.lock."""
    error = _failed_git_fetch(words, tmp_path)

    assert error is not None
    assert ("alpha", _HTTPS, reason) == tuple(error.values[name] for name in ("package", "address", "reason"))
    assert hint in str(error.hint)
    assert (str(tmp_path / "uv.lock"), 4) == (error.file, error.line)


@pytest.mark.parametrize(
    ("address", "named", "host"),
    [
        (f"git+ssh://git@host:22/org/x.git@{_COMMIT}", "ssh://git@host:22/org/x.git", "host:22"),
        (f"git+https://user:word@host/x@{_COMMIT}#subdirectory=a/b", "https://user:word@host/x", "host"),
        ("git+https://host/x", "https://host/x", "host"),
        (f"git+file:///srv/x@{_COMMIT}", "file:///srv/x", "its host"),
        ("git+nowhere", "nowhere", "its host"),
    ],
)
def test_address_has_neither_commit_nor_subdirectory(tmp_path: Path, address: str, named: str, host: str) -> None:
    error = _failed_git_fetch("ssh: Connection refused", tmp_path, address)

    assert error is not None
    assert (named, host) == (error.values["address"], error.values["host"])


_OLDER = """\
  \u00d7 Failed to download and build `lib @
  │ git+https://host/lib@183121f7`
  ├─▶ Git operation failed
  ╰─▶ process didn't exit successfully: `/usr/bin/git fetch` (exit status: 128)
      --- stderr
      fatal: could not read Username for 'https://host': terminal
      prompts disabled
"""


def test_tree_of_an_older_uv(tmp_path: Path) -> None:
    """Its lines are wrapped."""
    project = write(tmp_path, uv_lock='version = 1\n\n[[package]]\nname = "lib"\n')
    error = network.failed_git_fetch(failure(_OLDER, project))

    assert ("uv.lock", 4) == place(error, project)
    assert error is not None
    assert ("https://host/lib", _PRIVATE) == (error.values["address"], error.values["reason"])


@pytest.mark.parametrize(
    "output", ["", "error: Failed to build `alpha @ git+https://host/x`\n  cause: its build failed", "Git operation failed"]
)
def test_other_messages_are_not_about_git(tmp_path: Path, output: str) -> None:
    """A failed build of a Git dependency is not a failed fetch."""
    assert network.failed_git_fetch(failure(output, write(tmp_path))) is None
