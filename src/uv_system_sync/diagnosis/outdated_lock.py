"""Says why uv.lock is outdated: what the project has that it does not know, or which index or setting is another one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Iterator, Mapping, NamedTuple

from uv_system_sync.diagnosis import requirements
from uv_system_sync.errors import ActionError, ProjectInvalid
from uv_system_sync.project import pyproject as project_room
from uv_system_sync.project import toml

if TYPE_CHECKING:
    from uv_system_sync.process import Completed
    from uv_system_sync.project.pyproject import Project


class Cause(NamedTuple):
    """Why uv does not take uv.lock as it is, as a clause and, where there is more to do than to lock anew, a hint; and where that is."""

    text: str
    file: str
    line: int | None
    hint: str = ""


# How uv calls what the lock was made with, and the setting that it is.
_SETTINGS = {
    "resolution mode": "resolution",
    "pre-release mode": "prerelease",
    "fork strategy": "fork-strategy",
    "supported environments": "environments",
    "conflicting groups": "conflicts",
    "timestamp cutoff": "exclude-newer",
    "global exclude newer": "exclude-newer",
    "constraints": "constraint-dependencies",
    "overrides": "override-dependencies",
    "excludes": "exclude-dependencies",
    "build constraints": "build-constraint-dependencies",
    "static metadata": "dependency-metadata",
}

# Those that name an index and that uv gets to see, the ones that are asked first at the end.
_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")

_SHOWN = 20


def cause(project: Project, words: str, env: Mapping[str, str]) -> Cause | None:
    """Return why the lock of `project` is outdated, from its files and from `words`, uv's own reasons; or None when nothing is known."""
    found = requirements.differences(project)
    if found:
        more = f" (and {len(found) - 1} more like it)" * (len(found) > 1)
        return Cause(f"{found[0].text}{more}", found[0].file, found[0].line)
    ignored = _ignored(words, project)
    if ignored is not None:
        return ignored
    for reason in re.findall(r"(?:Ignoring|Resolving despite) existing lockfile due to (.+(?:\n +(?:Requested|Existing): .*)*)", words):
        for tell in (_index, _python, _setting, _members, _requirement):
            known = tell(reason, project, env)
            if known is not None:
                return known
    return None


def changes(dry_run: Completed) -> str:
    """Return a sentence on what `uv lock` would change, or nothing when `dry_run` does not say it."""
    lines = re.findall(r"^(Add|Remove|Update)(?:e?d)? ([A-Za-z0-9][\w.-]*) (v\S.*)$", dry_run.output, re.MULTILINE | re.ASCII)
    done = {verb: [f"{name} {_unmarked(version)}" for kind, name, version in lines if kind == verb] for verb in ("Add", "Remove", "Update")}
    parts = [f"{verb.lower()} {_listed(names)}" for verb, names in done.items() if names]
    if dry_run.returncode:
        return ""
    if parts:
        return f"`uv lock` would {'; '.join(parts)}."
    return "`uv lock` would add, remove and update no package." if "ockfile changes detected" in dry_run.output else ""


def _unmarked(versions: str) -> str:
    return re.sub(r"(?<![\w.])v(?=\d)", "", versions.strip())


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more" * (len(names) > _SHOWN)


def _ignored(words: str, project: Project) -> Cause | None:
    """Find that uv leaves out all settings because it does not know one; it may be older than the uv that has made the lock."""
    pattern = r"Failed to parse `?([^`\n]+?)`? during settings discovery:\n.* line (\d+), .*\n(?:[^|\n]*\|.*\n){1,5} *(.{1,200})"
    found = re.search(pattern, words)
    if found is None:
        return None
    name, line, reason = found.groups()
    text = f"uv ignores all settings in {name}, because of line {line}: {reason.partition(', expected one of')[0]}"
    hint = f"Correct it, or set `uv-version` to one that knows it, or run {project_room.lock_it(project)} and commit uv.lock."
    return Cause(text, os.path.join(project.root, name), int(line), hint)


def _index(reason: str, project: Project, env: Mapping[str, str]) -> Cause | None:
    found = re.match(r"missing (?:remote|local) index: `([^`]*)` `([^`]*)` from `([^`]*)`", reason)
    if found is None:
        return None
    name, version, locked = found.groups()
    named = [f"`{variable}` is {env[variable].strip()}" for variable in _VARIABLES if env.get(variable, "").strip()]
    file, line = project.lock, toml.line_with(project.lock, f'"{locked}"')
    for other, url in _indexes(project):
        file, line = (other, toml.line_with(other, url)) if not named else (file, line)
        named.append(f"{os.path.basename(other)} names {url}")
    now = " and ".join(named) or "uv is told of no other index than its default"
    return Cause(
        f"uv.lock has {name} {version} from {locked}, and {now}",
        file,
        line,
        "Lock with the index that this step uses, or leave the variable unset here, so that both are the same;"
        f" run {project_room.lock_it(project)} with it and commit uv.lock. `frozen: true` takes the files from where uv.lock says.",
    )


def _indexes(project: Project) -> Iterator[tuple[str, str]]:
    """Yield the indexes that the workspace's settings name, each with its file; uv.toml goes first."""
    for file, keys in ((os.path.join(project.root, "uv.toml"), ()), (os.path.join(project.root, "pyproject.toml"), ("tool", "uv"))):
        settings = _load(file)
        for key in keys:
            settings = toml.table(settings, key)
        named = [index.get("url") for index in toml.array(settings, "index") if isinstance(index, dict)]
        addresses = [address for address in (*named, settings.get("index-url")) if isinstance(address, str)]
        yield from ((file, address) for address in addresses)
        if addresses:
            return


def _python(reason: str, project: Project, _: Mapping[str, str]) -> Cause | None:
    found = re.match(r"change in Python requirement: `([^`]*)` vs\. `([^`]*)`", reason)
    if found is None:
        return None
    text = f"uv.lock was made with `requires-python` {found.group(1)}, and it is {found.group(2)} now"
    files = [project.pyproject, *(file for file, _ in requirements.members(project))]
    says = {file: str(toml.table(_load(file), "project").get("requires-python", "")) for file in files}
    if not any(says.values()):
        now = f"{found.group(2)} now, and {found.group(1)} before"
        text = f"nothing says `requires-python`, so that uv takes that of the Python at hand: {now}"
        lock_it = project_room.lock_it(project)
        hint = f"Add `requires-python` to `[project]`, run {lock_it} and commit uv.lock; `frozen: true` takes it as it is."
        return Cause(text, project.pyproject, 1, hint)
    file = next((file for file in files if says[file].replace(" ", "") == found.group(2).replace(" ", "")), files[0])
    return Cause(text, file, toml.line_of(file, "requires-python"))


def _setting(reason: str, project: Project, _: Mapping[str, str]) -> Cause | None:
    found = re.match(r"(change in|addition of|removal of|mismatched) ([a-z -]+?)(?:: |:$|:\n| (?=\d))(.*)", reason)
    if found is None or found.group(2) not in _SETTINGS:
        return None
    key = _SETTINGS[found.group(2)]
    values = re.fullmatch(r"`(.*)` vs\. `(.*)`", found.group(3))
    place = project_room.setting(project, key)
    if values:
        text = f"uv.lock was made with `{key}` {values.group(1)}, and it is {values.group(2)} now"
    elif found.group(1) == "mismatched":
        text = f"uv.lock was made with other `{key}` than there are now"
    else:
        what = {"change in": "was changed", "addition of": "was added", "removal of": "was removed"}[found.group(1)]
        text = f"`{key}` {what} after uv.lock was made ({found.group(3)})"
    return Cause(text, place.file, place.line) if place.line else Cause(text, project.lock, 1)


def _members(reason: str, project: Project, _: Mapping[str, str]) -> Cause | None:
    sets = re.match(r"mismatched members:\s+Requested: (.*)\s+Existing: (.*)", reason)
    if sets is None:
        return None
    now, locked = (set(re.findall(r'PackageName\("([^"]+)"\)', text)) for text in sets.groups())
    if now == locked:
        return None
    added = f"the workspace has {_listed(sorted(now - locked))}, and uv.lock does not know it" * bool(now - locked)
    gone = f"uv.lock has {_listed(sorted(locked - now))}, and the workspace does not have it any more" * bool(locked - now)
    file = os.path.join(project.root, "pyproject.toml")
    return Cause("; ".join(filter(None, (added, gone))), file, toml.line_of(file, "members"))


def _requirement(reason: str, project: Project, _: Mapping[str, str]) -> Cause | None:
    """Find what differs in uv's own, unstable notation of two sets of requirements: a marker or a source."""
    sets = re.match(r"mismatched [a-z ]+ for: `([^`]+?)==[^`]*`\s+Requested: (.*)\s+Existing: (.*)", reason)
    if sets is None:
        return None
    now, locked = (set(re.findall(r'PackageName\("([^"]+)"\)((?:(?!PackageName).)*?)origin:', text)) for text in sets.groups()[1:])
    names = sorted({name for name, _ in now ^ locked})
    file = next((file for file, package in requirements.members(project) if package.get("name") == sets.group(1)), None)
    if not names or file is None:
        return None
    line = next((number for name in names for number in [toml.line_with(file, name)] if number), None)
    return Cause(f"uv.lock knows the requirement of {_listed(names)} with another marker or source", file, line)


def _load(path: str) -> toml.Table:
    try:
        return toml.load(path, ProjectInvalid)
    except ActionError:
        return {}
