"""The structure of the source: which packages may import which, what a run imports, and which syntax older Pythons see."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
PACKAGE = "uv_system_sync"

# Each package may only import those before it.
LAYERS = [
    *("text", "errors", "imports", "paths", "process", "inputs", "environment"),
    *("project", "interpreter", "uv", "diagnosis", "reporting", "matrix"),
    *("sync", "cli", "__main__"),
]

OLD_PYTHONS = sorted(path for version in ("2.7", "3.6", "3.7") for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))

# In the standard library until 3.11, and only imported before 3.10.
REMOVED_FROM_THE_STANDARD_LIBRARY = {"distutils"}


def modules() -> dict[str, ast.Module]:
    """Return the syntax tree of each module, keyed by its dotted name below the package (empty for the package itself)."""
    found = {}
    for path in sorted((SRC / PACKAGE).rglob("*.py")):
        name = ".".join(path.relative_to(SRC / PACKAGE).with_suffix("").parts)
        found[name.removesuffix("__init__").rstrip(".")] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = modules()


def imports(node: ast.AST, *, types: bool) -> Iterator[str]:
    """Yield the full name of each module and object imported anywhere in `node`; imports for annotations only if `types` is true."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING" and not types:
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from imports(child, types=types)


def own_imports(module: str, *, types: bool) -> set[str]:
    """Return the modules of this package that `module` imports."""
    names = {name.partition(".")[2] for name in imports(MODULES[module], types=types) if name.startswith(f"{PACKAGE}.")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} - {""}


def third_party(module: str) -> set[str]:
    """Return the top-level names of third-party modules that `module` imports."""
    known = {*sys.stdlib_module_names, PACKAGE, *REMOVED_FROM_THE_STANDARD_LIBRARY}
    return {name.partition(".")[0] for name in imports(MODULES[module], types=True)} - known


def test_packages_import_only_lower_packages() -> None:
    upwards = [
        (module, imported)
        for module in MODULES
        for imported in own_imports(module, types=False)
        if module.partition(".")[0] != imported.partition(".")[0]
        if LAYERS.index(module.partition(".")[0]) < LAYERS.index(imported.partition(".")[0])
    ]

    assert [] == upwards


def test_no_module_imports_itself_through_others() -> None:
    order = graphlib.TopologicalSorter({module: own_imports(module, types=False) for module in MODULES}).static_order()

    assert set(MODULES) == {*order}


def test_every_layer_exists() -> None:
    assert {module.partition(".")[0] for module in MODULES if module} == {*LAYERS}


def test_third_party_packages_are_imported_in_one_place_each() -> None:
    importers = {name: {module for module in MODULES if name in third_party(module)} for name in ("actions_toolkit", "tomli")}

    assert {"actions_toolkit": {"reporting.runner_files"}, "tomli": {"project.toml"}} == importers
    assert {"actions_toolkit", "packaging", "tomli"} == set().union(*map(third_party, MODULES))


def loaded_by(code: str) -> set[str]:
    """Return the modules loaded after `code` in a new interpreter that can only import our source."""
    script = f"import sys; sys.path.insert(0, {str(SRC)!r}); {code}; print('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-B", "-I", "-S", "-c", script], check=True, capture_output=True, text=True).stdout.split())


def test_a_run_that_succeeds_does_not_load_what_explains_failures() -> None:
    loaded = loaded_by("import uv_system_sync.sync, uv_system_sync.reporting.github, uv_system_sync.uv.client")

    assert not [name for name in loaded if name.startswith((f"{PACKAGE}.diagnosis", "packaging"))]
    assert not loaded & {f"{PACKAGE}.interpreter.named", f"{PACKAGE}.reporting.terminal"}
    assert not loaded & {"configparser", "pathlib", "shlex", "shutil", "traceback", "tempfile"}


def test_the_report_action_needs_nothing_that_has_to_be_installed() -> None:
    loaded = loaded_by("import uv_system_sync.matrix.action, uv_system_sync.matrix.summary, uv_system_sync.reporting.github")

    assert not loaded & {"subprocess", "actions_toolkit", "packaging", "tomli"}


def test_the_command_does_not_load_what_is_for_a_runner() -> None:
    loaded = loaded_by("import uv_system_sync.cli, uv_system_sync.sync")

    for_a_runner = ("__main__", "matrix", "reporting.github", "reporting.commands", "uv.dependencies")
    assert not loaded & {f"{PACKAGE}.{name}" for name in for_a_runner}


@pytest.mark.parametrize(("path", "version"), [("interpreter/probe.py", (3, 6)), ("__init__.py", (3, 4))])
def test_what_older_pythons_run_has_their_syntax(path: str, version: tuple[int, int]) -> None:
    assert ast.parse((SRC / PACKAGE / path).read_text(encoding="utf-8"), feature_version=version).body


def test_the_probe_needs_only_the_standard_library() -> None:
    assert set() == third_party("interpreter.probe") | own_imports("interpreter.probe", types=True)


@pytest.mark.skipif(not OLD_PYTHONS, reason="no Python older than 3.8 is installed here")
@pytest.mark.parametrize("interpreter", OLD_PYTHONS, ids=lambda path: path.parts[-3])
def test_a_python_that_is_too_old_is_reported_as_an_annotation(interpreter: Path) -> None:
    major, minor = interpreter.parts[-3].split(".")[:2]
    code = "import sys; sys.path.insert(0, sys.argv[1]); from uv_system_sync.__main__ import sync"
    # Not -I, which some of these versions lack; -B, because they would write byte code into src.
    command = [str(interpreter), "-E", "-s", "-S", "-B", "-c", code, str(SRC)]
    completed = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")

    assert (1, "") == (completed.returncode, completed.stdout)
    assert completed.stderr.startswith(f"::error title=python-unsuitable::`python` on PATH is Python {major}.{minor} ({interpreter})")


# Words that this project avoids; see CONTRIBUTING.md.
_WORDS = (
    "rooms?|doors?|houses?|shelf|shelves|stor(?:y|ies)|voices?|dialects?|heal(?:ed|ing|s)?|seal(?:ed|ing|s)?|blam(?:e|ed|es|ing)|"
    "admit(?:s|ted)?|prov(?:e|es|ed)|anew|superfluous"
)


def test_plain_english() -> None:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = [ROOT / name for name in names.stdout.splitlines()]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word}"
        for path in paths
        if path.suffix in {".py", ".md", ".yml", ".toml", ""} and path.is_file() and path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in re.findall(rf"\b(?:{_WORDS})\b", line, re.IGNORECASE)
    ]

    assert [] == found
