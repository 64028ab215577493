"""Serves a folder of wheels as an index on the loopback address (PEP 691), with faults on request."""

from __future__ import annotations

import base64
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tools.shared import index_pages

# The longest time that any response takes, in seconds, even with a fault.
_TIMEOUT = 30


class _Handler(BaseHTTPRequestHandler):
    """Answers one request. A fault is called with the handler and the body of the correct response."""

    def __init__(self, index: Index, *arguments: object) -> None:
        self.index = index
        super().__init__(*arguments)  # type: ignore[arg-type]  # the arguments of socketserver

    def do_GET(self) -> None:
        """Answer the request, with a fault if one is set for it."""
        body = self.index.body(self.path)
        fault = self.index.take_fault(self.path) if self._is_authorized() else _unauthorized
        # The client may have closed the connection.
        with suppress(ConnectionError):
            if fault is not None:
                fault(self, body)
            elif body is None:
                self.answer(404, b"")
            else:
                self.answer(200, body)

    do_HEAD = do_GET  # noqa: N815 - the name is that of http.server

    def answer(self, status: int, body: bytes, *, length: int | None = None) -> None:
        """Send `status` and `body`, with `length` as Content-Length if it is not the length of `body`."""
        self.send_response(status)
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="tests"')
        kind = index_pages.JSON if self.path.startswith("/simple/") else "application/octet-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        if self.path.endswith(".tar.gz"):
            # Like the public index: uv does not revalidate a source distribution from which it has built a wheel.
            self.send_header("Cache-Control", "max-age=365000000, immutable")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    def _is_authorized(self) -> bool:
        expected = base64.b64encode(self.index.credentials.encode()).decode()
        return not self.index.credentials or self.headers.get("Authorization") == f"Basic {expected}"

    def log_message(self, *arguments: object) -> None:
        """Print nothing. The index records the requests."""


Fault = Callable[[_Handler, bytes | None], None]


def status(code: int) -> Fault:
    """Answer with the HTTP status `code`."""
    return lambda handler, _: handler.answer(code, b"as requested")


def _unauthorized(handler: _Handler, _: bytes | None) -> None:
    handler.answer(HTTPStatus.UNAUTHORIZED, b"")


def other(body: bytes) -> Fault:
    """Answer with another `body` and no error."""
    return lambda handler, _: handler.answer(200, body)


def truncated_after(share: float) -> Fault:
    """Announce the whole body, send a `share` of it, and close the connection."""

    def fault(handler: _Handler, body: bytes | None) -> None:
        whole = body or b""
        handler.answer(200, whole[: int(len(whole) * share)], length=len(whole))
        handler.wfile.flush()

    return fault


def reset_after(share: float) -> Fault:
    """Announce the whole body, send a `share` of it, and reset the connection."""

    def fault(handler: _Handler, body: bytes | None) -> None:
        truncated_after(share)(handler, body)
        # With this option, closing sends RST instead of FIN.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return fault


def stalled_after(share: float) -> Fault:
    """Announce the whole body, send a `share` of it, and then nothing until the index ends."""

    def fault(handler: _Handler, body: bytes | None) -> None:
        truncated_after(share)(handler, body)
        handler.index.ended.wait(_TIMEOUT)

    return fault


# The same faults in the middle of the body.
truncated, reset, stalled = truncated_after(1 / 2), reset_after(1 / 2), stalled_after(1 / 2)


@dataclass
class Index:
    """An index of the wheels and source distributions in `folder`, with the pages at `/simple/`.

    `asked` are the paths of all requests. If `credentials` are set (`user:password`), requests need them (basic authentication, RFC 7617).
    """

    folder: Path
    port: int = 0
    asked: list[str] = field(default_factory=list)
    credentials: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    _faults: dict[str, list[Fault | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """The address of the index, for a project to name."""
        return f"http://127.0.0.1:{self.port}/simple"

    @contextmanager
    def served(self) -> Iterator[Index]:
        """Serve the index within the context, on the same port as before, or the first time on a free one."""
        self.ended.clear()
        server = ThreadingHTTPServer(("127.0.0.1", self.port), partial(_Handler, self))
        # Stopping the server must not wait for a stalled response.
        server.daemon_threads, server.block_on_close = True, False
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            server.shutdown()
            server.server_close()
            thread.join(_TIMEOUT)

    def misbehave(self, name: str, fault: Fault, *, times: int | None = None) -> None:
        """Answer requests for the file or page `name` with `fault`: all of them, or only the first `times`."""
        self._faults[name] = [fault] * times + [None] if times is not None else [fault]

    def behave(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def take_fault(self, path: str) -> Fault | None:
        """Record a request for `path`, and return its fault, if any."""
        with self._lock:
            self.asked.append(path)
            faults = self._faults.get(path.rstrip("/").rpartition("/")[2], [None])
            return faults.pop(0) if len(faults) > 1 else faults[0]

    def body(self, path: str) -> bytes | None:
        """Return the correct response for `path`, or None if there is no such file or page."""
        kind, _, name = path.strip("/").partition("/")
        if kind == "files" and (self.folder / name).is_file():
            return (self.folder / name).read_bytes()
        if kind == "files" and (self.folder / name.removesuffix(".metadata")).is_file():
            return index_pages.metadata(self.folder / name.removesuffix(".metadata"))
        archives = (file for file in sorted(self.folder.iterdir()) if file.name.endswith((".whl", ".tar.gz")))
        files = [file for file in archives if index_pages.project_of(file.name) == name]
        return index_pages.page(name, files) if kind == "simple" and files else None
