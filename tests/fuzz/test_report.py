"""Whatever is in files named like reports, the other reports are read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import hostile
from uv_system_sync.reporting import earlier
from uv_system_sync.reporting.report import file_name

_contents = hostile.json_content("python", "environment", "changes", "name", "action", "project", "selection", "packages", "outcome")


@given(contents=st.lists(_contents, max_size=3), changes=hostile.json_values)
def test_a_file_that_looks_like_a_report_does_not_hide_another(contents: list[bytes], changes: object) -> None:
    odd, real = ({"python": {"environment": "/opt"}, "changes": found} for found in (changes, [{"name": "alpha", "action": "installed"}]))
    with tempfile.TemporaryDirectory() as folder:
        for content in (*contents, *(json.dumps(report).encode() for report in (odd, real))):
            Path(folder, file_name()).write_bytes(content)
        found = earlier.read(folder, "/opt")

    assert frozenset({"alpha"}) in [report.installed for report in found]
    assert all(isinstance(name, str) for report in found for name in report.installed)
