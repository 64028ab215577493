"""The job summary. tests/fuzz/test_summary.py covers arbitrary text, rendered as GitHub renders it."""

from __future__ import annotations

import os
import re

import pytest

from tests.support import TARGET
from tests.support.summaries import FOLDER, RENDERED, failure, report, sync
from uv_system_sync.errors import SyncFailed
from uv_system_sync.interpreter.repair import Broken
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.interpreter.target import Target
from uv_system_sync.reporting.report import Report
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.reporting.runner_files import SUMMARY_LIMIT
from uv_system_sync.text import Option, message

PACKAGES = (Package("alpha", "2.0"), Package("sample", "0.1", url="file:///src/sample", editable=True))
CHANGES = (Change("alpha", "updated", "2.0", "1.0"), Change("beta", "removed", None, "1.0"), Change("sample", "installed", "0.1", None))
NOTICES = (
    Notice("python-chosen", message("UV_PYTHON is {version}.", version="<3.8>")),
    Notice("shared-python", message("Set {option}.", option=Option("no-editable", "true"))),
)
ERROR = SyncFailed("It is {what}.", "Set {option}.", what="<so>", option=Option("check", "true"))


@pytest.mark.parametrize("name", RENDERED)
def test_an_example_is_rendered_as_in_its_file(name: str) -> None:
    """To update the files, set UPDATE_SUMMARIES=1, and review the diff."""
    file = FOLDER / f"{name}.md"
    if os.environ.get("UPDATE_SUMMARIES"):
        file.write_text(RENDERED[name], encoding="utf-8")

    assert file.read_text(encoding="utf-8") == RENDERED[name]


def test_every_example_file_is_rendered() -> None:
    assert sorted(RENDERED) == sorted(path.stem for path in FOLDER.iterdir())


def test_a_sync_shows_changes_and_notices_and_collapses_unchanged_packages() -> None:
    expected = """\
### sample in CPython 3.12.4 on linux-x86_64

3 packages: 1 installed, 1 updated, 1 removed in 1.2 s (uv 0.13.9, /opt/python).

| Package | From | To |
| --- | --- | --- |
| beta | 1.0 |  |
| alpha | 1.0 | 2.0 |
| sample |  | 0.1 (editable) |

- **python-chosen:** UV_PYTHON is &#60;3.8>.
- **shared-python:** Set `no-editable: true`.

<details>
<summary>1 unchanged package</summary>

pip 24.0

</details>
"""

    assert expected == sync(report()._replace(packages=(*PACKAGES, Package("pip", "24.0")), changes=CHANGES), *NOTICES)


def test_no_list_of_packages_follows_the_table_if_everything_changed() -> None:
    assert sync(report()._replace(packages=PACKAGES, changes=CHANGES)).endswith(" |\n")


def test_a_sync_that_changed_nothing_has_no_table() -> None:
    text = sync(report()._replace(packages=PACKAGES), *NOTICES)

    assert ("nothing changed" in text, "|" in text) == (True, False)
    assert len(text.splitlines()) < 15


def test_repaired_packages_are_listed_once_with_their_reasons() -> None:
    done = report()._replace(packages=PACKAGES, repaired=[Broken("alpha", "/a", "it has no RECORD")])
    text = sync(done, Notice("packages-repaired", message("alpha (it has no RECORD)")))

    assert re.search(r"\n\n[\w ,]+:\n\n- alpha: it has no RECORD\n\n<details>", text)
    assert 1 == text.count("it has no RECORD")


@pytest.mark.parametrize(
    ("target", "name", "expected"),
    [
        (TARGET._replace(implementation="pypy"), "sample", "### sample in PyPy 3.12.4 on linux-x86_64"),
        (TARGET._replace(version="3.14.1", free_threaded=True), "sample", "### sample in CPython 3.14.1t on linux-x86_64"),
        (TARGET._replace(implementation="<new>"), "", "### uv.lock in &#60;new> 3.12.4 on linux-x86_64"),
    ],
    ids=["pypy", "free-threaded", "project-without-a-name"],
)
def test_the_heading_names_project_and_python(target: Target, name: str, expected: str) -> None:
    assert expected == sync(report(target, name)).splitlines()[0]


@pytest.mark.parametrize(
    ("package", "cell", "item"),
    [
        pytest.param(Package("a", "1"), "1", "a 1", id="index"),
        pytest.param(Package("a", "1", url="b", editable=True), "1 (editable)", "a 1 (editable from b)", id="editable"),
        pytest.param(Package("a", "1", url="b", editable=False), "1 (from a URL)", "a 1 (from b)", id="direct"),
        pytest.param(
            Package("a", "1", url="b", editable=False, commit="0123456789" * 4),
            "1 (at 012345678901)",
            "a 1 (from b at 012345678901)",
            id="commit",
        ),
    ],
)
def test_the_table_and_the_list_show_the_source_of_a_direct_install(package: Package, cell: str, item: str) -> None:
    installed = Change("a", "installed", "1", None)

    assert f"\n<summary>1 unchanged package</summary>\n\n{item}\n" in sync(report()._replace(packages=(package,)))
    assert f"\n| a |  | {cell} |\n" in sync(report()._replace(packages=(package,), changes=(installed,)))


def large(count: int, name: str = "package") -> Report:
    """Return the report of a sync that installed `count` packages and removed as many."""
    names = [f"{number}-{name}" for number in range(count)]
    changes = tuple(Change(item, action, "1.0", "0.9") for action in ("installed", "removed") for item in names)
    return report()._replace(packages=tuple(Package(item, "1.0", url=name) for item in names), changes=changes)


@pytest.mark.parametrize(("count", "collapsed"), [(12, 0), (13, 1)])
def test_a_long_table_is_collapsed(count: int, collapsed: int) -> None:
    assert collapsed == sync(large(count)).count(f"<summary>{2 * count} changes</summary>\n\n| Package")


def test_a_long_notice_is_shortened_and_does_not_hide_the_next() -> None:
    text = sync(report(), Notice("python-chosen", message("a" * 100_000)), Notice("shared-python", message("b")))

    assert f"\n- **python-chosen:** {'a' * 4000} … and 96,000 more characters\n- **shared-python:** b\n" in text


# The character with the longest reference, those with the longest escapes, a wide character, and one that lengthens the fence.
LETTERS = {"escaped": "@", "spelled-out": "\U0010ffff", "half-a-pair": "\udcff", "letters": "日", "fences": "`"}


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_the_summary_of_any_failure_is_below_the_limit(letter: str) -> None:
    word = letter * 100_000
    error = SyncFailed("{word}", "{word}", word=word, file=word, line=1, words=f"{word}\n" * 50)

    assert len(failure(error, word).encode("utf-8")) < SUMMARY_LIMIT


def test_the_summary_of_very_many_packages_is_shortened_and_below_the_limit() -> None:
    done = large(100_000, "p" * 60)
    unchanged = tuple(package._replace(name=f"{package.name}-") for package in done.packages)
    text = sync(done._replace(packages=(*done.packages, *unchanged)))
    table, listed = text.split("<summary>100,000 unchanged packages</summary>")

    assert len(text.encode("utf-8")) < SUMMARY_LIMIT
    assert (2000, True) == (len(re.findall(r"^\| \d+-p+ ", table, re.MULTILINE)), "\n… and 198,000 more\n" in table)
    assert (2000, True) == (len(re.findall(r"\d+-p+- 1\.0", listed)), ", … and 98,000 more\n" in listed)


def test_a_failure_shows_the_error_its_place_the_known_facts_and_the_end_of_the_output() -> None:
    expected = """\
### uv-system-sync failed: sync-failed

> [!CAUTION]
> **What is wrong:** It is &#60;so>.
>
> **What to do:** Set `check: true`.
>
> **Where:** /src/sample/uv.lock, line 3

**With:** Python 3.12.4 at /opt/python

The end of the output (the log has all of it):

```text
error: no
  cause: yes
```
"""
    error = SyncFailed(ERROR.message, ERROR.hint, file="/src/sample/uv.lock", line=3, words="\nerror: no\r\n  cause: yes  \n\n")

    assert expected == failure(error, "Python 3.12.4 at /opt/python")


def test_a_failure_omits_unknown_facts() -> None:
    text = failure(SyncFailed(ERROR.message, ERROR.hint, words=" \n"))

    assert ["What is wrong", "What to do"] == re.findall(r"^> \*\*(.+):\*\*", text, re.MULTILINE)
    assert "```" not in text


def test_a_failure_shows_a_file_without_a_line() -> None:
    assert "\n>\n> **Where:** /src/uv.lock\n" in failure(SyncFailed(ERROR.message, ERROR.hint, file="/src/uv.lock"))


def test_a_failure_shows_only_the_last_lines_of_a_long_output() -> None:
    words = "".join(f"{number}\n" for number in range(4811)) + "a" * 1234
    head, *lines = failure(SyncFailed(ERROR.message, ERROR.hint, words=words)).partition("\nThe end of the output")[2].splitlines()

    assert head.startswith(", after 4,772 other lines ")
    assert ["", "```text", "4772", "4773"] == lines[:4]
    assert ["4810", f"{'a' * 1000} … and 234 more characters", "```"] == lines[-3:]
