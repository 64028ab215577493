"""The Dockerfile examples: every line is run in a separate root folder, without a container engine."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.support import docker_examples, documents, images, program
from tests.support.docker_examples import EXAMPLES, SHOWN, SLIM, text
from tests.support.dockerfiles import Build, Failed
from tests.support.images import Image
from tests.support.index import Index
from tests.support.layouts import install
from tests.support.projects import Project, Wheel
from tools.shared import ROOT
from tools.shared.pythons import found
from tools.shared.uv import UV
from tools.shared.wheels import file_name, wheel
from uv_system_sync import cli

TRIED = ("Dockerfile", "multi-stage.Dockerfile", "lambda.Dockerfile", "gitlab-ci.yml")

MISSING = images.missing()

needs_namespaces = pytest.mark.skipif(bool(MISSING), reason=MISSING)

# Calls the handler, from the same location as in AWS's base images (whose main function also receives the handler's name).
_RUNTIME = wheel(
    "awslambdaric",
    "3.0",
    {
        "awslambdaric/__init__.py": "",
        "awslambdaric/__main__.py": "import importlib, sys\n\n"
        "module, _, function = sys.argv[1].rpartition('.')\n"
        "print(getattr(importlib.import_module(module), function)({}, None))\n",
    },
)


def site_packages(image: Image, prefix: str) -> Path:
    """Return the site-packages folder below `prefix`."""
    return image.path(prefix) / "lib" / f"python{found()[-1].minor}" / "site-packages"


def packages(image: Image, prefix: str) -> set[str]:
    """Return the packages installed below `prefix`."""
    return {path.name.partition("-")[0] for path in site_packages(image, prefix).glob("*.dist-info")}


def slim(folder: Path) -> Image:
    """Build a stand-in for python:3.13-slim with a package that no lock here contains; a variable names its library folder."""
    search_path = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    image = Image.bare(folder, PATH=search_path, LD_LIBRARY_PATH="/usr/local/lib")
    program(found()[-1].copy(image.path("/usr/local")) / "bin" / "pip", "#!/bin/sh", 'exec python -m pip "$@"')
    install(Wheel("gamma", "1.0"), site_packages(image, "/usr/local"))
    return image


def aws(folder: Path) -> Image:
    """Build a stand-in for AWS's base image for Python, with the variables of aws/aws-lambda-base-images (Dockerfile.python3.12)."""
    variables = {
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
    }
    image = replace(Image.bare(folder, **variables), workdir="/var/task", entrypoint=("python", "-m", "awslambdaric"))
    image.path(".").mkdir(parents=True)
    found()[-1].copy(image.path("/var/lang"))
    with zipfile.ZipFile(io.BytesIO(_RUNTIME)) as archive:
        archive.extractall(site_packages(image, "/var/lang"))
    return image


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with this checkout's command, its dependencies, uv, and the packages of the project."""
    folder = tmp_path_factory.mktemp("index")
    docker_examples.write_wheels(folder)
    for name in ("packaging", "tomli"):
        docker_examples.write_installed(name, folder)
    _wheel_of_uv(folder)
    with Index(folder).served() as served:
        yield served


def _wheel_of_uv(folder: Path) -> None:
    version = subprocess.run([UV, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    path = folder / file_name("uv", version)
    path.write_bytes(wheel("uv", version, {}))
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("uv", "uvx"):
            archive.write(UV.with_name(name), f"uv-{version}.data/scripts/{name}")


@pytest.fixture
def project(tmp_path: Path, index: Index) -> Project:
    """A locked project with the files of the examples, and files that must not get into an image."""
    return docker_examples.write_project(tmp_path / "app", index)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The storage for files that builds share."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def build(project: Project, index: Index, tmp_path: Path, kept: Path) -> Build:
    """A build of the project on a machine that uses the local index."""
    variables = {"PIP_INDEX_URL": index.url, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return Build(project.folder, tmp_path / "build", {SLIM: slim, "aws": aws}, kept, {"BASE": "aws"}, variables)


def unreadable(image: Image, prefix: str) -> list[str]:
    """Return the files below `prefix` that only their owner can read; the image's programs run as another user."""
    paths = [path for folder in (site_packages(image, prefix), image.path(prefix) / "bin") for path in folder.rglob("*")]
    return [str(path) for path in paths if not path.stat().st_mode & (0o001 if path.is_dir() else 0o004)]


def of_the_build(image: Image) -> list[Path]:
    """Return the programs in `image` that are only needed during the build."""
    return [path for path in image.folder.rglob("*") if path.name in {"uv", "uvx", "uv-system-sync"}]


def test_the_documents_show_the_examples_as_they_are() -> None:
    """The first example is one line, which is also in the README."""
    assert [SHOWN[0]] == [block.text for block in documents.blocks(ROOT / "README.md") if block.language == "dockerfile"]
    assert [text(name) for name in TRIED] == SHOWN[1:]
    assert {*TRIED, ".dockerignore"} == {path.name for path in EXAMPLES.iterdir()}


def test_the_help_has_the_options_of_the_example_for_aws_lambda() -> None:
    """`--exact` is not among them, so the runtime client that calls the handler is kept."""
    (line,) = re.findall(r"uv-system-sync --python /var/lang .*", text("lambda.Dockerfile"))

    assert (False, True) == ("--exact" in line, f"  {line}\n" in cli.parser().format_help())


@pytest.mark.parametrize("line", ["HEALTHCHECK NONE", "RUN --network=none true", "USER app:app\nRUN true"])
@needs_namespaces
def test_a_line_that_cannot_be_tried_here_is_an_error(tmp_path: Path, line: str) -> None:
    """So all lines of the examples are tried."""
    with pytest.raises((ValueError, Failed)):
        Build(tmp_path, tmp_path / "build", {SLIM: lambda folder: Image.bare(folder, PATH="/usr/bin")}, tmp_path / "kept").follow(
            f"FROM {SLIM}\n{line}"
        )


def test_the_job_for_gitlab_is_valid_by_gitlabs_schema() -> None:
    checker = str(ROOT / ".venv" / "bin" / "check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(EXAMPLES / "gitlab-ci.yml")]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (0, "") == (completed.returncode, completed.stderr), completed.stdout


@needs_namespaces
def test_the_one_line_installs_what_is_locked_and_keeps_its_uv(build: Build, index: Index) -> None:
    with_uvx = replace(build, variables={**build.variables, "UV_DEFAULT_INDEX": index.url})
    image = with_uvx.follow(docker_examples.one_line())

    assert "alpha 1.0\n" == image.run("python", "-m", "app").stdout
    assert {"alpha", "app", "beta", "pip", "uv"} == packages(image, "/usr/local")


@needs_namespaces
def test_the_dockerfile_installs_dependencies_first_and_its_image_has_what_is_locked(build: Build) -> None:
    """The user of the image can read every file."""
    dependencies, code, project = text("Dockerfile").partition("COPY . .")
    image = build.follow(dependencies)

    assert {"alpha", "beta", "pip"} == packages(image, "/usr/local")

    image = build.follow(code + project, image)
    started = image.start()

    assert ("alpha 1.0\n", 0) == (started.stdout, started.returncode)
    assert {"alpha", "app", "beta", "pip"} == packages(image, "/usr/local")
    assert [] == of_the_build(image)
    assert [] == unreadable(image, "/usr/local")
    assert "1000:1000" == image.user


@needs_namespaces
def test_the_dockerignore_leaves_out_environments_and_byte_code(build: Build, project: Project) -> None:
    for name in (".venv/bin/python", ".git/HEAD", "dist/app.whl", "src/app/__pycache__/app.pyc"):
        (project.folder / name).parent.mkdir(parents=True)
        (project.folder / name).touch()
    image = build.follow(f"FROM {SLIM}\nWORKDIR /app\nCOPY . .\n")
    copied = {path.relative_to(image.path("/app")).as_posix() for path in image.path("/app").rglob("*")}

    assert {"pyproject.toml", "uv.lock", "src/app/__init__.py"} < copied
    assert [] == [path for path in copied if {".venv", ".git", "dist", "__pycache__"} & set(path.split("/"))]


@needs_namespaces
def test_the_last_of_several_stages_has_what_is_locked_and_nothing_else_of_the_build(build: Build) -> None:
    image = build.follow(text("multi-stage.Dockerfile"))
    started = image.start()

    assert ("alpha 1.0\n", 0) == (started.stdout, started.returncode)
    assert {"alpha", "app", "beta", "pip", "gamma"} == packages(image, "/usr/local")
    assert [] == of_the_build(image)
    assert not image.path("/app").exists()
    assert [] == unreadable(image, "/usr/local")
    assert "1000:1000" == image.user


@needs_namespaces
def test_in_the_image_for_aws_lambda_the_base_image_calls_the_handler(build: Build, tmp_path: Path) -> None:
    """It runs as any user, next to a package in the same Python that an exact sync would remove."""
    image = replace(build.follow(text("lambda.Dockerfile")), user="993:990")
    started = image.start()

    assert ("alpha 1.0\n", 0) == (started.stdout, started.returncode)
    assert {"alpha", "app", "awslambdaric", "beta", "pip"} == packages(image, "/var/lang")
    assert [] == of_the_build(image)
    assert [] == unreadable(image, "/var/lang")

    exact = replace(build, folder=tmp_path / "exact").follow(
        text("lambda.Dockerfile").replace(" --no-editable", " --no-editable --exact --yes")
    )

    assert exact.start().stdout.endswith("No module named awslambdaric\n")


@needs_namespaces
def test_the_job_for_gitlab_installs_what_is_locked_and_leaves_uvs_cache_where_gitlab_keeps_it(build: Build) -> None:
    job = yaml.safe_load(text("gitlab-ci.yml"))["test"]
    first, *others = job["script"]
    image = build.follow(f"FROM {job['image']}\nRUN {first}\nWORKDIR /builds/app\nCOPY . .\n")
    variables = {name: value.replace("$CI_PROJECT_DIR", "/builds/app") for name, value in job["variables"].items()}
    completed = replace(image, environ={**image.environ, **variables}).run("/bin/sh", "-ec", "\n".join(others))

    assert 0 == completed.returncode, completed.stdout
    assert completed.stdout.endswith("\npytest 9.0\n")
    assert {"alpha", "app", "beta", "pip", "pytest"} == packages(image, "/usr/local")
    assert all(image.path(path).is_dir() for path in job["cache"]["paths"])


_MANAGED = Path("/usr/bin/python3").exists() and any(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED"))


@needs_namespaces
@pytest.mark.parametrize(
    ("right", "wrong", "facts"),
    [
        pytest.param(
            "uv.lock ./",
            "uv.lock ./\nRUN sed -i s/alpha.2/alpha==2/ pyproject.toml",
            ["`alpha==2`", "`alpha<2`"],
            id="outdated-lock",
        ),
        pytest.param(" uv.lock ./", " ./", [" /app."], id="no-lock"),
        pytest.param("--python /usr/local", "--python /var/lang", ["`--python`", "/var/lang"], id="python-of-another-image"),
        pytest.param(
            "--python /usr/local",
            "--python /usr/bin/python3",
            ["/usr/bin/python3 ", "/usr/lib/python3"],
            id="python-of-debian",
            marks=pytest.mark.skipif(not _MANAGED, reason="the Python of this system is not externally managed"),
        ),
    ],
)
def test_a_mistake_in_a_dockerfile_is_an_error_with_a_hint(build: Build, right: str, wrong: str, facts: list[str]) -> None:
    dockerfile = text("Dockerfile")
    with pytest.raises(Failed) as failed:
        build.follow(dockerfile.replace(right, wrong))
    lines = str(failed.value).splitlines()
    # The errors before it are from uv.
    *_, error = (line for line in lines if line.startswith("error: "))

    assert right in dockerfile
    assert [] == [fact for fact in facts if fact not in error]
    assert lines[-1].startswith("hint: ")
