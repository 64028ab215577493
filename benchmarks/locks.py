"""Has every contender lock the same exact versions, in the format of its own; none of it is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import testbed
from benchmarks.contenders import PDM, Place
from benchmarks.runs import timed
from benchmarks.testbed import Pins
from tools.shared.uv import UV

_PROJECT = """\
[project]
name = "benchmark"
version = "1.0"
requires-python = ">={minor}"
dependencies = [
{dependencies}]
"""

_POETRY = """
[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "local"
url = "{url}"
priority = "primary"
"""

# The first index of PDM is the one of this name.
_PDM = """
[tool.pdm]
distribution = false

[[tool.pdm.source]]
name = "pypi"
url = "{url}"
"""

_PIPENV = """\
[[source]]
name = "local"
url = "{url}"
verify_ssl = false

[packages]
"""


def lock(kind: str, place: Place, folder: Path, pins: Pins) -> None:
    """Write the lock of `kind` into the folder of that name below `folder`."""
    _LOCKS[kind](place, folder, pins)


def export(place: Place, checkout: Path, target: Path, options: Sequence[str] = ()) -> None:
    """Write what the uv.lock of `checkout` locks as a file of requirements with hashes."""
    target.mkdir(parents=True)
    command = (str(UV), "export", "--locked", "--quiet", "--no-header", "--no-annotate", "--no-emit-project", *options)
    timed((*command, "--python", place.python, "--output-file", str(target / "requirements.txt")), place.environ({}), checkout)


def _uv(place: Place, folder: Path, pins: Pins) -> None:
    testbed.project(place.bed, folder / "uv", pins)


def _pip(place: Place, folder: Path, _: Pins) -> None:
    export(place, folder / "uv", folder / "pip")


def _pipenv(place: Place, folder: Path, pins: Pins) -> None:
    target = folder / "pipenv"
    target.mkdir(parents=True)
    lines = "".join(f'{name} = "=={version}"\n' for name, version in pins.items())
    (target / "Pipfile").write_text(_PIPENV.format(url=place.bed.url) + lines, encoding="utf-8")
    variables = {"PIPENV_NOSPIN": "1", "PIPENV_IGNORE_VIRTUALENVS": "1"}
    timed((str(place.tools / "pipenv"), "--python", place.python, "lock"), place.environ(variables), target)


def _poetry(place: Place, folder: Path, pins: Pins) -> None:
    target = _project(place, folder / "poetry", pins, _POETRY)
    timed((str(place.tools / "poetry"), "lock", "--no-interaction"), place.environ({"POETRY_VIRTUALENVS_CREATE": "false"}), target)


def _pdm(place: Place, folder: Path, pins: Pins) -> None:
    target = _project(place, folder / "pdm", pins, _PDM)
    environ = place.environ(PDM)
    # Writes .pdm-python, which `pdm sync --global` goes by.
    timed((str(place.tools / "pdm"), "use", "--first", place.python), environ, target)
    timed((str(place.tools / "pdm"), "lock"), environ, target)


def _project(place: Place, folder: Path, pins: Pins, settings: str) -> Path:
    folder.mkdir(parents=True)
    dependencies = "".join(f'    "{name}=={version}",\n' for name, version in pins.items())
    document = _PROJECT.format(minor=place.bed.python.minor, dependencies=dependencies) + settings.format(url=place.bed.url)
    (folder / "pyproject.toml").write_text(document, encoding="utf-8")
    return folder


_LOCKS: Mapping[str, Callable[[Place, Path, Pins], None]] = {"uv": _uv, "pip": _pip, "pipenv": _pipenv, "poetry": _poetry, "pdm": _pdm}
