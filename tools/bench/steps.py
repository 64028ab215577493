"""Says what action.yml starts on a runner, in order: the programs with their variables, less the steps of other actions."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EXPRESSION = re.compile(r"\$\{\{ (\S+) \}\}")

# The files that the runner gives every step.
FILES = ("ENV", "PATH", "OUTPUT", "STEP_SUMMARY")


class Step(NamedTuple):
    """A program that the runner starts: the text of its script goes into a file, whose path replaces `{0}`."""

    name: str
    shell: tuple[str, ...]
    script: str
    variables: Mapping[str, str]

    def argv(self, folder: Path) -> tuple[str, ...]:
        """Return the command, with the script in `folder`."""
        return tuple(word.format(folder / f"{self.name}.py") for word in self.shell)


def steps(action: Path, inputs: Mapping[str, str]) -> tuple[Step, ...]:
    """Return what the action in the folder `action` starts when uv is there already; `inputs` are those that are not at their default."""
    document: dict[str, Any] = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
    unknown = inputs.keys() - document["inputs"].keys()
    if unknown:
        raise KeyError(f"action.yml declares no input {', '.join(sorted(unknown))}")
    values = {name: declared.get("default", "") for name, declared in document["inputs"].items()} | dict(inputs)
    ours = [step for step in document["runs"]["steps"] if "run" in step]
    return tuple(
        Step(
            step["id"], tuple(step["shell"].split()), step["run"], {key: _value(text, values) for key, text in step.get("env", {}).items()}
        )
        for step in ours
    )


def write(scripts: tuple[Step, ...], folder: Path) -> None:
    """Write every step's script into `folder`, and empty files of the runner beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for step in scripts:
        (folder / f"{step.name}.py").write_text(step.script, encoding="utf-8")
    for name in FILES:
        (folder / name).write_text("", encoding="utf-8")


def runner(action: Path, folder: Path, temp: Path, checkout: Path) -> dict[str, str]:
    """Return the variables of the runner that every step gets, with its files in `folder`."""
    files = {f"GITHUB_{name}": str(folder / name) for name in FILES}
    return {**files, "GITHUB_ACTION_PATH": str(action), "GITHUB_WORKSPACE": str(checkout), "RUNNER_TEMP": str(temp)}


def setup_python(prefix: Path) -> dict[str, str]:
    """Return what actions/setup-python exports on Linux for `prefix`, less PATH."""
    names = ("pythonLocation", "Python_ROOT_DIR", "Python2_ROOT_DIR", "Python3_ROOT_DIR")
    libraries = {"PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "LD_LIBRARY_PATH": f"{prefix}/lib"}
    return {**dict.fromkeys(names, str(prefix)), **libraries}


def search_path(prefix: Path, *folders: Path) -> str:
    """Return PATH as actions/setup-python leaves it, with `folders` behind."""
    return os.pathsep.join([f"{prefix}/bin", str(prefix), *map(str, folders), "/usr/bin", "/bin"])


def _value(text: object, inputs: Mapping[str, str]) -> str:
    """Evaluate an expression: an input, or something of a step of another action, which did not run."""
    found = _EXPRESSION.fullmatch(str(text))
    if found is None:
        return str(text)
    context, _, name = found.group(1).partition(".")
    if context == "inputs":
        return inputs[name]
    return "skipped" if name.endswith((".outcome", ".conclusion")) else ""
