"""Properties that hold for any text, any bytes and any files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from uv_system_sync.errors import ActionError

T = TypeVar("T")


def attempt(call: Callable[[], T]) -> T | ActionError:
    """Return what `call` returns, or the error that it raises for a user; any other one is a bug."""
    try:
        return call()
    except ActionError as error:
        return error
