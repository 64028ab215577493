"""Reads the steps of action.yml, and the environment that a runner would give them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tools.shared import ROOT

# Prefixes of the environment variables that configure how this machine reaches a package index.
NETWORK = ("SSL_", "UV_INDEX", "UV_DEFAULT_INDEX", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


class Step(NamedTuple):
    """A `run` step of action.yml. The runner writes `script` to a file and substitutes its path for `{0}` in `shell`."""

    name: str
    shell: tuple[str, ...]
    script: str
    variables: Mapping[str, str]

    def argv(self, file: str | Path) -> list[str]:
        """Return the command that runs the script in `file`."""
        return [word.format(file) for word in self.shell]


def steps(inputs: Mapping[str, str], action: Path = ROOT, earlier: Mapping[str, str] | None = None) -> list[Step]:
    """Return the `run` steps of `action`; `inputs` has the inputs that differ from their defaults.

    `earlier` has values of the `steps` context, such as `steps.sync.outputs.cache-key`. Without them, conditional steps are left out.
    Raise `KeyError` for an input that action.yml does not declare.
    """
    document: dict[str, Any] = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
    unknown = inputs.keys() - document["inputs"].keys()
    if unknown:
        raise KeyError(f"action.yml declares no input {', '.join(sorted(unknown))}")
    values = {f"inputs.{name}": inputs.get(name, declared.get("default", "")) for name, declared in document["inputs"].items()}
    values.update(earlier or {})
    found = []
    for step in document["runs"]["steps"]:
        if "run" in step and ("if" not in step or earlier):
            variables = {name: _evaluated(text, values) for name, text in step["env"].items()}
            found.append(Step(step["id"], tuple(step["shell"].split()), step["run"], variables))
    return found


def step(name: str, inputs: Mapping[str, str], earlier: Mapping[str, str] | None = None) -> Step:
    """Return the step with the id `name`. The names in `inputs` have underscores; for `earlier`, see `steps`."""
    given = {key.replace("_", "-"): value for key, value in inputs.items()}
    return next(found for found in steps(given, earlier=earlier) if found.name == name)


def copy_action(folder: Path, action: Path = ROOT) -> None:
    """Copy the files that a run of `action` needs into `folder`, without byte code, like a fresh checkout."""
    folder.mkdir(parents=True)
    shutil.copy2(action / "action.yml", folder)
    for name in ("report", "requirements", "src"):
        shutil.copytree(action / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def setup_python(prefix: Path) -> dict[str, str]:
    """Return the variables that actions/setup-python exports on Linux for the Python in `prefix`, except PATH."""
    names = ("pythonLocation", "Python_ROOT_DIR", "Python2_ROOT_DIR", "Python3_ROOT_DIR")
    libraries = {"PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "LD_LIBRARY_PATH": f"{prefix}/lib"}
    return {**dict.fromkeys(names, str(prefix)), **libraries}


def inherited(*prefixes: str) -> dict[str, str]:
    """Return this process's variables that configure the network, and those whose names start with one of `prefixes`."""
    return {name: value for name, value in os.environ.items() if name.upper().startswith((*NETWORK, *prefixes))}


def _evaluated(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with each `${{ name }}` expression replaced by its value."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: values[found.group(1)], text)
