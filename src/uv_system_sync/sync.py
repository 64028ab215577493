"""A whole run: check everything, sync, verify, publish."""

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


class Run(NamedTuple):
    """Everything that a run depends on: the environment variables, the inputs, uv, and the functions through which it has an effect."""

    environ: Mapping[str, str]
    inputs: Inputs
    uv: Uv
    start: Start
    reporter: Reporter
    context: RunContext
    # Raises an `ActionError` if the entry point does not accept this Python, given the PATH of later steps.
    check_target: Callable[[Target, str], None] = target.require_next_python
    # Returns the uv to use for a project, which may differ from `uv`.
    suitable_uv: Callable[[Project], Uv] | None = None
    sleep: Callable[[float], None] = time.sleep
    # Asks the runner to restore wheels that an earlier run built. This run then ends, and the next step of the action syncs.
    restore: Callable[[Wanted], None] | None = None
    # Called before uv runs, when everything that a successful run needs is imported.
    before_uv: Callable[[], None] = lambda: None
    # Called when no other program runs any more, before anything is published.
    publishing: Callable[[], None] = lambda: None
    # Decides whether to sync, given the result of a dry run, or the reason why this uv cannot do one.
    confirm: Callable[[Completed | UvUnavailable], bool] | None = None
    # Opens a terminal for uv's progress bars.
    terminal: Callable[[], Terminal | None] | None = None


class Plan(NamedTuple):
    """The decisions that are made before anything changes."""

    target: Target
    project: Project
    uv: Uv
    command: Command


def sync(run: Run) -> None:
    """Install the lock and publish the result; raise an `ActionError` for every failure that the user can act on."""
    timings = run.context.timings
    try:
        plan = _plan(run)
        run.reporter.info(run.context.line())
        influences = environment.influences(run.environ)
        if influences:
            run.reporter.info(f"Besides the inputs and the project, these settings affect how packages are installed: {listed(influences)}")
        _debug(plan, run)
        if _restore_built_wheels(plan, run) or not _confirm(plan, run):
            return
        with _lock(plan, run) as lock, _use_built_wheels(plan, run):
            report = _sync(plan, lock, run)
        run.publishing()
        run.reporter.publish(_result(report, plan, run))
        timings.end("publish")
    finally:
        run.reporter.debug(", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in timings.seconds.items()))


def _plan(run: Run) -> Plan:
    """Decide what to install where, and change nothing. Each fact is added to the context as soon as it is known."""
    inputs, context, timings = run.inputs, run.context, run.context.timings
    context.inputs = inputs
    context.target = python = target.find(inputs, run.environ, run.start)
    timings.end("probe")
    target.require_usable(python, inputs, lambda: run.uv.pip_list(python))
    run.check_target(python, run.environ.get("PATH", ""))
    timings.end("target")
    context.project = project = pyproject.read(os.path.abspath(inputs.working_directory))
    timings.end("project")
    uv = run.suitable_uv(project) if run.suitable_uv else run.uv
    if context.built_wheels:
        uv.use_cache(context.built_wheels.folder)
    command = uv.sync_command(inputs, project, python)
    context.uv_version = uv.version
    uv.require(inputs)
    timings.end("uv version")
    return Plan(python, project, uv, command)


def _debug(plan: Plan, run: Run) -> None:
    if not run.reporter.is_debugging:
        return
    import shlex

    run.reporter.debug(f"Python: {plan.target}")
    run.reporter.debug(f"Command, in {plan.command.cwd}: {shlex.join(plan.command.argv)}")
    for name in sorted(run.environ):
        decision = environment.decide(name)
        if decision.reason != environment.NOT_UV:
            # The value may be a credential and is never shown.
            run.reporter.debug(f"{name} is {'kept' if decision.kept else 'dropped'}: {decision.reason}")


def _restore_built_wheels(plan: Plan, run: Run) -> bool:
    """If uv would have to build packages, ask the runner for wheels of an earlier run; return whether the runner was asked."""
    if run.restore is None or not arguments.keep_built_wheels(run.inputs, run.environ):
        return False
    from uv_system_sync.uv import builds

    machine = builds.Machine(run.environ, run.start)
    wanted = builds.wanted(run.inputs, plan.project, plan.target, plan.uv, machine)
    if wanted is None:
        return False
    run.reporter.info(f"uv must build {listed(wanted.packages)}, unless an earlier run has built the same.")
    run.publishing()
    run.restore(wanted)
    return True


def _confirm(plan: Plan, run: Run) -> bool:
    """Return whether to sync; raise an `ActionError` if the decision needs a dry run and uv fails to do one."""
    if run.confirm is None:
        return True
    try:
        dry_run = plan.uv.dry_run(run.inputs, plan.project, plan.target)
    except UvUnavailable as error:
        return run.confirm(error)
    if run.confirm(dry_run):
        return True
    if dry_run.returncode == 0:
        return False
    with run.reporter.group("uv sync --dry-run") as relay:
        relay(dry_run.output.encode())
    raise _explained(dry_run, plan, run)


def _lock(plan: Plan, run: Run) -> ContextManager[SyncLock | None]:
    return nullcontext() if run.inputs.check else sync_lock.hold(plan.target, run.environ, run.reporter.info)


def _use_built_wheels(plan: Plan, run: Run) -> ContextManager[None]:
    wheels = run.context.built_wheels
    return wheels.used(plan.project.lock) if wheels else nullcontext()


def _sync(plan: Plan, lock: SyncLock | None, run: Run) -> Report:
    """Run uv and verify what it did. A check has no `lock`, because it changes nothing."""
    python, timings = plan.target, run.context.timings
    infos = site_packages.dist_infos(python.site_packages)
    before = site_packages.packages(infos)
    was_unfinished = lock.was_unfinished if lock else sync_lock.is_unfinished(python)
    repaired = _repair(infos, plan, run, thorough=was_unfinished)
    # Everything that is needed after uv is imported before: a package may replace a module, or change the standard library.
    from uv_system_sync.reporting import notices, report, summary  # noqa: F401 - the functions that use them import them, too

    run.reporter.prepare_to_publish()
    run.before_uv()
    timings.end("before")
    completed = _uv_sync(infos, plan, lock, run)
    if completed.returncode:
        completed, repaired_later = _retry(completed, plan, lock, run)
        repaired = (*repaired, *repaired_later)
    timings.end("uv")
    infos_after = site_packages.dist_infos(python.site_packages)
    # Reading many packages a second time is slow.
    is_same = infos_after == infos and site_packages.only_audited(completed.output)
    after = before if is_same else site_packages.packages(infos_after)
    if completed.returncode:
        if lock and not repaired and before == after:
            lock.finish()
        raise _explained(completed, plan, run)
    _verify(completed.output, after, plan, run)
    if lock:
        lock.finish()
    timings.end("after")
    changes = site_packages.compare(before, after)
    unlisted = site_packages.unlisted(completed.output, changes)
    if unlisted:
        run.reporter.listing("Changes", (f"{change.name} {change.version or change.action}" for change in unlisted))
    return report.Report(run.context, python, plan.project, after, changes, repaired, was_unfinished)


def _uv_sync(infos: Sequence[str], plan: Plan, lock: SyncLock | None, run: Run) -> Completed:
    """Run `uv sync` once, in a group of the log; `infos` are the paths of the .dist-info folders before it.

    Raise `SyncFailed` if packages have changed files that belong to Python itself; these changes are undone.
    """
    command = plan.command._replace(descriptors=lock.descriptors if lock else ())
    if run.terminal and not environment.is_true(run.environ, "UV_NO_PROGRESS"):
        env = {name: value for name, value in command.env.items() if name != "UV_NO_PROGRESS"}
        command = command._replace(terminal=run.terminal, env=env)
    tries = len(run.context.retries)
    group = run.reporter.group(f"uv sync, try {tries + 1}" if tries else "uv sync")
    with misplaced.taken_back(infos, plan.target, run.environ), group as relay:
        return run.start(command)(relay)


def _retry(completed: Completed, plan: Plan, lock: SyncLock | None, run: Run) -> tuple[Completed, Sequence[Broken]]:
    """Run uv again while it fails because of the network; return the last result, and the packages that were repaired in between."""
    from uv_system_sync.uv import retries

    repaired: list[Broken] = []
    for wait in retries.waits(run.inputs.retries):
        reason = retries.reason(completed.output, plan.project.lock.address_of) if completed.returncode else None
        if reason is None:
            break
        reason = run.reporter.redact(reason)
        run.context.retries.append(reason)
        run.reporter.info(f"Trying again in {wait:.1f} s: {reason}")
        run.sleep(wait)
        infos = site_packages.dist_infos(plan.target.site_packages)
        if lock:
            repaired += _repair(infos, plan, run, thorough=True)
        completed = _uv_sync(infos, plan, lock, run)
    return completed, repaired


def _repair(infos: Sequence[str], plan: Plan, run: Run, *, thorough: bool) -> Sequence[Broken]:
    """Remove packages that an interrupted sync left broken, so that uv installs them again; for a check, raise `OutOfSync`.

    With `thorough`, check every file of every package.
    """
    broken = repair.find_broken(infos, plan.target, thorough=thorough)
    if broken:
        # Only packages that uv would install or remove: others may be intended as they are.
        locked = plan.project.lock.names()
        is_exact = not run.inputs.inexact
        broken = tuple(package for package in broken if package.name in locked or (is_exact and package.name not in site_packages.SEEDS))
    if broken and run.inputs.check:
        raise OutOfSync(
            "Packages are broken: {broken}.",
            "Run without {check} to reinstall them.",
            broken=listed([f"{package.name} ({package.reason})" for package in broken]),
            check=Option("check", "true"),
        )
    for package in broken:
        run.reporter.info(f"Repairing {package.name}: {package.reason}")
    if broken:
        repair.remove(broken, plan.target)
    return broken


def _verify(output: str, after: Sequence[Package], plan: Plan, run: Run) -> None:
    """Raise an `ActionError` unless the target is still accepted and the packages `after` are those that uv's `output` lists."""
    # A package may have installed its own `python`.
    run.check_target(plan.target, run.environ.get("PATH", ""))
    wrong = site_packages.contradictions(output, after)
    if wrong:
        raise SyncFailed(
            "uv reports success, but the packages in {prefix} differ from what uv lists: {wrong}.",
            "Run it again. If another job installs into the same Python at the same time, give each job its own Python.",
            prefix=plan.target.prefix,
            wrong=listed(wrong),
        )


def _explained(completed: Completed, plan: Plan, run: Run) -> ActionError:
    """Return the error that explains why uv failed."""
    completed = completed._replace(output=run.reporter.redact(completed.output))

    def lock_dry_run() -> Completed:
        return plan.uv.lock_dry_run(run.inputs, plan.project, plan.target)

    try:
        from uv_system_sync.diagnosis import explain

        return explain.explain(
            explain.Failure(completed, plan.command.env, plan.project, plan.target, plan.uv.version, lock_dry_run, run.inputs)
        )
    except ModuleChanged as error:
        return SyncFailed(
            "uv ended with exit status {status}.",
            "Read the output of uv in the log. uv-system-sync cannot explain it: {reason}",
            status=completed.returncode,
            reason=error.message,
        )


def _result(report: Report, plan: Plan, run: Run) -> Result:
    """Log the result and its notices, and return what later steps and the job summary get."""
    from uv_system_sync.reporting import notices, summary

    reporter = run.reporter
    reporter.headline(report.sentence())
    if run.inputs.inexact:
        locked = plan.project.lock.names() | site_packages.SEEDS
        kept = [f"{package.name} {package.version}" for package in report.packages if package.name not in locked]
        if kept:
            reporter.info(f"Kept, although not in uv.lock: {listed(kept)}")
    outputs = report.outputs()
    redacted = [notice._replace(message=notice.message.map(reporter.redact)) for notice in notices.notices(report, outputs, run.environ)]
    for notice in redacted:
        reporter.notice(notice)
    text = summary.render(report, redacted, reporter.spell) if run.inputs.summary else ""
    return report.result(outputs, text, plan.uv.folder)
