"""Write a small project for the workflows to lock and sync."""

from __future__ import annotations

import argparse
import os

_PYPROJECT = """\
[project]
name = "selftest-project"
version = "1.2.3"
requires-python = "{requires_python}"
dependencies = {dependencies}

[project.optional-dependencies]
more = ["six"]

[project.scripts]
selftest-prefix = "selftest_project:main"

[dependency-groups]
tools = ["pluggy"]

[build-system]
requires = ["uv_build>=0.8,<1"]
build-backend = "uv_build"
"""

_MODULE = '''\
"""Prints which Python runs it."""

import sys


def main() -> None:
    """Print the prefix of the Python that runs this."""
    print(sys.prefix)
'''


def main() -> None:
    """Write the project that the command line describes and, if LOCK has the text of a uv.lock, that too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where to write it; created if it does not exist")
    parser.add_argument("--requires-python", default=">=3.8", help="the project's requires-python")
    parser.add_argument("--dependency", action="append", default=[], help="a dependency besides iniconfig")
    arguments = parser.parse_args()

    dependencies = ", ".join(f'"{name}"' for name in ["iniconfig", *arguments.dependency])
    pyproject = _PYPROJECT.format(requires_python=arguments.requires_python, dependencies=f"[{dependencies}]")
    _write(arguments.folder, "pyproject.toml", pyproject)
    _write(os.path.join(arguments.folder, "src", "selftest_project"), "__init__.py", _MODULE)
    if os.environ.get("LOCK"):
        _write(arguments.folder, "uv.lock", os.environ["LOCK"])


def _write(folder: str, name: str, text: str) -> None:
    """Write `text` with its own line endings, on Windows too."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as file:
        file.write(text)


if __name__ == "__main__":
    main()
