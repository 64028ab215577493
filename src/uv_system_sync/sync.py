"""The run, from top to bottom: check everything, sync, verify, publish."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Callable, ContextManager, Mapping, NamedTuple, Sequence

from uv_system_sync import environment
from uv_system_sync.errors import ActionError, OutOfSync, SyncFailed, UvUnavailable
from uv_system_sync.imports import ModuleChanged
from uv_system_sync.interpreter import misplaced, repair, site_packages, sync_lock, target
from uv_system_sync.project import pyproject
from uv_system_sync.text import Option, listed
from uv_system_sync.uv import arguments

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.repair import Broken
    from uv_system_sync.interpreter.site_packages import Package
    from uv_system_sync.interpreter.sync_lock import SyncLock
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.process import Command, Completed, Start
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.report import Report, Result
    from uv_system_sync.reporting.reporter import Reporter
    from uv_system_sync.reporting.terminal import Terminal
    from uv_system_sync.uv.builds import Wanted
    from uv_system_sync.uv.client import Uv


class Step(NamedTuple):
    """What a run works with: the environment of this process, the inputs, uv, and everything through which it has an effect.

    `check_target` raises an `ActionError` for a Python that the entry point does not allow, given the PATH of later steps.
    `suitable_uv` returns the uv for a project, if that may be another one than `uv`. `sleep` waits for some seconds.
    `restore` asks the runner to restore wheels that were built earlier, for a next step, which does the rest. `before_uv` is called
    when all that a successful run needs is imported, and `publishing` when no other program runs any more, before anything is handed on.
    `terminal` opens a terminal for uv's progress bars, if one shows the log.
    `confirm` gets a dry run of uv before anything changes, or why this uv has none, and returns whether to go on.
    """

    environ: Mapping[str, str]
    inputs: Inputs
    uv: Uv
    start: Start
    reporter: Reporter
    context: RunContext
    check_target: Callable[[Target, str], None] = target.require_next_python
    suitable_uv: Callable[[Project], Uv] | None = None
    sleep: Callable[[float], None] = time.sleep
    restore: Callable[[Wanted], None] | None = None
    before_uv: Callable[[], None] = lambda: None
    publishing: Callable[[], None] = lambda: None
    confirm: Callable[[Completed | UvUnavailable], bool] | None = None
    terminal: Callable[[], Terminal | None] | None = None


class Plan(NamedTuple):
    """What is decided before anything changes."""

    inputs: Inputs
    target: Target
    project: Project
    uv: Uv
    command: Command


def sync(step: Step) -> None:
    """Install the lock and publish the result; raise an `ActionError` for everything that a user can act on."""
    timings = step.context.timings
    try:
        plan = _plan(step)
        step.reporter.info(step.context.line())
        influences = environment.influences(step.environ)
        if influences:
            step.reporter.info(f"Besides the inputs and the project, these decide how packages are installed: {listed(influences)}")
        _debug(plan, step)
        if step.restore and _restore(plan, step, step.restore):
            return
        if step.confirm and not _confirmed(plan, step, step.confirm):
            return
        with _locked(plan, step) as lock, _built_wheels(plan, step):
            done = _sync(plan, lock, step)
        step.publishing()
        step.reporter.publish(_result(done, plan, step))
        timings.end("publish")
    finally:
        step.reporter.debug(", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in timings.seconds.items()))


def _plan(step: Step) -> Plan:
    """Decide what is installed into what; change nothing, and add each fact to the context as soon as it is known."""
    inputs, context, timings = step.inputs, step.context, step.context.timings
    context.inputs = inputs
    python = context.target = target.find(inputs, step.environ, step.start)
    timings.end("probe")
    target.require_usable(python, inputs, lambda: step.uv.pip_list(python))
    step.check_target(python, step.environ.get("PATH", ""))
    timings.end("target")
    project = context.project = pyproject.read(os.path.abspath(inputs.working_directory))
    timings.end("project")
    uv = step.suitable_uv(project) if step.suitable_uv else step.uv
    if context.built_wheels:
        uv.use_cache(context.built_wheels.folder)
    command = uv.sync_command(inputs, project, python)
    context.uv_version = uv.version
    uv.require(inputs)
    timings.end("uv version")
    return Plan(inputs, python, project, uv, command)


def _debug(plan: Plan, step: Step) -> None:
    debug = step.reporter.debug
    if step.reporter.is_debugging:
        import shlex

        debug(f"Python: {plan.target}")
        debug(f"Command, in {plan.command.cwd}: {shlex.join(plan.command.argv)}")
        for name in sorted(step.environ):
            decision = environment.decide(name)
            if decision.reason != environment.NOT_UV:
                # Never the value, which may be a credential.
                debug(f"{name} is {'kept' if decision.kept else 'dropped'}: {decision.reason}")


def _restore(plan: Plan, step: Step, restore: Callable[[Wanted], None]) -> bool:
    """Ask for wheels that were built earlier, if uv would have to build any, and return whether that was done."""
    if not arguments.keep_built_wheels(plan.inputs, step.environ):
        return False
    from uv_system_sync.uv import builds

    machine = builds.Machine(step.environ, step.start)
    wanted = builds.wanted(plan.inputs, plan.project, plan.target, plan.uv, machine)
    if wanted:
        step.reporter.info(f"uv has to build {listed(wanted.packages)}, unless an earlier run has built the same.")
        step.publishing()
        restore(wanted)
    return wanted is not None


def _confirmed(plan: Plan, step: Step, confirm: Callable[[Completed | UvUnavailable], bool]) -> bool:
    try:
        completed = plan.uv.dry_run(plan.inputs, plan.project, plan.target)
    except UvUnavailable as error:
        return confirm(error)
    if confirm(completed):
        return True
    if completed.returncode == 0:
        return False
    with step.reporter.group("uv sync --dry-run") as relay:
        relay(completed.output.encode())
    raise _explained(plan, completed, step)


def _built_wheels(plan: Plan, step: Step) -> ContextManager[None]:
    wheels = step.context.built_wheels
    return wheels.used(plan.project.lock) if wheels else nullcontext()


def _locked(plan: Plan, step: Step) -> ContextManager[SyncLock | None]:
    return nullcontext() if plan.inputs.check else sync_lock.hold(plan.target, step.environ, step.reporter.info)


def _sync(plan: Plan, lock: SyncLock | None, step: Step) -> Report:
    """Run uv and verify what it did; a check holds no `lock` and changes nothing."""
    python, timings = plan.target, step.context.timings
    infos = site_packages.dist_infos(python.site_packages)
    before = site_packages.packages(infos)
    was_unfinished = lock.was_unfinished if lock else sync_lock.is_unfinished(python)
    repaired = _repair(infos, plan, step, unfinished=was_unfinished)
    _import_what_follows(step.reporter)
    step.before_uv()
    timings.end("before")
    completed = _uv_sync(infos, plan, lock, step)
    if completed.returncode:
        completed, again = _try_again(completed, plan, lock, step)
        repaired = (*repaired, *again)
    timings.end("uv")
    infos_after = site_packages.dist_infos(python.site_packages)
    # With many packages, reading them again takes long.
    is_same = infos_after == infos and site_packages.only_audited(completed.output)
    after = before if is_same else site_packages.packages(infos_after)
    if completed.returncode:
        if lock and not repaired and before == after:
            lock.finish()
        raise _explained(plan, completed, step)
    _verify(plan, step, completed.output, after)
    if lock:
        lock.finish()
    timings.end("after")
    from uv_system_sync.reporting import report

    changes = site_packages.compare(before, after)
    unlisted = site_packages.unlisted(completed.output, changes)
    if unlisted:
        step.reporter.listing("Changes", (f"{change.name} {change.version or change.action}" for change in unlisted))
    return report.Report(step.context, python, plan.project, after, changes, repaired, was_unfinished)


def _uv_sync(infos: Sequence[str], plan: Plan, lock: SyncLock | None, step: Step) -> Completed:
    """Run the one `uv sync`, in a group of the log, while there are packages with the .dist-info folders `infos`.

    Raise `SyncFailed` if packages have then installed what only Python itself has; it was taken back.
    """
    command = plan.command._replace(descriptors=lock.descriptors if lock else ())
    if step.terminal and not environment.is_true(step.environ, "UV_NO_PROGRESS"):
        env = {name: value for name, value in command.env.items() if name != "UV_NO_PROGRESS"}
        command = command._replace(terminal=step.terminal, env=env)
    tries = len(step.context.retries)
    group = step.reporter.group(f"uv sync, try {tries + 1}" if tries else "uv sync")
    with misplaced.taken_back(infos, plan.target, step.environ), group as relay:
        return step.start(command)(relay)


def _try_again(completed: Completed, plan: Plan, lock: SyncLock | None, step: Step) -> tuple[Completed, Sequence[Broken]]:
    """Run uv again as long as it fails for the network; return the last result, and what was repaired in between."""
    from uv_system_sync.uv import retries

    repaired: list[Broken] = []
    for wait in retries.waits(plan.inputs.retries):
        reason = retries.reason(completed.output, plan.project.lock.address_of) if completed.returncode else None
        if reason is None:
            break
        reason = step.reporter.redact(reason)
        step.context.retries.append(reason)
        step.reporter.info(f"Trying again in {wait:.1f} s: {reason}")
        step.sleep(wait)
        infos = site_packages.dist_infos(plan.target.site_packages)
        if lock:
            repaired += _repair(infos, plan, step, unfinished=True)
        completed = _uv_sync(infos, plan, lock, step)
    return completed, repaired


def _import_what_follows(reporter: Reporter) -> None:
    """Import what is needed after uv: what it installs may be a file of the standard library, or change one of ours."""
    from uv_system_sync.reporting import notices, report, summary  # noqa: F401 - the functions that use them import them, too

    reporter.prepare_to_publish()


def _repair(infos: Sequence[str], plan: Plan, step: Step, *, unfinished: bool) -> Sequence[Broken]:
    """Remove packages that an interrupted sync has left broken, so that uv installs them again; for a check, raise `OutOfSync`.

    With `unfinished`, every file is looked at.
    """
    broken = repair.find_broken(infos, plan.target, thorough=unfinished)
    if broken:
        # Other packages are not uv's to install or remove, and may be as somebody wants them.
        names = plan.project.lock.names()
        broken = tuple(item for item in broken if item.name in names or not (plan.inputs.inexact or item.name in site_packages.SEEDS))
    if broken and plan.inputs.check:
        raise OutOfSync(
            "Packages are broken: {broken}.",
            "Run without {check} to install them again.",
            broken=listed([f"{item.name} ({item.reason})" for item in broken]),
            check=Option("check", "true"),
        )
    for item in broken:
        step.reporter.info(f"Repairing {item.name}: {item.reason}")
    if broken:
        repair.remove(broken, plan.target)
    return broken


def _verify(plan: Plan, step: Step, output: str, after: Sequence[Package]) -> None:
    """Raise an `ActionError` unless later steps get what uv reports to have done."""
    # A package may have brought a `python` of its own.
    step.check_target(plan.target, step.environ.get("PATH", ""))
    wrong = site_packages.contradictions(output, after)
    if wrong:
        raise SyncFailed(
            "uv reports success, but {prefix} has something else: {wrong}.",
            "Run it again. If another job installs into the same Python at the same time, give each job its own.",
            prefix=plan.target.prefix,
            wrong=listed(wrong),
        )


def _explained(plan: Plan, completed: Completed, step: Step) -> ActionError:
    """Return the error that explains why uv failed."""
    completed = completed._replace(output=step.reporter.redact(completed.output))

    def lock_dry_run() -> Completed:
        return plan.uv.lock_dry_run(plan.inputs, plan.project, plan.target)

    try:
        from uv_system_sync.diagnosis import explain

        known = (plan.command.env, plan.project, plan.target, plan.uv.version)
        return explain.explain(explain.Failure(completed, *known, lock_dry_run, plan.inputs))
    except ModuleChanged as error:
        return SyncFailed(
            "uv ended with exit status {status}.",
            "Read the output of uv in the log. It is not explained here: {reason}",
            status=completed.returncode,
            reason=error.message,
        )


def _result(done: Report, plan: Plan, step: Step) -> Result:
    """Show what was done, and return what later steps and the job summary get."""
    from uv_system_sync.reporting import notices, summary

    reporter = step.reporter
    reporter.headline(done.sentence())
    if plan.inputs.inexact:
        locked = plan.project.lock.names() | site_packages.SEEDS
        kept = [f"{package.name} {package.version}" for package in done.packages if package.name not in locked]
        if kept:
            reporter.info(f"Kept, although not in uv.lock: {listed(kept)}")
    outputs = done.outputs()
    found = tuple(notice._replace(message=notice.message.map(reporter.redact)) for notice in notices.notices(done, outputs, step.environ))
    for notice in found:
        reporter.notice(notice)
    return done.result(outputs, summary.render(done, found, reporter.spell) if plan.inputs.summary else "", plan.uv.folder)
