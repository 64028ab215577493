"""Copies parts of action.yml, examples/ and pyproject.toml into the documents, or checks that the documents are up to date."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from typing import Any

import yaml

from tools import release
from tools.shared import ROOT

README = ROOT / "README.md"
COMMAND = ROOT / "docs" / "command.md"


def main(arguments: list[str]) -> int:
    """Write the documents; with `--check`, return 1 if they would change."""
    status = 0
    for document, render in ((README, rendered), (COMMAND, with_files)):
        old = document.read_text(encoding="utf-8")
        new = render(old)
        if arguments != ["--check"]:
            document.write_text(new, encoding="utf-8")
        elif old == new:
            sys.stdout.write(f"{document.name} is up to date\n")
        else:
            sys.stdout.write(f"{document.name} is out of date; run `make docs`\n")
            status = 1
    return status


def rendered(text: str) -> str:
    """Return the README `text` with the generated parts, between pairs of comments, up to date."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    text = _between(text, "inputs", _inputs(document["inputs"]))
    text = _between(text, "outputs", _outputs(document["outputs"]))
    text = _between(text, "errors", _errors())
    for name, part in re.findall(r"<!-- example (\S+): (\S+) -->", text):
        text = _between(text, f"example {name}: {part}", _example(name, part), end="example")
    return release.pinned(text, release.version_of((ROOT / "pyproject.toml").read_text(encoding="utf-8")))


def with_files(text: str) -> str:
    """Return `text` with an up-to-date copy of each file of examples/ between its pair of comments."""
    for name in re.findall(r"<!-- file examples/(\S+) -->", text):
        language = "gitlab" if name.endswith(".yml") else "dockerfile"
        content = (ROOT / "examples" / name).read_text(encoding="utf-8").strip()
        text = _between(text, f"file examples/{name}", f"```{language}\n{content}\n```", end="file")
    return text


def _between(text: str, name: str, content: str, end: str = "") -> str:
    """Return `text` with `content` between the comments `<!-- {name} -->` and `<!-- /{end or name} -->`."""
    start, stop = f"<!-- {name} -->", f"<!-- /{end or name} -->"
    pattern = rf"{re.escape(start)}.*?{re.escape(stop)}"
    if not re.search(pattern, text, re.DOTALL):
        raise ValueError(f"The document has no {start} followed by {stop}")
    return re.sub(pattern, lambda _: f"{start}\n{content}\n{stop}", text, count=1, flags=re.DOTALL)


def _inputs(declared: dict[str, dict[str, str]]) -> str:
    lines = ["- uses: org/uv-system-sync@v1", "  with:"]
    for name, value in declared.items():
        lines += textwrap.wrap(value["description"], 110, initial_indent="    # ", subsequent_indent="    # ", break_on_hyphens=False)
        default = value["default"]
        lines.append(f"    {name}: {default if default.isalnum() else json.dumps(default)}")
    return "\n".join(["```yaml", *lines, "```"])


def _outputs(declared: dict[str, dict[str, str]]) -> str:
    rows = [f"| `{name}` | {value['description']} |" for name, value in declared.items()]
    return "\n".join(["| output | meaning |", "| --- | --- |", *rows])


def _errors() -> str:
    slugs = re.findall(r'slug="([a-z-]+)"', (ROOT / "src" / "uv_system_sync" / "errors.py").read_text(encoding="utf-8"))
    return "\n".join(f"[`{slug}`](docs/errors.md#{slug})" for slug in slugs)


def _example(name: str, part: str) -> str:
    """Return the key `part` of examples/{name}.yml, such as `steps`, as a fenced code block."""
    text = (ROOT / "examples" / f"{name}.yml").read_text(encoding="utf-8")
    found = re.search(rf"^( *){part}:\n(?:\1 .*\n|\n)+", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"examples/{name}.yml has no {part}")
    return f"```yaml\n{textwrap.dedent(found.group()).strip()}\n```"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
