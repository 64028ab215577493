"""Errors: their contents, and how other exceptions are reported."""

from __future__ import annotations

import errno
import os
import re

import pytest

from tests.support import place
from tools.shared import ROOT
from uv_system_sync.errors import ActionError, Cancelled, InternalError, RunnerUnusable, SyncFailed, exhausted, explained
from uv_system_sync.text import Option, message

KINDS = ActionError.__subclasses__()

# Only the report action raises it.
WITHOUT_A_STATUS = {"jobs-failed", "packages-differ"}


def test_an_error_has_its_fact_its_next_step_and_the_values_of_both() -> None:
    error = SyncFailed("{path} failed.", "Set {option} for {path}.", path="/{option}", option=Option("check", "true"))

    assert ("/{option} failed.", "/{option} failed.") == (str(error), str(error.message))
    assert "Set `check: true` for /{option}." == str(error.hint)
    assert {"path": "/{option}", "option": Option("check", "true")} == error.values


def test_values_may_be_given_with_each_sentence() -> None:
    error = SyncFailed(message("{what} failed.", what="It"), message("{what} again.", what="Try", how="?"))

    assert ("It failed.", "Try again.") == (str(error.message), str(error.hint))
    # The values of the fact come first.
    assert {"what": "It", "how": "?"} == error.values


@pytest.mark.parametrize("where", [(None, None), ("/uv.lock", None), ("/uv.lock", 3)])
def test_an_error_has_its_place_and_the_words_of_uv(where: tuple[str | None, int | None]) -> None:
    error = SyncFailed("It failed.", "Try again.", file=where[0], line=where[1], words="no")

    assert (where, "no", {}) == (place(error), error.words, error.values)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_slug_is_the_name_of_the_class(kind: type[ActionError]) -> None:
    assert re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower() == kind.slug


def test_each_kind_has_an_exit_status_of_its_own_that_no_shell_uses() -> None:
    statuses = {kind.slug: kind.exit_status for kind in KINDS}

    assert len(KINDS) == len(set(statuses.values()))
    assert (1, 130) == (statuses.pop("internal-error"), statuses.pop("cancelled"))
    assert all(3 <= status < 64 for status in statuses.values())


def test_the_documentation_has_each_exit_status() -> None:
    document = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (?:`([a-z-]+)`)? \|", document, re.MULTILINE)

    assert [("0", ""), ("1", "internal-error"), ("2", "")] == rows[:3]
    assert sorted((kind.exit_status, kind.slug) for kind in KINDS if kind.slug not in WITHOUT_A_STATUS) == [
        (int(status), slug) for status, slug in rows if slug
    ]


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN"])
def test_a_machine_that_has_run_out_of_something_is_no_bug(name: str) -> None:
    error = OSError(getattr(errno, name), os.strerror(getattr(errno, name)))
    found, details = explained(error)

    assert (RunnerUnusable, error, "") == (type(found), found.values["reason"], details)


@pytest.mark.parametrize("error", [OSError(), FileNotFoundError(errno.ENOENT, "No such file or directory")])
def test_other_errors_of_the_system_are_not_of_a_machine_that_has_run_out_of_something(error: OSError) -> None:
    assert None is exhausted(error)
    assert InternalError is type(explained(error)[0])


def test_an_error_with_a_next_step_stays_as_it_is() -> None:
    error = SyncFailed("It failed.", "Try again.")

    assert (error, "") == explained(error)


def test_an_interruption_is_a_cancelled_run() -> None:
    found, details = explained(KeyboardInterrupt())

    assert (Cancelled, "") == (type(found), details)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(ValueError("50%::error::no"), "50%::error::no", id="text"),
        pytest.param(ModuleNotFoundError("No module named 'x'"), "No module named 'x'", id="broken-checkout"),
        pytest.param(RecursionError(), "", id="no-text"),
        pytest.param(SystemExit(3), "3", id="exit"),
    ],
)
def test_anything_else_is_a_bug_with_its_traceback(error: BaseException, reason: str) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        fail()
    found, details = explained(caught.value)

    assert (InternalError, type(error).__name__, reason) == (type(found), found.values["kind"], str(found.values["reason"]))
    assert details.startswith("Traceback (most recent call last):\n")
    assert "    raise error\n" in details
