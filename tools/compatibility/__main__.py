"""`make compatibility`: runs all stages, or those that are named, and writes docs/compatibility.json and docs/compatibility.md."""

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
from tools.compatibility.proofs import Proof, Run, Unavailable, read, write
from tools.shared import ROOT

Stage = Callable[[Path], Iterator[Proof]]

# They run in this order. Each has a scratch folder of its own, which the next run finds again.
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


def main(names: Iterable[str], stages: Mapping[str, Stage], work: Path, results: Path, page: Path) -> int:
    """Run those of `stages` that `names` has, or all, and replace what they found before in the file `results` and on the `page`.

    A stage that cannot run on this machine, or ends with an error, is named with the reason, and keeps its older results.
    The folder `work` has one for each stage. Return 1 if something failed, or a stage among `names` could not run, else 0.
    """
    named = list(names)
    chosen = named or list(stages)
    unknown = [name for name in chosen if name not in stages]
    if unknown:
        raise SystemExit(f"There is no stage {' '.join(unknown)}; there are {' '.join(stages)}.")
    known = read(results)
    lines, failed = [], False
    for name in chosen:
        started = time.monotonic()
        proofs, problem = _outcome(stages[name], work / name)
        run = Run(dt.datetime.now(tz=dt.timezone.utc).date().isoformat(), round(time.monotonic() - started), tuple(proofs))
        if not problem:
            # Written after each stage, because one can take long, and the next one can be stopped.
            known[name] = run
            write(results, known)
            page.write_text(document.page(known), encoding="utf-8")
        lines.append(_line(name, run, problem))
        failed |= problem is not None and (name in named or not isinstance(problem, Unavailable))
        failed |= any(proof.outcome == "failed" for proof in proofs)
    sys.stdout.write("".join(["\n", *lines]))
    return int(failed)


def _line(name: str, run: Run, problem: Exception | None) -> str:
    words = [f"{proof.outcome}: {proof.subject} ({proof.detail})" for proof in run.proofs if proof.outcome != "passed"]
    words = [f"{sum(proof.outcome == 'passed' for proof in run.proofs)} passed", *words]
    return f"{name}: {f'not run: {problem}' if problem else '; '.join(words)} ({run.seconds} s)\n"


def _outcome(stage: Stage, work: Path) -> tuple[list[Proof], Exception | None]:
    """Run `stage` in the folder `work`, and return what it finds, and why it did not end, if so."""
    work.mkdir(parents=True, exist_ok=True)
    proofs: list[Proof] = []
    try:
        for proof in stage(work):
            sys.stdout.write(
                f"{proof.area}: {proof.subject}: {proof.outcome}, {proof.passed} tests{proof.detail and f' ({proof.detail})'}\n"
            )
            sys.stdout.flush()
            proofs.append(proof)
    except (Unavailable, OSError, subprocess.SubprocessError) as problem:
        return proofs, problem
    return proofs, None


def _stop(signum: int, _: object) -> None:
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    # What a stage has mounted and started ends with it, however it ends.
    signal.signal(signal.SIGTERM, _stop)
    docs = ROOT / "docs"
    sys.exit(main(sys.argv[1:], STAGES, _WORK, docs / "compatibility.json", docs / "compatibility.md"))
