"""Properties that hold for any text, any bytes and any files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from uv_system_sync.errors import ActionError

T = TypeVar("T")


def attempt(call: Callable[[], T]) -> T | ActionError:
    """Return the result of `call`, or the user-facing error that it raises; any other exception is a bug."""
    try:
        return call()
    except ActionError as error:
        return error
