"""The shelf of errors: what they carry, and that the README explains every one."""

from __future__ import annotations

import re

import pytest

from tests.support import place, words
from uv_system_sync.errors import ActionError, SyncFailed

_KINDS = ActionError.__subclasses__()


def test_error_carries_what_it_was_given() -> None:
    """An error has its fact, its next step and its place, and reads as its fact."""
    error = SyncFailed("It failed.", "Try again.", file="/uv.lock", line=3)

    assert ("It failed.", ("It failed.", "Try again."), ("/uv.lock", 3)) == (str(error), words(error), place(error))


def test_error_without_a_place() -> None:
    """An error that is about no file points at none."""
    error = SyncFailed("It failed.", "Try again.")

    assert (None, None) == place(error)


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_slug_is_the_name_of_the_error(kind: type[ActionError]) -> None:
    """The slug is the class's own name in kebab case, so that each kind has its own."""
    assert re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower() == kind.slug
