"""Builds that print workflow commands and write to the runner's files; tests/support/runner_log.py reads the log as the runner does."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support import program
from tests.support.index import Index
from tests.support.layouts import before_the_step, watched_build
from tests.support.projects import Project
from tests.support.remote import locked_remote
from tests.support.runner_log import Command, lines, obeyed
from tests.support.step import Outcome, Runner
from tools.shared.runner_files import StepFiles, read_env, read_outputs, read_path
from tools.shared.uv import UV
from tools.shared.wheels import file_name

PRINTED = (
    *("::set-env name=EVIL::1", "::add-path::/evil", "::add-mask::alpha", "::set-output name=evil::1", "::save-state name=evil::1"),
    *("::error::boom", "::warning file=a,line=1::boom", "::notice::boom", "::debug::boom", "::echo::on", "::add-matcher::/evil.json"),
    *("::endgroup::", "::group::evil", "::stop-commands::evil", "::evil::", "::STOP-COMMANDS::other", "::stop-commands::error", "::::"),
    *("##[error]boom", "##[endgroup]", "##[set-env name=EVIL]1", "in the middle ##[add-path]/evil", "###[error]boom", "##[group]evil"),
    *("  ::error::after spaces", "\t::error::after a tab", "\u3000::error::after a wide space", "in the middle ::error::boom"),
    *("\x1b[31m::error::red\x1b[0m", "\x1b[31m##[error]red\x1b[0m", "before\r::error::after a carriage return", "\r\r##[error]boom"),
    *("\u202e::error::right to left", "\u200b::error::after nothing", "\u2028::error::after a separator", "\x85::error::after another"),
)

# The same through uv's own output, written in fragments.
RAW: dict[str, tuple[bytes, ...]] = {
    "lines": tuple(f"{line}{end}".encode() for end in ("\n", "\r\n", "\r") for line in PRINTED),
    "split": (b"\n:", b":err", b"or:", b":boom\n#", b"#", b"[err", b"or]boom\n##", b"[error]", b"boom\r", b"\n::error::boom", b"\n"),
    "no-final-newline": (b"\n::error::boom",),
    "no-final-newline-after-a-sign": (b"\n##[error]boom ##",),
    "not-utf-8": (b"\n\xff\xfe::error::boom\n\xc3", b"\n::error::\xed\xa0\x80\n", b"\xe2\x80", b"\r::error::boom\n\xf0\x9f"),
    "utf-16": ("\n::error::boom\n".encode("utf-16"), b"\n"),
    "nul": (b"\n\x00::error::boom\x00\n::error\x00::boom\n",),
    "a-megabyte": (b"\n" + b"::error::" * 2**17, b"##[error]" * 2**14, b"\n"),
    "very-many-lines": (b"::error::boom\n" * 2**14, b"::stop-commands::evil\n" * 2**10),
}


@dataclass(frozen=True)
class Step:
    """The step of the action in a project with a hostile build, and its log in bytes."""

    ci: Runner
    project: Project
    folder: Path

    def build_with(self, *program: str) -> None:
        """Add a build backend to the project that runs `program` first."""
        watched_build(self.project, self.folder / "notes")
        backend = self.project.folder / "backend.py"
        first = ("import glob, os, pathlib, sys, time", *program)
        backend.write_text("\n".join((*first, backend.read_text(encoding="utf-8"))), encoding="utf-8")

    def run(self, **inputs: str) -> tuple[Outcome, bytes]:
        """Run the step with `inputs`, and return its outcome and log."""
        outcome = self.ci.sync(**inputs)
        return outcome, (self.folder / "log").read_bytes()


@pytest.fixture
def step(ci: Runner, project: Project, target: Path, tmp_path: Path) -> Step:
    """The step in a separate project."""
    return Step(before_the_step(ci, target, f"exec >{tmp_path}/log 2>&1"), project, tmp_path)


def commands(log: bytes) -> list[str]:
    """Return the names of the commands in `log` that the runner obeys. The step's own stop token is returned as `token`."""
    found = obeyed(log)
    token = next(command.data for command in found if command.name == "stop-commands")
    return ["token" if command == Command(token, "") else command.name for command in found]


def hidden(log: bytes) -> list[str]:
    """Return the lines that a build printed and that are missing from `log`; without a terminal, uv removes colours."""
    printed = re.sub("\x1b\\[[0-9]*m", "", "\r".join(PRINTED)).replace("##[", "##\\[").split("\r")
    return [piece for piece in printed if not any(piece.strip() in line for line in lines(log))]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_of_a_failed_build_is_shown_and_the_one_error_is_ours(step: Step, stream: str) -> None:
    step.build_with(f"for line in {PRINTED!r}:", f"    print(line, file=sys.{stream}, flush=True)", "sys.exit(3)")

    outcome, content = step.run()

    assert ["group", "stop-commands", "token", "endgroup", "error"] == commands(content)
    annotation = obeyed(content)[-1]
    assert ("sync-failed", True, False) == (annotation.properties["title"], "set-env" in annotation.data, "##[" in annotation.data)
    assert [] == [line for line in [*annotation.data.split("\n"), *outcome.summary.split("\n")] if not line.isprintable()]
    assert [] == hidden(content)
    assert (1, False) == (outcome.returncode, outcome.published)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_of_a_successful_build_is_shown_and_not_obeyed(step: Step, stream: str) -> None:
    step.build_with(f"for line in {PRINTED!r}:", f"    print(line, file=sys.{stream}, flush=True)")

    outcome, content = step.run(args="--verbose")

    assert ["group", "stop-commands", "token", "endgroup"] == commands(content)
    assert [] == hidden(content)
    assert ["UV_NO_SYNC", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_PYTHON_PREFERENCE"] == sorted(outcome.env)
    assert "evil" not in outcome.outputs
    assert "/evil" not in outcome.paths


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc to write to the output of another process")
@pytest.mark.parametrize("name", RAW)
def test_bytes_in_the_output_of_uv_are_shown_and_not_obeyed(step: Step, name: str) -> None:
    program = (
        "uv = os.open(f'/proc/{os.getppid()}/fd/1', os.O_WRONLY)",
        f"for piece in {RAW[name]!r}:",
        "    left = memoryview(piece)",
        "    while left:",
        "        left = left[os.write(uv, left):]",
        f"    time.sleep({0.02 if name == 'split' else 0})",
    )
    step.build_with(*program)

    outcome, content = step.run()

    assert 0 == outcome.returncode, content
    assert ["group", "stop-commands", "token", "endgroup"] == commands(content)
    assert b"".join(RAW[name]).replace(b"##[", b"##\\[") in content


GUID = "0b9e2f5c-6f0e-4c1e-9d53-1f0f6c1f7a11"


@pytest.fixture
def runner_files(ci: Runner) -> StepFiles:
    """The step's files, under the names that the runner uses, where a build can find them."""
    temp = ci.folder / "temp"
    folder = temp / "_runner_file_commands"
    folder.mkdir(parents=True)
    env, path, output, summary = (folder / f"{name}_{GUID}" for name in ("set_env", "add_path", "set_output", "step_summary"))
    files = StepFiles(env, path, output, summary, temp)
    for file in files.commands:
        file.touch()
    ci.environ.update({name: path for name, path in files.environ.items() if name != "RUNNER_TEMP"})
    return files


def handed_on(files: StepFiles) -> tuple[object, ...]:
    """Return everything that later steps receive through the step's files."""
    return (read_env(files.env), read_path(files.path), read_outputs(files.output))


EVERY_FILE = "for path in glob.glob(os.path.join(os.environ['RUNNER_TEMP'], '_runner_file_commands', '*')):"


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(("    open(path, 'a').write('EVIL=1\\n')",), id="appended-to"),
        pytest.param(("    open(path, 'a').write('EVIL=1\\n')", "sys.exit(3)"), id="appended-to-before-it-fails"),
        pytest.param(("    open(path, 'a').write('EVIL<<ghadelimiter_\\n')",), id="left-open"),
        pytest.param(("    pathlib.Path(path + '.new').write_text('EVIL=1\\n')", "    os.replace(path + '.new', path)"), id="replaced"),
        pytest.param(
            ("    pathlib.Path('evil').write_text('EVIL=1\\n')", "    os.unlink(path)", "    os.symlink(os.path.abspath('evil'), path)"),
            id="made-a-link",
        ),
    ],
)
def test_what_a_build_writes_to_the_files_of_the_runner_is_undone_and_an_error(
    step: Step, runner_files: StepFiles, program: tuple[str, ...]
) -> None:
    step.build_with(EVERY_FILE, *program)

    outcome, content = step.run()

    (error,) = [command for command in obeyed(content) if command.name == "error"]
    assert ({"title": "runner-unusable"}, 1) == (error.properties, outcome.returncode)
    assert ({}, [], {}) == handed_on(runner_files)


@pytest.mark.parametrize("program", ["    os.unlink(path)", "    os.chmod(path, 0)"], ids=["removed", "made-unreadable"])
def test_if_a_build_breaks_the_files_of_the_runner_later_steps_get_what_we_wrote_or_nothing_and_one_error(
    step: Step, runner_files: StepFiles, program: str
) -> None:
    step.build_with(EVERY_FILE, program)

    outcome, content = step.run()

    errors = [command.properties for command in obeyed(content) if command.name == "error"]
    env, _, outputs = handed_on(runner_files)
    assert ([] if outcome.returncode == 0 else [{"title": "runner-unusable"}]) == errors
    assert (outcome.returncode == 0) == bool(env) == bool(outputs)


def test_what_earlier_commands_have_written_survives_a_build(step: Step, runner_files: StepFiles) -> None:
    runner_files.env.write_text("EARLIER=1\n", encoding="utf-8")
    step.build_with(EVERY_FILE, "    open(path, 'w').write('EVIL=1\\n')")

    _, content = step.run()

    assert ["runner-unusable"] == [command.properties["title"] for command in obeyed(content) if command.name == "error"]
    assert ({"EARLIER": "1"}, [], {}) == handed_on(runner_files)


# Files of other steps: the step that uses the action, whose files the runner reads last, and a step that has ended.
OTHERS = {
    "outer": "_runner_file_commands/set_env_8f2c5c2e-2b55-4c39-9a83-7d2f7c1d0b22",
    "event": "_github_workflow/event.json",
}


@pytest.fixture
def others(ci: Runner, runner_files: StepFiles) -> dict[str, Path]:
    """Files of the runner that belong to other steps."""
    files = {name: runner_files.temp / path for name, path in OTHERS.items()}
    for file in files.values():
        file.parent.mkdir(exist_ok=True)
        file.write_text("BEFORE=1\n", encoding="utf-8")
    ci.environ["GITHUB_EVENT_PATH"] = str(files["event"])
    return files


def contents(folder: Path) -> dict[str, str]:
    """Return the content of each file in `folder`, and the file type of everything else."""
    return {path.name: path.read_text(encoding="utf-8") if path.is_file() else "no file" for path in folder.iterdir()}


def refused(content: bytes) -> list[str]:
    """Return the titles of the errors in a log."""
    return [command.properties["title"] for command in obeyed(content) if command.name == "error"]


@pytest.mark.parametrize(
    "intrusion",
    [
        pytest.param("open('{outer}', 'a').write('BASH_ENV=/evil\\n')", id="appended-to"),
        pytest.param("os.unlink('{outer}')", id="removed"),
        pytest.param("os.replace('{outer}', '{outer}.old')", id="renamed"),
        pytest.param("open('{event}', 'w').write('{{}}')", id="event"),
        pytest.param("open('{outer}.new', 'w').write('BASH_ENV=/evil\\n')", id="new-file"),
        pytest.param("os.makedirs('{outer}.new/x')", id="new-folder"),
        pytest.param("os.symlink('/etc/passwd', '{outer}.new')", id="new-link"),
        pytest.param("os.mkfifo('{outer}.new')", id="new-pipe"),
    ],
)
@pytest.mark.parametrize("status", [0, 3], ids=["and-succeeds", "and-fails"])
def test_what_a_build_does_to_files_of_other_steps_is_undone_and_an_error(
    step: Step, runner_files: StepFiles, others: dict[str, Path], intrusion: str, status: int
) -> None:
    before = [contents(file.parent) for file in others.values()]
    step.build_with(intrusion.format(**others), *(["sys.exit(3)"] if status else []))

    outcome, content = step.run(summary="false")

    assert (["runner-unusable"], 1) == (refused(content), outcome.returncode)
    assert before == [contents(file.parent) for file in others.values()]
    assert ({}, [], {}) == handed_on(runner_files)


@pytest.mark.parametrize("when", ["--version", "sync", "list", "-S"], ids=["version", "sync", "pip-list", "probe"])
def test_whatever_program_of_others_runs_the_files_of_the_runner_are_protected(
    step: Step, runner_files: StepFiles, others: dict[str, Path], target: Path, when: str
) -> None:
    """Neither a uv on PATH nor the target is trusted."""
    inputs, replaced, real = {"allow_externally_managed": "true"}, step.ci.folder / "uv" / "uv", UV
    if when == "-S":
        real, other = target / "bin" / "python3", target.with_name("other")
        inputs["python"], replaced = str(other), other / "bin" / "python3"
        shutil.copytree(target, other, symlinks=True)
    elif when == "list":
        next(target.glob("lib/python3.*/site-packages")).with_name("EXTERNALLY-MANAGED").write_text(
            "[externally-managed]\n", encoding="utf-8"
        )
    replaced.unlink()
    intrusion = f"echo BASH_ENV=/evil >>{others['outer']}; echo EVIL=1 >>{runner_files.env}"
    program(replaced, "#!/bin/sh", f'case " $* " in *" {when} "*) {intrusion} ;; esac', f'exec {shlex.quote(str(real))} "$@"')

    outcome, content = step.run(**inputs)

    assert (["runner-unusable"], 1) == (refused(content), outcome.returncode), content
    assert "BEFORE=1\n" == others["outer"].read_text(encoding="utf-8")
    assert ({}, [], {}) == handed_on(runner_files)


PASSWORD = "hunter2 &/%"  # noqa: S105 - a made-up one


def masked_before_uv_prints(log: bytes) -> list[str]:
    """Return the values that the runner already masks when uv starts printing."""
    found = obeyed(log)
    names = [command.name for command in found]
    return [command.data for command in found[: names.index("group")] if command.name == "add-mask"]


@pytest.mark.parametrize(
    ("variable", "value", "secrets"),
    [
        pytest.param("UV_INDEX_PRIVATE_PASSWORD", PASSWORD, {PASSWORD}, id="password"),
        pytest.param(
            "UV_DEFAULT_INDEX", f"http://u:{quote(PASSWORD, safe='')}@127.0.0.1:9/", {PASSWORD, quote(PASSWORD, safe="")}, id="url"
        ),
        pytest.param("UV_INDEX", "a=http://u:one@127.0.0.1:9/ b=http://u:two@127.0.0.1:9/", {"one", "two"}, id="urls"),
        pytest.param("UV_DEFAULT_INDEX", "http://only-a-token-of-many-letters@127.0.0.1:9/", {"only-a-token-of-many-letters"}, id="token"),
        pytest.param("HTTPS_PROXY", "http://u:through@127.0.0.1:9/", {"through"}, id="proxy"),
    ],
)
def test_credentials_are_masked_before_uv_prints_anything(step: Step, variable: str, value: str, secrets: set[str]) -> None:
    step.run(check="true")
    step.ci.environ[variable] = value
    step.build_with(f"print(os.environ[{variable!r}], flush=True)", "sys.exit(3)")

    _, content = step.run(frozen="true")

    assert secrets <= set(masked_before_uv_prints(content))


def test_credentials_are_masked_before_our_own_dependencies_are_installed(step: Step) -> None:
    url = "http://user:first-of-all@127.0.0.1:9/"
    step.ci.environ.update(UV_DEFAULT_INDEX=url, UV_CACHE_DIR=str(step.folder / "cache"), UV_HTTP_RETRIES="0")

    _, content = step.run()

    assert ["add-mask", "error"] == [command.name for command in obeyed(content)]


# Sentences of uv, each of which has its own explanation.
_SENTENCES = (
    *(
        "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.",
        "error: Required uv version `>=99` does not match",
    ),
    *("error: The environment is outdated; run `uv sync`", "error: unexpected argument '--evil' found", "error: Malware detected in one"),
    "The current Python platform is not compatible with the lockfile's supported environments: `evil`",
    *(
        "error: Failed to fetch: http://127.0.0.1:9/evil",
        "  cause: Connection refused (os error 111)",
        "error: Group `x` is not defined in",
    ),
    "error: Failed to download and build `evil @ git+https://127.0.0.1/evil` cause: Git operation failed Host key verification failed",
    *("[stdout]", "[stderr]", "--- stderr", "  \u00d7 Failed to evil", "  \u251c\u2500\u25b6 Hash mismatch for `evil==1`", "hint: evil"),
    "  \u2570\u2500\u25b6 Network connectivity is disabled, but the requested data wasn't found in the cache: evil",
)
# Ways in which a failing build gets these sentences into uv's output.
_BUILDS = {
    "stdout": ("print(*SENTENCES, sep='\\n', flush=True)", "sys.exit(3)"),
    "stderr": ("print(*SENTENCES, sep='\\n', file=sys.stderr, flush=True)", "sys.exit(3)"),
    "file": ("def build_editable(*arguments):", "    return 'x' + '\\n'.join(SENTENCES)", "build_wheel = build_editable"),
    "requirement": ("def get_requires_for_build_editable(*arguments):", "    return ['x ' + '\\n'.join(SENTENCES)]"),
    "one-line": ("def get_requires_for_build_editable(*arguments):", "    return ['x ' + ' '.join(SENTENCES)]"),
    "marker": (
        "def get_requires_for_build_editable(*arguments):",
        "    return ['x==1; platform_version != \"' + ' '.join(SENTENCES).replace('\"', '') + '\"']",
    ),
}


@pytest.mark.parametrize("args", ["", "--verbose"], ids=["quoted", "streamed"])
@pytest.mark.parametrize("how", _BUILDS)
def test_a_failing_build_that_prints_what_uv_prints_is_a_failed_build(step: Step, how: str, args: str) -> None:
    step.build_with("")
    backend = step.project.folder / "backend.py"
    last = (f"SENTENCES = {_SENTENCES!r}", *_BUILDS[how])
    backend.write_text("\n".join((backend.read_text(encoding="utf-8"), *last)), encoding="utf-8")

    outcome, content = step.run(args=args)

    (error,) = (command for command in obeyed(content) if command.name == "error")
    fact = error.data.splitlines()[0]
    assert ("sync-failed", True) == (error.properties["title"], fact.startswith("sample-project could not be built")), error
    assert (1, False) == (outcome.returncode, b"Trying again" in content)


_PASSWORDS = ("hunter2secret", "hunter2/secret", "hunter2'secret", 'hunter2"secret', "hunter2`secret", "hunter2@secret", "hunter2%40secret")
# Places for an address with a password, each with an input that makes the step fail and show it.
_SHOWN: dict[str, tuple[str, str]] = {
    "default-index": ("UV_DEFAULT_INDEX", ""),
    "indexes": ("UV_INDEX", ""),
    "refused-argument": ("", "--config-file={}"),
    "open-quotation": ("", "--index {} '"),
    "unknown-argument": ("", "--evil={}"),
    "debug": ("", "--index {} --config-file=x"),
}


def left(step: Step, outcome: Outcome, log: bytes) -> str:
    """Return everything that leaves the step, after the runner has masked the log."""
    masks = sorted((command.data for command in obeyed(log) if command.name == "add-mask"), key=len, reverse=True)
    shown = "\n".join(line for line in lines(log) if not line.startswith("::add-mask::"))
    for mask in masks:
        shown = shown.replace(mask, "***").replace(mask.replace("%", "%25"), "***")
    reports = [path.read_text(encoding="utf-8") for path in step.folder.rglob("uv-system-sync-*.json")]
    return "\n".join([shown, outcome.summary, str(outcome.outputs), str(outcome.env), *reports])


@pytest.mark.parametrize("password", _PASSWORDS)
@pytest.mark.parametrize("where", _SHOWN)
def test_no_password_leaves_whatever_it_is_made_of(step: Step, where: str, password: str) -> None:
    variable, args = _SHOWN[where]
    address = f"http://someone:{password}@127.0.0.1:9/simple"
    step.ci.environ.update({"RUNNER_DEBUG": "1", "UV_HTTP_RETRIES": "0", **({variable: address} if variable else {})})
    quoted = address if where == "open-quotation" else shlex.quote(address)

    outcome, content = step.run(args=args.format(quoted), retries="0")

    assert [] == re.findall("hunter2.{,9}|.{,9}secret", left(step, outcome, content))


@pytest.mark.parametrize("password", ["hunter2secret", "hunter2'secret"])
def test_the_password_in_the_address_of_a_package_is_in_no_output_summary_or_report(step: Step, index: Index, password: str) -> None:
    address = f"http://someone:{password}@127.0.0.1:{index.port}/files/{file_name('alpha', '1.0')}"
    text = step.project.pyproject.read_text(encoding="utf-8").replace("'alpha<2'", f'"alpha @ {address}"')
    step.project.pyproject.write_text(text, encoding="utf-8")
    step.project.lock(offline=False)

    outcome, content = step.run(no_install_project="true")
    written = left(step, outcome, content).partition("::endgroup::")[2]

    assert (0, True) == (outcome.returncode, "/files/alpha" in outcome.outputs.get("packages", "")), content
    assert [] == re.findall("hunter2.{,9}|.{,9}secret", written)


@pytest.mark.parametrize(
    ("environ", "is_sent"),
    [
        pytest.param({"UV_INDEX_MINE_USERNAME": "me", "UV_INDEX_MINE_PASSWORD": "hunter2"}, True, id="of-a-name"),
        pytest.param({"UV_DEFAULT_INDEX": "http://me:hunter2@127.0.0.1:9/simple"}, False, id="in-an-address"),
        pytest.param({"UV_INDEX": "mine=http://me:hunter2@127.0.0.1:9/simple"}, False, id="in-an-address-with-the-name"),
    ],
)
def test_a_project_can_send_the_credentials_of_a_name_elsewhere_but_not_those_in_an_address(
    tmp_path: Path, target: Path, index: Index, environ: dict[str, str], *, is_sent: bool
) -> None:
    """The documentation says that uv works this way."""
    ci = locked_remote(tmp_path, target, index)
    with (ci.cwd / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f'[[tool.uv.index]]\nname = "mine"\nurl = "{index.url}"\ndefault = true\n')
    index.credentials = "me:hunter2"
    del ci.environ["UV_DEFAULT_INDEX"]
    ci.environ.update(environ)

    outcome = ci.sync(frozen="true", retries="0")

    assert is_sent == (outcome.returncode == 0), outcome.log


def endless(path: Path) -> None:
    """Make `path` a link to an endless file."""
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [os.mkfifo, endless])
def test_files_without_an_end_are_not_read(ci: Runner, target: Path, make: Callable[[Path], None]) -> None:
    """A repository can contain links, and an earlier step can have created a pipe."""
    ci.sync()
    info = next(target.glob("lib/python3*/site-packages/alpha-1.0.dist-info"))
    (info / "INSTALLER").unlink()
    before_the_step(ci, target, "ulimit -v 4000000")
    for path in (ci.cwd / ".python-version", info / "direct_url.json", info / "INSTALLER", ci.folder / "temp" / "uv-system-sync-x.json"):
        make(path)

    outcome = ci.sync(no_dev="true")

    assert 0 == outcome.returncode, outcome.log
    assert "Repairing alpha: its direct_url.json is not a file" in outcome.log
    assert "false" == ci.sync(no_dev="true").outputs["changed"]
