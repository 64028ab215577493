"""The checks of a release, and the workflows that publish it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from email import message_from_bytes
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import release
from tools.shared import ROOT
from tools.shared.uv import UV

_WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_DOCUMENTS: dict[str, dict[str, Any]] = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in _WORKFLOWS}
_JOBS = [pytest.param(job, id=f"{name}-{key}") for name, document in _DOCUMENTS.items() for key, job in document["jobs"].items()]
_RELEASE = _DOCUMENTS["release"]["jobs"]
_MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

_CHANGELOG = """\
# Changelog

## [Unreleased]

## [1.2.3] - 2026-01-02

### Added

- A thing.

## [1.2.2] - 2026-01-01

- Another thing.
"""

_BEGIN = "CHANGELOG.md must start with `## [Unreleased]` and `## [1.2.3] - YYYY-MM-DD`; rename Unreleased, and add a new, empty one."
_EXISTS = "The tag v1.2.3 already exists and must not move; increase the version in pyproject.toml."
_NOT_ANNOTATED = "The tag v1.2.3 is not an annotated tag of the commit that is checked out; create it with `git tag --sign`."
_HEAD = "1" * 40
_OTHER = "2" * 40


def _scripts(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def _uses() -> Iterator[tuple[Path, str]]:
    for path in [*_WORKFLOWS, *(ROOT / name for name in release.ACTIONS), *sorted((ROOT / "examples").glob("*.yml"))]:
        for line in re.findall(r"^\s*(?:- )?uses: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            if not line.startswith(("./", "org/uv-system-sync")):
                yield path, line


def test_version() -> None:
    """The version comes from pyproject.toml, and no file of the package repeats it."""
    version = release.version_of((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert "1.2.3" == release.version_of('[project]\nname = "x"\nversion = "1.2.3"\n')
    assert [] == [str(path) for path in (ROOT / "src").rglob("*.py") if f'"{version}"' in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("version", ["1.0.0.dev0", "1.0", "1.0.0rc1", "01.0.0", "v1.0.0"])
def test_version_that_is_not_released(version: str) -> None:
    """Only a full version without a suffix is released."""
    assert [f"The version in pyproject.toml is {version}; change it to X.Y.Z."] == list(release.faults_of_version(version))
    assert [] == list(release.faults_of_version("10.0.23"))


def test_changelog() -> None:
    """A release needs an empty section `Unreleased`, followed by a dated section with the changes of the version."""
    assert [] == list(release.faults_of_changelog(_CHANGELOG, "1.2.3"))
    assert "### Added\n\n- A thing.\n" == release.notes(_CHANGELOG, "1.2.3")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        pytest.param("## [Unreleased]\n\n", "", _BEGIN, id="nothing-open"),
        pytest.param("## [1.2.3] - 2026-01-02\n", "", _BEGIN, id="no-section"),
        pytest.param(" - 2026-01-02", "", _BEGIN, id="no-date"),
        pytest.param("[1.2.3]", "[1.2.4]", _BEGIN, id="another-version"),
        pytest.param("### Added\n\n- A thing.\n\n", "", "CHANGELOG.md has no entries under 1.2.3.", id="nothing-new"),
        pytest.param(
            "[Unreleased]\n",
            "[Unreleased]\n\n- More.\n",
            "CHANGELOG.md has entries under Unreleased; move them to 1.2.3.",
            id="left-behind",
        ),
    ],
)
def test_changelog_that_is_not_ready(old: str, new: str, fault: str) -> None:
    """Everything that the changelog lacks for a release is a fault."""
    assert old in _CHANGELOG
    assert [fault] == list(release.faults_of_changelog(_CHANGELOG.replace(old, new, 1), "1.2.3"))


def test_readme_is_written() -> None:
    """Only full versions of this action are replaced, and only by the version of a release."""
    text = "`org/uv-system-sync@v1.0.0`, org/uv-system-sync@v1, other/action@v1.0.0 # v1.0.0"

    assert "`org/uv-system-sync@v1.2.3`, org/uv-system-sync@v1, other/action@v1.0.0 # v1.0.0" == release.pinned(text, "1.2.3")
    assert text == release.pinned(text, "1.2.3.dev0")


def test_readme_that_is_not_ready() -> None:
    """The README must pin the action to the version of the release, and to no other."""
    fault = "README.md pins this action to {} instead of 1.2.3; run `make docs`."

    assert [] == list(release.faults_of_readme("org/uv-system-sync@v1.2.3", "1.2.3"))
    assert [fault.format("1.0.0")] == list(release.faults_of_readme("org/uv-system-sync@v1.0.0", "1.2.3"))
    assert [fault.format("1.0.0, 1.2.3")] == list(release.faults_of_readme("org/uv-system-sync@v1.2.3 org/uv-system-sync@v1.0.0", "1.2.3"))
    assert [fault.format("no full version")] == list(release.faults_of_readme("org/uv-system-sync@v1", "1.2.3"))


def test_readme_of_this_repository() -> None:
    """The README pins a full version, and has one block to remove before the first release, which RELEASING.md names."""
    readme = release.pinned((ROOT / "README.md").read_text(encoding="utf-8"), "1.2.3")
    start, text, end = re.split(r"(<!-- until the first release -->\n.*\n<!-- /until the first release -->\n\n)", readme)
    comment = text.partition("\n")[0]

    assert [f"README.md has instructions for the time before the first release; remove the lines between `{comment}` and its end."] == list(
        release.faults_of_readme(readme, "1.2.3")
    )
    assert [] == list(release.faults_of_readme(start + end, "1.2.3"))
    assert comment in (ROOT / "RELEASING.md").read_text(encoding="utf-8")


def test_tree() -> None:
    """Uncommitted files are listed."""
    assert [] == list(release.faults_of_tree(""))
    assert ["The working tree is not clean:\n M README.md"] == list(release.faults_of_tree(" M README.md\n"))


@pytest.mark.parametrize(
    ("tag", "tags", "faults"),
    [
        pytest.param("", {}, [], id="first"),
        pytest.param("", {"v1": ("commit", _OTHER), "v1.2.2": ("tag", _OTHER), "v2.0.0": ("tag", _OTHER)}, [], id="next"),
        pytest.param(
            "",
            {"v1.2.3": ("tag", _HEAD)},
            [_EXISTS],
            id="exists",
        ),
        pytest.param("", {"v1.10.0": ("tag", _OTHER)}, ["The tag v1.10.0 is newer; this release would move `v1` back."], id="older"),
        pytest.param("v1.2.3", {"v1.2.3": ("tag", _HEAD)}, [], id="tagged"),
        pytest.param("v1.2.4", {}, ["The tag is v1.2.4, but the version in pyproject.toml is 1.2.3."], id="another-version"),
        *(
            pytest.param(
                "v1.2.3",
                tags,
                [_NOT_ANNOTATED],
                id=name,
            )
            for name, tags in {
                "lightweight": {"v1.2.3": ("commit", _HEAD)},
                "elsewhere": {"v1.2.3": ("tag", _OTHER)},
                "missing": {},
            }.items()
        ),
    ],
)
def test_tag(tag: str, tags: dict[str, tuple[str, str]], faults: list[str]) -> None:
    """The tag is annotated, on the commit and of the version. Without a tag, the version is the newest of its major version."""
    assert faults == list(release.faults_of_tag(tag, "1.2.3", tags, _HEAD))


_TREE = {"src/uv_system_sync/a.py": b"a", "LICENSE": b"l", "README.md": b"r", "pyproject.toml": b"p", "tests/test_a.py": b"t"}
_INFO = "uv_system_sync-1.2.3.dist-info/"
_WHEEL = {
    "uv_system_sync/a.py": b"a",
    **dict.fromkeys((_INFO + name for name in ("RECORD", "WHEEL", "licenses/LICENSE", "entry_points.txt")), b""),
    _INFO + "METADATA": b"Metadata-Version: 2.4\nVersion: 1.2.3\n",
}
_ROOT = "uv_system_sync-1.2.3/"
_SDIST = {_ROOT + name: content for name, content in _TREE.items() if not name.startswith("tests/")} | {_ROOT + "PKG-INFO": b"i"}


def test_wheel() -> None:
    """The wheel has the package and its metadata, and nothing else."""
    without = {name: content for name, content in _WHEEL.items() if name not in {"uv_system_sync/a.py", _INFO + "WHEEL"}}
    outdated = {**_WHEEL, "uv_system_sync/a.py": b"b", _INFO + "METADATA": b"Version: 1.2.2\n"}

    assert [] == list(release.faults_of_wheel(_WHEEL, _TREE, "1.2.3"))
    assert [f"The wheel lacks {_INFO}WHEEL.", "The wheel lacks uv_system_sync/a.py."] == list(
        release.faults_of_wheel(without, _TREE, "1.2.3")
    )
    assert ["The wheel has an unexpected file, tests/test_a.py."] == list(
        release.faults_of_wheel({**_WHEEL, "tests/test_a.py": b"t"}, _TREE, "1.2.3")
    )
    assert [
        "The wheel has a uv_system_sync/a.py that differs from the working tree.",
        "The wheel's METADATA does not have the version 1.2.3.",
    ] == list(release.faults_of_wheel(outdated, _TREE, "1.2.3"))


def test_sdist() -> None:
    """The sdist has the sources of the wheel, and nothing that is not in the working tree."""
    assert [] == list(release.faults_of_sdist(_SDIST, _TREE, "1.2.3"))
    assert [] == list(release.faults_of_sdist({**_SDIST, _ROOT + "tests/test_a.py": b"t"}, _TREE, "1.2.3"))
    assert [
        f"The sdist has an unexpected file, {_ROOT}.env.",
        f"The sdist has a {_ROOT}README.md that differs from the working tree.",
    ] == list(release.faults_of_sdist({**_SDIST, _ROOT + ".env": b"", _ROOT + "README.md": b"x"}, _TREE, "1.2.3"))
    rewritten = {**_SDIST, _ROOT + "pyproject.toml": b"P", _ROOT + "pyproject.toml.orig": b"p"}
    assert [] == list(release.faults_of_sdist(rewritten, _TREE, "1.2.3"))
    assert [f"The sdist has a {_ROOT}pyproject.toml.orig that differs from the working tree."] == list(
        release.faults_of_sdist({**rewritten, _ROOT + "pyproject.toml.orig": b"x"}, _TREE, "1.2.3")
    )
    assert [f"The sdist lacks {_ROOT}LICENSE."] == list(
        release.faults_of_sdist({name: content for name, content in _SDIST.items() if not name.endswith("LICENSE")}, _TREE, "1.2.3")
    )


_PYPROJECT = """\
[project]
name = "uv-system-sync"
version = "1.2.3"
readme = "README.md"
license-files = ["LICENSE"]

[build-system]
requires = ["uv_build>=0.8"]
build-backend = "uv_build"
"""


class _Repository:
    """A repository that is ready for a release, with a copy of tools/release.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = {"pyproject.toml": _PYPROJECT, "CHANGELOG.md": _CHANGELOG, "README.md": "org/uv-system-sync@v1.2.3\n", "LICENSE": "MIT\n"}
        files |= {"tools/release.py": Path(release.__file__).read_text(encoding="utf-8"), ".gitignore": "__pycache__/\ndist/\n"}
        for name, text in {**files, **dict.fromkeys(release.ACTIONS, ""), "src/uv_system_sync/__init__.py": ""}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Release")

    def git(self, *arguments: str) -> None:
        """Run git without signing."""
        who = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True)

    def tool(self, *arguments: str, tag: str = "") -> tuple[int, list[str]]:
        """Run the tool, and return its exit status and the lines of its output."""
        command = [sys.executable, "-m", "tools.release", *arguments]
        done = subprocess.run(command, cwd=self.folder, env={**os.environ, "TAG": tag}, check=False, capture_output=True, text=True)
        assert not done.stderr
        return done.returncode, done.stdout.splitlines()


@pytest.fixture
def repository(tmp_path: Path) -> _Repository:
    """A repository that is ready for a release."""
    return _Repository(tmp_path)


def test_check(repository: _Repository) -> None:
    """A repository that is ready passes; otherwise all faults are reported. `unchecked` lists what only GitHub can check."""
    unchecked = ["Not checked, because it needs GitHub:", *(f"- {what}" for what in release.ONLY_ON_GITHUB)]

    assert (0, unchecked) == repository.tool("unchecked")
    assert (0, ["Version, changelog, README, actions, tree and tag are in order."]) == repository.tool("check")
    (repository.folder / "README.md").write_text("org/uv-system-sync@v1\n", encoding="utf-8")
    (repository.folder / "report" / "action.yml").unlink()
    assert (
        1,
        [
            "README.md pins this action to no full version instead of 1.2.3; run `make docs`.",
            "There is no report/action.yml.",
            "The working tree is not clean:",
            " M README.md",
            " D report/action.yml",
        ],
    ) == repository.tool("check")


def test_check_of_a_tag(repository: _Repository) -> None:
    """The tag must be annotated and point to the commit that is checked out."""
    repository.git("tag", "v1.2.3")
    assert (1, [_NOT_ANNOTATED]) == repository.tool("check", tag="v1.2.3")
    repository.git("tag", "--force", "--annotate", "--message", "1.2.3", "v1.2.3")
    assert 0 == repository.tool("check", tag="v1.2.3")[0]
    assert (1, [_EXISTS]) == repository.tool("check")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "Later")
    assert (1, [_NOT_ANNOTATED]) == repository.tool("check", tag="v1.2.3")


def test_distributions(repository: _Repository) -> None:
    """Distributions that uv builds pass; additional files in the folder or the package are reported."""
    build = [str(UV), "build", "--quiet", "--offline", "--no-config", "--python", sys.executable, "--out-dir", "dist"]
    subprocess.run(build, cwd=repository.folder, check=True)

    assert (0, ["The wheel and the sdist have exactly the expected files."]) == repository.tool("dist", "dist")
    assert (0, ["### Added", "", "- A thing."]) == repository.tool("notes")
    (repository.folder / "src" / "uv_system_sync" / "left.py").write_text("", encoding="utf-8")
    subprocess.run(build, cwd=repository.folder, check=True)
    assert (
        1,
        [
            "The wheel has an unexpected file, uv_system_sync/left.py.",
            "The sdist has an unexpected file, uv_system_sync-1.2.3/src/uv_system_sync/left.py.",
        ],
    ) == repository.tool("dist", "dist")
    (repository.folder / "dist" / "x.txt").write_text("", encoding="utf-8")
    wanted = "uv_system_sync-1.2.3-py3-none-any.whl, uv_system_sync-1.2.3.tar.gz"
    assert (1, [f"dist has {wanted}, x.txt instead of {wanted}."]) == repository.tool("dist", "dist")


def test_one_check_for_both() -> None:
    """The release workflow checks and builds with the same make targets as a developer."""
    recipe = _MAKEFILE.partition("\nrelease-check:")[2].partition("\n\n")[0]

    assert ["check", "lint test dist", "unchecked"] == re.findall(
        r"^\t\$\((?:MAKE\) |BIN\)/python -m tools\.release )(.+)$", recipe, re.MULTILINE
    )
    assert [{"TAG": "${{ github.ref_name }}"}] == [
        step["env"] for step in _RELEASE["check"]["steps"] if step.get("run") == "make release-check PYTHON=python"
    ]
    assert "make dist PYTHON=python" in _scripts(_RELEASE["build"])


def test_order_of_a_release() -> None:
    """Checks, build and attestation come before publishing. The major version's tag moves last, and needs approval."""
    needs = {name: job.get("needs", []) for name, job in _RELEASE.items()}

    assert {
        "check": [],
        "build": "check",
        "attest": "build",
        "pypi": "attest",
        "release": "attest",
        "major": ["check", "pypi", "release"],
    } == needs
    assert {"pypi", "release", "major"} == {name for name, job in _RELEASE.items() if job.get("environment") == "release"}


def test_who_may_write() -> None:
    """Only the jobs that publish have write permissions, and they neither check out the repository nor run its code."""
    writing = {name: {key for key, value in job["permissions"].items() if value == "write"} for name, job in _RELEASE.items()}

    assert {
        "check": set(),
        "build": set(),
        "attest": {"attestations", "id-token"},
        "pypi": {"id-token"},
        "release": {"contents"},
        "major": {"contents"},
    } == writing
    for name in ("attest", "pypi", "release", "major"):
        assert [] == [step for step in _RELEASE[name]["steps"] if "checkout" in step.get("uses", "") or "make" in step.get("run", "")]


class _Uploads(BaseHTTPRequestHandler):
    """An index that accepts every file and records the form of each upload."""

    forms: list[dict[str, str]]

    def do_POST(self) -> None:
        """Record the text fields of the form, and the file name as `content`."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = message_from_bytes(f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode() + body)
        parts = [part for part in message.walk() if not part.is_multipart()]
        names = [str(part.get_param("name", header="content-disposition")) for part in parts]
        self.forms.append({name: part.get_filename() or str(part.get_payload()) for name, part in zip(names, parts, strict=True)})
        self.send_response(HTTPStatus.OK)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def test_each_file_is_uploaded_with_its_attestation(repository: _Repository) -> None:
    """`pypi-attestations sign` names an attestation after its file (pypi_attestations/_cli.py, _sign)."""
    subprocess.run([str(UV), "build", "--quiet", "--offline", "--no-config", "--python", sys.executable], cwd=repository.folder, check=True)
    names = [path.name for path in (repository.folder / "dist").iterdir() if path.name.endswith((".whl", ".gz"))]
    for name in names:
        (repository.folder / "dist" / f"{name}.publish.attestation").write_text(json.dumps({"of": name}), encoding="utf-8")
    step = next(step["run"] for step in _RELEASE["pypi"]["steps"] if step["name"] == "Publish")
    _Uploads.forms = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Uploads) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"--publish-url http://127.0.0.1:{server.server_port}/ --username u --password p --trusted-publishing never"
        script = step.splitlines()[-1].replace("--trusted-publishing always", address)
        environ = {**os.environ, "PATH": f"{UV.parent}:{os.environ['PATH']}"}
        subprocess.run(["bash", "-ec", script], cwd=repository.folder, env=environ, check=True, capture_output=True)
        server.shutdown()

    assert 2 == len(names)
    assert {name: [{"of": name}] for name in names} == {form["content"]: json.loads(form["attestations"]) for form in _Uploads.forms}


@pytest.mark.parametrize("job", ["attest", "pypi"])
def test_tools_that_publish_are_locked_with_their_dependencies(job: str) -> None:
    """The tools are installed as wheels, with the hashes of the locks in the release's checkout."""
    (script,) = (step["run"] for step in _RELEASE[job]["steps"] if "run" in step)
    options, lock = re.findall(r"^python -m pip install (.+) --requirement release/(.+)$", script, re.MULTILINE)[0]

    assert {"--require-hashes", "--no-deps", "--only-binary :all:"} <= {*re.findall(r"--[\w-]+(?: :all:)?", options)}
    assert lock in next(step["with"]["path"] for step in _RELEASE["build"]["steps"] if step["name"].startswith("Upload the notes")).split()
    pins = re.findall(r"^([\w.-]+)==\S+(?: ;.*)? \\\n    --hash=sha256:", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    assert {"attest": "pypi-attestations", "pypi": "uv"}[job] in pins


def test_weekly_run() -> None:
    """Both jobs use the same Pythons. The only write permission is for issues, in a job that does not run this repository's code."""
    jobs = _DOCUMENTS["newest"]["jobs"]
    pythons = next(step["with"] for step in jobs["test"]["steps"] if step["name"] == "Get the Pythons to sync into")["python-version"]

    assert jobs["sync"]["strategy"]["matrix"]["python"] == pythons.split()
    assert [*[{"contents": "read"}] * 3, {"issues": "write"}] == [job["permissions"] for job in jobs.values()]
    assert ["pipx install uv"] * 2 == [
        step["run"] for job in jobs.values() for step in job["steps"] if step["name"] == "Install the newest uv"
    ]
    assert 1 == len(jobs["issue"]["steps"])


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_workflow(name: str) -> None:
    """Every workflow grants no permissions at the top level, and declares its concurrency."""
    assert {} == _DOCUMENTS[name]["permissions"]
    assert {"group", "cancel-in-progress"} == set(_DOCUMENTS[name]["concurrency"])


@pytest.mark.parametrize("job", _JOBS)
def test_job(job: dict[str, Any]) -> None:
    """Every job has a timeout and declares its permissions."""
    assert isinstance(job.get("timeout-minutes"), int)
    assert isinstance(job.get("permissions"), dict)


def test_pins() -> None:
    """Every third-party action is pinned to a commit, with its version as a comment, and to the same one everywhere."""
    pins = sorted({line for _, line in _uses()})

    assert [] == [(path, line) for path, line in _uses() if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]
    assert len({line.partition("@")[0] for line in pins}) == len(pins)
    documents = "".join(path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
    assert {*re.findall(r"uses: (\S+@[0-9a-f]{40} # \S+)", documents)} <= {*pins}


def test_pins_are_kept_up_to_date() -> None:
    """Dependabot covers every folder with pinned actions."""
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    folders = {"/": [*_WORKFLOWS, ROOT / "action.yml"], "/examples": list((ROOT / "examples").glob("*.yml"))}
    covered = {path for folder in updates[0]["directories"] for path in folders[folder]}

    assert "github-actions" == updates[0]["package-ecosystem"]
    assert set() == {path for path, _ in _uses()} - covered


@pytest.fixture
def gh(tmp_path: Path) -> dict[str, str]:
    """The environment of a step, with a `gh` that records its arguments, prints ANSWER and exits with STATUS."""
    program = tmp_path / "gh"
    program.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$*" >>"$CALLS"\n'
        'case "$*" in "issue list"* | "api --silent repos/"*) echo "$ANSWER"; exit "$STATUS";; esac\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "CALLS": str(tmp_path / "calls"), "ANSWER": "", "STATUS": "0"}


def _run(job: dict[str, Any], environ: dict[str, str]) -> list[str]:
    """Run the job's script as the runner does, and return the arguments of each call of `gh`."""
    subprocess.run(["bash", "-e", "-c", _scripts(job)], env=environ, check=True)
    return Path(environ["CALLS"]).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("answer", "call"),
    [
        pytest.param("", "issue create --title T --label newest --body B", id="none-open"),
        pytest.param("7", "issue comment 7 --body B", id="one-open"),
    ],
)
def test_one_issue(gh: dict[str, str], answer: str, call: str) -> None:
    """A failed weekly run opens an issue, or comments on an open one."""
    calls = _run(_DOCUMENTS["newest"]["jobs"]["issue"], {**gh, "ANSWER": answer, "LABEL": "newest", "TITLE": "T", "BODY": "B"})

    assert ["label create newest", "issue list --state open --label newest", call] == [
        re.sub(r" (--force|--limit) .*", "", call) for call in calls
    ]


@pytest.mark.parametrize(
    ("status", "call"),
    [
        pytest.param("0", f"--method PATCH repos/o/r/git/refs/tags/v12 --raw-field sha={_HEAD} --field force=true", id="moves"),
        pytest.param("1", f"--method POST repos/o/r/git/refs --raw-field ref=refs/tags/v12 --raw-field sha={_HEAD}", id="is-new"),
    ],
)
def test_major(gh: dict[str, str], status: str, call: str) -> None:
    """The tag of the major version moves to the commit of the release, or is created if it does not exist."""
    calls = _run(_RELEASE["major"], {**gh, "STATUS": status, "TAG": "v12.3.4", "COMMIT": _HEAD, "GITHUB_REPOSITORY": "o/r"})

    assert ["api --silent repos/o/r/git/ref/tags/v12", f"api --silent {call}"] == calls
