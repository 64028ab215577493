"""The errors and notices in docs/errors.md, each produced by the code that shows it to users, in a job of a small project."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.diagnosis import failure, write
from tests.matrix import REPORT, write_report
from tests.support import TARGET, step_inputs, step_variables, touch
from tests.support.log_file import LogFile
from tests.uv import Starter
from uv_system_sync.diagnosis import explain
from uv_system_sync.errors import ActionError, explained
from uv_system_sync.interpreter import misplaced, pyvenv, target
from uv_system_sync.interpreter.repair import Broken
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.matrix import action
from uv_system_sync.process import Completed
from uv_system_sync.project import pyproject
from uv_system_sync.reporting import markdown, notices, runner_files, summary
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.github import GitHubReporter
from uv_system_sync.reporting.report import Report, file_name
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import Message, by_name, message
from uv_system_sync.uv import arguments, retries
from uv_system_sync.uv.built_wheels import BuiltWheels
from uv_system_sync.uv.pip import Pip

_PYPROJECT = """\
[project]
name = "weather"
version = "1.0"
requires-python = ">=3.10"
dependencies = [
    "rich",
]

[project.optional-dependencies]
docs = ["sphinx"]

[dependency-groups]
dev = ["pytest"]
lint = ["ruff"]
"""
_LOCK = """\
version = 1
requires-python = ">=3.10"

[[package]]
name = "weather"
source = { editable = "." }

[package.metadata]
requires-dist = [{ name = "rich" }, { name = "sphinx", marker = "extra == 'docs'" }]
provides-extras = ["docs"]

[package.metadata.requires-dev]
dev = [{ name = "pytest" }]
lint = [{ name = "ruff" }]

[[package]]
name = "fastmath"
version = "2.1"
wheels = [{ url = "https://packages.example.com/fastmath-2.1-cp310-cp310-win_amd64.whl" }]
"""
_OUTDATED = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.\n"
_BUILD = """\
error: Failed to build `fastmath==2.1`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)

   [stderr]
   speed.c:1:10: fatal error: fftw3.h: No such file or directory
"""

# The folders of a machine, and the paths that replace them in the document.
_NAMES = {
    "checkout": "/home/runner/work/weather/weather",
    "temp": "/home/runner/work/_temp",
    "tools": "/opt/hostedtoolcache",
    "usr": "/usr",
}


class Machine(NamedTuple):
    """A machine whose folders are in `root`, with a job that runs in its checkout."""

    root: Path

    @property
    def checkout(self) -> Path:
        """The workspace of the job."""
        return self.root / "checkout"

    @property
    def temp(self) -> Path:
        """The temporary folder of the runner."""
        return self.root / "temp"

    @property
    def target(self) -> target.Target:
        """The Python that the job has set up."""
        prefix = self.root / "tools" / "Python" / "3.12.4" / "x64"
        touch(prefix, "bin/python3", "bin/python")
        library = prefix / "lib" / "python3.12"
        return TARGET._replace(
            executable=str(prefix / "bin" / "python3"),
            prefix=str(prefix),
            scripts=str(prefix / "bin"),
            site_packages=(str(library / "site-packages"),),
            stdlib=(str(library),),
        )

    def project(self, document: str = _PYPROJECT, lock: str = _LOCK) -> pyproject.Project:
        """Write the project of the job, and return it."""
        return write(self.checkout, pyproject_toml=document, uv_lock=lock)

    def explained(self, output: str, document: str = _PYPROJECT, *, dry_run: str | None = None, **env: str) -> ActionError:
        """Return the error for a uv that failed with `output`."""
        return explain.explain(failure(output, self.project(document), target=self.target, dry_run=dry_run, env=env))

    def shown(self, sentence: object) -> Message:
        """Return `sentence` with the paths of the document."""
        text = str(sentence)
        for folder, name in _NAMES.items():
            text = text.replace(str(self.root / folder), name)
        return message("{text}", text=text)


def _raised(call: Callable[[], object]) -> ActionError:
    try:
        call()
    except ActionError as error:
        return error
    raise AssertionError


def _no_python(_: Machine) -> ActionError:
    return _raised(lambda: target.find(step_inputs(), {}, Starter().start))


def _no_such_version(machine: Machine) -> ActionError:
    python = machine.target
    folders = {"purelib": python.site_packages[0], "platlib": python.site_packages[0], "stdlib": python.stdlib[0]}
    answer = json.dumps({**python._asdict(), **folders, "platstdlib": python.stdlib[0]})
    starter = Starter(*[Completed(0, answer)] * 2)
    inputs, environ = step_inputs(python="3.13"), {"PATH": python.scripts}
    return _raised(lambda: target.find(inputs, environ, starter.start, windows=False))


def _managed(machine: Machine) -> ActionError:
    file = machine.root / "usr" / "lib" / "python3.12" / "EXTERNALLY-MANAGED"
    file.parent.mkdir(parents=True)
    file.write_text("[externally-managed]\nError=To install Python packages system-wide, try apt install.\n", encoding="utf-8")
    python = TARGET._replace(executable="/usr/bin/python3", prefix="/usr", externally_managed=str(file))
    return _raised(lambda: target.require_usable(python, step_inputs(), str))


def _no_next_python(machine: Machine) -> ActionError:
    python = machine.target
    os.unlink(os.path.join(python.scripts, "python"))
    return _raised(lambda: target.require_next_python(python, "", windows=False))


def _updated(machine: Machine) -> ActionError:
    python = machine.target._replace(prefix=str(machine.checkout / ".venv"), virtual=True)
    touch(machine.checkout, ".venv/pyvenv.cfg")
    (machine.checkout / ".venv" / "pyvenv.cfg").write_text("version_info = 3.12.3\n", encoding="utf-8")
    return _raised(lambda: pyvenv.require_version(python._replace(executable=f"{python.prefix}/bin/python3")))


def _in_a_folder(machine: Machine) -> ActionError:
    touch(machine.checkout, "backend/pyproject.toml", "backend/uv.lock", "README.md")
    return _raised(lambda: pyproject.read(str(machine.checkout)))


def _merged(machine: Machine) -> ActionError:
    (machine.checkout / "uv.lock").write_text(_LOCK, encoding="utf-8")
    (machine.checkout / "pyproject.toml").write_text(f"{_PYPROJECT}<<<<<<< HEAD\n", encoding="utf-8")
    return _raised(lambda: pyproject.read(str(machine.checkout)))


def _no_lock(machine: Machine, *others: str) -> ActionError:
    document = '[project]\nname = "weather"\nversion = "1.0"\n'
    touch(machine.checkout, *others)
    (machine.checkout / "pyproject.toml").write_text(document, encoding="utf-8")
    return _raised(lambda: pyproject.read(str(machine.checkout)))


def _pip_failed(machine: Machine) -> ActionError:
    output = "ERROR: Could not find a version that satisfies the requirement uv==0.99.0\nERROR: No matching distribution found\n"
    pip = Pip({}, str(machine.temp), Starter(Completed(1, output)).start, lambda _: None)
    return _raised(lambda: pip.install_uv(["uv==0.99.0"], str(machine.temp / "uv")))


def _misplaced(machine: Machine) -> ActionError:
    python = machine.target
    record = Path(python.site_packages[0], "fastmath-2.1.dist-info", "RECORD")

    def install() -> None:
        with misplaced.taken_back([], python, {}):
            touch(record.parent, "METADATA")
            touch(record.parents[2], "glob.py")
            record.write_text("../glob.py,,\nfastmath-2.1.dist-info/RECORD,,\n", encoding="utf-8")

    return _raised(install)


def _compared(machine: Machine, **inputs: str) -> ActionError:
    folder = machine.checkout / "reports"
    numpy = {"3.9": "1.26.4", "3.13": "2.3.1"}
    for job, version in numpy.items():
        write_report(folder, f"uv-system-sync-{job}", {**REPORT, "packages": [{"name": "numpy", "version": version}]})
    environ = {
        **{name: str(machine.temp / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")},
        **step_variables(folder=str(folder), **inputs),
    }
    return _raised(lambda: action.compare(environ, GitHubReporter(environ, LogFile())))


def _written_by_a_build(machine: Machine) -> ActionError:
    touch(machine.temp, "_runner_file_commands/set_env_1")
    file = machine.temp / "_runner_file_commands" / "set_env_1"

    def build() -> None:
        with runner_files.protected({"GITHUB_ENV": str(file)}):
            file.write_text("PATH=/tmp\n", encoding="utf-8")

    return _raised(build)


def _out_of_space(_: Machine) -> ActionError:
    return explained(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))[0]


def _check(machine: Machine) -> ActionError:
    output = "Would uninstall 1 package\nWould install 2 packages\n - six==1.17.0\n + rich==15.0.0\n + pygments==2.21.0\n"
    return machine.explained(f"{output}error: The environment is outdated; run `uv sync` to update the environment\n")


ERRORS: dict[str, Callable[[Machine], ActionError]] = {
    "unknown-group": lambda machine: machine.explained("error: Group `tests` is not defined in the project's `dependency-groups` table\n"),
    "extra-that-is-a-group": lambda machine: machine.explained(
        "error: Extra `lint` is not defined in the project's `optional-dependencies` table\n"
    ),
    "argument": lambda _: _raised(lambda: arguments.sync(step_inputs(args="--python 3.12"))),
    "no-python": _no_python,
    "no-such-version": _no_such_version,
    "externally-managed": _managed,
    "no-next-python": _no_next_python,
    "updated-python": _updated,
    "requires-python": lambda machine: machine.explained(
        "error: The requested interpreter resolved to Python 3.12.4, which is incompatible with the project's Python requirement:"
        " `>=3.13` (from `project.requires-python`)\n",
        _PYPROJECT.replace("3.10", "3.13"),
    ),
    "in-a-folder": _in_a_folder,
    "merge-conflict": _merged,
    "no-lock": _no_lock,
    "requirements": lambda machine: _no_lock(machine, "requirements.txt"),
    "requirement-added": lambda machine: machine.explained(
        _OUTDATED, _PYPROJECT.replace('    "rich",\n', '    "rich",\n    "httpx>=0.28",\n'), dry_run="Add httpx v0.28.1\n"
    ),
    "check": _check,
    "required-version": lambda machine: machine.explained(
        "error: Required uv version `>=0.14` does not match the running version `0.13.9`. Update `uv`.\n",
        f'{_PYPROJECT}\n[tool.uv]\nrequired-version = ">=0.14"\n',
    ),
    "pip": _pip_failed,
    "build": lambda machine: machine.explained(_BUILD),
    "no-wheel": lambda machine: machine.explained(
        "error: Distribution `fastmath==2.1 @ x` can't be installed because it doesn't have a source distribution or wheel\n"
    ),
    "credentials": lambda machine: machine.explained(
        "error: Failed to fetch: `https://packages.example.com/simple/rich/`\n  cause: HTTP status client error (401 Unauthorized)\n"
    ),
    "git": lambda machine: machine.explained(
        "error: Failed to download and build `lib @ git+https://git.example.com/team/lib@1`\n"
        "  cause: Git operation failed\n  cause: Authentication failed\n"
    ),
    "hash": lambda machine: machine.explained(
        "error: Failed to download `fastmath==2.1`\n  cause: Hash mismatch for `fastmath==2.1`\n\n"
        "Expected:\n  sha256:0\n\nComputed:\n  sha256:1\n"
    ),
    "misplaced": _misplaced,
    "several-versions": lambda machine: _compared(machine, must_match="numpy"),
    "missing-job": lambda machine: _compared(machine, must_succeed="3.9, 3.13, 3.14"),
    "full-disk": _out_of_space,
    "runner-files": _written_by_a_build,
    "interrupted": lambda _: explained(KeyboardInterrupt())[0],
    "bug": lambda _: explained(ZeroDivisionError("division by zero"))[0],
}


def _report(machine: Machine, *changes: Change, groups: str = "", packages: Sequence[Package] = ()) -> Report:
    python, project = machine.target, machine.project()
    return Report(RunContext(step_inputs(groups=groups), python, project), python, project, tuple(packages), changes)


def _notice(report: Report, **environ: str) -> Notice:
    (found,) = notices.notices(report, {}, environ)
    return found


def _earlier(machine: Machine, *changes: Change, groups: str) -> None:
    packages = [Package(change.name, change.version or "") for change in changes]
    text = json.dumps(_report(machine, *changes, groups=groups, packages=packages).as_json())
    (machine.temp / file_name()).write_text(text, encoding="utf-8")


def _unusable_cache(machine: Machine) -> Notice:
    report = _report(machine)
    answer = step_variables(cache_key="0", cache_outcome="failure")
    report.context.built_wheels = BuiltWheels.from_environ({"RUNNER_TEMP": str(machine.temp), **answer})
    return _notice(report)


def _undone(machine: Machine) -> Notice:
    _earlier(machine, Change("sphinx", "installed", "9.1.0", None), groups="docs")
    return _notice(_report(machine, Change("sphinx", "removed", None, "9.1.0"), groups="lint"), RUNNER_TEMP=str(machine.temp))


def _changed_between(machine: Machine) -> Notice:
    _earlier(machine, Change("rich", "installed", "15.0.0", None), groups="")
    return _notice(_report(machine, Change("rich", "installed", "15.0.0", None)), RUNNER_TEMP=str(machine.temp))


def _omitted(machine: Machine) -> Notice:
    (found,) = notices.notices(_report(machine), {"packages": "null"}, {})
    return found


def _pinned(machine: Machine) -> Notice:
    report = _report(machine)
    return _notice(report._replace(project=report.project._replace(pinned="3.11")))


def _retried(machine: Machine) -> Notice:
    report = _report(machine)
    printed = (
        "error: Failed to fetch: `https://packages.example.com/simple/rich/`\n"
        "  cause: HTTP status server error (503 Service Unavailable) for url (https://packages.example.com/simple/rich/)\n"
    )
    report.context.retries.extend(filter(None, [retries.reason(printed)]))
    return _notice(report)


def _shared(machine: Machine) -> Notice:
    packages = [Package("weather", "1.0", url="file:///", editable=True)]
    return _notice(_report(machine, packages=packages), RUNNER_ENVIRONMENT="self-hosted", RUNNER_TOOL_CACHE=str(machine.root / "tools"))


NOTICES: dict[str, Callable[[Machine], Notice]] = {
    "cache-that-failed": _unusable_cache,
    "changed-by-another": _changed_between,
    "another-selection": _undone,
    "too-long": _omitted,
    "not-in-the-lock": lambda machine: _notice(_report(machine, Change("awscli", "removed", None, "1.44.2"))),
    "broken": lambda machine: _notice(_report(machine)._replace(repaired=(Broken("rich", "", "no RECORD"),))),
    "pin": _pinned,
    "server-error": _retried,
    "self-hosted": _shared,
}


@contextmanager
def _job(root: Path) -> Iterator[Machine]:
    machine, before = Machine(root), os.getcwd()
    for folder in (machine.checkout, machine.temp):
        folder.mkdir(parents=True)
    os.chdir(machine.checkout)
    try:
        yield machine
    finally:
        os.chdir(before)


def error(name: str, root: Path) -> tuple[str, str]:
    """Produce the error `name` in `root`, and return its slug and its Markdown in a job summary, as a quotation."""
    with _job(root) as machine:
        found = ERRORS[name](machine)
        where = str(machine.shown(found.file)) if found.file else None
        shown = type(found)(machine.shown(found.message), machine.shown(found.hint), file=where, line=found.line)
        text = summary.render_failure(shown, "", by_name)
    # Without the first line of the alert, a quotation remains.
    return found.slug, text.partition("> [!CAUTION]\n")[2].rstrip("\n")


def notice(name: str, root: Path) -> tuple[str, str]:
    """Produce the notice `name` in `root`, and return its title and its text as a quotation."""
    with _job(root) as machine:
        found = NOTICES[name](machine)
        return found.title, f"> {markdown.prose(str(machine.shown(found.message)))}"
