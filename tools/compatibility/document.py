"""The text of docs/compatibility.md: the results of the stages, and what the self-test on hosted runners covers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import yaml

from tools.compatibility.proofs import Area, Proof, Run
from tools.shared import ROOT

_SELF_TEST = ROOT / ".github" / "workflows" / "selftest.yml"

# What users ask about, tested or not; what else a run has comes after it.
_PYTHONS = (
    *(f"CPython 3.{minor}" for minor in range(8, 16)),
    *(
        "CPython 3.13 free-threaded",
        "CPython 3.14 free-threaded",
        "CPython 3.15 free-threaded",
        "PyPy 3.9",
        "PyPy 3.10",
        "PyPy 3.11",
        "GraalPy",
    ),
)
_SYSTEMS = (
    *("Linux x86_64 with glibc", "Linux arm64 with glibc", "Linux with musl (Alpine)"),
    *("macOS on Apple silicon", "macOS on Intel", "Windows x86_64", "Windows arm64"),
)

_TEXT = """\
# Compatibility

Read this to find out whether your Python, your system or your image has been tested, and with which versions of uv.
`make compatibility` runs the tests and writes this page. *Unproven* means that nothing has been tested there yet.

The column *self-test* has a ✓ where the [self-test](../.github/workflows/selftest.yml) has a job that runs the action on GitHub's runners.
Such a job shows something only once it has run: see its results in the repository's Actions.

## Pythons

{pythons}

## Systems

{systems}

The self-test uses the runners {runners}.

## Containers and images

The base images are made here. They are like the real ones as far as an installation can see: where Python is, what is beside it,
users, and what is missing.

{containers}

## Where Python is installed

{layouts}

## uv

The oldest supported version is 0.5.31. Each version ran the tests that depend on uv, and the newest one also those of the places above.
`make test` runs every test with the newest one, and a weekly workflow the integration tests with each.
The input `check` needs uv 0.6.10, and more than one name in `packages` needs uv 0.9.8. Older versions are rejected with an error.

{uvs}

## GitHub's own actions

Workflows with these actions, from their public repositories, run in act (`make real-actions`).

{actions}
"""


class SelfTest(NamedTuple):
    """The Pythons, the systems and the labels of runners that the self-test has jobs for."""

    pythons: frozenset[str]
    systems: frozenset[str]
    runners: tuple[str, ...]


class _Row(NamedTuple):
    subject: str
    passed: str
    date: str
    detail: str


def page(runs: Mapping[str, Run], self_test: SelfTest | None = None) -> str:
    """Return the page for `runs`, by stage, and for `self_test`, by default that of the workflow."""
    covered = self_test or of_workflow(_SELF_TEST.read_text(encoding="utf-8"))
    return _TEXT.format(
        pythons=_table("Python", _rows(runs, "python", _PYTHONS), covered.pythons),
        systems=_table("system", _rows(runs, "system", _SYSTEMS), covered.systems),
        containers=_table("what", _rows(runs, "container")),
        # Each Python has details of its own, which its row has.
        layouts=_table("layout", [row._replace(detail=row.detail.partition("; ")[0]) for row in _rows(runs, "layout")]),
        uvs=_table("version", [row._replace(detail="") for row in _rows(runs, "uv")]),
        actions=_table("action", _rows(runs, "action")),
        runners=", ".join(f"`{label}`" for label in covered.runners),
    )


def of_workflow(text: str) -> SelfTest:
    """Return what the workflow `text` has jobs for."""
    jobs = yaml.safe_load(text)["jobs"].values()
    values = [(key, value) for job in jobs for key, value in _values({"runs-on": job["runs-on"], **job.get("strategy", {})})]
    labels = {value for key, value in values if key in {"os", "runs-on"} and "$" not in value}
    systems = {_system(label) for label in labels} | {
        "Linux with musl (Alpine)" for key, value in values if key == "image" and "alpine" in value
    }
    pythons = {_python(value) for key, value in values if key == "python" and re.fullmatch(r"(pypy)?3\.\d+t?", value)}
    return SelfTest(frozenset(pythons), frozenset(systems), tuple(sorted(labels)))


def _values(node: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in `node` with the key that it, or the list that has it, stands under."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _values(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, key)
    elif isinstance(node, str):
        yield key, node


def _python(version: str) -> str:
    if version.startswith("pypy"):
        return f"PyPy {version.removeprefix('pypy')}"
    return f"CPython {version.removesuffix('t')}{' free-threaded' if version.endswith('t') else ''}"


def _system(label: str) -> str:
    name, arm = label.partition("-")[0], "arm" in label
    if name == "macos":
        return "macOS on Intel" if "intel" in label or "large" in label else "macOS on Apple silicon"
    return f"Windows {'arm64' if arm else 'x86_64'}" if name == "windows" else f"Linux {'arm64' if arm else 'x86_64'} with glibc"


def _rows(runs: Mapping[str, Run], area: Area, known: Iterable[str] = ()) -> list[_Row]:
    """Return the rows of `area`: `known` ones first, whether tested or not, then all others that a run has."""
    found: dict[str, list[tuple[str, Proof]]] = {}
    for run in runs.values():
        for proof in run.proofs:
            if proof.area == area:
                found.setdefault(proof.subject, []).append((run.date, proof))
    rows = [_Row(subject, "*unproven*", "", "") for subject in known if subject not in found]
    rows += [_row(subject, max(date for date, _ in dated), [proof for _, proof in dated]) for subject, dated in found.items()]
    order = [*known]
    return sorted(rows, key=lambda row: (order.index(row.subject) if row.subject in order else len(order), _natural(row.subject)))


def _row(subject: str, date: str, proofs: Iterable[Proof]) -> _Row:
    passed = sum(proof.passed for proof in proofs)
    words = "**fails**" if any(proof.outcome == "failed" for proof in proofs) else f"{passed}" if passed else "*skipped*"
    uvs = sorted({proof.uv for proof in proofs if proof.uv}, key=_natural)
    span = [f"uv {uvs[0]} to {uvs[-1]}" if uvs[1:] else f"uv {uvs[0]}"] if uvs else []
    return _Row(subject, words, date, "; ".join([*span, *dict.fromkeys(proof.detail for proof in proofs if proof.detail)]))


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split(r"(\d+)", text)]


def _table(what: str, rows: Iterable[_Row], covered: frozenset[str] | None = None) -> str:
    lines = [[what, "tests passed", "on", "with"], ["---", "---:", "---", "---"], *([*row] for row in rows)]
    if covered is not None:
        for line, last in zip(lines, ["self-test", ":---:", *("✓" if line[0] in covered else "" for line in lines[2:])], strict=True):
            line.append(last)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if len(lines) > 2 else "*Unproven.*"  # noqa: PLR2004 - the head
