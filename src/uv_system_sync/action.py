"""Tells the whole run from top to bottom."""

from __future__ import annotations

import os
import re
import time
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, ContextManager, Iterator, Mapping, NamedTuple, Sequence

from uv_system_sync import failure, heal, installed, notices, plan, project, report, seal, summary, syncable, target, workspace
from uv_system_sync.errors import ActionError, OutOfSync, SyncFailed, UvUnavailable
from uv_system_sync.inputs import Inputs
from uv_system_sync.mark import Mark, held, is_left

if TYPE_CHECKING:
    from uv_system_sync.process import Command, Run
    from uv_system_sync.workflow import Workflow


class _Plan(NamedTuple):
    """All that is known before anything changes."""

    inputs: Inputs
    target: target.Target
    project: project.Project
    command: Command
    uv_version: str


def action(environ: Mapping[str, str], uv: str, run: Run, workflow: Workflow) -> int:
    """Sync, hand the results to `workflow` and return the exit status; an `ActionError` becomes an annotation."""
    try:
        planned = _prepare(environ, uv, run)
        workflow.say(f"Python {planned.target.version} at {planned.target.prefix}, uv {planned.uv_version}, {planned.project.lock}")
        with _marked(planned, environ, workflow) as mark:
            done = _sync(planned, mark, environ, run, workflow)
        workflow.publish(_conclude(done, planned, environ, workflow))
    except ActionError as error:
        workflow.error(error)
        return 1
    return 0


def _prepare(environ: Mapping[str, str], uv: str, run: Run) -> _Plan:
    """Decide what is synced into what, and change nothing."""
    inputs = Inputs.from_environ(environ)
    python = target.find(inputs, environ, run)
    syncable.require(python, inputs)
    target.require_next_python(python, environ.get("PATH", ""))
    locked = project.read(os.path.abspath(inputs.working_directory))
    workspace.check_names(locked.root, inputs)
    command = plan.sync(inputs, locked, python, uv, environ)
    return _Plan(inputs, python, locked, command, _uv_version(uv, environ, run))


def _marked(planned: _Plan, environ: Mapping[str, str], workflow: Workflow) -> ContextManager[Mark | None]:
    return nullcontext() if planned.inputs.check else held(planned.target, environ, workflow.say)


def _sync(planned: _Plan, mark: Mark | None, environ: Mapping[str, str], run: Run, workflow: Workflow) -> report.Report:
    """Have uv do what was planned, and return what it has done once that is proven; a check has no `mark`, and changes nothing."""
    python, locked = planned.target, planned.project
    before = installed.packages(python.site_packages)
    repaired = _heal(planned, mark, workflow)
    command = replace(planned.command, descriptors=mark.descriptors if mark else ())
    started = time.monotonic()
    with seal.sealed(environ), workflow.group("uv sync") as relay:
        completed = run(command, relay)
    seconds = time.monotonic() - started
    after = installed.packages(python.site_packages)
    if completed.returncode:
        if mark and not repaired and before == after:
            mark.end()
        raise failure.explain(completed, locked, python, uv=planned.uv_version)
    _prove(python, environ, completed.output, after)
    if mark:
        mark.end()
    return report.Report(python, locked, planned.uv_version, after, installed.compare(before, after), seconds, repaired)


def _conclude(done: report.Report, planned: _Plan, environ: Mapping[str, str], workflow: Workflow) -> report.StepResult:
    """Tell the log what was done, and return what later steps and the job summary get."""
    workflow.say(done.sentence())
    kept = notices.leftover(done, project.locked_names(planned.project) | installed.SEEDS) if planned.inputs.inexact else ""
    if kept:
        workflow.say(kept)
    for notice in _notices(done, environ):
        workflow.notice(*notice)
    return report.result(done, summary.render(done) if planned.inputs.summary else "")


def _heal(planned: _Plan, mark: Mark | None, workflow: Workflow) -> tuple[heal.Broken, ...]:
    """Clear away what an interrupted sync has left broken; without a `mark` only tell, as an `OutOfSync`."""
    broken = heal.broken(planned.target, thorough=mark.was_there if mark else is_left(planned.target))
    if broken:
        names = project.locked_names(planned.project)
        # The rest is not uv's to install or remove, and may be just as somebody wants it.
        broken = tuple(item for item in broken if item.name in names or not (planned.inputs.inexact or item.name in installed.SEEDS))
    if broken and mark is None:
        found = ", ".join(f"{item.name} ({item.reason})" for item in broken[:20])
        message = f"`check: true`, and there are broken packages: {found}."
        raise OutOfSync(message, "Run the step without `check: true` to install them anew.")
    for item in broken:
        workflow.say(f"Repairing {item.name}: {item.reason}")
    if broken:
        heal.clear(broken, planned.target)
    return broken


def _prove(python: target.Target, environ: Mapping[str, str], output: str, after: Sequence[installed.Package]) -> None:
    """Raise an `ActionError` unless what later steps get is what uv says it has done."""
    # Again: a package may have brought a `python` of its own.
    target.require_next_python(python, environ.get("PATH", ""))
    wrong = installed.contradictions(output, after)
    if wrong:
        raise SyncFailed(
            f"uv says that it succeeded, and {python.prefix} has something else: {', '.join(wrong[:20])}.",
            "Run the job again; when another job syncs the same Python at the same time, give each its own.",
        )


def _notices(done: report.Report, environ: Mapping[str, str]) -> Iterator[notices.Notice]:
    yield from notices.repair(done)
    yield from notices.disagreement(done.target, done.project, environ)
    if any(change.action == "removed" for change in done.changes):
        yield from notices.removal(done, report.earlier(environ.get("RUNNER_TEMP", ""), done.target.prefix))
    yield from notices.persistence(done, environ)


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
