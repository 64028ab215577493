"""Code shared by the tests, the benchmarks and the tools. Imports none of them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
