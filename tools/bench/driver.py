"""Runs one step's script as its shell would, and writes down when what began and ended; nothing of it is in the action's own code.

It is started like the step, so it runs on the target's Python, 3.8 or newer, and imports nothing that the step might not.
`python -B -I -S driver.py SCRIPT TRACE PHASES MODE`, where MODE is `time` or `count`.
"""

# It wraps what it knows nothing of.
# ruff: noqa: ANN401

from __future__ import annotations

import time

BEGAN = time.monotonic()

import sys  # noqa: E402 - the clock comes first

# The real one would import typing, which the step might not.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SCRIPT, TRACE, PHASES, MODE = sys.argv[1:5]

# Of each span: what it is, when it began, when it ended, and the number of spans around it.
SPANS: list[tuple[str, float, float, int] | None] = []
DEPTH = [0]
EVENTS: dict[str, int] = {}
STARTED: list[list[str]] = []


def spanned(label: str | Callable[..., str], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` with a span around each call."""
    calls = [0]

    def call(*arguments: Any, **options: Any) -> Any:
        number = len(SPANS)
        SPANS.append(None)
        depth = DEPTH[0]
        DEPTH[0] = depth + 1
        if callable(label):
            name = label(*arguments)
        else:
            # `before|after` is two phases of one function.
            names = label.split("|")
            name = names[min(calls[0], len(names) - 1)]
            calls[0] += 1
        began = time.monotonic()
        try:
            return function(*arguments, **options)
        finally:
            SPANS[number] = (name, began, time.monotonic(), depth)
            DEPTH[0] = depth

    return call


def program(command: Any, *_: object) -> str:
    """Name a span for the program of `command`, or of a process of it: what it is and its first argument."""
    argv = getattr(command, "argv", None) or command.args
    words = [word for word in argv[1:3] if not word.endswith(".py")]
    name = argv[0].replace("\\", "/").rpartition("/")[2]
    return "process " + " ".join([name, *words[: 2 if words and words[0] == "pip" else 1]])


class Finder:
    """Puts a span around the import of every module, and around the functions of ours that are phases."""

    def __init__(self, phases: dict[str, dict[str, str]]) -> None:
        self.phases = phases

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Ask the other finders, and time them and the module that they find."""
        began = time.monotonic()
        for finder in sys.meta_path:
            spec: Any = finder.find_spec(name, path, target) if finder is not self else None
            if spec is not None:
                break
        else:
            return None
        SPANS.append(("import " + name, began, time.monotonic(), DEPTH[0]))
        loader = spec.loader
        if hasattr(loader, "exec_module"):
            spec.loader = Loader(loader, self.phases.get(name, {}))
        return spec


class Loader:
    """Stands before the loader of a module."""

    def __init__(self, loader: Any, phases: dict[str, str]) -> None:
        self._loader = loader
        self._phases = phases

    def __getattr__(self, name: str) -> Any:
        """Be the other one in everything else."""
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        """Make the module as the other one would."""
        return spanned("import " + spec.name, self._loader.create_module)(spec)

    def exec_module(self, module: Any) -> None:
        """Execute the module in a span, and wrap its phases."""
        module.__spec__.loader = module.__loader__ = self._loader
        spanned("import " + module.__name__, self._loader.exec_module)(module)
        for path, label in self._phases.items():
            wrap(module, path.split("."), program if label == "process" else label)


def wrap(owner: Any, path: list[str], label: str | Callable[..., str]) -> None:
    """Replace the function at `path` in `owner` by one with a span; what is not there is passed over."""
    *above, name = path
    for part in above:
        owner = getattr(owner, part, None)
    found = vars(owner).get(name) if owner is not None else None
    if isinstance(found, (classmethod, staticmethod)):
        setattr(owner, name, type(found)(spanned(label, found.__func__)))
    elif found is not None:
        setattr(owner, name, spanned(label, found))


def count(event: str, arguments: Any) -> None:
    """Count what the process opens, lists and starts."""
    if event in ("open", "os.listdir", "os.scandir", "import", "subprocess.Popen", "os.fork", "os.exec", "os.posix_spawn"):
        EVENTS[event] = EVENTS.get(event, 0) + 1
    if event == "subprocess.Popen":
        STARTED.append([str(word) for word in arguments[1]])
    elif event == "open":
        path = str(arguments[0])
        kind = path.rpartition(".")[2] if path.endswith((".py", ".pyc", ".so")) else "METADATA" if path.endswith("METADATA") else "other"
        EVENTS["open " + kind] = EVENTS.get("open " + kind, 0) + 1


def memory() -> int:
    """Return the most memory that this process has had, in KiB (Linux)."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    except OSError:
        return 0


class Ended(BaseException):
    """The step has asked to end the process at once."""


def end(status: int) -> None:
    """Take the place of `os._exit` until the trace is written."""
    raise Ended(status)


def finish(ready: float) -> None:
    """Write the trace."""
    ended = time.monotonic()
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    most = memory()
    modules = sorted(sys.modules)
    import json

    found = {
        "began": BEGAN,
        "ready": ready,
        "ended": ended,
        "spans": [span for span in SPANS if span is not None],
        "events": EVENTS,
        "started": STARTED,
        "memory": most,
        "modules": modules,
    }
    with open(TRACE, "w", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")
    # What comes now is the interpreter's own end.
    with open(TRACE, "a", encoding="utf-8") as file:
        file.write(json.dumps({"finished": time.monotonic()}))


def main() -> None:
    """Run the script."""
    with open(SCRIPT, encoding="utf-8") as file:
        code = compile(file.read(), SCRIPT, "exec")
    with open(PHASES, encoding="utf-8") as file:
        phases: dict[str, dict[str, str]] = {}
        for line in file.read().splitlines():
            module, path, label = line.split("\t")
            phases.setdefault(module, {})[path] = label
    sys.argv[:] = [SCRIPT]
    import os

    leave, os._exit = os._exit, end  # type: ignore[assignment]  # it does not return either
    if MODE == "time":
        finder: Any = Finder(phases)
        sys.meta_path.insert(0, finder)
    else:
        sys.addaudithook(count)
    ready = time.monotonic()
    try:
        exec(code, {"__name__": "__main__", "__file__": SCRIPT})  # noqa: S102 - it is the step's own script
    except Ended as ended:
        finish(ready)
        leave(ended.args[0])
    finally:
        finish(ready)


if __name__ == "__main__":
    main()
