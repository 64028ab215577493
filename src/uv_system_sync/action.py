"""Tells the whole run from top to bottom."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Iterator, Mapping, Sequence

from uv_system_sync import failure, heal, installed, notices, plan, project, report, seal, summary, syncable, target, workspace
from uv_system_sync.errors import ActionError, OutOfSync, SyncFailed, UvUnavailable
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
    syncable.require(python, inputs)
    target.require_next_python(python, environ.get("PATH", ""))
    locked = project.read(os.path.abspath(inputs.working_directory))
    workspace.check_names(locked.root, inputs)
    command = plan.sync(inputs, locked, python, uv, environ)
    uv_version = _uv_version(uv, environ, run)

    workflow.say(f"Python {python.version} at {python.prefix}, uv {uv_version}, {locked.lock}")
    before = installed.packages(python.site_packages)
    repaired = _heal(python, locked, inputs, workflow)
    started = time.monotonic()
    with seal.sealed(environ), workflow.group("uv sync") as relay:
        completed = run(command, relay)
    seconds = time.monotonic() - started
    after = installed.packages(python.site_packages)
    if completed.returncode:
        if not repaired and before == after:
            heal.end(python)
        raise failure.explain(completed, locked, python, uv=uv_version)
    _prove(python, environ, completed.output, after)
    heal.end(python)

    done = report.Report(python, locked, uv_version, after, installed.compare(before, after), seconds, repaired)
    workflow.say(done.sentence())
    kept = notices.leftover(done, project.locked_names(locked) | installed.SEEDS) if inputs.inexact else ""
    if kept:
        workflow.say(kept)
    for notice in _notices(done, environ):
        workflow.notice(*notice)
    return report.result(done, summary.render(done) if inputs.summary else "")


def _heal(python: target.Target, locked: project.Project, inputs: Inputs, workflow: Workflow) -> tuple[heal.Broken, ...]:
    """Clear away what an interrupted sync has left broken, and mark that another one begins; for a check, only tell."""
    broken = heal.broken(python, thorough=heal.is_unfinished(python))
    if broken:
        names = project.locked_names(locked)
        # The rest is not uv's to install or remove, and may be just as somebody wants it.
        broken = tuple(item for item in broken if item.name in names or not (inputs.inexact or item.name in installed.SEEDS))
    if inputs.check:
        if broken:
            found = ", ".join(f"{item.name} ({item.reason})" for item in broken[:20])
            message = f"`check: true`, and there are broken packages: {found}."
            raise OutOfSync(message, "Run the step without `check: true` to install them anew.")
        return ()
    heal.begin(python)
    for item in broken:
        workflow.say(f"Repairing {item.name}: {item.reason}")
    if broken:
        heal.clear(broken, python)
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
