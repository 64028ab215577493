"""Finding the Git repository that is at fault in the words of uv and git."""

from __future__ import annotations

import pytest

from uv_system_sync.diagnosis import git

_HTTPS = "https://host/org/private"
_PRIVATE = "git may not read it, or it does not exist"
_COMMIT = "ee8478ec0a2d1b86c4b0ec248837e60836b6c56e"


def _said(words: str, address: str = f"git+{_HTTPS}@{_COMMIT}") -> str:
    return f"error: Failed to download and build `alpha @ {address}` cause: Git operation failed cause: {words} hint: `alpha` was included"


@pytest.mark.parametrize(
    ("words", "reason", "hint"),
    [
        ("Git executable not found. Ensure that Git is installed", "there is no `git` on PATH", "Install git in an earlier step."),
        (f"fatal: remote error: upload-pack: not our ref {_COMMIT}", "it does not have the commit that is locked", "Restore the branch"),
        ("fatal: couldn't find remote ref refs/heads/x", "it does not have the commit that is locked", "Restore the branch"),
        ("fatal: '/srv/x' does not appear to be a git repository", "there is no such repository", "Correct its address"),
        ("Host key verification failed. fatal: Could not", "the key of its host is not known", "Add the key of host to"),
        ("git@host: Permission denied (publickey). fatal:", _PRIVATE, "Give ssh a key that host accepts"),
        ("fatal: could not read Username for 'https://host': terminal", _PRIVATE, "Give git credentials that host accepts"),
        ("fatal: Authentication failed for 'https://host/'", _PRIVATE, "Give git credentials that host accepts"),
        ("fatal: unable to access: The requested URL returned error: 403", _PRIVATE, "Give git credentials that host accepts"),
        ("remote: Repository not found. fatal: repository", _PRIVATE, "Give git credentials that host accepts"),
        ("fatal: repository 'https://host/org/private/' not found", _PRIVATE, "Give git credentials that host accepts"),
        (
            "fatal: The requested URL returned error: 502",
            "the server has failed",
            "Run the job again; if it fails again, ask who runs host.",
        ),
        (
            "fatal: unable to access: Could not resolve host: host",
            "the name of the host is not known",
            "Check that the runner reaches host",
        ),
        ("ssh: connect to host host port 22: Connection refused", "the connection failed", "Check that the runner reaches host"),
        ("fatal: SSL certificate problem: self-signed", "its certificate is not trusted", "Name the certificate authority of host"),
        ("fatal: something new", "git failed", ""),
    ],
)
def test_reason(words: str, reason: str, hint: str) -> None:
    """The package, its repository and the reason are told, and the next step is for that reason."""
    found = git.fault(_said(words))

    assert found is not None
    assert ("alpha", f"alpha could not be fetched from the Git repository {_HTTPS}: {reason}.") == (found.package, found.message)
    assert hint == found.hint[: len(hint)]


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
def test_address(address: str, named: str, host: str) -> None:
    """An address is told without the commit and the folder in it."""
    found = git.fault(_said("ssh: Connection refused", address))

    assert found is not None
    assert f" Git repository {named}: " in found.message
    assert f" reaches {host} " in found.hint


@pytest.mark.parametrize(
    "flat",
    ["", "error: Failed to download and build `alpha @ git+https://host/x` cause: its build failed", "Git operation failed", "`git+x`"],
)
def test_no_repository(flat: str) -> None:
    """No repository is made up."""
    assert git.fault(flat) is None
