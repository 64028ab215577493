"""Prints the counts as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tests.faults.counts import Counts
from tests.faults.syncs import Action, PlainUv

HEADINGS = (
    *("fault", "tries", "failed as it should / survived", "broken after the next run", "runner files written on failure"),
    *("tracebacks", "commands from outside text", "plain uv: tries", "plain uv: broken after the next run"),
)


def table(counts: Mapping[str, Mapping[str, Counts]]) -> Iterator[str]:
    """Yield the lines of a Markdown table of `counts` by fault and sync, with the totals and notes on what the totals do not show."""
    yield _row(HEADINGS)
    yield _row("---" for _ in HEADINGS)
    own, plain = Counts(), Counts()
    for name, by in counts.items():
        yield _row(_cells(name, by[Action.name], by.get(PlainUv.name)))
        own.add(by[Action.name])
        plain.add(by.get(PlainUv.name, Counts()))
    yield _row(_cells("all", own, plain))
    yield ""
    yield f"Ended otherwise than it should: {own.otherwise}; runner files written in part: {own.in_part};"
    yield f"disturbed while uv ran: {own.in_uv};"
    yield f"files missing or different after the next run: {own.missing + own.different}, with plain uv {plain.missing + plain.different};"
    yield f"cancelled while the interpreter itself was starting, which only it can answer: {own.starting};"
    yield f"files left over that no package needs: {own.orphaned}, with plain uv {plain.orphaned}."


def _cells(name: str, own: Counts, plain: Counts | None) -> tuple[object, ...]:
    ends = f"{own.failed} / {own.survived}"
    wrong = (own.broken, own.written, own.tracebacks, own.commands)
    return (name, own.tries, ends, *wrong, *((plain.tries, plain.broken) if plain is not None else ("-", "-")))


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
