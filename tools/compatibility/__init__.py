"""Tests the action on other Pythons, systems, container engines and versions of uv, and writes the results to docs/compatibility.md."""
