"""Whatever the jobs of a matrix hand on, the report action tells it and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.fuzz.test_summary import _Page
from uv_system_sync.matrix import action
from uv_system_sync.matrix.comparison import compared
from uv_system_sync.matrix.reports import Job, Python, read
from uv_system_sync.matrix.summary import render
from uv_system_sync.reporting import markdown

_KEYS = ("schema", "outcome", "python", "project", "packages", "error", "name", "version", "kind", "message")
_texts = hostile.text.filter(lambda text: len(text) <= 255)
_python = st.fixed_dictionaries({"version": _texts, "implementation": _texts, "platform": _texts})
_some = st.none() | hostile.json_values
_documents: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "schema": st.sampled_from((1, 1, 1, 2, True, "1")),
        "outcome": st.sampled_from(("success", "failure")) | hostile.json_values,
        "python": _python | _some,
        "project": st.fixed_dictionaries({"name": _texts}) | _some,
        "packages": st.lists(st.fixed_dictionaries({"name": _texts, "version": _texts}), max_size=3) | hostile.json_values,
        "error": st.fixed_dictionaries({"kind": _texts, "message": _texts}) | hostile.json_values,
    }
)
_contents = hostile.json_content(*_KEYS) | _documents.map(lambda document: json.dumps(document).encode())


class _Log:
    """Keeps what is written to it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        """Keep `text`."""
        self.text += text


@given(contents=st.lists(st.tuples(hostile.file_names, _contents), min_size=1, max_size=4))
def test_any_files(contents: list[tuple[bytes, bytes]]) -> None:
    """Whatever is in the folder, every artifact becomes a job, and nothing of it a command, a line of a runner's file or a traceback."""
    folder = Path(tempfile.mkdtemp())
    try:
        for number, (name, content) in enumerate(contents):
            artifact = folder / "reports" / f"job{number}"
            artifact.mkdir(parents=True)
            (artifact / "uv-system-sync-x.json").write_bytes(content)
            if name not in (b"", b".", b".."):
                Path(str(folder / "reports"), name.decode("utf-8", "surrogateescape") + ".json").write_bytes(content)
        files = {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
        log = _Log()
        action.action({"UV_SYSTEM_SYNC_FOLDER": str(folder / "reports"), **files}, log)  # type: ignore[arg-type]
        jobs = read(str(folder / "reports"))

        assert {f"job{number}" for number in range(len(contents))} <= {job.name.split(" ")[0] for job in jobs}
        assert len(jobs) == len({job.name for job in jobs})
        lines = (folder / "output").read_bytes().split(b"\n")
        assert [b"report", b"differences", b"different", b""] == [line.partition(b"=")[0] for line in lines]
        assert all(line.isascii() and line.decode().isprintable() for line in lines)
        assert len(jobs) == len(json.loads(lines[0].partition(b"=")[2])["jobs"])
        # The runner reads the log in lines, and trims them before it looks for a command.
        assert [] == [line for line in re.split(r"[\r\n]", log.text) if line.lstrip().startswith("::") or "##[" in line]
        assert all(line.isprintable() for line in log.text.split("\n"))
        assert (folder / "summary").read_text(encoding="utf-8").startswith("### The packages of ")
    finally:
        shutil.rmtree(folder)


def _page(markdown: str) -> _Page:
    page = _Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))
    page.close()
    return page


def _summary(one: str, two: str, three: str, four: str) -> str:
    """Return a summary that has hostile text wherever there is text from outside."""
    python = Python(three, two, four)
    return render(
        compared(
            [
                Job(f"1{one}", "success", python, two, {f"p{three}": f"a{one}", "plain": four or "x"}),
                Job(f"2{one}", "success", python, two, {f"p{three}": f"b{two}", "plain": four or "x"}),
                Job(f"3{one}", "failure", python, two, kind=three, reason=four),
                Job(f"4{one}", "missing", reason=two),
            ]
        )
    )


# As in test_summary: what the library under GitHub's Markdown cannot write; an address of mail has an empty comment in it.
_values = hostile.text.map(lambda text: re.sub("[\ufffe\uffff@]", "", text))
_PLAIN = _page(_summary(*"abcd"))


@given(texts=st.tuples(_values, _values, _values, _values))
def test_summary_is_nothing_but_text(texts: tuple[str, str, str, str]) -> None:
    """The summary has the elements of its template and no other, whatever the texts in it are."""
    page = _page(_summary(*texts))

    assert _PLAIN.elements == page.elements
    assert [] == [comment for comment in page.comments if comment.strip()]


_trimmed = _values.map(lambda text: text.strip(" ") or "x")


@given(texts=st.tuples(_trimmed, _trimmed, _trimmed, _trimmed))
def test_summary_shows_exactly_the_text(texts: tuple[str, str, str, str]) -> None:
    """The cells of the tables show exactly the text."""
    one, two, three, four = map(markdown.visible, texts)
    page = _page(_summary(*texts))

    assert [f"p{three}", f"a{one}", f"b{two}"] == page.texts[page.texts.index(f"p{three}") :][:3]
    assert ["plain", four] == page.texts[-2:]
