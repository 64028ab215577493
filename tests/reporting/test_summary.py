"""The job summary."""

from __future__ import annotations

import re

import pytest

from tests.support import PROJECT, TARGET, summaries
from uv_system_sync.errors import SyncFailed
from uv_system_sync.interpreter.repair import Broken
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.reporting import summary
from uv_system_sync.reporting.notices import Notice
from uv_system_sync.reporting.report import Report

_REPORT = Report(
    TARGET,
    PROJECT,
    "0.13.9",
    packages=(Package("alpha", "2.0"), Package("sample", "0.1", url="file:///src/sample", editable=True)),
    changes=(Change("alpha", "updated", "2.0", "1.0"), Change("beta", "removed", None, "1.0"), Change("sample", "installed", "0.1", None)),
    timings={"uv": 1.2},
)
_NOTICES = (Notice("python-chosen", "UV_PYTHON says 3.8."), Notice("shared-python", "Set `no-editable: true`."))


@pytest.mark.parametrize("name", summaries.RENDERED)
def test_approved_text(name: str) -> None:
    """The summary is the one that was looked at and approved; write the new one into its file when it has become better."""
    assert summaries.path(name).read_text(encoding="utf-8") == summaries.RENDERED[name]


def test_approved_texts_are_used() -> None:
    """There is no approved text of a summary that nobody writes."""
    assert sorted(summaries.RENDERED) == sorted(path.stem for path in summaries.FOLDER.iterdir())


def test_summary() -> None:
    """The summary says where to, what changed, and what is worth knowing; all that is installed is collapsed."""
    expected = """\
### sample in CPython 3.12.4 on linux-x86_64

2 packages: 1 installed, 1 updated, 1 removed in 1.2 s, by uv 0.13.9, into /opt/python.

**Removed:** beta 1.0

| Package | From | To  |
| ------- | ---- | --- |
| beta    | 1.0  |     |
| alpha   | 1.0  | 2.0 |
| sample  |      | 0.1 |

- **python-chosen:** UV_PYTHON says 3.8.
- **shared-python:** Set `no-editable: true`.

<details>
<summary>All 2 installed packages</summary>

alpha 2.0, sample 0.1 (a link to file&#58;///src/sample)

</details>
"""

    assert expected == summary.render(_REPORT, _NOTICES)


def test_nothing_changed() -> None:
    """Where nothing changed there is no table, and the whole is short even with every notice that there can be then."""
    text = summary.render(_REPORT._replace(changes=()), _NOTICES)

    assert ("nothing changed", 0) == (text.split(", ")[0].split(": ")[1].split(" in ")[0], text.count("|"))
    assert len(text.splitlines()) < 15


def test_repaired() -> None:
    """What was found broken is listed with the reason, and only once."""
    text = summary.render(_REPORT._replace(repaired=(Broken("alpha", "/a", "it has no RECORD"),)), [Notice("packages-repaired", "alpha")])

    assert "\n\nFound broken, and cleared away for uv to install anew:\n\n- alpha: it has no RECORD\n\n<details>" in text


@pytest.mark.parametrize(
    ("implementation", "expected"),
    [("cpython", "CPython"), ("pypy", "PyPy"), ("graalpy", "GraalPy"), ("<new>", "&#60;new>")],
    ids=["cpython", "pypy", "graalpy", "any-other"],
)
def test_heading(implementation: str, expected: str) -> None:
    """The heading names the implementation as it calls itself."""
    report = _REPORT._replace(target=TARGET._replace(implementation=implementation))

    assert f"### sample in {expected} 3.12.4 on linux-x86_64" == summary.render(report).splitlines()[0]


def test_heading_without_a_name() -> None:
    """A project without a name is its lock."""
    report = _REPORT._replace(project=PROJECT._replace(name=""))

    assert "### uv.lock in CPython 3.12.4 on linux-x86_64" == summary.render(report).splitlines()[0]


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        pytest.param(Package("a", "1"), "a 1", id="index"),
        pytest.param(Package("a", "1", url="b", editable=True), "a 1 (a link to b)", id="editable"),
        pytest.param(Package("a", "1", url="b", editable=False), "a 1 (from b)", id="direct"),
        pytest.param(Package("a", "1", url="b", editable=False, commit="0123456789" * 4), "a 1 (from b at 012345678901)", id="commit"),
    ],
)
def test_source(package: Package, expected: str) -> None:
    """The whole list says of a direct install where it is from."""
    assert f"\n<summary>All 1 installed package</summary>\n\n{expected}\n" in summary.render(_REPORT._replace(packages=(package,)))


def _large(count: int, name: str = "package") -> Report:
    """Return the report of a first sync that replaced `count` packages with as many others."""
    names = [f"{number}-{name}" for number in range(count)]
    changes = (Change(item, action, "1.0", "0.9") for action in ("installed", "removed") for item in names)
    return _REPORT._replace(packages=tuple(Package(item, "1.0", url=name) for item in names), changes=tuple(changes))


@pytest.mark.parametrize(("count", "collapsed"), [(12, 0), (13, 1)])
def test_many_changes(count: int, collapsed: int) -> None:
    """A table of more changes than fit on a screen is collapsed too."""
    text = summary.render(_large(count))

    assert collapsed == text.count(f"<summary>{2 * count} changes</summary>\n\n| Package")


def test_long_name() -> None:
    """A long name does not make the other rows of the table wider, and one that nobody would give is cut."""
    changes = (
        Change("a" * 41, "installed", "1.0", None),
        Change("b" * 301, "installed", "1.0", None),
        Change("c", "installed", "1.0", None),
    )
    text = summary.render(_REPORT._replace(changes=changes))

    rows = [f"| {'a' * 41} |      | 1.0 |", f"| {'b' * 300} … and 1 more characters |      | 1.0 |", "| c       |      | 1.0 |"]
    assert rows == re.findall(r"^\| [abc]+ .*", text, re.MULTILINE)


def test_long_notice() -> None:
    """A notice that is too long is cut, not left out."""
    text = summary.render(_REPORT, [Notice("python-chosen", "a" * 100_000), Notice("shared-python", "b")])

    assert f"\n- **python-chosen:** {'a' * 4000} … and 96,000 more characters\n- **shared-python:** b\n" in text


def test_many_removed() -> None:
    """Of many removed packages the first are named in the open; the table has them all."""
    text = summary.render(_large(1000))

    assert "19-package 0.9, … and 980 more\n" in text
    assert 2000 == text.count("\n| ") - 2


# The sign that becomes most when it is escaped, the letters that do when they are spelled out, and a usual name.
_WORDS = {"escaped": "@", "spelled-out": "\U0010ffff", "half-a-pair": "\udcff", "letters": "日", "fences": "`"}


@pytest.mark.parametrize("count", [1000, 100_000])
@pytest.mark.parametrize("letter", _WORDS.values(), ids=_WORDS)
def test_size(letter: str, count: int) -> None:
    """However many packages there are, and whatever they are called, the runner takes the summary."""
    word = letter * 2000
    target = TARGET._replace(version=word, prefix=word, implementation=word, platform=word)
    repaired = tuple(Broken(word, word, word) for _ in range(1000))
    report = _large(count, word)._replace(target=target, project=PROJECT._replace(name=word), uv_version=word, repaired=repaired)

    text = summary.render(report, [Notice("python-chosen", word * 1000)] * 100)

    assert len(text.encode("utf-8")) < summary.LIMIT


@pytest.mark.parametrize("letter", _WORDS.values(), ids=_WORDS)
def test_size_of_a_failure(letter: str) -> None:
    """Whatever an error says, and however much, the runner takes the summary."""
    word = letter * 100_000
    error = SyncFailed(word, word, file=word, line=1, words=f"{word}\n" * 50)

    assert len(summary.render_failure(error, word).encode("utf-8")) < summary.LIMIT


def test_truncation() -> None:
    """Where the table and the list end early, they say how many more there are."""
    table, listed = summary.render(_large(100_000)).split("<summary>All 100,000 installed packages</summary>")
    (more,) = re.findall(r"\| … and ([\d,]+) more \| \| \|\n", table)
    (others,) = re.findall(r", … and ([\d,]+) more\n", listed)

    assert 200_000 == len(re.findall(r"^\| \d+-package ", table, re.MULTILINE)) + int(more.replace(",", ""))
    assert 100_000 == len(re.findall(r"\d+-package 1\.0", listed)) + int(others.replace(",", ""))


def test_thousand_packages() -> None:
    """The table and the list of a thousand packages are shown whole."""
    text = summary.render(_large(1000)._replace(changes=_large(500).changes))
    table, listed = text.split("<summary>All 1,000 installed packages</summary>")

    assert (1000, 1000) == (len(re.findall(r"^\| \d+-package ", table, re.MULTILINE)), len(re.findall(r"\d+-package 1\.0", listed)))


def test_a_failure() -> None:
    """A failure says what is wrong, what to do, where, with what, and what uv said."""
    expected = """\
### uv-system-sync failed: sync-failed

**What is wrong:** It is so.

**What to do:** Do `that`.

**Where:** /src/sample/uv.lock, line 3

**With:** Python 3.12.4 at /opt/python

What uv printed last (the step's log has all of it):

```text
error: no
  cause: yes
```
"""

    words = "\nerror: no\r\n  cause: yes  \n\n"
    error = SyncFailed("It is so.", "Do `that`.", file="/src/sample/uv.lock", line=3, words=words)

    assert expected == summary.render_failure(error, "Python 3.12.4 at /opt/python")


def test_failure_without_more() -> None:
    """What is not known is left out."""
    expected = "### uv-system-sync failed: sync-failed\n\n**What is wrong:** It is so.\n\n**What to do:** Do `that`.\n"

    assert expected == summary.render_failure(SyncFailed("It is so.", "Do `that`.", words=" \n"), "")


def test_failure_in_a_file() -> None:
    """A file without a line is named all the same."""
    error = SyncFailed("It is so.", "Do that.", file="/src/sample/uv.lock")

    assert "\n\n**Where:** /src/sample/uv.lock\n" in summary.render_failure(error, "")


def test_last_lines() -> None:
    """Of many lines the last are shown, and said to be the last; a long line says how much of it is missing."""
    words = "".join(f"{number}\n" for number in range(4811)) + "a" * 1234
    text = summary.render_failure(SyncFailed("It is so.", "Do that.", words=words), "")
    head, *lines = text.partition("\nWhat uv printed last")[2].splitlines()

    assert ", after 4,772 other lines (the step's log has all of it):" == head
    assert ["", "```text", "4772", "4773"] == lines[:4]
    assert ["4810", f"{'a' * 1000} … and 234 more characters", "```"] == lines[-3:]
