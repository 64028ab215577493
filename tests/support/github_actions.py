"""Checkouts of GitHub's own actions, and what act needs to serve them artifacts."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# The entry points of the actions whose bundled programs have more than 4 MiB, which copies of their repositories may lack.
_ENTRY_POINTS = {
    "actions/upload-artifact": ("src/upload/index.ts", "dist/upload"),
    "actions/download-artifact": ("src/download-artifact.ts", "dist"),
}
# The compiler of both actions, in the major versions that their package.json files name.
_COMPILER = ("@vercel/ncc@0.38", "typescript@5", "@types/node@25")


def checkout(repository: Path, name: str, folder: Path) -> Path:
    """Check the newest commit of the action `name` out of `repository` into the new `folder`, and return that.

    A program that the repository lacks is built from its sources with npm, as the action's own `npm run release` does. Its dependencies
    are the newest that its package.json allows: package-lock.json may name releases that are withdrawn.
    """
    if has_every_file(repository):
        subprocess.run(["git", "clone", "--quiet", repository.resolve(), folder], check=True)
        return folder
    folder.mkdir()
    archive = subprocess.run(["git", "-C", str(repository), "archive", "HEAD", "--", ".", ":!dist"], check=True, capture_output=True)
    subprocess.run(["tar", "--extract", "--directory", folder], input=archive.stdout, check=True)
    (folder / "package-lock.json").unlink()
    source, built = _ENTRY_POINTS[name]
    commands: tuple[list[str], ...] = (
        ["npm", "pkg", "delete", "devDependencies"],
        ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", *_COMPILER],
        ["node_modules/.bin/ncc", "build", source, "--out", built],
    )
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def has_every_file(repository: Path) -> bool:
    """Return whether `repository` has all files of its newest commit."""
    command = ["git", "-C", str(repository), "archive", "--output", "/dev/null", "HEAD"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def can_be_built(name: str) -> bool:
    """Return whether `checkout` can build the program of the action `name`, if a repository lacks it."""
    return name in _ENTRY_POINTS and shutil.which("npm") is not None


@contextmanager
def artifact_service(port: int) -> Iterator[str]:
    """Yield the address of a service that passes requests on to act's artifact server at `port` of this machine.

    The server of act 0.2.89 does not fit the client of actions/upload-artifact 7. It rejects requests with fields that it does not know,
    such as `mime_type`, and does not encode the `=` at the end of the signatures in its addresses, which the client then drops.
    """

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.endswith("/CreateArtifact"):
                request = {name: value for name, value in json.loads(body).items() if name not in ("mime_type", "mimeType")}
                body = json.dumps(request).encode()
            headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
            with closing(HTTPConnection("127.0.0.1", port)) as connection:
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                # Only its own answers have addresses; files may have any bytes.
                content = response.read() if self.command != "POST" else response.read().replace(b"=&", b"%3D&")
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = _pass_on  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
