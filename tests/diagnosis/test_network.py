"""Finding the address that is at fault in the words of several versions of uv."""

from __future__ import annotations

import pytest

from uv_system_sync.diagnosis import network

_FILE = "http://127.0.0.1:80/files/alpha-1.0-py3-none-any.whl"
_CREDENTIALS = "Give the step credentials that {} accepts: "
_REACH = "Check that the runner reaches {} "


@pytest.mark.parametrize(
    ("flat", "message", "hint", "listing"),
    [
        pytest.param(
            f"Failed to download `alpha==1.0` Failed to fetch: `{_FILE}` HTTP status client error (401 Unauthorized) for url ({_FILE})"
            " help: `alpha` (v1.0) was included because `s` (v1) depends on `alpha`",
            f"alpha 1.0 could not be fetched from {_FILE}: 401 Unauthorized.",
            _CREDENTIALS.format("127.0.0.1:80"),
            False,
            id="file-of-0.5",
        ),
        pytest.param(
            f"error: Failed to download `alpha==1.0` cause: Failed to fetch: {_FILE} cause: HTTP status client error (404 Not Found)"
            f" for url ({_FILE})",
            f"alpha 1.0 could not be fetched from {_FILE}: 404 Not Found.",
            "Check the address of the index ",
            False,
            id="file-of-0.13",
        ),
        pytest.param(
            "error: Failed to fetch: `https://host/simple/beta/` Caused by: HTTP status server error (500 Internal Server Error) for url"
            " (https://host/simple/beta/)",
            "beta could not be fetched from https://host/simple/beta/: 500 Internal Server Error.",
            "Run the job again; if it fails again, ask who runs host.",
            True,
            id="page",
        ),
        pytest.param(
            "error: Failed to fetch: `https://host/simple/beta/` Caused by: client error (Connect) Caused by: dns error"
            " Caused by: failed to lookup address information: Name or service not known",
            "beta could not be fetched from https://host/simple/beta/: the name of the host is not known.",
            _REACH.format("host"),
            True,
            id="name",
        ),
        pytest.param(
            f"error: Failed to download `alpha==1.0` cause: error sending request for url ({_FILE}) cause: operation timed out",
            f"alpha 1.0 could not be fetched from {_FILE}: it took too long.",
            _REACH.format("127.0.0.1:80"),
            False,
            id="time",
        ),
        pytest.param(
            "error: Failed to fetch: `https://user:word@host/simple/beta/` Caused by: invalid peer certificate: UnknownIssuer",
            "beta could not be fetched from https://user:word@host/simple/beta/: its certificate is not trusted.",
            "Name the certificate authority of host in ",
            True,
            id="certificate",
        ),
        pytest.param(
            "Because beta was not found in the package registry and your project depends on beta, we can conclude that. hint: An index"
            " URL (http://host/simple) could not be queried due to a lack of valid authentication credentials (401 Unauthorized).",
            "beta could not be fetched from http://host/simple: 401.",
            _CREDENTIALS.format("host"),
            True,
            id="index-401",
        ),
        pytest.param(
            "Because beta was not found in the package registry and so on. hint: An index (http://host/simple) returned a 403 Forbidden"
            " error. Check that the index URL is correct and the credentials are valid.",
            "beta could not be fetched from http://host/simple: 403.",
            _CREDENTIALS.format("host"),
            True,
            id="index-403",
        ),
        pytest.param(
            "error: Failed to fetch: https://host/direct.tar.gz something new",
            "A file could not be fetched from https://host/direct.tar.gz: the connection failed.",
            _REACH.format("host"),
            False,
            id="something-else",
        ),
    ],
)
def test_address(flat: str, message: str, hint: str, *, listing: bool) -> None:
    """The package, the address and the reason are told, and the next step is for that reason."""
    found = network.fault(flat)

    assert found is not None
    assert (message, hint, listing) == (found.message, found.hint[: len(hint)], found.listing)


@pytest.mark.parametrize(
    "flat", ["", "error: no space left", "Failed to fetch nothing", "see https://host/simple/", "index (https://host) 500"]
)
def test_no_address(flat: str) -> None:
    """No address is made up."""
    assert network.fault(flat) is None
