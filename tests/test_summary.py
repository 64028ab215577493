"""The job summary."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.support import PROJECT, TARGET
from uv_system_sync import summary
from uv_system_sync.installed import Change, Package
from uv_system_sync.report import Report

_REPORT = Report(
    TARGET,
    PROJECT,
    "0.13.9",
    packages=(Package("alpha", "2.0"), Package("sample", "0.1", url="file:///src/sample", editable=True)),
    changes=(Change("alpha", "updated", "2.0", "1.0"), Change("beta", "removed", None, "1.0"), Change("sample", "installed", "0.1", None)),
    seconds=1.2,
)

# What Markdown or HTML could take for its own.
_SIGNS = "|<>&`*~#[]!\\\"'\n\r@$^{}"


def test_summary() -> None:
    """The summary says in a sentence and two tables what is installed, and what changed."""
    expected = """\
### sample in CPython 3.12.4

2 packages: 1 installed, 1 updated, 1 removed in 1.2 s, by uv 0.13.9, into /opt/python.

| Package | Change | Version | Before |
| --- | --- | --- | --- |
| alpha | updated | 2.0 | 1.0 |
| beta | removed |  | 1.0 |
| sample | installed | 0.1 |  |

<details>
<summary>All 2 installed packages</summary>

| Package | Version | From |
| --- | --- | --- |
| alpha | 2.0 |  |
| sample | 0.1 | file&#58;///src/sample |

</details>
"""

    assert expected == summary.render(_REPORT)


def test_summary_without_changes() -> None:
    """Where nothing changed, there is no table of changes."""
    text = summary.render(replace(_REPORT, changes=()))

    assert ("nothing changed", 1) == (text.split(", ")[0].split(": ")[1].split(" in ")[0], text.count("| Package |"))


@pytest.mark.parametrize(
    ("implementation", "expected"),
    [("cpython", "CPython"), ("pypy", "PyPy"), ("graalpy", "GraalPy"), ("<new>", "&#60;new&#62;")],
    ids=["cpython", "pypy", "graalpy", "any-other"],
)
def test_heading(implementation: str, expected: str) -> None:
    """The heading names the implementation as it calls itself."""
    report = replace(_REPORT, target=replace(TARGET, implementation=implementation))

    assert f"### sample in {expected} 3.12.4" == summary.render(report).splitlines()[0]


def test_heading_without_a_name() -> None:
    """A project without a name is its lock."""
    report = replace(_REPORT, project=replace(PROJECT, name=""))

    assert "### uv.lock in CPython 3.12.4" == summary.render(report).splitlines()[0]


def _with_everywhere(text: str) -> Report:
    """Put `text` wherever a report has text from outside."""
    return Report(
        replace(TARGET, prefix=text, version=text, implementation=text),
        replace(PROJECT, name=text),
        text,
        (Package(text, text, url=text, editable=False),),
        (Change(text, "updated", text, text),),
        seconds=1.2,
    )


@pytest.mark.parametrize("sign", _SIGNS)
def test_text_from_outside(sign: str) -> None:
    """No sign that Markdown or HTML gives a meaning gets through, wherever it is."""
    plain, odd = (summary.render(_with_everywhere(f"a{text}a")) for text in ("", sign))

    # GitHub makes links of addresses of mail in spite of the reference.
    reference = f"{'<!-- -->' * (sign == '@')}&#{ord(sign)};"
    assert plain.replace("aa", f"a{reference}a") == odd


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a_b", "a_b", id="within-a-word"),
        pytest.param("_a_", "&#95;a&#95;", id="around-a-word"),
        pytest.param("a__b", "a&#95;&#95;b", id="two-within-a-word"),
        pytest.param("ü_ü", "ü&#95;ü", id="beside-other-letters"),
    ],
)
def test_underscores(text: str, expected: str) -> None:
    """An underscore stays readable where it cannot begin or end emphasis."""
    assert f"### {expected} in " in summary.render(_with_everywhere(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("http://example.com", id="address"),
        pytest.param("https://example.com/a_b", id="secure-address"),
        pytest.param("www.example.com", id="address-without-scheme"),
        pytest.param("mailto:a@example.com", id="mail"),
    ],
)
def test_addresses_are_no_links(text: str) -> None:
    """What GitHub would make a link of stays text."""
    rendered = summary.render(_with_everywhere(text))

    assert re.search(r"https?:|mailto:|www\.|@", rendered) is None


@pytest.mark.parametrize(
    "text", ["alpha-1.0+cu121", "/opt/my python (x86)/ü", "a=b, c: d", "日本語"], ids=["version", "path", "signs", "letters"]
)
def test_harmless_text(text: str) -> None:
    """What means nothing to Markdown stays readable in the source too."""
    assert f"### {text} in " in summary.render(_with_everywhere(text))
