"""What the tests, the benchmarks and the tools share; it imports none of them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
