"""The log fixture of these tests."""

from __future__ import annotations

import pytest

from tests.support.log_file import LogFile


@pytest.fixture
def log() -> LogFile:
    """An empty log."""
    return LogFile()
