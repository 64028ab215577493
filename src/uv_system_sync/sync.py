"""Tells the whole run from top to bottom."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Callable, ContextManager, Iterator, Mapping, NamedTuple, Sequence

from uv_system_sync import environment
from uv_system_sync.errors import ActionError, OutOfSync, SyncFailed
from uv_system_sync.interpreter import checks, repair, site_packages, target
from uv_system_sync.interpreter.sync_lock import Mark, held, is_left
from uv_system_sync.project import pyproject, workspace
from uv_system_sync.reporting import notices, report, runner_files, summary
from uv_system_sync.uv import arguments, executable

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.process import Command, Completed, Run
    from uv_system_sync.reporting.reporter import Voice
    from uv_system_sync.timings import Phases


class Step(NamedTuple):
    """The step as it was started: its environment, its inputs, the path of uv, and all through which it learns more or has an effect.

    `admit` refuses a target that the step's door must not let in, given PATH; that of a workflow, one that later steps would not get.
    """

    variables: Mapping[str, str]
    inputs: Inputs
    uv: str
    uv_version: Callable[[], str]
    run: Run
    voice: Voice
    phases: Phases
    admit: Callable[[target.Target, str], None] = target.require_next_python


class _Plan(NamedTuple):
    """All that is decided before anything changes."""

    inputs: Inputs
    target: target.Target
    project: pyproject.Project
    command: Command
    uv_version: str


def action(step: Step) -> int:
    """Sync, hand the results to the voice and return the exit status; an `ActionError` is told, and what is known of the run is left."""
    known = report.Known(step.inputs)
    try:
        planned = _prepare(step, known)
        step.voice.say(known.line())
        _debug(planned, step)
        with _marked(planned, step) as mark:
            done = _sync(planned, mark, step)
        step.voice.publish(_conclude(done, planned, step))
        step.phases.end("conclusion")
    except ActionError as error:
        step.voice.error(error)
        return step.voice.leave(error, known)
    finally:
        step.voice.debug(", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in step.phases.seconds.items()))
    return 0


def _prepare(step: Step, known: report.Known) -> _Plan:
    """Decide what is synced into what, change nothing, and let `known` have it piece by piece."""
    environ, inputs, phases = step.variables, step.inputs, step.phases
    python = known.target = target.find(inputs, environ, step.run)
    phases.end("probe")
    checks.require(python, inputs, lambda: step.run(arguments.listing(python, step.uv, environ)).output)
    step.admit(python, environ.get("PATH", ""))
    phases.end("target")
    locked = known.project = pyproject.read(os.path.abspath(inputs.working_directory))
    workspace.check_names(locked.root, inputs)
    phases.end("project")
    command = arguments.sync(inputs, locked, python, step.uv, environ)
    known.uv_version = step.uv_version()
    executable.require(step.uv, known.uv_version, arguments.needs(inputs))
    phases.end("plan")
    return _Plan(inputs, python, locked, command, known.uv_version)


def _debug(planned: _Plan, step: Step) -> None:
    say = step.voice.debug
    if step.voice.is_debugged:
        import shlex

        say(f"The target says: {planned.target}")
        say(f"The command, in {planned.command.cwd}: {shlex.join(planned.command.argv)}")
        for name in sorted(step.variables):
            decision = environment.decide(name)
            if decision.reason != environment.NOT_UV:
                # Never the value, which may be a credential.
                say(f"{name} is {'kept' if decision.kept else 'dropped'}: {decision.reason}")


def _marked(planned: _Plan, step: Step) -> ContextManager[Mark | None]:
    return nullcontext() if planned.inputs.check else held(planned.target, step.variables, step.voice.say)


def _sync(planned: _Plan, mark: Mark | None, step: Step) -> report.Report:
    """Have uv do what was planned, and return what it has done once that is proven; a check has no `mark`, and changes nothing."""
    python, locked = planned.target, planned.project
    before = site_packages.packages(python.site_packages)
    repaired = _heal(planned, mark, step.voice)
    command = planned.command._replace(descriptors=mark.descriptors if mark else ())
    step.phases.end("before")
    with runner_files.sealed(step.variables), step.voice.group("uv sync") as relay:
        completed = step.run(command, relay)
        step.phases.end("uv")
    after = site_packages.packages(python.site_packages)
    if completed.returncode:
        if mark and not repaired and before == after:
            mark.end()
        raise _explained(planned, completed, step)
    _prove(python, step, completed.output, after)
    if mark:
        mark.end()
    step.phases.end("after")
    timings = {**step.phases.seconds, "total": step.phases.total}
    return report.Report(python, locked, planned.uv_version, after, site_packages.compare(before, after), timings, repaired)


def _conclude(done: report.Report, planned: _Plan, step: Step) -> report.StepResult:
    """Tell the log what was done, and return what later steps and the job summary get."""
    voice = step.voice
    voice.say(done.sentence())
    kept = notices.leftover(done, pyproject.locked_names(planned.project) | site_packages.SEEDS) if planned.inputs.inexact else ""
    if kept:
        voice.say(kept)
    outputs = done.outputs()
    found = (*_notices(done, step.variables), *notices.omission(outputs))
    for notice in found:
        voice.notice(*notice)
    if done.changes:
        voice.listing(f"Installed packages ({len(done.packages)})", (f"{package.name} {package.version}" for package in done.packages))
    return report.result(done, outputs, summary.render(done, found) if planned.inputs.summary else "")


def _explained(planned: _Plan, completed: Completed, step: Step) -> ActionError:
    """Return the error that says why the sync that was `planned` has failed."""
    from uv_system_sync.diagnosis import explain

    def sealed(command: Command) -> Completed:
        # It may run code of others, too.
        with runner_files.sealed(step.variables):
            return step.run(command)

    dry_run = arguments.lock_dry_run(planned.inputs, planned.project, planned.target, step.uv, step.variables)
    attempt = explain.Attempt(planned.command, completed, planned.uv_version, partial(sealed, dry_run))
    return explain.explain(attempt, planned.project, planned.target)


def _heal(planned: _Plan, mark: Mark | None, voice: Voice) -> tuple[repair.Broken, ...]:
    """Clear away what an interrupted sync has left broken; without a `mark` only tell, as an `OutOfSync`."""
    broken = repair.broken(planned.target, thorough=mark.was_there if mark else is_left(planned.target))
    if broken:
        names = pyproject.locked_names(planned.project)
        # The rest is not uv's to install or remove, and may be just as somebody wants it.
        broken = tuple(item for item in broken if item.name in names or not (planned.inputs.inexact or item.name in site_packages.SEEDS))
    if broken and mark is None:
        found = ", ".join(f"{item.name} ({item.reason})" for item in broken[:20])
        message = f"`check: true`, and there are broken packages: {found}."
        raise OutOfSync(message, "Run the step without `check: true` to install them anew.")
    for item in broken:
        voice.say(f"Repairing {item.name}: {item.reason}")
    if broken:
        repair.clear(broken, planned.target)
    return broken


def _prove(python: target.Target, step: Step, output: str, after: Sequence[site_packages.Package]) -> None:
    """Raise an `ActionError` unless what later steps get is what uv says it has done."""
    # Again: a package may have brought a `python` of its own.
    step.admit(python, step.variables.get("PATH", ""))
    wrong = site_packages.contradictions(output, after)
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
