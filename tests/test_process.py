"""Starting programs; every test starts a real one."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.shared import ROOT
from uv_system_sync.process import Command, Completed, begin, run


def _python(*lines: str) -> Command:
    """Return the command that runs `lines` in a Python whose streams are unbuffered."""
    # Windows starts no Python without SYSTEMROOT.
    system = {name: value for name, value in os.environ.items() if name == "SYSTEMROOT"}
    return Command((sys.executable, "-I", "-u", "-c", "\n".join(("import os, sys, time", *lines))), system, os.path.abspath(os.sep))


@pytest.mark.parametrize("status", [0, 1, 2, 101])
def test_exit_status(status: int) -> None:
    """The exit status is the program's own."""
    assert Completed(status, "") == run(_python(f"sys.exit({status})"))


def test_both_streams_in_order() -> None:
    """What the program writes to either stream is one text, in the order in which it was written."""
    completed = run(_python(*(f"print({number}, file=sys.{name})" for number, name in enumerate(["stdout", "stderr"] * 3))))

    assert ["0", "1", "2", "3", "4", "5"] == completed.output.split()


def test_relay() -> None:
    """The relay gets every byte as the program wrote it."""
    pieces: list[bytes] = []
    run(_python(r"sys.stdout.buffer.write(b'a\r\n\xff\x00\x1b[0m')"), pieces.append)

    assert b"a\r\n\xff\x00\x1b[0m" == b"".join(pieces)


def test_relay_is_live(tmp_path: Path) -> None:
    """A piece is relayed while the program still runs."""
    seen = tmp_path / "seen"
    # The program ends well only after its first words have come through.
    wait = ("deadline = time.monotonic() + 20", "while not os.path.exists(sys.argv[1]) and time.monotonic() < deadline: time.sleep(0.01)")
    command = _python("print('first')", *wait, "sys.exit(not os.path.exists(sys.argv[1]))")
    completed = run(command._replace(argv=(*command.argv, str(seen))), lambda _: seen.touch())

    assert 0 == completed.returncode


def test_output_that_is_not_utf8() -> None:
    """Bytes that are no text are shown as what they are."""
    assert "ü \\xff \\xc3" == run(_python(r"sys.stdout.buffer.write('ü '.encode() + b'\xff \xc3')")).output


def test_colours() -> None:
    """What FORCE_COLOR makes colourful stays so in the log, and is plain where it is quoted."""
    pieces: list[bytes] = []
    completed = run(_python(r"sys.stdout.write('\x1b[1m\x1b[31merror\x1b[39m\x1b[0m: \x1b[38;5;9mno\x1b[K')"), pieces.append)

    assert ("error: no", b"\x1b[1m\x1b[31merror\x1b[39m\x1b[0m: \x1b[38;5;9mno\x1b[K") == (completed.output, b"".join(pieces))


def test_a_megabyte_on_one_line() -> None:
    """However long a line is, all of it is relayed, and its end is kept."""
    pieces: list[bytes] = []
    completed = run(_python("sys.stdout.write('x' * (1 << 20) + 'end')"), pieces.append)

    assert (1 << 20) + 3 == sum(map(len, pieces))
    assert "x" * ((1 << 18) - 3) + "end" == completed.output


def test_environment_is_the_commands_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program sees the variables of its command, and none of ours."""
    monkeypatch.setenv("OURS", "1")
    command = _python("sys.stdout.write(repr([os.environ.get(name) for name in ('THEIRS', 'OURS')]))")

    assert "['2', None]" == run(command._replace(env={**command.env, "THEIRS": "2"})).output


def test_working_directory(tmp_path: Path) -> None:
    """The program runs in the folder of its command."""
    command = _python("print(os.path.samefile('.', sys.argv[1]))")

    assert "True" == run(command._replace(argv=(*command.argv, str(tmp_path)), cwd=str(tmp_path))).output.strip()


def test_arguments_are_not_a_shells(tmp_path: Path) -> None:
    """No argument is split, expanded or run."""
    arguments = ("a b", "$HOME", "*", "; exit 3", '"', "")
    command = _python("print(sys.argv[1:])")

    assert str(list(arguments)) == run(command._replace(argv=(*command.argv, *arguments), cwd=str(tmp_path))).output.strip()


def test_nothing_to_read() -> None:
    """The program's input is at its end, so that no question of its can wait for an answer, even where ours is not."""
    outer = f"""
import sys
sys.path.insert(0, {str(ROOT / "src")!r})
from uv_system_sync.process import Command, run
print(run(Command((sys.executable, "-I", "-c", "import sys; print(repr(sys.stdin.read()))"), {{}}, ".")).output)
"""
    output = subprocess.run([sys.executable, "-I", "-c", outer], check=True, capture_output=True, input=b"ours").stdout

    assert b"''" == output.strip()


def test_missing_program(tmp_path: Path) -> None:
    """A program that is not there is the system's own error."""
    with pytest.raises(FileNotFoundError):
        run(Command((str(tmp_path / "missing"),), {}, str(tmp_path)))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission to execute")
def test_program_without_permission(tmp_path: Path) -> None:
    """A file that must not be executed is the system's own error."""
    program = tmp_path / "program"
    program.touch(mode=0o644)
    with pytest.raises(PermissionError):
        run(Command((str(program),), {}, str(tmp_path)))


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot tell a process that is gone by its id")
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, BrokenPipeError], ids=["cancelled", "log-closed"])
def test_interruption_ends_the_program(interruption: type[BaseException]) -> None:
    """When waiting is interrupted, the program is gone before the interruption goes on."""
    started: list[int] = []

    def interrupt(piece: bytes) -> None:
        started.append(int(piece))
        raise interruption

    begun = time.monotonic()
    with pytest.raises(interruption):
        run(_python("sys.stdout.write(str(os.getpid()))", "time.sleep(30)"), interrupt)

    # Less than it takes to lose patience.
    assert time.monotonic() - begun < 4
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups that end together")
def test_nothing_is_left_running() -> None:
    """What a program leaves behind in its group when it ends is ended, too."""
    reading, writing = os.pipe()
    start = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
    command = _python("import subprocess", f"{start}, pass_fds=[{writing}])")
    run(command._replace(descriptors=(writing,)))
    os.close(writing)

    # The pipe is at its end when nobody holds the other one any more.
    ready, _, _ = select.select([reading], [], [], 20)
    os.close(reading)
    assert [reading] == ready


@pytest.mark.skipif(os.name == "nt", reason="Windows inherits no descriptors by their numbers")
def test_descriptors() -> None:
    """A program inherits the descriptors of its command, and no other."""
    pipes = os.pipe(), os.pipe()
    command = _python(
        "import stat", "print([stat.S_ISFIFO(os.fstat(int(n)).st_mode) if os.path.exists(f'/dev/fd/{n}') else None for n in sys.argv[1:]])"
    )
    command = command._replace(argv=(*command.argv, str(pipes[0][0]), str(pipes[1][0])), descriptors=(pipes[0][0],))
    try:
        assert "[True, None]" == run(command).output.strip()
    finally:
        for descriptor in (*pipes[0], *pipes[1]):
            os.close(descriptor)


def test_begin(tmp_path: Path) -> None:
    """A program that was begun goes on by itself, and whoever waits for it gets all that it has printed."""
    begun = tmp_path / "begun"
    command = _python("print('first', flush=True)", "open(sys.argv[1], 'w').close()", "print('last')")
    finish = begin(replace_argv(command, str(begun)))

    deadline = time.monotonic() + 20
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert begun.exists()
    assert "first\nlast\n" == finish(None).output.replace("\r", "")


def replace_argv(command: Command, *arguments: str) -> Command:
    """Return `command` with more `arguments`."""
    return command._replace(argv=(*command.argv, *arguments))
