"""Text for people: sentences with values in them, printable characters, counts and lists."""

from __future__ import annotations

import re
from typing import Callable, Mapping, NamedTuple, Sequence

# How many items a sentence names.
_NAMED = 20

# What precedes the host in an address. A slash ends the host, unless what follows a colon before it is no port: then it is in a password.
# `git@` is how to log in over SSH (PEP 610 keeps it, too).
CREDENTIALS = r"(?<=://)(?!git@)(?:[^\s/]+|[^\s/@:\[]*:(?!\d{1,5}(?:[/?#]|\s|$))\S{0,500})(?=@)"


class Option(NamedTuple):
    """An input of the action that is an option of the command, too; with `value`, as it would be set."""

    name: str
    value: str = ""


Spelling = Callable[[Option], str]


class Message(NamedTuple):
    """A sentence with fields in braces, as for `str.format`, and what they stand for.

    The sentence is ours. A value may come from outside and is never taken for part of the sentence. It may also
    be an `Option`, which whoever shows the message spells, or another `Message`.
    """

    template: str
    values: Mapping[str, object]

    def render(self, spelling: Spelling) -> str:
        """Return the text, with options as `spelling` writes them."""
        shown = {name: _shown(value, spelling) for name, value in self.values.items()}
        return self.template.format_map(shown)

    def map(self, change: Callable[[str], str]) -> Message:
        """Return the message with `change` made to each text among its values; the sentence and the options stay."""
        return self._replace(values={name: _changed(value, change) for name, value in self.values.items()})

    def __str__(self) -> str:
        """Return the text, with options as in a workflow."""
        return self.render(by_name)


def message(template: str, **values: object) -> Message:
    """Return the message `template` with `values` for its fields."""
    return Message(template, values)


def by_name(option: Option) -> str:
    """Spell `option` as a workflow does: `name`, or `name: value`."""
    return f"`{option.name}: {option.value}`" if option.value else f"`{option.name}`"


def printable(text: str) -> str:
    """Return `text` as one line in which every character is visible, so that no terminal or log takes any of it for a command."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def without_credentials(text: str) -> str:
    """Return `text` without what precedes the host in the addresses in it."""
    return re.sub(f"{CREDENTIALS}@", "", text) if "@" in text else text


def counted(number: int, noun: str) -> str:
    """Return `number` and `noun`, in the plural unless it is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(items: Sequence[str], most: int = _NAMED, separator: str = ", ") -> str:
    """Return `items` in a sentence that names `most` of them."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return separator.join(items[:most]) + more


def normalized_name(name: str) -> str:
    """Return the normalized form of a package's name (PEP 503).

    `packaging.utils.canonicalize_name` does the same. Its import costs as much as starting an interpreter, and this is needed
    in every run, for every installed package; the report action, which installs nothing, does not have it.
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
    if isinstance(value, (Option, Message)):
        return value.map(change) if isinstance(value, Message) else value._replace(value=change(value.value))
    return change(str(value)) if isinstance(value, (str, BaseException)) else value
