"""Checks that the repository and the distributions are ready for a release."""

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
    "the tag is signed with a key that GitHub knows",
    "CI and the self-test have passed on the commit, on main",
    "the environment `release` and its reviewers",
    "the ruleset that protects version tags, and immutable releases",
    "the attestations and their signatures, the trusted publisher on PyPI, and the upload",
    "publishing the release, and moving the major version's tag",
)

_RELEASE = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_PINNED = re.compile(r"(?<=org/uv-system-sync@v)\d+\.\d+\.\d+")
_HEADING = re.compile(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", re.MULTILINE)
_BEFORE = "<!-- until the first release -->"
_DIST_INFO = ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")
_IN_SDIST = ("PKG-INFO", "LICENSE", "README.md", "pyproject.toml")


def main(arguments: Sequence[str]) -> int:
    """Run a command, print its findings, and return the exit status: 1 if it found faults, 2 for wrong arguments."""
    version = version_of(_text("pyproject.toml"))
    match arguments:
        case ["check"]:
            return _report(_faults(version, os.environ.get("TAG", "")), "Version, changelog, README, actions, tree and tag are in order.")
        case ["dist", folder]:
            return _report(_faults_of_dist(Path(folder), version), "The wheel and the sdist have exactly the expected files.")
        case ["unchecked"]:
            sys.stdout.write("\n- ".join(["Not checked, because it needs GitHub:", *ONLY_ON_GITHUB]) + "\n")
            return 0
        case ["notes"]:
            sys.stdout.write(notes(_text("CHANGELOG.md"), version))
            return 0
        case _:
            sys.stderr.write("usage: python -m tools.release check | dist FOLDER | unchecked | notes\n")
            return 2


def _report(faults: Iterator[str], success: str) -> int:
    found = list(faults)
    sys.stdout.write("\n".join(found or [success]) + "\n")
    return int(bool(found))


def _faults(version: str, tag: str) -> Iterator[str]:
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
    """Return the object type of each tag, `tag` if annotated, and the commit that it points to."""
    lines = _git("for-each-ref", "--format=%(refname:strip=2) %(objecttype) %(*objectname)%(objectname)", "refs/tags").splitlines()
    return {name: (kind, commit[:40]) for name, kind, commit in map(str.split, lines)}


def version_of(pyproject: str) -> str:
    """Return the version in the text of pyproject.toml, the only file that has it."""
    version: str = tomli.loads(pyproject)["project"]["version"]
    return version


def faults_of_version(version: str) -> Iterator[str]:
    """Yield a fault if `version` is not of the form X.Y.Z."""
    if not _RELEASE.fullmatch(version):
        yield f"The version in pyproject.toml is {version}; change it to X.Y.Z."


def faults_of_changelog(changelog: str, version: str) -> Iterator[str]:
    """Yield a fault unless the changelog starts with an empty section `Unreleased` and a dated, non-empty one for `version`."""
    headings = [match.groups() for match in _HEADING.finditer(changelog)][:2]
    if [name for name, _ in headings] != ["Unreleased", version] or not headings[1][1]:
        sections = f"`## [Unreleased]` and `## [{version}] - YYYY-MM-DD`"
        yield f"CHANGELOG.md must start with {sections}; rename Unreleased, and add a new, empty one."
        return
    if notes(changelog, "Unreleased").strip():
        yield f"CHANGELOG.md has entries under Unreleased; move them to {version}."
    if not notes(changelog, version).strip():
        yield f"CHANGELOG.md has no entries under {version}."


def notes(changelog: str, version: str) -> str:
    """Return the changelog's section for `version`, or an empty string."""
    parts = _HEADING.split(changelog)
    for name, _, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if name == version:
            return f"{text.strip()}\n"
    return ""


def pinned(readme: str, version: str) -> str:
    """Return the README with full versions in pins of this action replaced by `version`, or unchanged if it is not of the form X.Y.Z."""
    return _PINNED.sub(version, readme) if _RELEASE.fullmatch(version) else readme


def faults_of_readme(readme: str, version: str) -> Iterator[str]:
    """Yield a fault if the README does not pin this action to `version`, or has instructions for the time before the first release."""
    if _BEFORE in readme:
        yield f"README.md has instructions for the time before the first release; remove the lines between `{_BEFORE}` and its end."
    found = set(_PINNED.findall(readme))
    if found != {version}:
        yield f"README.md pins this action to {', '.join(sorted(found)) or 'no full version'} instead of {version}; run `make docs`."


def faults_of_tree(status: str) -> Iterator[str]:
    """Yield a fault if git's short `status` lists any file."""
    if status:
        yield f"The working tree is not clean:\n{status.rstrip()}"


def faults_of_tag(tag: str, version: str, tags: Mapping[str, tuple[str, str]], head: str) -> Iterator[str]:
    """Yield a fault if `tag` is not an annotated tag of `version` at `head`, or, without a `tag`, if `version` cannot be tagged."""
    if not tag and f"v{version}" in tags:
        yield f"The tag v{version} already exists and must not move; increase the version in pyproject.toml."
    if tag and tag != f"v{version}":
        yield f"The tag is {tag}, but the version in pyproject.toml is {version}."
    elif tag and tags.get(tag) != ("tag", head):
        yield f"The tag {tag} is not an annotated tag of the commit that is checked out; create it with `git tag --sign`."
    for other in tags:
        if _is_newer(other, f"v{version}"):
            yield f"The tag {other} is newer; this release would move `{other.partition('.')[0]}` back."


def _is_newer(tag: str, other: str) -> bool:
    """Return whether both are release tags of the same major version, and `tag` is the later one."""
    if not all(name.startswith("v") and _RELEASE.fullmatch(name[1:]) for name in (tag, other)):
        return False
    first, second = (tuple(map(int, name[1:].split("."))) for name in (tag, other))
    return first[0] == second[0] and first > second


def _faults_of_dist(folder: Path, version: str) -> Iterator[str]:
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
    """Yield a fault for each file that is missing in the wheel, is unexpected there, or differs from the working `tree`."""
    info = f"{NAME}-{version}.dist-info/"
    package = {name[len("src/") :]: content for name, content in tree.items() if name.startswith(f"src/{NAME}/")}
    required = {*package, *(info + name for name in _DIST_INFO)}
    yield from _differences("The wheel", files, required, {info + "entry_points.txt"}, package)
    if f"\nVersion: {version}\n".encode() not in files.get(info + "METADATA", b""):
        yield f"The wheel's METADATA does not have the version {version}."


def faults_of_sdist(files: Mapping[str, bytes], tree: Mapping[str, bytes], version: str) -> Iterator[str]:
    """Yield a fault for each file that is missing in the sdist, is unexpected there, or differs from the working `tree`."""
    root = f"{NAME}-{version}/"
    required = {root + name for name in (*_IN_SDIST, *(name for name in tree if name.startswith(f"src/{NAME}/")))}
    sources = {root + name: content for name, content in tree.items()}
    if f"{root}pyproject.toml.orig" in files:  # uv_build rewrites pyproject.toml and keeps the original
        sources[f"{root}pyproject.toml.orig"] = sources.pop(f"{root}pyproject.toml")
    yield from _differences("The sdist", files, required, set(sources), sources)


def _differences(
    distribution: str, files: Mapping[str, bytes], required: set[str], allowed: set[str], sources: Mapping[str, bytes]
) -> Iterator[str]:
    for name in sorted(required - set(files)):
        yield f"{distribution} lacks {name}."
    for name in sorted(set(files) - required - allowed):
        yield f"{distribution} has an unexpected file, {name}."
    for name in sorted(set(files) & set(sources)):
        if files[name] != sources[name]:
            yield f"{distribution} has a {name} that differs from the working tree."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
