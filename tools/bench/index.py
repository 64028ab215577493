"""Serves the wheels of a folder as an index on the loopback address (PEP 503, 658 and 691), from memory, to many at once."""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import re
import subprocess
import sys
import zipfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.pythons import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_JSON = "application/vnd.pypi.simple.v1+json"

# As public indexes have it: a file never changes, a page may.
_FILE_LASTS = "max-age=365000000, immutable, public"
_PAGE_LASTS = "max-age=600, public"


class Answer(NamedTuple):
    """What is at an address."""

    body: bytes
    kind: str
    lasts: str

    @property
    def tag(self) -> str:
        """What tells one body from another."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


class Shelf:
    """The wheels in `folder`, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, list[str]] = {}
        for path in sorted(folder.glob("*.whl")):
            self._files.setdefault(project_of(path.name), []).append(path.name)
        self.answer = cache(self._answer)

    def _answer(self, path: str, *, as_json: bool) -> Answer | None:
        kind, _, name = path.strip("/").partition("/")
        if kind == "files":
            return self._file(name)
        if kind != "simple" or name not in self._files:
            return None
        if as_json:
            page = {"meta": {"api-version": "1.0"}, "name": name, "files": list(map(self._entry, self._files[name]))}
            return Answer(json.dumps(page).encode(), _JSON, _PAGE_LASTS)
        return Answer("".join(["<!DOCTYPE html>\n", *map(self._link, self._files[name])]).encode(), "text/html", _PAGE_LASTS)

    def _file(self, name: str) -> Answer | None:
        wheel = name.removesuffix(".metadata")
        if wheel not in self._files.get(project_of(wheel), ()):
            return None
        content = (self._folder / wheel).read_bytes() if name == wheel else self._metadata(wheel)
        return Answer(content, "application/octet-stream", _FILE_LASTS)

    def _entry(self, name: str) -> dict[str, object]:
        content = (self._folder / name).read_bytes()
        return {
            "filename": name,
            "url": f"/files/{name}",
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "size": len(content),
            "core-metadata": {"sha256": hashlib.sha256(self._metadata(name)).hexdigest()},
            "upload-time": "2024-01-01T00:00:00Z",
        }

    def _link(self, name: str) -> str:
        hashed = hashlib.sha256((self._folder / name).read_bytes()).hexdigest()
        metadata = hashlib.sha256(self._metadata(name)).hexdigest()
        file = html.escape(name)
        return f'<a href="/files/{file}#sha256={hashed}" data-core-metadata="sha256={metadata}">{file}</a><br>\n'

    def _metadata(self, name: str) -> bytes:
        with zipfile.ZipFile(self._folder / name) as archive:
            return archive.read(next(member for member in archive.namelist() if member.endswith(".dist-info/METADATA")))


def project_of(file: str) -> str:
    """Return the normalized name of the project that the wheel `file` is of."""
    return re.sub(r"[-_.]+", "-", file.partition("-")[0]).lower()


def respond(shelf: Shelf, request: bytes) -> bytes:
    """Return the whole response to the head of a `request`."""
    first, *lines = request.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    answer = shelf.answer(path.partition("?")[0], as_json=_JSON in headers.get("accept", ""))
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
    shelf = Shelf(folder)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                writer.write(respond(shelf, request.removesuffix(b"\r\n\r\n")))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    # Whoever started this closes the pipe, or has gone.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[int]:
    """Serve `folder` in a process of its own, on `port` or on any that is free, and yield the port."""
    command = [sys.executable, "-m", "tools.bench.index", str(folder), str(port)]
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
