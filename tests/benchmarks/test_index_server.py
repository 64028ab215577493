"""The benchmark's package index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import index_server
from benchmarks.generated_wheels import Wheel, write_source


@pytest.mark.parametrize("accept", ["text/html", "application/vnd.pypi.simple.v1+json, text/html;q=0.1"])
def test_the_index_serves_both_formats(accept: str, tmp_path: Path) -> None:
    """A page is JSON (PEP 691) if the client accepts it, else HTML (PEP 503), and lists the file."""
    wheel = Wheel(0).write(tmp_path, 1)
    response = index_server.respond(index_server.Wheels(tmp_path), f"GET /simple/{Wheel(0).name}/ HTTP/1.1\r\nAccept: {accept}".encode())
    head, _, body = response.partition(b"\r\n\r\n")
    kind = next(line for line in head.decode().split("\r\n") if line.startswith("Content-Type"))

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert ("json" if "json" in accept else "html") == ("json" if "json" in kind else "html")
    assert f"/files/{wheel.name}".encode() in body
    if "json" in accept:
        assert [wheel.name] == [file["filename"] for file in json.loads(body)["files"]]


def test_a_source_distribution_is_listed_without_metadata_of_its_own(tmp_path: Path) -> None:
    source = write_source(tmp_path, "bench-slow", 0)
    wheels = index_server.Wheels(tmp_path)
    page = index_server.respond(wheels, b"GET /simple/bench-slow/ HTTP/1.1")

    assert (True, False) == (source.name.encode() in page, b"data-core-metadata" in page)
    assert index_server.respond(wheels, f"GET /files/{source.name} HTTP/1.1".encode()).endswith(source.read_bytes())


def test_a_request_with_the_current_etag_is_answered_with_304(tmp_path: Path) -> None:
    wheel = Wheel(0).write(tmp_path, 1)
    wheels = index_server.Wheels(tmp_path)
    request = f"GET /files/{wheel.name} HTTP/1.1"
    head, _, body = index_server.respond(wheels, request.encode()).partition(b"\r\n\r\n")
    tag = next(line.partition(": ")[2] for line in head.decode().split("\r\n") if line.startswith("ETag"))
    again = index_server.respond(wheels, f"{request}\r\nIf-None-Match: {tag}".encode())

    assert wheel.read_bytes() == body
    assert again.startswith(b"HTTP/1.1 304 ")
    assert again.endswith(b"\r\n\r\n")


def test_the_index_does_not_leave_its_folder(tmp_path: Path) -> None:
    """Only the paths of its wheels are served."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "secret-1.0-py3-none-any.whl").write_bytes(b"secret")
    wheels = index_server.Wheels(tmp_path / "wheels")

    assert index_server.respond(wheels, b"GET /files/../secret-1.0-py3-none-any.whl HTTP/1.1").startswith(b"HTTP/1.1 404 ")
