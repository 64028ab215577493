"""The command line: its options match the inputs of the action, and advice matches the user's shell."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import TARGET, options, program, step_inputs, touch
from tests.support.log_file import LogFile
from tools.shared import ROOT
from uv_system_sync import cli, errors
from uv_system_sync.errors import Cancelled, InvalidInput, PythonUnsuitable, UvUnavailable
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import Command, Completed, Finish, start
from uv_system_sync.reporting.console import ConsoleReporter
from uv_system_sync.text import Option

_INPUTS: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]

# Inputs for the runner or for the installation of uv, and the input that the command line takes after `--`.
_NO_OPTION = {"summary", "args", "uv-version", "cache", "cache-suffix"}
_NO_INPUT = {"dry-run", "exact", "help", "json", "quiet", "verbose", "version", "yes"}
_SINGULAR = {"extras": "extra", "groups": "group", "only-groups": "only-group", "packages": "package"}
_SWITCHES = [name for name, entry in _INPUTS.items() if name not in _NO_OPTION and entry["default"] == "false"]


@pytest.fixture
def log() -> LogFile:
    """The log of the command."""
    return LogFile()


_OWN_FOLDER = os.path.dirname(sys.executable)


def _inputs(*words: str) -> Inputs:
    """Return the inputs for the command line `words`."""
    return cli.read(cli.parse(["--python", "/opt/python", *words]))


def test_the_options_are_the_inputs_of_the_action() -> None:
    found = re.findall(r"^ +(?:-\w, )?--([a-z-]+)", cli.parser().format_help(), re.MULTILINE)

    assert {_SINGULAR.get(name, name) for name in _INPUTS if name not in _NO_OPTION} | _NO_INPUT == set(found)


def test_the_help_lists_the_exit_status_of_each_kind_of_error() -> None:
    kinds = [kind for kind in errors.ActionError.__subclasses__() if kind not in (errors.JobsFailed, errors.PackagesDiffer)]
    listed = re.findall(r"(\d+)\s+([a-z-]+)", cli.parser().format_help().rpartition(":")[2])

    assert sorted((kind.exit_status, kind.slug) for kind in kinds) == [(int(status), slug) for status, slug in listed]


@pytest.mark.parametrize("columns", ["40", "200"])
def test_the_help_fits_80_columns_on_any_terminal(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    assert [] == [line for line in cli.parser().format_help().splitlines() if len(line) > 80]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("--pyhton", "--python"),
        ("--pyhton=3.12", "--python"),
        ("--extras", "--extra"),
        ("--no-edtable", "--no-editable"),
        ("--dryrun", "--dry-run"),
        ("--no-group", None),
        ("--upgrade", None),
        ("-p", None),
        ("here", None),
    ],
)
def test_for_a_misspelled_option_the_one_that_was_meant_is_suggested(
    capsys: pytest.CaptureFixture[str], word: str, meant: str | None
) -> None:
    """Other unknown words may be arguments for uv."""
    with pytest.raises(SystemExit) as ended:
        cli.parse([word, "x"])
    *_, message = capsys.readouterr().err.splitlines()

    assert 2 == ended.value.code
    assert f": {word}; did you mean {meant}? (" in message if meant else f": {word} (" in message
    assert "`--`" in message


def test_without_options_all_but_the_summary_and_what_is_removed_is_as_in_a_step_without_inputs() -> None:
    assert step_inputs(python="/opt/python", summary="false", inexact="true") == _inputs()


@pytest.mark.parametrize("name", _SWITCHES)
def test_a_switch_is_the_input_of_its_name(name: str) -> None:
    inputs = {"python": "/opt/python", "summary": "false", "inexact": "true", name.replace("-", "_"): "true"}

    assert step_inputs(**inputs) == _inputs(f"--{name}")


@pytest.mark.parametrize(
    ("words", "keeps"),
    [
        pytest.param([], True, id="default"),
        pytest.param(["--exact"], False, id="exact"),
        pytest.param(["--exact", "--inexact"], True, id="inexact-last"),
        pytest.param(["--inexact", "--exact"], False, id="exact-last"),
    ],
)
def test_what_is_not_in_the_lock_stays_unless_the_last_option_is_exact(words: list[str], *, keeps: bool) -> None:
    assert keeps is _inputs(*words).inexact


@pytest.mark.parametrize(("words", "expected"), [([], 2), (["--retries", "0"], 0), (["--retries=5"], 5)])
def test_retries_are_the_input_of_that_name(words: list[str], expected: int) -> None:
    assert expected == _inputs(*words).retries


def test_names_are_given_one_by_one_and_normalized() -> None:
    inputs = _inputs("--extra", "Docs", "--extra=more", "--group", "dev", "--package", "a.b", "--package", "c")

    assert (("docs", "more"), ("dev",), ("a-b", "c")) == (inputs.extras, inputs.groups, inputs.packages)
    assert ("lint", "docs-only") == _inputs("--only-group", "lint", "--only-group", "Docs_only").only_groups


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--group", "a b"], {Option("groups"), Option("groups", "a b")}, id="not-a-name"),
        pytest.param(["--only-group", "a b"], {Option("only-groups"), Option("only-groups", "a b")}, id="not-a-name-of-an-only-group"),
        pytest.param(["--retries", "many"], {Option("retries")}, id="not-a-number"),
        pytest.param(["--group", "a", "--only-group", "b"], {Option("groups", "a"), Option("only-groups", "b")}, id="only-group"),
        pytest.param(["--all-extras", "--extra", "a"], {Option("all-extras", "true"), Option("extras", "a")}, id="contradiction"),
    ],
)
def test_wrong_names_and_contradictions_are_the_same_errors_as_in_a_step(words: list[str], expected: set[Option]) -> None:
    with pytest.raises(InvalidInput) as caught:
        _inputs(*words)

    assert expected == options(caught.value)


@pytest.mark.parametrize(("words", "expected"), [([], "."), (["--working-directory", "my ☃ project"], "my ☃ project")])
def test_the_working_directory_is_the_current_one_by_default(words: list[str], expected: str) -> None:
    assert expected == _inputs(*words).working_directory


def test_what_follows_the_first_two_dashes_is_passed_on_word_by_word() -> None:
    inputs = _inputs("--check", "--", "--a b", "it's", "", "--", "--frozen")

    assert (True, False, ("--a b", "it's", "", "--", "--frozen")) == (inputs.check, inputs.frozen, inputs.args)


@pytest.mark.parametrize("words", ["--extras a", "--pyth /", "here", "--python", "--no-dev=true"])
def test_a_wrong_command_line_is_a_usage_error(capsys: pytest.CaptureFixture[str], words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parse(words.split())
    printed = capsys.readouterr()

    assert (2, "", True) == (ended.value.code, printed.out, words.partition("=")[0].split()[0] in printed.err)


@pytest.mark.parametrize(("colours", "more"), [(True, {}), (False, {"NO_COLOR": "1"})])
def test_uv_sees_neither_the_runner_nor_inputs_of_the_action(*, colours: bool, more: dict[str, str]) -> None:
    environ = {"A": "1", "UV_SYSTEM_SYNC_PYTHON": "/x", "RUNNER_TEMP": "/t", "RUNNER_DEBUG": "1"}

    assert {"A": "1", "PATH": "", **more} == cli.environment(environ, colours=colours)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"PATH": f"{_OWN_FOLDER}{os.pathsep}/usr/bin", "UV": "/bin/uv"}, "/usr/bin", id="uvx"),
        pytest.param({"PATH": f"{_OWN_FOLDER}{os.pathsep}/usr/bin"}, f"{_OWN_FOLDER}{os.pathsep}/usr/bin", id="shell"),
        pytest.param({"PATH": f"/usr/bin{os.pathsep}{_OWN_FOLDER}", "UV": "/uv"}, f"/usr/bin{os.pathsep}{_OWN_FOLDER}", id="not-in-front"),
        pytest.param({"PATH": _OWN_FOLDER, "UV": "/bin/uv", "VIRTUAL_ENV": sys.prefix}, _OWN_FOLDER, id="uv-run"),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_path_is_that_of_the_users_shell_even_below_uvx(environ: dict[str, str], expected: str) -> None:
    assert expected == cli.search_path(environ)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """An existing Python."""
    touch(tmp_path / "bin", "python")
    return TARGET._replace(executable=str(tmp_path / "bin" / "python"), prefix=str(tmp_path), site_packages=(str(tmp_path / "lib"),))


@pytest.mark.parametrize(("words", "is_rejected"), [(["--exact"], True), ([], False), (["--exact", "--check"], False)])
def test_a_sync_must_not_remove_the_command_itself(target: Target, words: list[str], *, is_rejected: bool) -> None:
    holder = target._replace(site_packages=(str(ROOT / "src"),))
    with pytest.raises(PythonUnsuitable) if is_rejected else nullcontext() as caught:
        cli.check_target(_inputs(*words), holder, "")

    expected = {"prefix": target.prefix, "exact": Option("inexact", "false")}
    assert (expected if is_rejected else None) == (caught.value.values if caught else None)


def _never(command: Command) -> Finish:
    raise AssertionError(command)


def test_a_python_that_path_leads_to_needs_no_advice(target: Target) -> None:
    assert [] == cli.path_advice(target, {"PATH": os.path.dirname(target.executable)}, _never)


def test_a_python_that_a_shim_on_path_starts_needs_no_advice(tmp_path: Path) -> None:
    """Whatever starts it, for example a version manager's shim, its prefix is the target's."""
    shim = program(tmp_path / "shims" / "python", "#!/bin/sh", f'exec "{sys.executable}" "$@"')
    other = program(tmp_path / "other" / "python", "#!/bin/sh", "exit 127")
    own = TARGET._replace(executable=sys.executable, prefix=sys.prefix, scripts=os.path.dirname(sys.executable))

    assert [] == cli.path_advice(own, {"PATH": str(shim.parent)}, start)
    assert f"`python` on PATH is {other};" in str(cli.path_advice(own, {"PATH": str(other.parent)}, start))


def test_for_another_python_the_line_to_copy_puts_the_most_important_folder_first(tmp_path: Path) -> None:
    elsewhere = TARGET._replace(executable="/a b/python3", scripts="/c")
    (advice,) = cli.path_advice(elsewhere, {"PATH": str(tmp_path)}, _never)

    assert "`python` on PATH is missing;" in advice
    assert advice.endswith(" export PATH='/c:/a b':\"$PATH\"")


# Announcing the changes.

_DRY_RUN = """\
Would uninstall 4 packages
Would install 3 packages
 - alpha==0.1 (from file:///alpha-0.1-py3-none-any.whl)
 + alpha==1.0
 + beta==1.0
 - other==0.1
 - setuptools==75.0
 ~ sample @ file:///sample
"""
_SEEDS_ONLY = " - setuptools==75.0\n - pip==24.0\n"


class _User:
    """A user at a terminal who gives one answer."""

    def __init__(self, *, answer: bool) -> None:
        self.questions: list[str] = []
        self._answer = answer

    def __call__(self, question: str) -> bool:
        self.questions.append(question)
        return self._answer


def _confirm(log: LogFile, *words: str, ask: Callable[[str], bool] | None = None, dry_run: Completed | UvUnavailable | None = None) -> bool:
    confirm = cli.confirmation(cli.parse(words), ConsoleReporter(log), ask)
    assert confirm is not None
    return confirm(dry_run or Completed(0, _DRY_RUN))


@pytest.mark.parametrize(
    ("words", "terminal"),
    [
        pytest.param([], False, id="job"),
        pytest.param(["--exact", "--yes"], False, id="exact-job-that-may-remove"),
        pytest.param(["--check"], True, id="check"),
        pytest.param(["--check", "--exact"], False, id="exact-check"),
    ],
)
def test_uv_is_not_asked_beforehand_if_nobody_has_to_know(log: LogFile, words: list[str], *, terminal: bool) -> None:
    assert None is cli.confirmation(cli.parse(words), ConsoleReporter(log), _User(answer=True) if terminal else None)


@pytest.mark.parametrize("words", [[], ["--exact", "--yes"]])
def test_at_a_terminal_what_will_change_is_shown_first(log: LogFile, words: list[str]) -> None:
    user = _User(answer=False)

    assert (True, []) == (_confirm(log, *words, ask=user), user.questions)
    assert "Packages: 1 to install, 2 to update, 2 to remove (other 0.1, setuptools 75.0)\n" == log.text


def test_a_sync_that_removes_packages_asks_first(log: LogFile) -> None:
    user = _User(answer=True)

    assert _confirm(log, "--exact", ask=user)
    assert ["Remove other 0.1, which uv.lock does not have? [y/N] "] == user.questions


def test_nothing_changes_if_the_answer_is_no(log: LogFile) -> None:
    with pytest.raises(Cancelled) as caught:
        _confirm(log, "--exact", ask=_User(answer=False))

    assert {Option("inexact", "false")} == options(caught.value)


def test_without_a_terminal_a_sync_that_removes_packages_needs_yes(log: LogFile) -> None:
    with pytest.raises(InvalidInput) as caught:
        _confirm(log, "--exact")

    assert {"exact": Option("inexact", "false"), "packages": "other 0.1", "yes": Option("yes", "true")} == caught.value.values


@pytest.mark.parametrize("ask", [None, _User(answer=False)], ids=["job", "terminal"])
@pytest.mark.parametrize("printed", [_SEEDS_ONLY, " + alpha==1.0\n - alpha==0.1\n", "Would make no changes\n"])
def test_what_a_python_comes_with_and_what_is_replaced_needs_no_question(log: LogFile, ask: _User | None, printed: str) -> None:
    assert _confirm(log, "--exact", ask=ask, dry_run=Completed(0, printed))


@pytest.mark.parametrize("words", [[], ["--exact"], ["--exact", "--yes"]])
@pytest.mark.parametrize("ask", [None, _User(answer=False)], ids=["job", "terminal"])
def test_a_dry_run_shows_what_uv_prints_and_goes_no_further(log: LogFile, words: list[str], ask: _User | None) -> None:
    confirm = cli.confirmation(cli.parse(["--dry-run", *words]), ConsoleReporter(log, colours=True), ask)
    assert confirm
    assert not confirm(Completed(0, _DRY_RUN))
    assert _DRY_RUN in log.text
    assert "\x1b[1mPackages: 1 to install, 2 to update, 2 to remove" in log.text


_NEEDED = [(["--exact"], True), (["--dry-run"], True), ([], False), (["--exact", "--yes"], False)]


@pytest.mark.parametrize(("words", "is_needed"), _NEEDED)
def test_a_uv_without_a_dry_run_is_an_error_where_one_is_needed(log: LogFile, words: list[str], *, is_needed: bool) -> None:
    error = UvUnavailable("Old.", "Install a newer one.")
    with pytest.raises(UvUnavailable) if is_needed else nullcontext():
        assert _confirm(log, *words, ask=_User(answer=True), dry_run=error)


@pytest.mark.parametrize(("words", "is_needed"), _NEEDED)
def test_after_a_dry_run_that_fails_a_sync_is_only_tried_if_none_was_needed(log: LogFile, words: list[str], *, is_needed: bool) -> None:
    assert is_needed is not _confirm(log, *words, ask=_User(answer=True), dry_run=Completed(2, "error: dns error"))


def test_there_is_nobody_to_ask_without_a_terminal(log: LogFile) -> None:
    assert [None, None] == [cli.question(log, answers) for answers in (io.StringIO("y\n"), None)]


@pytest.mark.parametrize("words", [["--dry-run", "--check"], ["--dry-run", "--json"], ["--quiet", "--verbose"]], ids=" ".join)
def test_options_that_exclude_each_other_are_a_usage_error(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parse(words)
    printed = capsys.readouterr().err

    assert (2, []) == (ended.value.code, [word for word in words if word not in printed])
