"""Writes the text of docs/compatibility.md from the results of the stages and the jobs of the self-test on hosted runners."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import yaml

from tools.compatibility.outcomes import Area, Result, Run
from tools.shared import ROOT

_SELF_TEST = ROOT / ".github" / "workflows" / "selftest.yml"

# The Pythons and systems that users ask about. They are listed first, even if they are not tested.
_PYTHONS = (
    *(f"CPython 3.{minor}" for minor in range(8, 16)),
    *(f"CPython 3.{minor} free-threaded" for minor in range(13, 16)),
    *("PyPy 3.9", "PyPy 3.10", "PyPy 3.11", "GraalPy"),
)
_SYSTEMS = (
    *("Linux x86_64 with glibc", "Linux arm64 with glibc", "Linux with musl (Alpine)"),
    *("macOS on Apple silicon", "macOS on Intel", "Windows x86_64", "Windows arm64"),
)

_TEXT = """\
# Compatibility

Read this to find out whether your Python, system or image has been tested, and with which versions of uv.
`make compatibility` runs the tests and writes this page. *Not tested* means that no test has run there yet.

The column *self-test* has a ✓ where the [self-test](../.github/workflows/selftest.yml) has a job that runs the action on GitHub's runners.
A ✓ does not mean that the job has passed: see its results in the repository's Actions tab.

## Pythons

{pythons}

## Systems

{systems}

The self-test uses the runners {runners}.

## Containers and images

`make compatibility` builds the base images itself. They imitate what an installation sees of the published images: where Python is, what
is installed beside it, which users exist, and what is missing.

{containers}

## Where Python is installed

{layouts}

## uv

The oldest supported version is 0.5.31. Each version below ran the tests that depend on uv, and the newest also those of the layouts above.
`make test` runs every test with the newest version, and a weekly workflow runs the integration tests with each version.
The input `check` needs uv 0.6.10, and more than one name in `packages` needs uv 0.9.8. Older versions are rejected with an error.

{uvs}

## GitHub's own actions

Workflows with these actions, from their public repositories, run in act (`make real-actions`).

{actions}
"""


class SelfTest(NamedTuple):
    """The Pythons, the systems and the runner labels for which the self-test has jobs."""

    pythons: frozenset[str]
    systems: frozenset[str]
    runners: tuple[str, ...]


class _Row(NamedTuple):
    subject: str
    passed: str
    date: str
    detail: str


def page(runs: Mapping[str, Run], self_test: SelfTest | None = None) -> str:
    """Return the page for `runs`, by stage, and for `self_test`, by default the one in the workflow."""
    covered = self_test or of_workflow(_SELF_TEST.read_text(encoding="utf-8"))
    return _TEXT.format(
        pythons=_table("Python", _rows(runs, "python", _PYTHONS), covered.pythons),
        systems=_table("system", _rows(runs, "system", _SYSTEMS), covered.systems),
        containers=_table("test", _rows(runs, "container")),
        # Only the versions of uv. The other details are in the table of Pythons.
        layouts=_table("layout", [row._replace(detail=row.detail.partition("; ")[0]) for row in _rows(runs, "layout")]),
        uvs=_table("version", [row._replace(detail="") for row in _rows(runs, "uv")]),
        actions=_table("action", _rows(runs, "action")),
        runners=", ".join(f"`{label}`" for label in covered.runners),
    )


def of_workflow(text: str) -> SelfTest:
    """Return the coverage of the jobs in the workflow `text`."""
    jobs = yaml.safe_load(text)["jobs"].values()
    pythons, systems, labels = set(), set(), set()
    for job in jobs:
        for key, value in _values({"runs-on": job["runs-on"], **job.get("strategy", {})}):
            if key in {"os", "runs-on"} and "$" not in value:
                labels.add(value)
                systems.add(_system(value))
            elif key == "image" and "alpine" in value:
                systems.add("Linux with musl (Alpine)")
            elif key == "python" and re.fullmatch(r"(pypy)?3\.\d+t?", value):
                pythons.add(_python(value))
    return SelfTest(frozenset(pythons), frozenset(systems), tuple(sorted(labels)))


def _values(node: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield each string in `node` with the nearest key above it."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _values(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, key)
    elif isinstance(node, str):
        yield key, node


def _python(version: str) -> str:
    """Return the display name of a version in setup-python's notation, such as `3.14t` or `pypy3.11`."""
    if version.startswith("pypy"):
        return f"PyPy {version.removeprefix('pypy')}"
    return f"CPython {version.removesuffix('t')}{' free-threaded' if version.endswith('t') else ''}"


def _system(label: str) -> str:
    """Return the display name of the system of a runner label, such as `ubuntu-24.04-arm`."""
    if label.startswith("macos"):
        return "macOS on Intel" if "intel" in label or "large" in label else "macOS on Apple silicon"
    processor = "arm64" if "arm" in label else "x86_64"
    return f"Windows {processor}" if label.startswith("windows") else f"Linux {processor} with glibc"


def _rows(runs: Mapping[str, Run], area: Area, known: Sequence[str] = ()) -> list[_Row]:
    """Return the rows of `area`: first the `known` subjects, tested or not, then all others with results."""
    found: dict[str, list[tuple[str, Result]]] = {}
    for run in runs.values():
        for result in run.results:
            if result.area == area:
                found.setdefault(result.subject, []).append((run.date, result))
    others = sorted(found.keys() - {*known}, key=_natural)
    return [_row(subject, found[subject]) if subject in found else _Row(subject, "*not tested*", "", "") for subject in [*known, *others]]


def _row(subject: str, dated: Sequence[tuple[str, Result]]) -> _Row:
    results = [result for _, result in dated]
    passed = sum(result.passed for result in results)
    if any(result.outcome == "failed" for result in results):
        outcome = "**fails**"
    elif passed:
        outcome = str(passed)
    else:
        outcome = "*skipped*"
    details = list(dict.fromkeys(result.detail for result in results if result.detail))
    if uvs := sorted({result.uv for result in results if result.uv}, key=_natural):
        details.insert(0, f"uv {uvs[0]} to {uvs[-1]}" if len(uvs) > 1 else f"uv {uvs[0]}")
    return _Row(subject, outcome, max(date for date, _ in dated), "; ".join(details))


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a sort key that compares the numbers in `text` as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split(r"(\d+)", text)]


def _table(heading: str, rows: Sequence[_Row], covered: frozenset[str] | None = None) -> str:
    """Return a Markdown table of `rows`; given the subjects that the self-test has `covered`, with a column for it."""
    if not rows:
        return "*Not tested.*"
    lines = [[heading, "tests passed", "date", "with"], ["---", "---:", "---", "---"], *(list(row) for row in rows)]
    if covered is not None:
        lines[0].append("self-test")
        lines[1].append(":---:")
        for line in lines[2:]:
            line.append("✓" if line[0] in covered else "")
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
