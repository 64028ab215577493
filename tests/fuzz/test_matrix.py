"""Whatever the jobs' artifacts contain, the report action shows it as text."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.fuzz.test_summary import page_of
from tests.matrix import write_report
from tests.support.log_file import LogFile
from tests.support.runner_log import obeyed
from uv_system_sync.inputs import variable
from uv_system_sync.matrix import action
from uv_system_sync.matrix.comparison import compared
from uv_system_sync.matrix.reports import Job, Python, read
from uv_system_sync.matrix.summary import render
from uv_system_sync.reporting.github import GitHubReporter
from uv_system_sync.text import printable

_KEYS = ("schema", "outcome", "python", "project", "packages", "seeds", "error", "name", "version", "kind", "message")
_texts = hostile.text.filter(lambda text: len(text) <= 255)
_python = st.fixed_dictionaries(
    {"version": _texts, "implementation": _texts, "platform": _texts}, optional={"free_threaded": hostile.json_values}
)
_some = st.none() | hostile.json_values
_documents: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "schema": st.sampled_from((1, 1, 1, 2, True, "1")),
        "outcome": st.sampled_from(("success", "failure")) | hostile.json_values,
        "python": _python | _some,
        "project": st.fixed_dictionaries({"name": _texts}) | _some,
        "packages": st.lists(st.fixed_dictionaries({"name": _texts, "version": _texts}), max_size=3) | hostile.json_values,
        "seeds": st.lists(_texts, max_size=2) | hostile.json_values,
        "error": st.fixed_dictionaries({"kind": _texts, "message": _texts}) | hostile.json_values,
    }
)
_contents = hostile.json_content(*_KEYS) | _documents.map(lambda document: json.dumps(document).encode())


@given(contents=st.lists(st.tuples(hostile.file_names, _contents), min_size=1, max_size=4))
def test_every_artifact_is_a_job_and_nothing_of_it_a_command_or_a_line_of_a_file(contents: list[tuple[bytes, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder, log = Path(root), LogFile()
        for number, (name, content) in enumerate(contents):
            write_report(folder / "reports", f"job{number}", content)
            if name not in (b"", b".", b".."):
                Path(str(folder / "reports"), name.decode("utf-8", "surrogateescape") + ".json").write_bytes(content)
        environ = {
            variable("folder"): str(folder / "reports"),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        }
        action.compare(environ, GitHubReporter(environ, log))
        jobs = read(str(folder / "reports"))

        assert {f"job{number}" for number in range(len(contents))} <= {job.name.split(" ")[0] for job in jobs}
        assert len(jobs) == len({job.name for job in jobs})
        lines = (folder / "output").read_bytes().split(b"\n")
        assert [b"report", b"differences", b"different", b""] == [line.partition(b"=")[0] for line in lines]
        assert all(line.isascii() and line.decode().isprintable() for line in lines)
        assert len(jobs) == len(json.loads(lines[0].partition(b"=")[2])["jobs"])
        assert [] == obeyed(log.content)
        assert all(line.isprintable() for line in log.lines)
        assert (folder / "summary").read_text(encoding="utf-8").startswith("### The packages of ")


def _summary(one: str, two: str, three: str, four: str) -> str:
    """Return a summary with these texts in every field that comes from outside."""
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


# Without characters that GitHub's Markdown library cannot write; e-mail addresses contain an empty comment.
_values = hostile.text.map(lambda text: re.sub("[\ufffe\uffff@]", "", text))
_PLAIN = page_of(_summary(*"abcd"))


@given(texts=st.tuples(_values, _values, _values, _values))
def test_the_summary_has_only_the_elements_of_its_template(texts: tuple[str, str, str, str]) -> None:
    page = page_of(_summary(*texts))

    assert _PLAIN.elements == page.elements
    assert [] == [comment for comment in page.comments if comment.strip()]


_trimmed = _values.map(lambda text: text.strip(" ") or "x")


@given(texts=st.tuples(_trimmed, _trimmed, _trimmed, _trimmed))
def test_the_cells_of_the_tables_show_exactly_the_text(texts: tuple[str, str, str, str]) -> None:
    one, two, three, four = map(printable, texts)
    page = page_of(_summary(*texts))

    assert [f"p{three}", f"a{one}", f"b{two}"] == page.texts[page.texts.index(f"p{three}") :][:3]
    assert ["plain", four] == page.texts[-2:]
