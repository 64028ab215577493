"""Whatever the values are, later steps get exactly those values when the runner reads its files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.support.log_file import LogFile
from tools.shared.runner_files import StepFiles, read_env, read_outputs, read_path
from uv_system_sync.reporting.github import GitHubReporter
from uv_system_sync.reporting.report import Result


def as_decoded(text: str) -> str:
    """Return `text` as the runner decodes it: bytes that are not UTF-8 become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def encodable(text: str) -> bool:
    """Return whether `text` can be an environment variable; an unpaired surrogate stands for a byte there."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


_values = hostile.text.filter(encodable)
_RESULT = Result(env={}, paths=(), outputs={}, report="{}\n", summary="")


@pytest.mark.parametrize("windows", [False, True], ids=["linux", "windows"])
@given(env=_values, output=_values)
@example(env=hostile.MEGABYTES[0], output=hostile.MEGABYTES[1])
@example(env=hostile.MEGABYTES[2], output=hostile.MEGABYTES[3])
@example(env="\ufeff", output=hostile.MEGABYTES[4])
def test_variables_and_outputs_are_exactly_the_values(env: str, output: str, *, windows: bool) -> None:
    if windows and os.linesep == "\n":
        # On Windows, Python ends a line with CR LF; with this system's LF, the runner would take a preceding CR as part of the line end.
        env, output = env.rstrip("\r"), output.rstrip("\r")
    with tempfile.TemporaryDirectory() as folder:
        files = StepFiles.create(Path(folder))
        GitHubReporter(files.environ, LogFile()).publish(_RESULT._replace(env={"A": env, "B": "b"}, outputs={"C": output, "D": "d"}))
        variables, outputs = read_env(files.env, windows=windows), read_outputs(files.output, windows=windows)

    assert {"A": as_decoded(env), "B": "b"} == variables
    assert ["C", "D", "report"] == list(outputs)
    assert (as_decoded(output), "d") == (outputs["C"], outputs["D"])


@given(before=st.sampled_from((b"", b"X=1\n", b"X<<Y\n1\nY\n")), value=_values)
def test_what_was_in_the_files_stays_as_it_is(before: bytes, value: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = StepFiles.create(Path(folder))
        files.env.write_bytes(before)
        GitHubReporter(files.environ, LogFile()).publish(_RESULT._replace(env={"A": value}, paths=("/a",)))
        variables, paths = read_env(files.env), read_path(files.path)

    assert ({**({"X": "1"} if before else {}), "A": as_decoded(value)}, ["/a"]) == (variables, paths)
