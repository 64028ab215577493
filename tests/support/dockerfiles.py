"""Follows Dockerfiles without a container engine, as far as those in examples/docker go; any other instruction is an error."""

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
    """A RUN that has failed; the text is what it has printed."""


@dataclass
class Build:
    """A build of the files in `context`, in the new `folder`.

    It is given what stands for the images that FROM may name, the arguments of the build, the variables that RUN has
    beside those of the image, and a folder that keeps layers and the cache for other builds.
    """

    context: Path
    folder: Path
    bases: Mapping[str, Callable[[Path], Image]]
    kept: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    stages: dict[str, Image] = field(default_factory=dict, init=False)
    # The stage that has just begun, until something is done in it, and what ARG has given the RUNs of a stage, which is not in its image.
    _begun: str = field(default="", init=False)
    _given: dict[str, str] = field(default_factory=dict, init=False)

    def follow(self, dockerfile: str, image: Image | None = None) -> Image:
        """Execute the text of a `dockerfile`, or a part of it that comes after `image`, and return its last stage."""
        image = image or Image(self.folder, {})
        for name, rest in instructions(dockerfile):
            if name not in _INSTRUCTIONS:
                raise ValueError(f"{name} is not understood")
            image = _INSTRUCTIONS[name](self, image, rest)
        return image

    def arg(self, image: Image, rest: str) -> Image:
        """Take an argument of the build, which has to be given when it has no default."""
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
        """Copy files, or what is in a folder, from the context or another stage."""
        *sources, target = string.Template(rest).substitute(image.environ).split()
        stage = sources.pop(0).removeprefix("--from=") if sources[0].startswith("--from=") else ""
        self._begun = ""
        for source in sources:
            place = image.path(target) / (Path(source).name if target.endswith("/") else "")
            if stage:
                _copy(self.stages[stage].path(source), place)
            else:
                _copy(self.context / source, place, self._left_out(), shutil.copy2)
        return image

    def run(self, image: Image, rest: str) -> Image:
        """Run a line of a shell, unless it is the first of its stage and another build has kept what comes of it."""
        mounts = []
        while rest.startswith("--mount="):
            option, _, rest = rest.removeprefix("--mount=").partition(" ")
            mounts.append(self._mount(dict(part.split("=", 1) for part in option.split(","))))
        layer = self.kept / hashlib.sha256(f"{self._begun} {rest}".encode()).hexdigest() if self._begun else None
        self._begun = ""
        if layer and layer.exists():
            _copy(layer, image.folder)
            return image
        self._really_run(image, rest, mounts)
        if layer:
            _copy(image.folder, layer)
        return image

    def _mount(self, options: dict[str, str]) -> Mount:
        if options["type"] == "bind":
            return Mount(self.stages[options["from"]].path(options["source"]), options["target"])
        cache = self.kept / options["type"]
        cache.mkdir(parents=True, exist_ok=True)
        return Mount(cache, options["target"], writable=True)

    def _really_run(self, image: Image, line: str, mounts: list[Mount]) -> None:
        for mount in mounts:
            image.path(mount.target).mkdir(parents=True, exist_ok=True)
        given = replace(image, environ={**self._given, **image.environ, **self.variables})
        completed = given.run("/bin/sh", "-c", line, mounts=mounts)
        if completed.returncode:
            raise Failed(completed.stdout)

    def _left_out(self) -> set[Path]:
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
    """Return the instructions of a `dockerfile`, each with the rest of its line."""
    text = re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE)
    lines = re.sub(r"\\\n *", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line)]


def _copy(source: Path, target: Path, left_out: Collection[Path] = (), copied: Callable[..., object] = os.link) -> None:
    """Copy a file, or what is in a folder; by a link where nobody writes into the file that is there, but in its place."""
    if source in left_out:
        return
    if source.is_dir() and not source.is_symlink():
        target.mkdir(parents=True, exist_ok=True)
        for entry in source.iterdir():
            _copy(entry, target / entry.name, left_out, copied)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        copied(source, target, follow_symlinks=False)
