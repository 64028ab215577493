"""Examples of job summaries, which are in tests/data/summaries as they are rendered; two of them are pictures in the README."""

from __future__ import annotations

from tests.support import PROJECT, TARGET
from tools.shared import ROOT
from uv_system_sync import errors
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.interpreter.target import Target
from uv_system_sync.reporting import summary
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.report import Report
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import Option, by_name, message

FOLDER = ROOT / "tests" / "data" / "summaries"


def report(target: Target = TARGET, name: str = "sample", uv: str = "0.13.9", seconds: float = 1.2) -> Report:
    """Return the report of a sync of the project `name` in which uv took so many `seconds` and installed nothing."""
    project = PROJECT._replace(pyproject=PROJECT.pyproject._replace(data={"project": {"name": name}}))
    context = RunContext(None, target, project, uv)
    context.timings.seconds["uv"] = seconds
    return Report(context, target, project, (), ())


def sync(done: Report, *notices: Notice) -> str:
    """Return the summary of a sync in a workflow."""
    return summary.render(done, notices, by_name)


def failure(error: errors.ActionError, facts: str = "") -> str:
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
_REMOVED = Notice(
    "packages-removed",
    message(
        "Packages that were installed before and are not in uv.lock were removed: {packages}. Set {inexact} to keep them.",
        packages="requests 2.32.5",
        inexact=Option("inexact", "true"),
    ),
)
_SUCCESS = report(_TARGET, "weather-report", seconds=0.42)._replace(packages=_PACKAGES, changes=_CHANGES)
_UNCHANGED = report(_TARGET, "weather-report", seconds=0.08)._replace(packages=_PACKAGES)
_WITH = f"Python 3.12.4 at {_PREFIX}, uv 0.13.9, uv.lock of weather-report: groups dev"
_STALE_LOCK = errors.LockOutdated(
    "uv.lock is outdated: pyproject.toml has `jinja2` in `dependencies`, and uv.lock does not know it."
    " `uv lock` would add jinja2 3.1.6, markupsafe 3.0.4.",
    "Run `uv lock` and commit uv.lock.",
    file=f"{_ROOT}/pyproject.toml",
    line=7,
    words="""\
Resolved 26 packages in 1.11s
error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.

hint: To update the lockfile, run `uv lock`.
""",
)
_WRONG_PYTHON = errors.PythonRejected(
    f"pyproject.toml requires Python >=3.13, and {_PREFIX}/bin/python3 is Python 3.12.4.",
    "Give actions/setup-python a `python-version` that the project accepts, leave this version out of the matrix (`exclude:`),"
    " or widen `requires-python` and run `uv lock`.",
    file=f"{_ROOT}/pyproject.toml",
    line=4,
)
_UNKNOWN_GROUP = errors.InvalidInput(
    "`groups` holds `tests`, which the project does not define; it defines `dev`, `lint`.",
    "Correct `groups` in the step, or define `tests` in the project and run `uv lock`.",
)
_BUILD_FAILURE = errors.SyncFailed(
    "fastmath 2.1 could not be built: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)."
    " It is built from source: uv.lock has no wheel of it.",
    "Install the package of the system that has the header `fftw3.h` in an earlier step (its name often ends in `-dev` or `-devel`)."
    " Or lock a version of it that has a wheel for this Python, or take a Python that it has one for.",
    words="""\
speed.c:1:10: fatal error: fftw3.h: No such file or directory
    1 | #include <fftw3.h>
      |          ^~~~~~~~~
compilation terminated.
error: command '/usr/bin/gcc' failed with exit code 1""",
)
_UNREACHABLE_INDEX = errors.SyncFailed(
    "iniconfig 2.3.1 could not be fetched from https://packages.example.com/files/iniconfig-2.3.1-py3-none-any.whl:"
    " the name of the host is not known.",
    "Check that the runner reaches packages.example.com (its network, `HTTPS_PROXY`), and that it is the right index"
    " (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`); then run the job again.",
    words="""\
Resolved 23 packages in 1ms
error: Failed to download `iniconfig==2.3.1`
  cause: Request failed after 3 retries in 7.4s
  cause: Failed to fetch: https://packages.example.com/files/iniconfig-2.3.1-py3-none-any.whl
  cause: error sending request for url (https://packages.example.com/files/iniconfig-2.3.1-py3-none-any.whl)
  cause: client error (Connect)
  cause: dns error
  cause: failed to lookup address information: Name or service not known

hint: `iniconfig` (v2.3.1) was included because `weather-report:dev` (v1.0) depends on `pytest` (v9.2.0) which depends on `iniconfig`
""",
)

# The failures are ones that a new user should be able to fix.
RENDERED = {
    "success": sync(_SUCCESS, _REMOVED),
    "unchanged": sync(_UNCHANGED),
    "stale-lock": failure(_STALE_LOCK, _WITH),
    "wrong-python": failure(_WRONG_PYTHON, _WITH),
    "unknown-group": failure(_UNKNOWN_GROUP, f"Python 3.12.4 at {_PREFIX}"),
    "build-failure": failure(_BUILD_FAILURE, _WITH),
    "unreachable-index": failure(_UNREACHABLE_INDEX, _WITH),
}
