"""Job summaries, and examples of them. tests/data/summaries has their text, and the README shows pictures of two."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.support import PROJECT, TARGET, step_inputs
from tools.shared import ROOT
from uv_system_sync.diagnosis import explain
from uv_system_sync.errors import ActionError
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import Completed
from uv_system_sync.project import pyproject
from uv_system_sync.reporting import notices, summary
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.report import Report
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import by_name

FOLDER = ROOT / "tests" / "data" / "summaries"


def report(target: Target = TARGET, name: str = "sample", uv: str = "0.13.9", seconds: float = 1.2) -> Report:
    """Return the report of a sync of the project `name` in which uv took `seconds` and changed nothing."""
    project = PROJECT._replace(pyproject=PROJECT.pyproject._replace(data={"project": {"name": name}}))
    context = RunContext(None, target, project, uv)
    context.timings.seconds["uv"] = seconds
    return Report(context, target, project, (), ())


def sync(done: Report, *found: Notice) -> str:
    """Return the summary of a sync in a workflow."""
    return summary.render(done, found, by_name)


def failure(error: ActionError, facts: str = "") -> str:
    """Return the summary of a failure in a workflow."""
    return summary.render_failure(error, facts, by_name)


_PREFIX = "/opt/hostedtoolcache/Python/3.12.4/x64"
_ROOT = "/home/runner/work/weather-report/weather-report"
_TARGET = TARGET._replace(executable=f"{_PREFIX}/bin/python3", prefix=_PREFIX)
_INSTALLED = (
    *(("iniconfig", "2.3.1"), ("jinja2", "3.1.6"), ("markdown-it-py", "4.3.0"), ("markupsafe", "3.0.4"), ("mdurl", "0.1.2")),
    *(("packaging", "26.3"), ("pip", "24.0"), ("pluggy", "1.7.0"), ("pygments", "2.21.0"), ("pytest", "9.2.0"), ("rich", "15.0.0")),
)
_PACKAGES = (*(Package(*item) for item in _INSTALLED), Package("weather-report", "1.0", url=f"file://{_ROOT}", editable=True))
_CHANGES = (
    Change("jinja2", "installed", "3.1.6", None),
    Change("markupsafe", "installed", "3.0.4", None),
    Change("pytest", "updated", "9.2.0", "8.4.2"),
    Change("requests", "removed", None, "2.32.5"),
    Change("rich", "updated", "15.0.0", "14.1.0"),
    Change("weather-report", "installed", "1.0", None),
)
_SUCCESS = report(_TARGET, "weather-report", seconds=0.42)._replace(packages=_PACKAGES, changes=_CHANGES)
_UNCHANGED = report(_TARGET, "weather-report", seconds=0.08)._replace(packages=_PACKAGES)

_PYPROJECT = """\
[project]
name = "weather-report"
version = "1.0"
requires-python = ">=3.10"
dependencies = [
    "rich",
]

[dependency-groups]
dev = ["pytest"]
lint = ["ruff"]
"""
_LOCK = """\
requires-python = ">=3.10"

[[package]]
name = "weather-report"
source = { editable = "." }

[package.metadata]
requires-dist = [{ name = "rich" }]

[package.metadata.requires-dev]
dev = [{ name = "pytest" }]
lint = [{ name = "ruff" }]

[[package]]
name = "fastmath"
version = "2.1"
"""
_STALE_LOCK = """\
Resolved 26 packages in 1.11s
error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.

hint: To update the lockfile, run `uv lock`.
"""
_WRONG_PYTHON = """\
error: The requested interpreter resolved to Python 3.12.4, which is incompatible with the project's Python requirement: `>=3.13` \
(from `project.requires-python`)
"""
_UNKNOWN_GROUP = """\
error: Group `tests` is not defined in the project's `dependency-groups` table
"""
_BUILD_FAILURE = """\
Resolved 23 packages in 1ms
error: Failed to build `fastmath==2.1`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)

[stderr]
speed.c:1:10: fatal error: fftw3.h: No such file or directory
    1 | #include <fftw3.h>
      |          ^~~~~~~~~
compilation terminated.
error: command '/usr/bin/gcc' failed with exit code 1

hint: This usually indicates a problem with the package or the build environment.
"""
_UNREACHABLE_INDEX = """\
Resolved 23 packages in 1ms
error: Failed to download `iniconfig==2.3.1`
  cause: Request failed after 3 retries in 7.4s
  cause: Failed to fetch: https://packages.example.com/files/iniconfig-2.3.1-py3-none-any.whl
  cause: error sending request for url (https://packages.example.com/files/iniconfig-2.3.1-py3-none-any.whl)
  cause: client error (Connect)
  cause: dns error
  cause: failed to lookup address information: Name or service not known

hint: `iniconfig` (v2.3.1) was included because `weather-report:dev` (v1.0) depends on `pytest` (v9.2.0) which depends on `iniconfig`
"""


def explained(output: str, document: str = _PYPROJECT, dry_run: str = "", groups: str = "dev") -> str:
    """Return the summary of a sync that failed with the uv output `output`, in a checkout with the pyproject.toml `document`."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.path.realpath(temporary)
        for name, text in (("pyproject.toml", document), ("uv.lock", _LOCK)):
            Path(folder, name).write_text(text, encoding="utf-8")
        project = pyproject.read(folder)
        os.chdir(folder)
        try:
            failed = explain.Failure(Completed(2, output), {}, project, _TARGET, "0.13.9", lambda: Completed(0, dry_run))
            error = explain.explain(failed)
        finally:
            os.chdir(here)
        file = error.file and error.file.replace(folder, _ROOT)
        shown = type(error)(error.message, error.hint, file=file, line=error.line, words=error.words)
        return failure(shown, RunContext(step_inputs(groups=groups), _TARGET, project, "0.13.9").line())


# The failures are those that new users are likely to see and can fix.
RENDERED = {
    "success": sync(_SUCCESS, *notices.notices(_SUCCESS, {}, {})),
    "unchanged": sync(_UNCHANGED),
    "stale-lock": explained(
        _STALE_LOCK, _PYPROJECT.replace('    "rich",\n', '    "rich",\n    "jinja2",\n'), "Add jinja2 v3.1.6\nAdd markupsafe v3.0.4\n"
    ),
    "wrong-python": explained(_WRONG_PYTHON, _PYPROJECT.replace("3.10", "3.13")),
    "unknown-group": explained(_UNKNOWN_GROUP, groups="tests"),
    "build-failure": explained(_BUILD_FAILURE),
    "unreachable-index": explained(_UNREACHABLE_INDEX),
}
