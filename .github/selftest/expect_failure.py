"""Check that the action failed for the expected reason and set nothing for later steps.

OUTCOME and OUTPUTS are the outcome and, as JSON, the outputs of the action's step. SLUG is the title of the
expected annotation, and its message must contain each line of WORDS. A step cannot read the annotations of an earlier
step, so this script runs the step `sync` of action.yml again, with UV_SYSTEM_SYNC_* as its inputs.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
from typing import Iterator

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Only these reach later steps; the summary shows the failure.
_FOR_LATER_STEPS = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT")
_FILES = (*_FOR_LATER_STEPS, "GITHUB_STEP_SUMMARY")


def main() -> None:
    """Print the expected failure, or exit with everything that is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        status, log = _sync(folder)
        written = [name for name in _FOR_LATER_STEPS if os.path.getsize(os.path.join(folder, name))]
    errors = list(_errors(log))
    wrong = [*_wrong_step(), *_wrong_errors(errors)]
    if not status:
        wrong.append("The second run succeeded.")
    if written:
        wrong.append(f"The second run wrote to {', '.join(written)}.")
    if wrong:
        sys.exit(_harmless("\n".join([*wrong, "Its log:", log])))
    sys.stdout.write(_harmless(f"It failed as expected: {errors[0]}\n"))


def _sync(folder: str) -> tuple[int, str]:
    """Run the step with its own runner files in `folder`, and return its exit status and its log."""
    shell, script = _step("sync")
    path = os.path.join(folder, "script.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(script)
    environ = {**os.environ, "GITHUB_ACTION_PATH": _ROOT}
    for name in _FILES:
        environ[name] = os.path.join(folder, name)
        with open(environ[name], "w", encoding="utf-8"):
            pass
    argv = [word.format(path) for word in shlex.split(shell)]
    completed = subprocess.run(
        argv, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8"
    )
    return completed.returncode, completed.stdout


def _step(name: str) -> tuple[str, str]:
    """Return the shell and the script of a step of action.yml; the standard library has no YAML parser."""
    with open(os.path.join(_ROOT, "action.yml"), encoding="utf-8") as file:
        text = file.read()
    step = text.partition(f"- id: {name}\n")[2]
    shell = re.search(r"^ *shell: (.+)$", step, re.MULTILINE)
    script = re.search(r"^( *)run: \|\n((?:\1  .*\n)+)", step, re.MULTILINE)
    if shell is None or script is None:
        sys.exit(f"action.yml has no step `{name}` with a shell and a script.")
    return shell[1], textwrap.dedent(script[2])


def _errors(log: str) -> Iterator[dict[str, str]]:
    """Parse the error annotations in `log` as the runner does: the properties and the `message` of each."""
    for properties, message in re.findall(r"^::error ([^\n]*?)::([^\n]*)$", log, re.MULTILINE):
        pairs = (pair.partition("=") for pair in properties.split(","))
        yield {**{name: _decoded(value) for name, _, value in pairs}, "message": _decoded(message)}


def _decoded(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def _wrong_step() -> Iterator[str]:
    if os.environ["OUTCOME"] != "failure":
        yield f"The step's outcome is {os.environ['OUTCOME']}."
    outputs = json.loads(os.environ["OUTPUTS"])
    if any(outputs.values()):
        yield f"The step has outputs: {outputs}."
    if "UV_PROJECT_ENVIRONMENT" in os.environ:
        yield f"This step sees UV_PROJECT_ENVIRONMENT: {os.environ['UV_PROJECT_ENVIRONMENT']}."


def _wrong_errors(errors: list[dict[str, str]]) -> Iterator[str]:
    if [error.get("title") for error in errors] != [os.environ["SLUG"]]:
        yield f"The errors are {errors}, not one with the title {os.environ['SLUG']}."
    for words in filter(None, os.environ["WORDS"].splitlines()):
        if not any(words in error["message"] for error in errors):
            yield f"No error contains: {words}"


def _harmless(text: str) -> str:
    """Return `text` without anything that the runner would read as a command."""
    return "".join(f"| {line}\n" for line in text.replace("##[", "##\\[").splitlines())


if __name__ == "__main__":
    main()
