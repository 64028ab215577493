"""Check that this Python is the one that the action synced, and that the outputs of the action match it.

OUTPUTS holds the outputs of the action's step as JSON.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from typing import Iterator, Mapping

_MODULES = ("iniconfig", "six", "pluggy", "selftest_project")


def main() -> None:
    """Print a summary, or exit with everything that is wrong."""
    outputs: dict[str, str] = json.loads(os.environ["OUTPUTS"])
    wrong = [*_wrong_python(outputs), *_wrong_packages(outputs), *_wrong_outputs(outputs)]
    if wrong:
        sys.exit("\n".join(wrong))
    sys.stdout.write(f"Python {sys.version.split()[0]} in {sys.prefix}, {outputs['package-count']} packages\n")


def _wrong_python(outputs: Mapping[str, str]) -> Iterator[str]:
    environment = outputs["environment"]
    if not os.path.samefile(sys.prefix, environment):
        yield f"This Python is in {sys.prefix}, but the action reports {environment}."
    if sys.version.split()[0] != outputs["python-version"]:
        yield f"This Python is {sys.version}, but the action reports {outputs['python-version']}."
    python = shutil.which("python")
    if python is None or not os.path.samefile(python, outputs["python-path"]):
        yield f"`python` is {python}, but the action reports {outputs['python-path']}."
    for variable, value in (("UV_PROJECT_ENVIRONMENT", environment), ("UV_PYTHON", outputs["python-path"])):
        if os.environ.get(variable) != value:
            yield f"{variable} is {os.environ.get(variable)}, not {value}."


def _wrong_packages(outputs: Mapping[str, str]) -> Iterator[str]:
    for module in _MODULES:
        importlib.import_module(module)
    reported = {package["name"]: package["version"] for package in json.loads(outputs["packages"])}
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    found = importlib.metadata.distributions(path=folders)
    installed = {re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower(): package.version for package in found}
    if reported != installed:
        yield f"The installed packages are {installed}, but the action reports {reported}."
    script = shutil.which("selftest-prefix")
    if script is None:
        yield "The project's script is not on PATH."
    else:
        prefix = subprocess.run([script], stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout.strip()
        if not os.path.samefile(prefix, outputs["environment"]):
            yield f"The project's script runs in {prefix}, but the action reports {outputs['environment']}."


def _wrong_outputs(outputs: Mapping[str, str]) -> Iterator[str]:
    packages, changes = json.loads(outputs["packages"]), json.loads(outputs["changes"])
    if outputs["package-count"] != str(len(packages)):
        yield f"`package-count` is {outputs['package-count']}, but there are {len(packages)}."
    if outputs["changed"] != "true" or not any(change["name"] == "iniconfig" for change in changes):
        yield f"`changed` is {outputs['changed']}, but the changes are {changes}."
    with open(outputs["report"], encoding="utf-8") as file:
        report = json.load(file)
    if (report["packages"], report["changes"], report["uv"]) != (packages, changes, outputs["uv-version"]):
        yield f"{outputs['report']} does not match the outputs: {report}."
    # The names that an expression in the workflow read with `fromJSON`.
    if os.environ.get("NAMES", "") not in ("", ",".join(package["name"] for package in packages)):
        yield f"An expression reads {os.environ['NAMES']} in `packages`, which is {packages}."


if __name__ == "__main__":
    main()
