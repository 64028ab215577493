"""Compare the names and versions of the packages in two Pythons.

The action synced the first one. Only this one may have the packages that come with a Python.
"""

from __future__ import annotations

import json
import subprocess
import sys

_SEEDS = {"pip", "setuptools", "wheel"}

_LIST = """
import importlib.metadata, json, re, sys, sysconfig
folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
found = importlib.metadata.distributions(path=folders)
json.dump({re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower(): package.version for package in found}, sys.stdout)
"""


def main() -> None:
    """Print that both have the same packages, or exit with every difference."""
    synced, plain = (_installed(python) for python in sys.argv[1:])
    differences = [
        f"{name}: {synced.get(name, 'missing')} by the action, {plain.get(name, 'missing')} by plain uv"
        for name in sorted(synced.keys() | plain.keys())
        if synced.get(name) != plain.get(name) and not (name in _SEEDS and name not in plain)
    ]
    if differences or not plain:
        sys.exit("\n".join(differences) or "There is nothing to compare with.")
    sys.stdout.write(f"Both have the same {len(plain)} packages.\n")


def _installed(python: str) -> dict[str, str]:
    """Return the versions of the packages in `python`, by normalized name."""
    listed = subprocess.run([python, "-I", "-c", _LIST], stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
    versions: dict[str, str] = json.loads(listed)
    return versions


if __name__ == "__main__":
    main()
