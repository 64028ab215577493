"""uv.lock: its packages, and where they are in it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import cached_property
from typing import Callable, Iterator

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, ProjectInvalid
from uv_system_sync.project import toml
from uv_system_sync.project.toml import Document, Place, Table


class Lockfile:
    """The uv.lock at `path`, an absolute path; it is read when it is first needed, and once.

    Parsing takes longer than a sync that has nothing to do, and uv is the judge of what is in it. So nothing here fails for a
    file that cannot be read: it has no packages then, and `error` is what is wrong with it.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    @cached_property
    def _content(self) -> tuple[Document, ActionError | None]:
        try:
            return toml.read(self.path, ProjectInvalid), None
        except ActionError as error:
            return Document(self.path, "", {}), error

    @cached_property
    def _text(self) -> str:
        return paths.text(self.path)

    @property
    def error(self) -> ActionError | None:
        """What is wrong with the file, or None."""
        return self._content[1]

    @property
    def document(self) -> Document:
        """The whole file; empty if it cannot be read."""
        return self._content[0]

    @property
    def packages(self) -> list[Table]:
        """The entries of the packages, as they are in the file."""
        return [package for package in toml.array(self.document.data, "package") if isinstance(package, dict)]

    def names(self) -> set[str]:
        """Return the names of the packages, which uv writes in their normalized form."""
        return {toml.string(package, "name") for package in self.packages}

    def has(self, name: str) -> bool:
        """Return whether there is an entry of the package `name`, without parsing the file."""
        return f'[[package]]\nname = "{name}"\n' in self._text

    def package(self, name: str, version: str) -> Table:
        """Return the entry of a package, or an empty one."""
        entries = (package for package in self.packages if (package.get("name"), package.get("version")) == (name, version))
        return next(entries, {})

    def address_of(self, name: str, version: str) -> str:
        """Return the address of the file of a package or, if there are several, of their host; empty if it is not known."""
        package = self.package(name, version)
        files = [*toml.array(package, "wheels"), package.get("sdist"), package.get("source")]
        addresses = [toml.string(file, "url") for file in files if isinstance(file, dict) and file.get("url")]
        if len(addresses) < 2:  # noqa: PLR2004 - several
            return "".join(addresses)
        found = re.match(r"\w+://[^/?#]+", addresses[0])
        return found.group() if found else ""

    def from_source(self, is_built: Callable[[str], bool]) -> list[Table]:
        """Return the entries of packages that come from an index, an address or Git, and have no wheel that fits every Python.

        They have a source distribution or are a repository; files of an index that is a folder count as new in each checkout.
        A package for whose name `is_built` is true counts as one without wheels.
        Only the entries returned are parsed, because with many packages parsing all takes longer than a sync.
        """
        entries = []
        for block in self._text.split("[[package]]")[1:]:
            name = re.search(r'^name = "([^"]+)"', block, re.MULTILINE)
            is_candidate = re.search(r"^(?:sdist = \{ url = |source = \{ (?:git|url) = )", block, re.MULTILINE)
            if name and is_candidate and ("-none-any.whl" not in block or is_built(name[1])):
                entries.append(f"[[package]]{block}")
        with suppress(ValueError, RecursionError):
            return [entry for entry in toml.array(toml.parsed("".join(entries)), "package") if isinstance(entry, dict)]
        return []

    def place_of(self, name: str) -> Place:
        """Return the line where the first entry of the package `name` begins; no line, if there is none."""
        # In the dependencies of other packages, there is more before it.
        found = re.search(rf'^name = "{re.escape(name)}"', self.document.text, re.MULTILINE)
        return Place(self.path, self.document.text.count("\n", 0, found.start()) + 1 if found else None)

    def members(self) -> Iterator[tuple[str, Table]]:
        """Yield the path of the pyproject.toml of each package that comes from a folder, and the entry of that package."""
        for package in self.packages:
            source = toml.table(package, "source")
            folder = next((source[key] for key in ("editable", "virtual", "directory") if key in source), None)
            if isinstance(folder, str) and "\0" not in folder:
                file = os.path.normpath(os.path.join(os.path.dirname(self.path), folder, "pyproject.toml"))
                if os.path.isfile(file):
                    yield file, package
