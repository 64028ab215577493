"""Builds Dockerfiles without a container engine. It supports the instructions in examples/docker; any other is an error."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import string
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.images import Image, Mount


class Failed(Exception):
    """A RUN failed. The text of the error is its output."""


@dataclass
class Build:
    """A build of the files in `context`, in the new `folder`.

    `bases` creates the images that FROM may name. `kept` is a folder for layers and caches that several builds share. `arguments` are
    the build arguments, and `variables` are set for RUN in addition to those of the image. `stages` has the image of each stage.
    """

    context: Path
    folder: Path
    bases: Mapping[str, Callable[[Path], Image]]
    kept: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    stages: dict[str, Image] = field(default_factory=dict, init=False)
    # The base image of the current stage until its first COPY or RUN, then empty.
    _begun: str = field(default="", init=False)
    # The values of ARG in the current stage. RUN gets them, but they are not part of the image.
    _given: dict[str, str] = field(default_factory=dict, init=False)

    def follow(self, dockerfile: str, image: Image | None = None) -> Image:
        """Execute the text of a `dockerfile`, or a part of it that continues `image`, and return the image of the last stage."""
        image = image or Image(self.folder, {})
        for name, rest in instructions(dockerfile):
            if name not in _INSTRUCTIONS:
                raise ValueError(f"{name} is not supported")
            image = _INSTRUCTIONS[name](self, image, rest)
        return image

    def arg(self, image: Image, rest: str) -> Image:
        """Declare a build argument, which is required if it has no default."""
        name, equals, default = rest.partition("=")
        self._given[name] = self.arguments.get(name, default) if equals else self.arguments[name]
        return image

    def from_(self, _: Image, rest: str) -> Image:
        """Begin a stage."""
        base, *names = string.Template(rest).substitute(self.arguments).split(" AS ")
        stage = names[0] if names else "last"
        self._begun, self._given = base, {}
        self.stages[stage] = self.bases[base](self.folder / stage)
        return self.stages[stage]

    def copy(self, image: Image, rest: str) -> Image:
        """Copy files, or the content of folders, from the context or another stage."""
        *sources, target = string.Template(rest).substitute(image.environ).split()
        stage = sources.pop(0).removeprefix("--from=") if sources[0].startswith("--from=") else ""
        self._begun = ""
        for source in sources:
            place = image.path(target) / (Path(source).name if target.endswith("/") else "")
            if stage:
                _copy(self.stages[stage].path(source), place)
            else:
                _copy(self.context / source, place, self._ignored(), shutil.copy2)
        return image

    def run(self, image: Image, rest: str) -> Image:
        """Run a shell command. The result of the first one in a stage is kept, and other builds reuse it."""
        mounts = []
        while rest.startswith("--mount="):
            option, _, rest = rest.removeprefix("--mount=").partition(" ")
            mounts.append(self._mount(dict(part.split("=", 1) for part in option.split(","))))
        layer = self.kept / hashlib.sha256(f"{self._begun} {rest}".encode()).hexdigest() if self._begun else None
        self._begun = ""
        if layer and layer.exists():
            _copy(layer, image.folder)
            return image
        self._execute(image, rest, mounts)
        if layer:
            _copy(image.folder, layer)
        return image

    def _mount(self, options: dict[str, str]) -> Mount:
        if options["type"] == "bind":
            return Mount(self.stages[options["from"]].path(options["source"]), options["target"])
        cache = self.kept / options["type"]
        cache.mkdir(parents=True, exist_ok=True)
        return Mount(cache, options["target"], writable=True)

    def _execute(self, image: Image, line: str, mounts: list[Mount]) -> None:
        for mount in mounts:
            image.path(mount.target).mkdir(parents=True, exist_ok=True)
        given = replace(image, environ={**self._given, **image.environ, **self.variables})
        completed = given.run("/bin/sh", "-c", line, mounts=mounts)
        if completed.returncode:
            raise Failed(completed.stdout)

    def _ignored(self) -> set[Path]:
        patterns = (self.context / ".dockerignore").read_text(encoding="utf-8").split()
        return {path for pattern in patterns for path in self.context.glob(pattern)}


_INSTRUCTIONS: dict[str, Callable[[Build, Image, str], Image]] = {
    "ARG": Build.arg,
    "CMD": lambda _, image, rest: replace(image, command=tuple(json.loads(rest))),
    "COPY": Build.copy,
    "ENV": lambda _, image, rest: replace(image, environ={**image.environ, **dict([rest.split("=", 1)])}),
    "FROM": Build.from_,
    "RUN": Build.run,
    "USER": lambda _, image, rest: replace(image, user=rest),
    "WORKDIR": lambda _, image, rest: replace(image, workdir=rest),
}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions of a `dockerfile` with their arguments."""
    text = re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE)
    lines = re.sub(r"\\\n *", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line)]


def _copy(source: Path, target: Path, ignored: Collection[Path] = (), copy: Callable[..., object] = os.link) -> None:
    """Copy a file, or the content of a folder. Hard links suffice where files are only replaced, never written to."""
    if source in ignored:
        return
    if source.is_dir() and not source.is_symlink():
        target.mkdir(parents=True, exist_ok=True)
        for entry in source.iterdir():
            _copy(entry, target / entry.name, ignored, copy)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        copy(source, target, follow_symlinks=False)
