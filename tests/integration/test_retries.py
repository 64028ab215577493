"""Temporary network failures: the real uv and pip with an index that misbehaves."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import program, uv_wheels
from tests.support.index import Fault, Index, other, reset, stalled, status, truncated
from tests.support.remote import locked_remote
from tests.support.step import Outcome, Runner
from tools.shared.wheels import file_name, wheel

_NAME = file_name("alpha", "1.0")


def _reset_at_once(handler: object, _: bytes | None) -> None:
    connection: socket.socket = handler.connection  # type: ignore[attr-defined]  # a handler of the index
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


_IN_PART: dict[str, Fault] = {"reset": reset, "truncated": truncated, "stalled": stalled}
_FAULTS: dict[str, Fault] = {
    **_IN_PART,
    "reset-at-once": _reset_at_once,
    **{str(code): status(code) for code in (408, 425, 429, 500, 502, 503, 504)},
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with alpha, which is large enough to be received in several parts."""
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / _NAME).write_bytes(wheel("alpha", "1.0", {"alpha.py": f"data = '{os.urandom(200_000).hex()}'\n"}))
    with Index(folder).served() as served:
        yield served


@pytest.fixture
def remote(tmp_path: Path, target: Path, index: Index) -> Runner:
    """A runner with an empty cache, except for the action's own wheels, in a checkout whose lock was made with `index`."""
    ci = locked_remote(tmp_path, target, index)
    ci.environ.update(UV_HTTP_TIMEOUT="1", UV_SYSTEM_SYNC_RETRIES="1")
    return ci


def _assert_failed(outcome: Outcome, *texts: str) -> None:
    assert (1, 1, False) == (outcome.returncode, len(outcome.errors), outcome.published), outcome.log
    assert outcome.errors[0].startswith("title=sync-failed")
    assert [] == [text for text in texts if text not in outcome.errors[0]], outcome.errors


def _assert_retried_once(outcome: Outcome, address: str) -> None:
    assert 0 == outcome.returncode, outcome.log
    (notice,) = [line for line in outcome.log.splitlines() if line.startswith("::notice title=retried")]
    (reason,) = json.loads(Path(outcome.outputs["report"]).read_text(encoding="utf-8"))["retries"]
    assert (True, True) == (reason in notice, reason.startswith(f"{address}: ")), (reason, notice)
    assert ["::group::uv sync", "::group::uv sync, try 2"] == [line for line in outcome.log.splitlines() if line.startswith("::group::uv")]


@pytest.mark.parametrize("name", _FAULTS)
def test_a_file_that_cannot_be_fetched_is_an_error_and_later_a_retry_gets_it(remote: Runner, index: Index, name: str) -> None:
    """The number of requests that uv itself makes depends on its version and on the fault."""
    address = f"http://127.0.0.1:{index.port}/files/{_NAME}"
    index.misbehave(_NAME, _FAULTS[name])
    index.asked.clear()
    _assert_failed(remote.sync(retries="0"), "alpha 1.0", f"{address}: ")

    index.misbehave(_NAME, _FAULTS[name], times=sum(path.endswith(_NAME) for path in index.asked))
    _assert_retried_once(remote.sync(retries="1"), address)
    assert remote.is_as_locked()


@pytest.mark.parametrize("name", ["reset", "truncated", "stalled", "reset-at-once", "503"])
def test_a_page_that_cannot_be_fetched_is_fetched_by_a_retry(remote: Runner, index: Index, name: str) -> None:
    """An outdated lock makes uv request the page; the outdated lock itself causes no retry."""
    file = remote.cwd / "pyproject.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("'alpha'", "'alpha', 'beta'").replace('"alpha"', '"alpha", "beta"'), encoding="utf-8"
    )
    (index.folder / file_name("beta", "1.0")).write_bytes(wheel("beta", "1.0", {"beta.py": ""}))
    address = f"http://127.0.0.1:{index.port}/simple/beta/"
    index.misbehave("beta", _FAULTS[name])
    index.asked.clear()
    _assert_failed(remote.sync(retries="0"), f"{address}: ")

    index.misbehave("beta", _FAULTS[name], times=index.asked.count("/simple/beta/"))
    outcome = remote.sync(retries="1")
    (error,) = outcome.errors
    assert (True, 1) == (error.startswith("title=lock-outdated"), outcome.log.count("Trying again in ")), outcome.log


@pytest.mark.parametrize("fault", [None, status(503)], ids=["refused", "503"])
def test_an_index_that_fails_longer_is_one_error(remote: Runner, index: Index, fault: Fault | None) -> None:
    file = remote.cwd / "uv.lock"
    if fault:
        index.misbehave(_NAME, fault)
    else:
        file.write_text(file.read_text(encoding="utf-8").replace(f":{index.port}/files", ":9/files"), encoding="utf-8")
    outcome = remote.sync(retries="1", frozen="true")

    _assert_failed(outcome, f"http://127.0.0.1:{index.port if fault else 9}/files/{_NAME}: ")
    assert 1 == outcome.log.count("::group::uv sync, try 2")


def test_an_index_that_starts_later_is_reached_by_a_retry(remote: Runner, index: Index) -> None:
    """The connection is refused until the first attempt has failed."""
    late = Index(index.folder)
    with late.served():
        pass
    file = remote.cwd / "uv.lock"
    file.write_text(file.read_text(encoding="utf-8").replace(f":{index.port}/files", f":{late.port}/files"), encoding="utf-8")
    log = remote.cwd / "log"
    # A wrapper around uv creates a file when the first attempt has failed.
    real = (remote.folder / "uv" / "uv").resolve()
    (remote.folder / "uv" / "uv").unlink()
    program(remote.folder / "uv" / "uv", "#!/bin/sh", f'"{real}" "$@"', "status=$?", f'[ $status -eq 0 ] || touch "{log}"', "exit $status")
    with ThreadPoolExecutor() as pool:
        outcome = pool.submit(remote.sync, retries="2", frozen="true")
        deadline = time.monotonic() + 60
        while not log.exists() and not outcome.done() and time.monotonic() < deadline:
            time.sleep(0.05)
        with late.served():
            _assert_retried_once(outcome.result(), f"http://127.0.0.1:{late.port}/files/{_NAME}")


@pytest.mark.parametrize("code", [401, 403, 404])
def test_an_answer_that_does_not_pass_is_not_tried_again(remote: Runner, index: Index, code: int) -> None:
    index.misbehave(_NAME, status(code))
    outcome = remote.sync(retries="2")

    _assert_failed(outcome, str(code))
    assert "try 2" not in outcome.log


def test_a_file_with_another_hash_is_not_tried_again(remote: Runner, index: Index) -> None:
    index.misbehave(_NAME, other(wheel("alpha", "1.0", {"alpha.py": "changed = 1"})))
    outcome = remote.sync(retries="2")

    _assert_failed(outcome, "hash")
    assert "try 2" not in outcome.log


# The action's own dependencies.


@pytest.fixture
def wheels(tmp_path: Path) -> Iterator[Index]:
    """An index with the pinned uv and the action's own dependencies."""
    with Index(uv_wheels.link(tmp_path / "wheels", [uv_wheels.wheel(), *uv_wheels.own()])).served() as served:
        yield served


def test_pip_gets_uv_after_the_index_has_failed_once(ci: Runner, wheels: Index) -> None:
    """Each failure also causes one extra request, because the index's answer is printed."""
    (ci.folder / "uv" / "uv").unlink()
    ci.environ.update({"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_INDEX_URL": wheels.url, "PIP_RETRIES": "0"})
    wheels.misbehave("uv", status(503))
    failed = ci.sync(retries="0")
    wheels.misbehave("uv", status(503), times=wheels.asked.count("/simple/uv/"))
    outcome = ci.sync(retries="1")

    assert failed.errors[0].startswith("title=uv-unavailable")
    assert (0, uv_wheels.PINNED) == (outcome.returncode, outcome.outputs.get("uv-version")), outcome.log


def test_the_packages_of_the_action_are_installed_after_the_index_has_failed_once(remote: Runner, wheels: Index) -> None:
    shutil.rmtree(remote.folder / "temp")
    remote.environ.update(UV_DEFAULT_INDEX=wheels.url)
    wheels.misbehave("packaging", status(503))
    failed = remote.sync(retries="0", frozen="true")
    wheels.misbehave("packaging", status(503), times=wheels.asked.count("/simple/packaging/"))
    outcome = remote.sync(retries="1", frozen="true")

    assert failed.errors[0].startswith("title=uv-unavailable"), failed.log
    assert 0 == outcome.returncode, outcome.log
