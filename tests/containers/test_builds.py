"""A real container engine builds every Dockerfile in the examples and documents, and runs the images as their own users."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.containers.conftest import Containers
from tests.support.docker_examples import one_line, text
from tests.support.projects import Project

LOCKED = {"alpha", "app", "beta", "pip"}

# The documented options for these images; the user is AWS's.
_LAMBDA = ("--user=993:990", "--read-only", "--tmpfs=/tmp")


@pytest.mark.container("the line of the README in {base}")
@pytest.mark.parametrize("base", ["python:3.13-slim", "python:3.13", "python:3.13-alpine"])
def test_the_one_line_installs_what_is_locked(containers: Containers, base: str) -> None:
    built = containers.build("line", one_line(base))
    started = containers.start("line", "python", "-m", "app")

    assert 0 == built.returncode, built.stdout
    assert "alpha 1.0\n" == started.stdout
    assert {*LOCKED, "uv"} == containers.packages("line")


@pytest.mark.container("examples/docker/Dockerfile")
def test_the_dockerfile_makes_an_image_that_runs_as_its_user(containers: Containers) -> None:
    built = containers.build("app", text("Dockerfile"), *containers.uncached)

    assert 0 == built.returncode, built.stdout
    assert "alpha 1.0\n" == containers.start("app").stdout
    assert "1000:1000\n" == containers.start("app", "sh", "-c", "echo $(id -u):$(id -g)").stdout
    assert LOCKED == containers.packages("app")
    assert "" == containers.start("app", "sh", "-c", "command -v uv uvx uv-system-sync; ls -A /opt/sync 2>/dev/null").stdout


@pytest.mark.container("examples/docker/Dockerfile")
def test_the_dependencies_are_not_installed_again_when_only_the_code_has_changed(containers: Containers, project: Project) -> None:
    if containers.uncached:
        pytest.skip("this version of podman cannot mount a stage that is cached")
    # Make the project differ from that of other tests, whose layers may be cached.
    project.pyproject.write_text(f"{project.pyproject.read_text(encoding='utf-8')}# {project.folder}\n", encoding="utf-8")
    first = containers.build("cached", text("Dockerfile"))
    with (project.folder / "src" / "app" / "__main__.py").open("a") as file:
        file.write("print('changed')\n")
    second = containers.build("cached", text("Dockerfile"))

    assert (0, 0) == (first.returncode, second.returncode), second.stdout
    assert "alpha 1.0\nchanged\n" == containers.start("cached").stdout
    assert (True, False) == (" + beta==1.0" in first.stdout, " + beta==1.0" in second.stdout)


@pytest.mark.container("examples/docker/multi-stage.Dockerfile")
def test_the_last_of_several_stages_has_what_is_locked_and_nothing_else_of_the_build(containers: Containers) -> None:
    built = containers.build("stages", text("multi-stage.Dockerfile"))

    assert 0 == built.returncode, built.stdout
    assert "alpha 1.0\n" == containers.start("stages").stdout
    assert LOCKED == containers.packages("stages")
    assert "" == containers.start("stages", "sh", "-c", "command -v uv uv-system-sync; ls -A /opt; ls -d /app 2>/dev/null").stdout


class _Service(http.server.BaseHTTPRequestHandler):
    """The service that the Lambda runtime polls for events (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html); it has one event."""

    answers: list[str]

    def do_GET(self) -> None:
        if self.answers:
            # This ends the runtime.
            self.send_error(500)
            return
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:::function:app")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answers.append(f"{self.path.rpartition('/')[2]} {body}")
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def service() -> Iterator[tuple[str, list[str]]]:
    """Serve one event; yield the address of the service and the requests it receives."""
    answers: list[str] = []
    handler = type("Handler", (_Service,), {"answers": answers})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", answers
        server.shutdown()


@pytest.mark.container("examples/docker/lambda.Dockerfile")
@pytest.mark.parametrize("base", ["lambda:3.13"])
def test_in_the_image_for_aws_lambda_the_runtime_of_the_base_image_calls_the_handler(containers: Containers, base: str) -> None:
    """It runs as AWS's user, on a read-only file system."""
    built = containers.build("function", text("lambda.Dockerfile"), "--build-arg", f"BASE={base}", *containers.uncached)
    with service() as (address, answers):
        started = containers.start("function", options=(*_LAMBDA, f"--env=AWS_LAMBDA_RUNTIME_API={address}"))

    assert 0 == built.returncode, built.stdout
    assert ['response "alpha 1.0"'] == answers, started.stdout
    assert {*LOCKED, "awslambdaric"} < containers.packages("function")


@pytest.mark.container("examples/docker/Dockerfile")
def test_a_lock_that_is_outdated_fails_the_build(containers: Containers) -> None:
    built = containers.build(
        "outdated",
        text("Dockerfile").replace("uv.lock ./", "uv.lock ./\nRUN sed -i s/alpha.2/alpha==2/ pyproject.toml"),
        *containers.uncached,
    )

    assert built.returncode
    assert "`alpha==2`" in built.stdout
    assert "hint: " in built.stdout


@pytest.mark.container("the line of the README in {base}")
@pytest.mark.parametrize("base", ["python:3.13"])
def test_debians_own_python_beside_it_is_refused(containers: Containers, base: str) -> None:
    built = containers.build("debian", one_line(base).replace("/usr/local", "/usr/bin/python3"))

    assert built.returncode
    assert "externally managed" in built.stdout
