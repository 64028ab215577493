"""Which of tools, benchmarks and tests may import which."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tools.shared import ROOT


@pytest.mark.parametrize(
    ("folder", "others"),
    [
        ("tools/shared", r"tests|benchmarks|tools\.(?!shared)\w+"),
        ("tools", "tests|benchmarks"),
        ("benchmarks", "tests"),
        ("src", "tests|tools|benchmarks"),
    ],
)
def test_imports(folder: str, others: str) -> None:
    """No package imports a package that imports it."""
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")}

    assert texts
    assert [] == [path for path, text in texts.items() if re.search(rf"^\s*(?:from|import) (?:{others})\b", text, re.MULTILINE)]


def test_each_name_means_one_module() -> None:
    """Modules of the tools, the benchmarks and the test helpers have unique names."""
    folders = ("tools", "tools/shared", "tools/compatibility", "benchmarks", "tests/support", "tests/faults")
    names = Counter(path.stem for folder in folders for path in (ROOT / folder).glob("*.py") if not path.stem.startswith("__"))

    assert [] == [name for name, count in names.items() if count > 1]
