"""Checks what a release needs, and writes its version where the README shows it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import tomli

ROOT = Path(__file__).resolve().parents[1]
NAME = "uv_system_sync"
ACTIONS = ("action.yml", "report/action.yml")
ONLY_ON_GITHUB = (
    "that the tag is signed by a key that GitHub knows",
    "that CI and the self-test have passed on the commit, on main",
    "the environment `release` and its reviewers",
    "the rules that keep version tags where they are, and immutable releases",
    "the attestations and their signatures, the trusted publisher on PyPI and the upload",
    "the release itself, and the moving of the major version's tag",
)

_RELEASE = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_PINNED = re.compile(r"(?<=org/uv-system-sync@v)\d+\.\d+\.\d+")
_HEADING = re.compile(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", re.MULTILINE)
_BEFORE = "<!-- until the first release -->"
_DIST_INFO = ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")
_IN_SDIST = ("PKG-INFO", "LICENSE", "README.md", "pyproject.toml")


def main(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name, print what is wrong, and return the exit status."""
    version = version_of((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    match arguments:
        case ["check"]:
            return _told(_all(version, os.environ.get("TAG", "")), "Version, changelog, README, actions, tree and tag are in order.")
        case ["dist", folder]:
            return _told(_distributions(Path(folder), version), "The wheel and the sdist have the files that they should have.")
        case ["unchecked"]:
            sys.stdout.write("\n- ".join(["Not checked, because it needs GitHub:", *ONLY_ON_GITHUB]) + "\n")
            return 0
        case ["notes"]:
            sys.stdout.write(notes(_text("CHANGELOG.md"), version))
            return 0
        case _:
            sys.stderr.write("usage: python -m tools.release check | dist FOLDER | unchecked | notes\n")
            return 2


def _told(faults: Iterator[str], success: str) -> int:
    found = list(faults)
    sys.stdout.write("\n".join(found or [success]) + "\n")
    return int(bool(found))


def _all(version: str, tag: str) -> Iterator[str]:
    yield from faults_of_version(version)
    yield from faults_of_changelog(_text("CHANGELOG.md"), version)
    yield from faults_of_readme(_text("README.md"), version)
    yield from (f"There is no {name}." for name in ACTIONS if not (ROOT / name).is_file())
    yield from faults_of_tree(_git("status", "--porcelain"))
    yield from faults_of_tag(tag, version, _tags(), _git("rev-parse", "HEAD").strip())


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _tags() -> dict[str, tuple[str, str]]:
    """Return the kind of each tag's object and the commit that it leads to."""
    lines = _git("for-each-ref", "--format=%(refname:strip=2) %(objecttype) %(*objectname)%(objectname)", "refs/tags").splitlines()
    return {name: (kind, commit[:40]) for name, kind, commit in map(str.split, lines)}


def version_of(pyproject: str) -> str:
    """Return the version, from the one place that has it."""
    version: str = tomli.loads(pyproject)["project"]["version"]
    return version


def faults_of_version(version: str) -> Iterator[str]:
    """Say when `version` is not one that is released."""
    if not _RELEASE.fullmatch(version):
        yield f"The version in pyproject.toml is {version}; a release has X.Y.Z."


def faults_of_changelog(changelog: str, version: str) -> Iterator[str]:
    """Say when the changelog does not begin with an empty `Unreleased` and what the version brings."""
    headings = [match.groups() for match in _HEADING.finditer(changelog)][:2]
    if [name for name, _ in headings] != ["Unreleased", version] or not headings[1][1]:
        yield f"CHANGELOG.md has to begin with `## [Unreleased]` and `## [{version}] - YYYY-MM-DD`; rename Unreleased, and open a new one."
        return
    if notes(changelog, "Unreleased").strip():
        yield f"CHANGELOG.md has entries under Unreleased; move them to {version}."
    if not notes(changelog, version).strip():
        yield f"CHANGELOG.md has nothing under {version}."


def notes(changelog: str, version: str) -> str:
    """Return the changelog's section on `version`."""
    parts = _HEADING.split(changelog)
    return next((text.strip() + "\n" for name, _, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True) if name == version), "")


def pinned(readme: str, version: str) -> str:
    """Return the README with `version` wherever it pins this action to a full one; what is between releases changes nothing."""
    return _PINNED.sub(version, readme) if _RELEASE.fullmatch(version) else readme


def faults_of_readme(readme: str, version: str) -> Iterator[str]:
    """Say when the README pins this action to another version, or to none, or says what to do before there is a release."""
    if _BEFORE in readme:
        yield f"README.md says what to do before there is a release; take out what is between `{_BEFORE}` and its end."
    found = set(_PINNED.findall(readme))
    if found != {version}:
        yield f"README.md pins this action to {', '.join(sorted(found)) or 'no full version'} instead of {version}; run `make docs`."


def faults_of_tree(status: str) -> Iterator[str]:
    """Say which files git's short `status` has."""
    if status:
        yield f"The tree is not clean:\n{status.rstrip()}"


def faults_of_tag(tag: str, version: str, tags: Mapping[str, tuple[str, str]], head: str) -> Iterator[str]:
    """Say why `tag` is not that of the version; without one, why the version cannot be tagged any more."""
    if not tag and f"v{version}" in tags:
        yield f"The tag v{version} exists, and never moves; raise the version in pyproject.toml."
    if tag and tag != f"v{version}":
        yield f"The tag is {tag}, and the version in pyproject.toml {version}."
    elif tag and tags.get(tag) != ("tag", head):
        yield f"The tag {tag} is not an annotated tag of the commit that is checked out; make it with `git tag --sign`."
    yield from (f"{other} is newer, and `{other.partition('.')[0]}` would go back." for other in tags if _newer(other, f"v{version}"))


def _newer(tag: str, other: str) -> bool:
    """Whether both are tags of the same major version, and `tag` is the later one."""
    numbers = [tuple(map(int, name[1:].split("."))) for name in (tag, other) if _RELEASE.fullmatch(name[1:]) and name.startswith("v")]
    return len(numbers) > 1 and numbers[0][0] == numbers[1][0] and numbers[0] > numbers[1]


def _distributions(folder: Path, version: str) -> Iterator[str]:
    wheel, sdist = f"{NAME}-{version}-py3-none-any.whl", f"{NAME}-{version}.tar.gz"
    found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if found != [wheel, sdist]:
        yield f"{folder} has {', '.join(found) or 'nothing'} instead of {wheel}, {sdist}."
        return
    tree = {name: (ROOT / name).read_bytes() for name in _git("ls-files", "-z").split("\0") if name and (ROOT / name).is_file()}
    yield from faults_of_wheel(_unzipped(folder / wheel), tree, version)
    yield from faults_of_sdist(_untarred(folder / sdist), tree, version)


def _unzipped(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def _untarred(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as archive:
        members = [(member.name, archive.extractfile(member)) for member in archive if not member.isdir()]
        return {name: content.read() if content else b"" for name, content in members}


def faults_of_wheel(files: Mapping[str, bytes], tree: Mapping[str, bytes], version: str) -> Iterator[str]:
    """Say what the wheel has or lacks beside the package as it is in the `tree`, and what describes it."""
    info = f"{NAME}-{version}.dist-info/"
    package = {name[len("src/") :]: content for name, content in tree.items() if name.startswith(f"src/{NAME}/")}
    described = {name: content for name, content in files.items() if name.startswith(info)}
    known = {*package, *(info + name for name in _DIST_INFO)}
    yield from _compared("The wheel", files, known, {info + "entry_points.txt"})
    yield from (
        f"The wheel has another {name} than the tree." for name in sorted(package) if files.get(name, package[name]) != package[name]
    )
    if f"\nVersion: {version}\n".encode() not in described.get(info + "METADATA", b""):
        yield f"The wheel's METADATA does not have the version {version}."


def faults_of_sdist(files: Mapping[str, bytes], tree: Mapping[str, bytes], version: str) -> Iterator[str]:
    """Say what the sdist lacks, and what it has that is not in the `tree`."""
    root = f"{NAME}-{version}/"
    known = {root + name for name in (*_IN_SDIST, *(name for name in tree if name.startswith(f"src/{NAME}/")))}
    expected = {root + name: content for name, content in tree.items()}
    if f"{root}pyproject.toml.orig" in files:  # uv_build rewrites pyproject.toml, and keeps the original
        expected[f"{root}pyproject.toml.orig"] = expected.pop(f"{root}pyproject.toml")
    yield from _compared("The sdist", files, known, set(expected))
    changed = sorted(name for name, content in files.items() if expected.get(name, content) != content)
    yield from (f"The sdist has another {name} than the tree." for name in changed)


def _compared(what: str, files: Mapping[str, bytes], needed: set[str], allowed: set[str]) -> Iterator[str]:
    yield from (f"{what} lacks {name}." for name in sorted(needed - set(files)))
    yield from (f"{what} has {name}, which does not belong there." for name in sorted(set(files) - needed - allowed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
