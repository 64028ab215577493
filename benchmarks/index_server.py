"""Serves the wheels of a folder as an index on the loopback address (PEP 503, 658 and 691), from memory, to many at once."""

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

# The Cache-Control of public indexes: a file never changes, a page may.
_FILE_LASTS = "max-age=365000000, immutable, public"
_PAGE_LASTS = "max-age=600, public"


class Answer(NamedTuple):
    """The content at a path of the index."""

    body: bytes
    kind: str
    lasts: str

    @property
    def tag(self) -> str:
        """The ETag."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


class Wheels:
    """The wheels and source distributions in `folder`, each read once."""

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
            return Answer(index_pages.page(name, self._files[name]), index_pages.JSON, _PAGE_LASTS)
        return Answer("".join(["<!DOCTYPE html>\n", *map(_link, self._files[name])]).encode(), "text/html", _PAGE_LASTS)

    def _file(self, path: Path) -> Answer | None:
        wheel = path.with_name(path.name.removesuffix(".metadata"))
        if wheel not in self._files.get(index_pages.project_of(wheel.name), ()):
            return None
        return Answer(wheel.read_bytes() if path == wheel else index_pages.metadata(wheel), "application/octet-stream", _FILE_LASTS)


def _link(wheel: Path) -> str:
    file, has_metadata = html.escape(wheel.name), ' data-core-metadata="true"' * (wheel.suffix == ".whl")
    return f'<a href="/files/{file}#sha256={index_pages.digest(wheel)}"{has_metadata}>{file}</a><br>\n'


def respond(wheels: Wheels, request: bytes) -> bytes:
    """Return the whole response to the head of a `request`."""
    first, *lines = request.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    answer = wheels.answer(path.partition("?")[0], as_json=index_pages.JSON in headers.get("accept", ""))
    if answer is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    known = headers.get("if-none-match") == answer.tag
    described = {"Content-Type": answer.kind, "Cache-Control": answer.lasts, "ETag": answer.tag, "Vary": "Accept"}
    if known:
        return _head("304 Not Modified", described)
    head = _head("200 OK", {**described, "Content-Length": str(len(answer.body))})
    return head if method == "HEAD" else head + answer.body


def _head(status: str, headers: Mapping[str, str]) -> bytes:
    return "".join([f"HTTP/1.1 {status}\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]).encode()


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
    # The parent process closes the pipe, or has ended.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[int]:
    """Serve `folder` in a process of its own, on `port` or on any that is free, and yield the port."""
    command = [sys.executable, "-m", "benchmarks.index_server", str(folder), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("The index was started without pipes.")
        line = process.stdout.readline()
        if not line:
            raise OSError(f"The index does not start on port {port}.")
        try:
            yield int(line)
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
