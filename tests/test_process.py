"""Running programs; every test runs a real program."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tools.shared import ROOT
from uv_system_sync.process import Command, Completed, Relay, meanwhile, start
from uv_system_sync.reporting.terminal import Terminal, open_like


def run(command: Command, relay: Relay | None = None) -> Completed:
    """Start `command` and wait for it to end."""
    return start(command)(relay)


def _python(*lines: str, arguments: tuple[object, ...] = ()) -> Command:
    """Return the command that runs `lines` with `arguments` in a Python with unbuffered streams."""
    # Python does not start on Windows without SYSTEMROOT.
    system = {name: value for name, value in os.environ.items() if name == "SYSTEMROOT"}
    program = "\n".join(("import os, sys, time", *lines))
    return Command((sys.executable, "-I", "-u", "-c", program, *map(str, arguments)), system, os.path.abspath(os.sep))


@pytest.mark.parametrize("status", [0, 1, 2, 101])
def test_the_exit_status_is_that_of_the_program(status: int) -> None:
    assert Completed(status, "") == run(_python(f"sys.exit({status})"))


def test_both_streams_are_one_text_in_the_order_of_writing() -> None:
    completed = run(_python(*(f"print({number}, file=sys.{name})" for number, name in enumerate(["stdout", "stderr"] * 3))))

    assert ["0", "1", "2", "3", "4", "5"] == completed.output.split()


def test_a_relay_gets_every_byte() -> None:
    pieces: list[bytes] = []
    run(_python(r"sys.stdout.buffer.write(b'a\r\n\xff\x00\x1b[0m')"), pieces.append)

    assert b"a\r\n\xff\x00\x1b[0m" == b"".join(pieces)


def test_a_relay_gets_output_while_the_program_runs(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    # The program succeeds only if its first line was relayed in the meantime.
    wait = ("deadline = time.monotonic() + 20", "while not os.path.exists(sys.argv[1]) and time.monotonic() < deadline: time.sleep(0.01)")
    command = _python("print('first')", *wait, "sys.exit(not os.path.exists(sys.argv[1]))", arguments=(seen,))
    completed = run(command, lambda _: seen.touch())

    assert 0 == completed.returncode


@pytest.fixture
def terminal() -> Iterator[Callable[[], Terminal | None]]:
    """A function that opens a terminal with 50 columns."""
    if os.name == "nt":
        pytest.skip("Windows has no pseudo-terminals of this kind")
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    yield partial(open_like, theirs)
    os.close(ours)
    os.close(theirs)


def test_a_program_for_a_terminal_has_one_and_what_it_erases_is_relayed_and_not_kept(terminal: Callable[[], Terminal | None]) -> None:
    pieces: list[bytes] = []
    facts = "[os.isatty(0), os.isatty(1), os.isatty(2), os.get_terminal_size(2).columns]"
    lines = ("sys.stderr.write('50%\\r\\x1b[2K')", f"print(*{facts})", "print('x' * 60)", "sys.exit(3)")
    completed = run(_python(*lines)._replace(terminal=terminal), pieces.append)

    assert (3, f"False True True 50\n{'x' * 60}\n") == completed
    assert f"50%\r\x1b[2KFalse True True 50\n{'x' * 60}\n" == b"".join(pieces).decode()


def test_much_output_for_a_terminal_is_read_to_its_end(terminal: Callable[[], Terminal | None]) -> None:
    completed = run(_python("for number in range(5000): print(number)")._replace(terminal=terminal))

    assert [str(number) for number in range(5000)] == completed.output.split()


def test_a_program_for_a_terminal_that_does_not_start_leaves_nothing_open(terminal: Callable[[], Terminal | None]) -> None:
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(FileNotFoundError):
        start(Command(("/nowhere",), {}, "/", terminal=terminal))
    run(_python()._replace(terminal=terminal))

    assert before == len(os.listdir("/dev/fd"))


def test_bytes_that_are_not_utf8_are_escaped() -> None:
    assert "ü \\xff \\xc3" == run(_python(r"sys.stdout.buffer.write('ü '.encode() + b'\xff \xc3')")).output


def test_colours_are_relayed_and_not_kept() -> None:
    pieces: list[bytes] = []
    completed = run(_python(r"sys.stdout.write('\x1b[1m\x1b[31merror\x1b[39m\x1b[0m: \x1b[38;5;9mno\x1b[K')"), pieces.append)

    assert ("error: no", b"\x1b[1m\x1b[31merror\x1b[39m\x1b[0m: \x1b[38;5;9mno\x1b[K") == (completed.output, b"".join(pieces))


def test_all_of_a_long_line_is_relayed_and_its_end_is_kept() -> None:
    pieces: list[bytes] = []
    completed = run(_python("sys.stdout.write('x' * (1 << 20) + 'end')"), pieces.append)

    assert (1 << 20) + 3 == sum(map(len, pieces))
    assert "x" * ((1 << 18) - 3) + "end" == completed.output


def test_a_program_sees_the_variables_of_its_command_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "1")
    command = _python("sys.stdout.write(repr([os.environ.get(name) for name in ('THEIRS', 'OURS')]))")

    assert "['2', None]" == run(command._replace(env={**command.env, "THEIRS": "2"})).output


def test_a_program_runs_in_the_folder_of_its_command(tmp_path: Path) -> None:
    command = _python("print(os.path.samefile('.', sys.argv[1]))", arguments=(tmp_path,))

    assert "True" == run(command._replace(cwd=str(tmp_path))).output.strip()


def test_no_shell_expands_the_arguments() -> None:
    arguments = ("a b", "$HOME", "*", "; exit 3", '"', "")

    assert str(list(arguments)) == run(_python("print(sys.argv[1:])", arguments=arguments)).output.strip()


def test_a_program_has_nothing_to_read_from_standard_input() -> None:
    """Otherwise, it could ask a question and wait for the answer."""
    outer = f"""
import sys
sys.path.insert(0, {str(ROOT / "src")!r})
from uv_system_sync.process import Command, start
print(start(Command((sys.executable, "-I", "-c", "import sys; print(repr(sys.stdin.read()))"), {{}}, "."))(None).output)
"""
    output = subprocess.run([sys.executable, "-I", "-c", outer], check=True, capture_output=True, input=b"ours").stdout

    assert b"''" == output.strip()


@pytest.mark.parametrize("function", [run, start])
def test_a_missing_program_is_an_error_of_the_system(tmp_path: Path, function: Callable[[Command], object]) -> None:
    with pytest.raises(FileNotFoundError):
        function(Command((str(tmp_path / "missing"),), {}, str(tmp_path)))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission to execute")
def test_a_file_that_is_not_executable_is_an_error_of_the_system(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.touch(mode=0o644)
    with pytest.raises(PermissionError):
        run(Command((str(program),), {}, str(tmp_path)))


@pytest.mark.skipif(os.name == "nt", reason="Windows has other errors for a process that has ended")
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, BrokenPipeError], ids=["cancelled", "log-closed"])
def test_a_program_is_asked_to_stop_before_an_interruption_goes_on(tmp_path: Path, interruption: type[BaseException]) -> None:
    pids: list[int] = []

    def interrupt(piece: bytes) -> None:
        pids.append(int(piece))
        raise interruption

    stop = ("import signal", "def stop(*_): open(sys.argv[1], 'w').close(); sys.exit()", "signal.signal(signal.SIGTERM, stop)")
    begun = time.monotonic()
    with pytest.raises(interruption):
        run(_python(*stop, "sys.stdout.write(str(os.getpid()))", "time.sleep(30)", arguments=(tmp_path / "stopped",)), interrupt)

    # Shorter than the wait before the program would be killed.
    assert time.monotonic() - begun < 4
    assert (tmp_path / "stopped").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other errors for a process that has ended")
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError], ids=["cancelled", "bug"])
def test_a_program_is_stopped_if_what_is_done_meanwhile_is_interrupted(tmp_path: Path, interruption: type[BaseException]) -> None:
    """A program that prints nothing is stopped too."""
    started = tmp_path / "started"
    begun = time.monotonic()
    finish = start(_python("open(sys.argv[1], 'w').write(str(os.getpid()))", "time.sleep(30)", arguments=(started,)))
    while not (started.exists() and started.read_text(encoding="utf-8")):
        time.sleep(0.01)
    with pytest.raises(interruption), meanwhile(finish):
        raise interruption

    assert time.monotonic() - begun < 20
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text(encoding="utf-8")), 0)


def test_a_program_goes_on_if_what_is_done_meanwhile_succeeds() -> None:
    finish = start(_python("print('done')"))
    with meanwhile(finish):
        pass

    assert "done" == finish(None).output.strip()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups")
def test_what_a_program_has_left_running_is_killed() -> None:
    reading, writing = os.pipe()
    start = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
    command = _python("import subprocess", f"{start}, pass_fds=[{writing}])")
    run(command._replace(descriptors=(writing,)))
    os.close(writing)

    # The pipe reaches its end once no process holds its other end open.
    ready, _, _ = select.select([reading], [], [], 20)
    os.close(reading)
    assert [reading] == ready


@pytest.mark.skipif(os.name == "nt", reason="Windows inherits no descriptors by their numbers")
def test_a_program_inherits_the_descriptors_of_its_command_alone() -> None:
    pipes = os.pipe(), os.pipe()
    are_pipes = "print([stat.S_ISFIFO(os.fstat(int(n)).st_mode) if os.path.exists(f'/dev/fd/{n}') else None for n in sys.argv[1:]])"
    command = _python("import stat", are_pipes, arguments=(pipes[0][0], pipes[1][0]))._replace(descriptors=(pipes[0][0],))
    try:
        assert "[True, None]" == run(command).output.strip()
    finally:
        for descriptor in (*pipes[0], *pipes[1]):
            os.close(descriptor)


def test_a_program_that_was_started_runs_before_anything_waits_for_it(tmp_path: Path) -> None:
    started = tmp_path / "started"
    command = _python("print('first', flush=True)", "open(sys.argv[1], 'w').close()", "print('last')", arguments=(started,))
    finish = start(command)

    deadline = time.monotonic() + 20
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert started.exists()
    assert "first\nlast\n" == finish(None).output.replace("\r", "")
