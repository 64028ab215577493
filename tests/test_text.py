"""User-facing text."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from uv_system_sync import text
from uv_system_sync.text import Message, Option, message


def shouted(option: Option) -> str:
    """Spell an option in an unusual way."""
    return f"{option.name.upper()}!{option.value}"


NESTED = message("{outer}: {inner}", outer="{inner}", inner=message("{option} or {number}", option=Option("check", "true"), number=3))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(message("Run `uv lock`."), "Run `uv lock`.", id="no-values"),
        pytest.param(
            message("{path} is {size!r}", path="{path} {} %s", size="a\n"), "{path} {} %s is 'a\\n'", id="values-are-no-templates"
        ),
        pytest.param(NESTED, "{inner}: CHECK!true or 3", id="message-in-a-message"),
    ],
)
def test_a_message_renders_its_values_and_spells_its_options(given: Message, expected: str) -> None:
    assert expected == given.render(shouted)


def test_a_message_as_text_is_as_in_a_workflow() -> None:
    assert "{inner}: `check: true` or 3" == str(NESTED)
    assert "`check`" == text.by_name(Option("check"))


def test_a_change_reaches_each_text_among_the_values_and_no_sentence() -> None:
    changed = message("a {one} {option} {number} {inner}", one="a", option=Option("a", "a"), number=1, inner=message("a {two}", two="a"))

    assert "a b A!b 1 a b" == changed.map(lambda value: value.replace("a", "b")).render(shouted)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("\n\r\t\x00", r"\n\r\t\x00", id="controls"),
        pytest.param("\x1b[31m", r"\x1b[31m", id="escape"),
        pytest.param("\u202ea\u2066", r"\u202ea\u2066", id="direction"),
        pytest.param("\udcff", r"\udcff", id="not-utf-8"),
        pytest.param("\u2028\x85", r"\u2028\x85", id="other-line-ends"),
        pytest.param("é日\U0001f600 \\n", "é日\U0001f600 \\n", id="letters"),
    ],
)
def test_characters_that_cannot_be_seen_are_written_as_escapes(value: str, expected: str) -> None:
    assert expected == text.printable(value)


@pytest.mark.parametrize("password", ["s3cret", "it's", 'a"b', "a`b", "a@b", "a/b", "a/b@c", "a:b", "a?b#c", "80a", "%2F%40", "[a]"])
def test_credentials_go_whatever_a_password_is_made_of(password: str) -> None:
    assert "see `https://host/simple`" == text.without_credentials(f"see `https://me:{password}@host/simple`")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "https://host/a@1.0",
            "https://host:8080/a@1.0",
            "http://[::1]:80/a@1",
            "git+ssh://git@host/a@main",
            "me@host",
            "a @ https://host/",
        ),
        *("file:///C:/a@b", "https://host: no such host, says me@host", "https://host"),
    ],
)
def test_what_is_no_credential_stays(value: str) -> None:
    assert value == text.without_credentials(value)


def test_a_number_has_its_noun_in_the_plural_unless_it_is_one() -> None:
    assert ["0 jobs", "1 job", "1,000 jobs"] == [text.counted(number, "job") for number in (0, 1, 1000)]


@pytest.mark.parametrize(
    ("items", "options", "expected"),
    [
        pytest.param([], {}, "", id="nothing"),
        pytest.param(["a", "b"], {}, "a, b", id="all"),
        pytest.param(["a"] * 20, {}, ", ".join(["a"] * 20), id="as-many-as-are-named"),
        pytest.param(["a"] * 1021, {}, f"{', '.join(['a'] * 20)} and 1,001 more", id="more"),
        pytest.param(["a", "b", "c"], {"most": 2, "separator": "; "}, "a; b and 1 more", id="other-limits"),
    ],
)
def test_a_list_in_a_sentence_names_some_and_counts_the_rest(items: list[str], options: dict[str, object], expected: str) -> None:
    assert expected == text.listed(items, **options)  # type: ignore[arg-type]  # each case has its own options


@pytest.mark.parametrize("name", ["alpha", "Ruamel.Yaml_x", "a--b._-c", "A", "9.0"])
def test_names_are_normalized_as_packaging_does(name: str) -> None:
    assert canonicalize_name(name) == text.normalized_name(name)
