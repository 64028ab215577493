"""uv.lock: its packages, and the lines where they begin."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import Callable, Iterator

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, ProjectInvalid
from uv_system_sync.project import toml
from uv_system_sync.project.toml import Document, Place, Table


class Lockfile:
    """The uv.lock at the absolute path `path`, read once, when it is first needed.

    It is read lazily because parsing it takes longer than a sync that changes nothing. uv validates the file, so no method raises
    if it is unreadable or malformed: it then has no packages, and `error` is the reason.
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
        """The error that reading or parsing the file raised, or None."""
        return self._content[1]

    @property
    def document(self) -> Document:
        """The parsed file; empty if it is unreadable or malformed."""
        return self._content[0]

    @property
    def packages(self) -> list[Table]:
        """The `[[package]]` tables, in the order of the file."""
        return _packages(self.document.data)

    def names(self) -> set[str]:
        """Return the names of the packages, in the normalized form in which uv writes them."""
        return {toml.string(package, "name") for package in self.packages}

    def has(self, name: str) -> bool:
        """Return whether the file has a package `name`, a normalized name, without parsing it."""
        return f'[[package]]\nname = "{name}"\n' in self._text

    def package(self, name: str, version: str) -> Table:
        """Return the table of the package `name` in `version`, or an empty table."""
        entries = (package for package in self.packages if (package.get("name"), package.get("version")) == (name, version))
        return next(entries, {})

    def address_of(self, name: str, version: str) -> str:
        """Return the URL of a package's file, or of its host if the package has several files, or an empty string if unknown."""
        package = self.package(name, version)
        files = [*toml.array(package, "wheels"), package.get("sdist"), package.get("source")]
        addresses = [toml.string(file, "url") for file in files if isinstance(file, dict) and file.get("url")]
        if len(addresses) == 1:
            return addresses[0]
        host = re.match(r"\w+://[^/?#]+", addresses[0]) if addresses else None
        return host.group() if host else ""

    def from_source(self, ignores_wheels: Callable[[str], bool]) -> list[Table]:
        """Return the tables of the packages that uv may have to build from an index, a URL or Git.

        These come from Git or a URL, or have a source distribution at a URL, and have no wheel that fits every Python. The wheels of
        a package are ignored if `ignores_wheels` is true for its name. Packages from an index in a local folder are left out: uv considers
        their files new in each checkout. Only the returned tables are parsed: parsing a large file takes longer than a sync.
        """
        candidates = []
        for block in self._text.split("[[package]]")[1:]:
            name = re.search(r'^name = "([^"]+)"', block, re.MULTILINE)
            has_source = re.search(r"^(?:sdist = \{ url = |source = \{ (?:git|url) = )", block, re.MULTILINE)
            if name and has_source and ("-none-any.whl" not in block or ignores_wheels(name[1])):
                candidates.append(f"[[package]]{block}")
        try:
            data = toml.parsed("".join(candidates))
        except (ValueError, RecursionError):
            return []
        return _packages(data)

    def place_of(self, name: str) -> Place:
        """Return the place of the first package `name`: the line with its name, or the file without a line if it has no such package."""
        # The anchor excludes the dependencies of other packages, where the name is inside of a table.
        found = re.search(rf'^name = "{re.escape(name)}"', self.document.text, re.MULTILINE)
        return Place(self.path, self.document.text.count("\n", 0, found.start()) + 1 if found else None)

    def members(self) -> Iterator[tuple[str, Table]]:
        """Yield each package that comes from a folder: the path of its pyproject.toml, and its table in uv.lock."""
        for package in self.packages:
            source = toml.table(package, "source")
            folder = next((source[key] for key in ("editable", "virtual", "directory") if key in source), None)
            if isinstance(folder, str) and "\0" not in folder:
                file = os.path.normpath(os.path.join(os.path.dirname(self.path), folder, "pyproject.toml"))
                if os.path.isfile(file):
                    yield file, package


def _packages(data: Table) -> list[Table]:
    return [package for package in toml.array(data, "package") if isinstance(package, dict)]
