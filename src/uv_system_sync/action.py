"""Tells the whole run from top to bottom."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Mapping

from uv_system_sync import failure, plan, project, report, summary, target
from uv_system_sync.errors import ActionError, UvUnavailable
from uv_system_sync.inputs import Inputs

if TYPE_CHECKING:
    from uv_system_sync.process import Run
    from uv_system_sync.workflow import Workflow


def action(environ: Mapping[str, str], uv: str, run: Run, workflow: Workflow) -> int:
    """Sync, hand the results to `workflow` and return the exit status; an `ActionError` becomes an annotation."""
    try:
        workflow.publish(_sync(environ, uv, run, workflow))
    except ActionError as error:
        workflow.error(error)
        return 1
    return 0


def _sync(environ: Mapping[str, str], uv: str, run: Run, workflow: Workflow) -> report.StepResult:
    inputs = Inputs.from_environ(environ)
    python = target.find(inputs, environ, run)
    target.require_next_python(python, environ.get("PATH", ""))
    locked = project.read(os.path.abspath(inputs.working_directory))
    project.check_names(locked, inputs)
    command = plan.sync(inputs, locked, python, uv, environ)
    uv_version = _uv_version(uv, environ, run)

    workflow.say(f"Python {python.version} at {python.prefix}, uv {uv_version}, {locked.lock}")
    before = report.installed(python.site_packages)
    started = time.monotonic()
    with workflow.group("uv sync") as relay:
        completed = run(command, relay)
    seconds = time.monotonic() - started
    if completed.returncode:
        raise failure.explain(completed, locked, python)
    after = report.installed(python.site_packages)
    # Again: a package may have brought a `python` of its own.
    target.require_next_python(python, environ.get("PATH", ""))

    done = report.Report(python, locked, uv_version, after, report.compare(before, after), seconds)
    workflow.say(done.sentence())
    return report.result(done, summary.render(done) if inputs.summary else "")


def _uv_version(uv: str, environ: Mapping[str, str], run: Run) -> str:
    try:
        output = run(plan.version(uv, environ)).output
    except OSError as error:
        raise UvUnavailable(f"{uv} does not start: {error.strerror}.", "Install uv in an earlier step, or set `uv-version`.") from None
    found = re.search(r"^uv (\d\S*)", output, re.MULTILINE)
    if found is None:
        raise UvUnavailable(
            f"{uv} is not uv: asked for its version, it said {output[:200]!r}.", "Put the real uv first on PATH, or set `uv-version`."
        )
    return found.group(1)
