"""Serves the wheels in a folder as a package index (PEP 503, 658 and 691) on the loopback address, from memory and concurrently."""

from __future__ import annotations

import asyncio
import hashlib
import html
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tools.shared import ROOT, index_pages

# The values of Cache-Control that public indexes send: files never change, pages may.
_FILE_CACHING = "max-age=365000000, immutable, public"
_PAGE_CACHING = "max-age=600, public"


class Answer(NamedTuple):
    """The content at a path of the index, with its Content-Type and Cache-Control."""

    body: bytes
    content_type: str
    caching: str

    @property
    def tag(self) -> str:
        """The ETag."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


class Wheels:
    """The answers for the wheels and source distributions in `folder`. Each file is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, list[Path]] = {}
        for path in sorted(path for path in folder.iterdir() if path.name.endswith((".whl", ".tar.gz"))):
            self._files.setdefault(index_pages.project_of(path.name), []).append(path)
        self.answer = cache(self._answer)

    def _answer(self, path: str, *, as_json: bool) -> Answer | None:
        kind, _, name = path.strip("/").partition("/")
        if kind == "files":
            return self._file(self._folder / name)
        if kind != "simple" or name not in self._files:
            return None
        if as_json:
            return Answer(index_pages.page(name, self._files[name]), index_pages.JSON, _PAGE_CACHING)
        return Answer("".join(["<!DOCTYPE html>\n", *map(_link, self._files[name])]).encode(), "text/html", _PAGE_CACHING)

    def _file(self, path: Path) -> Answer | None:
        wheel = path.with_name(path.name.removesuffix(".metadata"))
        if wheel not in self._files.get(index_pages.project_of(wheel.name), ()):
            return None
        body = wheel.read_bytes() if path == wheel else index_pages.metadata(wheel)
        return Answer(body, "application/octet-stream", _FILE_CACHING)


def _link(wheel: Path) -> str:
    file = html.escape(wheel.name)
    attribute = ' data-core-metadata="true"' if wheel.suffix == ".whl" else ""
    return f'<a href="/files/{file}#sha256={index_pages.digest(wheel)}"{attribute}>{file}</a><br>\n'


def respond(wheels: Wheels, request: bytes) -> bytes:
    """Return the complete response to a `request`, given its request line and headers."""
    first, *lines = request.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    answer = wheels.answer(path.partition("?")[0], as_json=index_pages.JSON in headers.get("accept", ""))
    if answer is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    described = {"Content-Type": answer.content_type, "Cache-Control": answer.caching, "ETag": answer.tag, "Vary": "Accept"}
    if headers.get("if-none-match") == answer.tag:
        return _head("304 Not Modified", described)
    head = _head("200 OK", {**described, "Content-Length": str(len(answer.body))})
    return head if method == "HEAD" else head + answer.body


def _head(status: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


async def _serve(folder: Path, port: int) -> None:
    wheels = Wheels(folder)

    async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                writer.write(respond(wheels, request.removesuffix(b"\r\n\r\n")))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_all, "127.0.0.1", port, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    # Returns when the parent process closes the pipe or ends.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[int]:
    """Serve `folder` in another process while the context lasts, and yield the port; `port` 0 selects a free one."""
    command = [sys.executable, "-m", "benchmarks.index_server", str(folder), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("The index was started without pipes.")
        line = process.stdout.readline()
        if not line:
            raise OSError(f"The index did not start on port {port}.")
        try:
            yield int(line)
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
