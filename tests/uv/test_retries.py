"""How long a retry waits, and which failures are retried; tests/integration/test_retries.py runs the real uv with a failing index."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from uv_system_sync.uv import retries

_FILE = "https://host/files/alpha-1.0-py3-none-any.whl"
_PAGE = "https://host/simple/alpha/"
_BODY = "error decoding response body", "request or response body error", "error reading a body from connection"


def _new(*causes: str) -> str:
    """Return an error as a newer uv prints it."""
    return "\n".join((f"error: {causes[0]}", *(f"  cause: {cause}" for cause in causes[1:])))


def _old(*causes: str) -> str:
    """Return an error as an older uv prints it, as a tree."""
    return "\n".join(
        (f"  \u00d7 {causes[0]}", *(f"  \u251c\u2500\u25b6 {cause}" for cause in causes[1:]), "  help: `alpha` (v1.0) was included")
    )


def _file(*causes: str) -> tuple[str, ...]:
    return ("Failed to download `alpha==1.0`", *causes)


# Waits.


@pytest.mark.parametrize("number", range(11))
def test_waits_grow_and_add_up_to_less_than_half_a_minute(number: int) -> None:
    for _ in range(200):
        waits = [*retries.waits(number)]

        assert (number, True) == (len(waits), sum(waits) < 30)
        assert [] == [wait for wait, following in pairwise(waits) if wait > following]
        assert [] == [wait for wait in waits if wait <= 0]


def test_waits_are_random() -> None:
    """The jobs of a matrix fail at the same time, and should not retry at the same time."""
    assert len({next(retries.waits(2)) for _ in range(50)}) > 40


def test_the_first_wait_is_seconds() -> None:
    assert [] == [wait for _ in range(200) for wait in retries.waits(1) if not 1.5 <= wait <= 3]


# Reasons.

# What uv 0.13.9 and 0.5.31 print below the package or the page.
_SENDING = f"error sending request for url ({_FILE})"
_STATUSES = {
    "408": "client error (408 Request Timeout)",
    "425": "client error (425 Too Early)",
    "429": "client error (429 Too Many Requests)",
    "500": "server error (500 Internal Server Error)",
    "502": "server error (502 Bad Gateway)",
    "503": "server error (503 Service Unavailable)",
    "504": "server error (504 Gateway Timeout)",
}


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        *(
            pytest.param(
                printed(*_file(f"Failed to fetch: {quote}{_FILE}{quote}", f"HTTP status {text} for url ({_FILE})")),
                text,
                id=f"{name}-{age}",
            )
            for name, text in _STATUSES.items()
            for printed, quote, age in ((_new, "", "new"), (_old, "`", "old"))
        ),
        pytest.param(
            _new(
                *_file(
                    f"Failed to fetch: {_FILE}",
                    _SENDING,
                    "client error (Connect)",
                    "tcp connect error",
                    "Connection refused (os error 111)",
                )
            ),
            "Connection refused",
            id="refused-new",
        ),
        pytest.param(
            _old(
                *_file(
                    f"Failed to fetch: `{_FILE}`",
                    "Request failed after 3 retries",
                    *(_SENDING, "client error (Connect)", "tcp connect error: Connection refused (os error 111)"),
                )
            ),
            "Connection refused",
            id="refused-old",
        ),
        pytest.param(
            _new(*_file(f"Failed to fetch: {_FILE}", _SENDING, "client error (SendRequest)", "Connection reset by peer (os error 104)")),
            "Connection reset",
            id="reset-at-once",
        ),
        pytest.param(
            _new(
                *_file(
                    f"Failed to fetch: {_FILE}", _SENDING, "dns error", "error resolving DNS", "failed to lookup address information: no"
                )
            ),
            "failed to lookup address",
            id="dns-new",
        ),
        pytest.param(
            _old(*_file(f"Failed to fetch: `{_FILE}`", "Could not connect, are you offline?", _SENDING, "dns error: Temporary failure")),
            "dns error",
            id="dns-old",
        ),
    ],
)
def test_a_transient_failure_to_fetch_has_the_url_and_the_reason(printed: str, reason: str) -> None:
    status = reason.partition("(")[2].rstrip(")") if "error (" in reason else reason

    assert f"{_FILE}: {status}" == retries.reason(printed)


_IN_PART = [
    pytest.param(
        _new(*_file("Failed to write to the distribution cache", *_BODY, "Connection reset by peer (os error 104)")), "Connection reset"
    ),
    pytest.param(
        _old(*_file("Failed to write to the distribution cache", *_BODY, "Connection reset by peer (os error 104)")), "Connection reset"
    ),
    pytest.param(
        _new(*_file("Failed to write to the distribution cache", *_BODY, "end of file before message length reached")),
        "end of file before message length reached",
    ),
    pytest.param(
        _new(
            *_file("Failed to extract archive: alpha-1.0-py3-none-any.whl", "I/O operation failed during extraction"),
            "Failed to download distribution due to network timeout. Try increasing UV_HTTP_TIMEOUT (current value: 2s).",
        ),
        "network timeout",
    ),
    pytest.param(_old(*_file("Failed to extract archive", "Failed to download distribution due to network timeout.")), "network timeout"),
]


@pytest.mark.parametrize(("printed", "reason"), _IN_PART)
def test_a_download_that_was_cut_off_has_the_url_in_the_lock(printed: str, reason: str) -> None:
    """The output of uv does not have the URL."""
    assert f"{_FILE}: {reason}" == retries.reason(printed, lambda *package: _FILE if package == ("alpha", "1.0") else "")
    assert f"alpha 1.0: {reason}" == retries.reason(printed)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("Connection reset by peer (os error 104)", "Connection reset"),
        ("end of file before message length reached", "end of file before message length reached"),
        ("operation timed out", "timed out"),
    ],
)
def test_an_index_page_that_was_cut_off_is_retried(cause: str, reason: str) -> None:
    old = f"error: Failed to fetch: `{_PAGE}`\n  Caused by: error decoding response body\n  Caused by: {cause}"

    assert [f"{_PAGE}: {reason}"] * 2 == [retries.reason(printed) for printed in (_new(f"Failed to fetch: {_PAGE}", *_BODY, cause), old)]


@pytest.mark.parametrize(
    "letters", ["fatal: unable to access: Could not resolve host: host", "error: The requested URL returned error: 503"]
)
def test_a_git_repository_that_is_not_reached_is_retried(letters: str) -> None:
    """The reason is in the output of git that uv quotes."""
    printed = (
        "error: Failed to download and build `alpha @ git+https://me:secret@host/alpha.git@main#abc`\n"
        f"  Caused by: Git operation failed\n  Caused by: process didn't exit successfully\n--- stderr\n{letters}\n"
    )
    reason = retries.reason(printed)

    assert reason
    assert ("https://host/alpha.git", False) == (reason.partition(": ")[0], "secret" in reason)


def test_credentials_in_an_address_are_not_in_the_reason() -> None:
    printed = _new("Failed to fetch: https://me:secret@host/simple/alpha/", "operation timed out")

    assert "https://host/simple/alpha/: timed out" == retries.reason(printed)


@pytest.mark.parametrize(
    "printed",
    [
        *(
            pytest.param(_new(*_file(f"Failed to fetch: {_FILE}", f"HTTP status client error ({status}) for url ({_FILE})")), id=status[:3])
            for status in ("401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone")
        ),
        pytest.param(
            _new(
                "No solution found when resolving dependencies",
                "Because alpha was not found in the package registry and your project depends on alpha, it is unsatisfiable.",
            )
            + "\n\nhint: An index URL (https://host/simple) could not be queried (401 Unauthorized)",
            id="page-401",
        ),
        pytest.param(
            _new(*_file("Hash mismatch for `alpha==1.0`", f"Failed to fetch: {_FILE}", "Connection reset by peer")), id="hash-mismatch"
        ),
        pytest.param(
            _new(*_file(f"Failed to fetch: {_FILE}", _SENDING, "invalid peer certificate: UnknownIssuer", "connection closed")),
            id="certificate",
        ),
        pytest.param(
            "error: Failed to build `alpha==1.0`\n  cause: The build backend returned an error\n"
            "  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)\n\n"
            f"[stderr]\nerror: Failed to fetch: {_FILE}\nurllib3.exceptions: Connection refused\n",
            id="build-backend",
        ),
        pytest.param(_new("Failed to fetch: https://host/files/connection_reset-1.whl", "Invalid `Connection refused`"), id="only-names"),
        pytest.param(_new(*_file("Failed to write to the distribution cache", "No space left on device (os error 28)")), id="disk-full"),
        pytest.param(_new(*_file("Failed to extract archive", "Broken pipe (os error 32)")), id="no-network"),
        pytest.param(_new("Failed to install: alpha-1.0-py3-none-any.whl (alpha==1.0)", "Broken pipe (os error 32)"), id="installation"),
        pytest.param("The environment is outdated; run `uv sync` to update the environment", id="check"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_permanent_failure_is_not_retried(printed: str) -> None:
    assert retries.reason(printed, lambda *_: _FILE) is None


@pytest.mark.parametrize("printed", [_new, _old])
def test_text_inside_of_a_message_is_not_a_reason(printed: Callable[..., str]) -> None:
    """A requirement in a build message can look like a message of uv."""
    chosen = f"Failed to fetch: {_FILE} Connection refused"
    text = printed("Failed to build `alpha==1.0`", "Failed to resolve requirements from `x`", f"Because f{{'{chosen}'}}==1 is not there")

    assert retries.reason(text) is None
