"""`make compatibility`: runs all stages, or the named ones, and writes docs/compatibility.json and docs/compatibility.md."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from tools.compatibility import arm64, containers, debian_pythons, document, free_threaded, musl, real_actions, uvs, windows
from tools.compatibility.outcomes import Result, Run, Unavailable, read, write
from tools.shared import ROOT

Stage = Callable[[Path], Iterator[Result]]

# In the order in which they run. Each stage has its own scratch folder, which its next run uses again.
STAGES: dict[str, Stage] = {
    **{f"uv-{version}": partial(uvs.run, version) for version in uvs.locked()[1:]},
    "containers": containers.run,
    "debian-pythons": debian_pythons.run,
    "free-threaded": free_threaded.run,
    "musl": musl.run,
    "arm64": arm64.run,
    "wine": windows.run,
    "real-actions": real_actions.run,
}
_WORK = ROOT / ".venv" / "compatibility"


def main(names: Iterable[str], stages: Mapping[str, Stage], work: Path, file: Path, page: Path) -> int:
    """Run the stages in `names`, or all if it is empty, and replace their results in `file` and on the `page`.

    A stage that cannot run on this machine, or ends with an error, is reported with the reason and keeps its older results.
    Each stage gets its own folder below `work`. Return 1 if something failed or a stage in `names` could not run, else 0.
    """
    named = list(names)
    unknown = [name for name in named if name not in stages]
    if unknown:
        raise SystemExit(f"Unknown stage: {' '.join(unknown)}. Stages: {' '.join(stages)}.")
    known = read(file)
    lines, failed = [], False
    for name in named or list(stages):
        started = time.monotonic()
        results, problem = _results(stages[name], work / name)
        run = Run(dt.datetime.now(tz=dt.timezone.utc).date().isoformat(), round(time.monotonic() - started), tuple(results))
        if not problem:
            # Write after each stage: stages can take long, and the user may stop the next one.
            known[name] = run
            write(file, known)
            page.write_text(document.page(known), encoding="utf-8")
        lines.append(_line(name, run, problem))
        failed |= problem is not None and (name in named or not isinstance(problem, Unavailable))
        failed |= any(result.outcome == "failed" for result in results)
    sys.stdout.write("".join(["\n", *lines]))
    return int(failed)


def _line(name: str, run: Run, problem: Exception | None) -> str:
    """Return the summary of a stage, such as `musl: 2 passed (360 s)`."""
    if problem:
        return f"{name}: not run: {problem} ({run.seconds} s)\n"
    others = [result for result in run.results if result.outcome != "passed"]
    parts = [f"{len(run.results) - len(others)} passed", *(f"{result.outcome}: {result.subject} ({result.detail})" for result in others)]
    return f"{name}: {'; '.join(parts)} ({run.seconds} s)\n"


def _results(stage: Stage, work: Path) -> tuple[list[Result], Exception | None]:
    """Run `stage` in the folder `work`; return its results, and the exception that ended it, if any."""
    work.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    try:
        for result in stage(work):
            detail = f" ({result.detail})" if result.detail else ""
            sys.stdout.write(f"{result.area}: {result.subject}: {result.outcome}, {result.passed} tests{detail}\n")
            sys.stdout.flush()
            results.append(result)
    except (Unavailable, OSError, subprocess.SubprocessError) as problem:
        return results, problem
    return results, None


def _stop(signum: int, _: object) -> None:
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    # As an exception, SIGTERM lets a stage unmount and stop what it has mounted and started.
    signal.signal(signal.SIGTERM, _stop)
    docs = ROOT / "docs"
    sys.exit(main(sys.argv[1:], STAGES, _WORK, docs / "compatibility.json", docs / "compatibility.md"))
