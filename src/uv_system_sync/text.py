"""Text for users: messages with values, printable characters, counts and lists."""

from __future__ import annotations

import re
from typing import Callable, Mapping, NamedTuple, Sequence

# How many items a sentence lists.
_NAMED = 20

# The user and password before the host in an address. A slash ends the host, unless the text between a colon and the slash is not a
# port: then the slash is in a password. `git@` is not a secret but the user name for SSH (PEP 610 keeps it, too).
CREDENTIALS = r"(?<=://)(?!git@)(?:[^\s/]+|[^\s/@:\[]*:(?!\d{1,5}(?:[/?#]|\s|$))\S{0,500})(?=@)"


class Option(NamedTuple):
    """An input of the action and the option of the command for it, which a message names; with a `value`, their setting."""

    name: str
    value: str = ""


Spelling = Callable[[Option], str]


class Message(NamedTuple):
    """A sentence with fields in braces, as for `str.format`, and the values of the fields.

    Only the template is trusted: braces in a value are not fields. A value may be an `Option`, which a workflow and a command line
    spell differently, or another `Message`.
    """

    template: str
    values: Mapping[str, object]

    def render(self, spelling: Spelling) -> str:
        """Return the text, with options written by `spelling`."""
        shown = {name: _shown(value, spelling) for name, value in self.values.items()}
        return self.template.format_map(shown)

    def map(self, change: Callable[[str], str]) -> Message:
        """Return the message with `change` applied to all text in its values, also in options and nested messages, not to the template."""
        return self._replace(values={name: _changed(value, change) for name, value in self.values.items()})

    def __str__(self) -> str:
        """Return the text, with options spelled as in a workflow."""
        return self.render(by_name)


def message(template: str, **values: object) -> Message:
    """Return the message `template` with the `values` of its fields."""
    return Message(template, values)


def by_name(option: Option) -> str:
    """Spell `option` as a workflow does: `name`, or `name: value`."""
    return f"`{option.name}: {option.value}`" if option.value else f"`{option.name}`"


def printable(text: str) -> str:
    """Return `text` as one line with escapes for unprintable characters, so that no terminal or log interprets them."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in text)


def without_credentials(text: str) -> str:
    """Return `text` without the credentials in its addresses."""
    return re.sub(f"{CREDENTIALS}@", "", text) if "@" in text else text


def counted(number: int, noun: str) -> str:
    """Return `number` and `noun`, with the plural `s` unless the number is 1."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(items: Sequence[str], most: int = _NAMED, separator: str = ", ") -> str:
    """Return the first `most` of `items`, joined by `separator`, and how many more there are."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return separator.join(items[:most]) + more


def normalized_name(name: str) -> str:
    """Return the normalized form of a package's name (PEP 503).

    `packaging.utils.canonicalize_name` does the same, but importing it is as slow as starting an interpreter, and every run needs this
    function. The report action does not have packaging, because it installs nothing.
    """
    name = name.lower().replace("_", "-").replace(".", "-")
    while "--" in name:
        name = name.replace("--", "-")
    return name


def _shown(value: object, spelling: Spelling) -> object:
    if isinstance(value, Option):
        return spelling(value)
    return value.render(spelling) if isinstance(value, Message) else value


def _changed(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, Message):
        return value.map(change)
    if isinstance(value, Option):
        return value._replace(value=change(value.value))
    return change(str(value)) if isinstance(value, (str, BaseException)) else value
