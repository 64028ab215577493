"""Tests the action on other Pythons, systems, container engines and versions of uv, and writes docs/compatibility.md from the outcomes."""
