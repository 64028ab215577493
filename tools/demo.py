"""Runs examples/matrix.yml in act with a project that uses packages from PyPI, and shows what later steps see."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from tools.shared import ROOT
from tools.shared.act import Act, Job
from tools.shared.pythons import Python, found
from tools.shared.uv import uv_output

PYPROJECT = """\
[project]
name = "weather-report"
version = "1.0"
requires-python = ">=3.8"
dependencies = ["rich", "jinja2"]

[dependency-groups]
dev = ["pytest"]

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"
"""

PACKAGE = """\
from jinja2 import Template
from rich.markup import escape


def report(weather):
    return Template("Today: {{ weather }}").render(weather=escape(weather))
"""

TEST = """\
from weather_report import report


def test_report():
    assert report("rain") == "Today: rain"
"""

# The number of lines printed of each job summary: its heading, its facts and the first rows of its table.
_SHOWN_LINES = 9

# A step after those of the example, which prints the packages that a plain `python` finds.
LATER_STEP = """\
      - id: later
        name: what a later step sees
        shell: python
        run: |
          import sys
          from importlib.metadata import distributions
          found = sorted("{} {}".format(package.metadata["Name"].lower(), package.version) for package in distributions())
          print(sys.prefix + "\\n" + ", ".join(found))
"""


def main() -> int:
    """Run the demonstration and return its exit status."""
    show("Looking for Pythons ...")
    pythons = found()
    for python in pythons:
        note = " (Debian's own; the copy gets the usual layout)" if python.is_debian else ""
        show(f"  {python.version:<8} {python.prefix}{note}")
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-demo-") as temp:
        show("Locking a project with real packages ...")
        workspace = project(Path(temp) / "weather-report", pythons)
        show("Copying each Python into a tool cache ...")
        act = Act(Path(temp) / "act", pythons, watch=lambda event: show_step(act, event)).prepare()
        show("Running examples/matrix.yml in act ...")
        jobs = act.run(workspace, ".github/workflows/matrix.yml")
    show("")
    by_version = {job.matrix["python"]: job for job in jobs}
    for python in pythons:
        show_job(python, by_version[python.minor])
    passed = [job.result for job in jobs].count("success")
    show(f"{passed} of {len(jobs)} jobs passed.")
    return int(passed != len(pythons))


def project(folder: Path, pythons: tuple[Python, ...]) -> Path:
    """Write a locked project to `folder`, with the example, for `pythons`, as its workflow; return `folder`."""
    workflow = folder / ".github" / "workflows" / "matrix.yml"
    files = {"pyproject.toml": PYPROJECT, "src/weather_report/__init__.py": PACKAGE, "tests/test_report.py": TEST}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    uv_output("lock", "--quiet", "--directory", folder, "--python", sys.executable)
    workflow.parent.mkdir(parents=True)
    shutil.copy2(ROOT / "examples" / "matrix.yml", workflow)
    versions = ", ".join(f'"{python.minor}"' for python in pythons)
    text = re.sub(r"python: \[.*\]", f"python: [{versions}]", workflow.read_text(encoding="utf-8"))
    workflow.write_text(text + LATER_STEP, encoding="utf-8")
    return folder


def show_step(act: Act, event: dict[str, Any]) -> None:
    """Print a line for a step that has ended, unless it is inside an action."""
    if event.get("stage") != "Main" or "stepResult" not in event or len(event["stepID"]) > 1:
        return
    name = event["step"].partition("@")[0]
    note = ""
    if stand_in := act.stand_in(name):
        note = f" (stand-in: {stand_in.relative_to(ROOT)})"
    elif name == "actions/checkout":
        # act copies the working tree itself.
        note = " (by act)"
    show(f"  {event['matrix']['python']:<5} {event['stepResult']} after {event.get('executionTime', 0) / 1e9:4.1f} s: {name}{note}")


def show_job(python: Python, job: Job) -> None:
    """Print what the later steps of a job saw, the outputs, and the job summary; for a failed job, print its log."""
    show(f"━━ Python {python.version} {'━' * (84 - len(python.version))}")
    if job.result != "success":
        show(job.log)
        return
    prefix, _, packages = job.printed("later").strip().partition("\n")
    fact("a later `python` is", prefix)
    fact("it sees", packages)
    fact("a later `pytest` prints", re.findall(r"\d+ (?:passed|failed).* in [\d.]+s", re.sub(r"\x1b\[\d+m", "", job.log))[-1])
    for name, value in sorted(job.outputs("sync").items()):
        fact(f"output {name}", textwrap.shorten(value.replace(",", ", "), 240, placeholder=" …"))
    show("  job summary")
    show(textwrap.indent(shortened(job.summary("sync")), "    "))
    show("")


def shortened(summary: str) -> str:
    """Return the job summary without its collapsed part and without most rows of its table."""
    *shown, rest = summary.partition("<details>")[0].strip().split("\n", _SHOWN_LINES)
    return "\n".join([*shown, f"… {len(rest.splitlines())} more rows, then the unchanged packages, collapsed"])


def fact(name: str, text: str) -> None:
    """Print `name` and `text` as two columns, wrapping `text`."""
    lines = textwrap.wrap(text, 76, break_long_words=False, break_on_hyphens=False)
    show(f"  {name:<24}" + f"\n{'':<26}".join(lines))


def show(text: str) -> None:
    """Print `text` without buffering."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
