"""Finding the workspace of a project as uv does, and what its members define."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import place, step_inputs, words
from uv_system_sync.errors import InvalidInput, ProjectInvalid
from uv_system_sync.project import toml, workspace

_SAMPLE = '[project]\nname = "Sample"\nrequires-python = ">=3.9"\n'


def _write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def _root_of(directory: Path) -> Path:
    return Path(workspace.root_of(str(directory), toml.load(str(directory / "pyproject.toml"), ProjectInvalid)))


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param('members = ["packages/*"]', id="pattern"),
        pytest.param('members = ["packages/one"]', id="by-name"),
        pytest.param('members = ["./packages/../packages/one"]', id="by-a-crooked-path"),
        pytest.param('members = ["**"]', id="any-depth"),
        pytest.param('members = ["packages/*"]\nexclude = ["packages/two"]', id="another-one-excluded"),
        pytest.param('members = ["packages/one/"]', id="by-a-name-that-ends-in-a-slash"),
        pytest.param('members = ["**/one"]', id="by-name-at-any-depth"),
        pytest.param('members = ["packages/[!p-z]?e"]', id="by-letters"),
    ],
)
def test_member_of_a_workspace(tmp_path: Path, settings: str) -> None:
    """The lock of a workspace's member is the workspace's."""
    _write(tmp_path, f"[tool.uv.workspace]\n{settings}\n")
    member = _write(tmp_path / "packages" / "one", _SAMPLE)

    assert tmp_path == _root_of(member)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param('[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/one"]\n', id="excluded"),
        pytest.param('[tool.uv.workspace]\nmembers = ["libs/*"]\n', id="not-a-member"),
        pytest.param("[tool.uv.workspace]\n", id="workspace-without-members"),
        pytest.param("[tool.uv]\nworkspace = 1\n", id="workspace-is-no-table"),
        pytest.param(_SAMPLE, id="no-workspace"),
    ],
)
def test_project_beside_a_workspace(tmp_path: Path, document: str) -> None:
    """A project that no workspace claims has a lock of its own."""
    _write(tmp_path, document)
    alone = _write(tmp_path / "packages" / "one", _SAMPLE)

    assert alone == _root_of(alone)


@pytest.mark.parametrize(
    ("settings", "folder", "expected"),
    [
        pytest.param('members = ["packages/*"]', "packages/.one", ".", id="hidden"),
        pytest.param('members = ["**"]', ".packages/one", ".", id="in-a-hidden-folder"),
        pytest.param('members = ["**/one"]', "one", ".", id="at-no-depth"),
        pytest.param('members = ["packages/*"]', "packages/group/one", "packages/group/one", id="deeper-than-members"),
        pytest.param('members = ["**"]\nexclude = ["old*"]', "older/group/one", "older/group/one", id="deeper-than-exclude"),
        pytest.param('members = ["**"]\nexclude = ["**/one"]', "one", "one", id="excluded-at-any-depth"),
        pytest.param('members = ["**"]\nexclude = ["./packages"]', "packages", "packages", id="excluded-by-a-crooked-path"),
        pytest.param('members = ["**"]\nexclude = ["packages"]', "packages/one", ".", id="in-an-excluded-folder"),
    ],
)
def test_patterns_are_those_of_uv(tmp_path: Path, settings: str, folder: str, expected: str) -> None:
    """What `members` and `exclude` mean for a folder, and for the names in it, is what they mean for uv."""
    _write(tmp_path, f"[tool.uv.workspace]\n{settings}\n")
    member = _write(tmp_path / folder, _SAMPLE)

    assert tmp_path / expected == _root_of(member)
    if expected == ".":
        _check(tmp_path, packages="sample")
    else:
        with pytest.raises(InvalidInput):
            _check(tmp_path, packages="sample")


def test_members_outside_of_the_workspace(tmp_path: Path) -> None:
    """A member may be beside the root."""
    root = _write(tmp_path / "root", '[tool.uv.workspace]\nmembers = ["../one"]\n')
    _write(tmp_path / "one", _SAMPLE)
    _check(root, packages="sample")


def test_folders_in_a_circle(tmp_path: Path) -> None:
    """A link to a folder above is not followed for ever."""
    root = _write(tmp_path / "root", '[tool.uv.workspace]\nmembers = ["**"]\n')
    _write(root / "one", _SAMPLE)
    (root / "one" / "loop").symlink_to(root)
    _check(root, packages="sample")


def test_root_of_a_workspace(tmp_path: Path) -> None:
    """The root of a workspace has its own lock, even inside of another workspace."""
    _write(tmp_path, '[tool.uv.workspace]\nmembers = ["*"]\n')
    root = _write(tmp_path / "inner", "[tool.uv.workspace]\nmembers = []\n")

    assert root == _root_of(root)


def test_folder_name_that_looks_like_a_pattern(tmp_path: Path) -> None:
    """The folder that a workspace is in is a name, whatever signs it holds."""
    root = _write(tmp_path / "a[b]*", '[tool.uv.workspace]\nmembers = ["one"]\n')
    member = _write(root / "one", _SAMPLE)

    assert root == _root_of(member)


def test_nearest_parent_decides(tmp_path: Path) -> None:
    """Like uv, the search for a workspace ends at the first pyproject.toml above the project."""
    _write(tmp_path, '[tool.uv.workspace]\nmembers = ["outer/inner"]\n')
    outer = _write(tmp_path / "outer", _SAMPLE)
    inner = _write(outer / "inner", _SAMPLE)

    assert inner == _root_of(inner)


_NAMES = """\
[project]
name = "My.Sample"

[project.optional-dependencies]
docs = []
Fast_Path = []

[dependency-groups]
test = []
Type_Check = []
"""


def _check(folder: Path, **inputs: str) -> None:
    workspace.check_names(str(folder), step_inputs(**inputs))


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param({"extras": "docs fast-path"}, id="extras"),
        pytest.param({"groups": "test type-check"}, id="groups"),
        pytest.param({"packages": "my-sample"}, id="packages"),
        pytest.param({"extras": "FAST.path", "groups": "TYPE.check", "packages": "my_sample"}, id="in-other-spellings"),
    ],
)
def test_names_that_the_project_defines(tmp_path: Path, inputs: dict[str, str]) -> None:
    """A name that the project defines, in any spelling, is for uv to select."""
    _check(_write(tmp_path, _NAMES), **inputs)


@pytest.mark.parametrize(
    ("inputs", "source", "name", "known"),
    [
        pytest.param(
            {"extras": "docs doc"},
            "extras",
            "doc",
            "`docs`, `fast-path`",
            id="extras",
        ),
        pytest.param(
            {"groups": "lint"},
            "groups",
            "lint",
            "`test`, `type-check`",
            id="groups",
        ),
        pytest.param(
            {"packages": "other"},
            "packages",
            "other",
            "`my-sample`",
            id="packages",
        ),
        pytest.param(
            {"groups": "docs"},
            "groups",
            "docs",
            "`test`, `type-check`",
            id="extra-as-group",
        ),
    ],
)
def test_names_that_the_project_does_not_define(tmp_path: Path, inputs: dict[str, str], source: str, name: str, known: str) -> None:
    """A name that is a typing error is answered with those that could be meant."""
    folder = _write(tmp_path, _NAMES)
    with pytest.raises(InvalidInput) as caught:
        _check(folder, **inputs)

    assert (
        f"`{source}` holds `{name}`, which the project does not define; it defines {known}.",
        f"Correct `{source}` in the step, or define `{name}` in the project and run `uv lock`.",
    ) == words(caught.value)


def test_names_of_a_project_without_any(tmp_path: Path) -> None:
    """A project that defines no names at all says so."""
    folder = _write(tmp_path, _SAMPLE)
    with pytest.raises(InvalidInput) as caught:
        _check(folder, groups="dev")

    assert "`groups` holds `dev`, which the project does not define; it defines none." == caught.value.message


def test_names_of_other_members(tmp_path: Path) -> None:
    """What any member of the workspace defines can be meant, from whichever member the step runs."""
    members = '[project]\nname = "root"\n[dependency-groups]\nlint = []\n[tool.uv.workspace]\nmembers = ["*"]\nexclude = ["out"]\n'
    _write(tmp_path, members)
    _write(tmp_path / "one", _NAMES)
    _write(tmp_path / "out", '[project]\nname = "out"\n')
    _write(tmp_path / "unnamed", "[tool.uv]\n")
    (tmp_path / "no-project").mkdir()
    _check(tmp_path, groups="lint test", extras="docs", packages="root my-sample")
    with pytest.raises(InvalidInput) as caught:
        _check(tmp_path, packages="out")

    assert caught.value.message.endswith("; it defines `my-sample`, `root`.")


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("groups", "type-check", ["My.Sample"]),
        ("groups", "lint", ["pyproject.toml"]),
        ("extras", "docs", ["My.Sample"]),
        ("extras", "x", []),
    ],
)
def test_who_defines_a_name(tmp_path: Path, source: str, name: str, expected: list[str]) -> None:
    """Those that define a name are told by their own, or by their file where they have none."""
    _write(tmp_path, '[dependency-groups]\nLint = []\n[tool.uv.workspace]\nmembers = ["one"]\n')
    _write(tmp_path / "one", _NAMES)

    assert expected == workspace.that_define(str(tmp_path), source, name)


def test_dev_dependencies(tmp_path: Path) -> None:
    """The older `tool.uv.dev-dependencies` are the group `dev`."""
    _check(_write(tmp_path, f"{_SAMPLE}[tool.uv]\ndev-dependencies = []\n"), groups="dev")


def test_dynamic_extras(tmp_path: Path) -> None:
    """Extras that only the build back end knows are for uv to judge."""
    _check(_write(tmp_path, f'{_SAMPLE}dynamic = ["optional-dependencies"]\n'), extras="anything")


def test_other_dynamic_metadata(tmp_path: Path) -> None:
    """Metadata that is dynamic otherwise leaves the extras known."""
    folder = _write(tmp_path, f'{_SAMPLE}dynamic = ["version"]\n')
    with pytest.raises(InvalidInput):
        _check(folder, extras="anything")


def test_no_names_to_check(tmp_path: Path) -> None:
    """Where no name is given, no file is read."""
    nowhere = tmp_path / "missing"
    _check(nowhere)

    assert not nowhere.exists()


@pytest.mark.parametrize("broken", ["", "one"], ids=["of-the-root", "of-a-member"])
def test_malformed_pyproject(tmp_path: Path, broken: str) -> None:
    """A syntax error in any file of the workspace is shown there."""
    _write(tmp_path, '[tool.uv.workspace]\nmembers = ["one"]\n')
    path = _write(tmp_path / "one", _SAMPLE).parent / broken / "pyproject.toml"
    path.write_text("\n[tool\n", encoding="utf-8")
    with pytest.raises(ProjectInvalid) as caught:
        _check(tmp_path, groups="test")

    assert (str(path), 2) == place(caught.value)
