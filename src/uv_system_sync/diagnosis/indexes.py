"""Compares the indexes that are set now with those that uv.lock has packages from."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Iterator

from uv_system_sync.project import toml
from uv_system_sync.project.toml import Place
from uv_system_sync.text import Message, message

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.project.toml import Document, Table

# Those that replace the default index come first.
_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


def difference(failure: Failure) -> tuple[Message, Place] | None:
    """Return a clause on a package that uv.lock has from an index that is not set, and the place to look at, or None."""
    lock = failure.project.lock
    variables = [(name, failure.env[name].strip()) for name in _VARIABLES if failure.env.get(name, "").strip()]
    document, table = _settings(failure)
    settings = list(_addresses(table))
    named = {_comparable(url, lock.root) for url in [*(url for _, text in variables for url in re.split(r"[\s,]+", text)), *settings]}
    for package in lock.packages:
        locked = toml.string(toml.table(package, "source"), "registry")
        if locked and _comparable(locked, lock.root) not in named and not _may_be_default(locked, variables, table):
            clause = message(
                "uv.lock has {name} {release} from {locked}, and {now}",
                name=toml.string(package, "name"),
                release=toml.string(package, "version"),
                locked=locked,
                now=" and ".join([*(f"`{name}` is {url}" for name, url in variables), *(f"{document.name} has {url}" for url in settings)])
                or "no other index than the default is set",
            )
            if settings and not variables:
                return clause, Place(document.path, document.line_with(settings[-1]))
            return clause, Place(lock.path, lock.document.line_with(f'"{locked}"'))
    return None


def _settings(failure: Failure) -> tuple[Document, Table]:
    """Return the first file of settings that has an index, or the last one."""
    found = failure.project.settings()
    return next(((document, table) for document, table in found if any(_addresses(table))), found[-1])


def _addresses(table: Table) -> Iterator[str]:
    """Yield the addresses of indexes and of pages with links in a table of settings."""
    indexes = [index.get("url") for index in toml.array(table, "index") if isinstance(index, dict)]
    for address in (*indexes, table.get("index-url"), *toml.array(table, "extra-index-url"), *toml.array(table, "find-links")):
        if isinstance(address, str):
            yield address


def _may_be_default(address: str, variables: list[tuple[str, str]], table: Table) -> bool:
    """Return whether `address` may be that of uv's own default index, which is used unless another one is set."""
    indexes = [index for index in toml.array(table, "index") if isinstance(index, dict)]
    replaced = (
        any(name in _VARIABLES[:2] for name, _ in variables) or "index-url" in table or any(it.get("default") is True for it in indexes)
    )
    return address.startswith("https://") and not replaced


def _comparable(address: str, root: str) -> str:
    """Return the address of an index without a name, credentials and a slash at the end; a path as an absolute one."""
    address = re.sub(r"^[\w.-]+=", "", address)
    if "://" not in address:
        return os.path.normpath(os.path.join(root, address))
    return re.sub(r"(?<=://)[^\s/]+@", "", address).rstrip("/")
