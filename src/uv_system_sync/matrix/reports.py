"""Reads the reports that the jobs of a matrix have handed on, and takes no file for more than it can show to be."""

from __future__ import annotations

import itertools
import json
import os
import re
from dataclasses import dataclass, field, replace
from typing import Any, Iterator, Mapping, Sequence

# The version of the report file's schema that this reads (docs/report.md).
_SCHEMA = 1

# The names of the main action's files begin with it, and so do those of the artifacts in the examples.
_PREFIX = "uv-system-sync-"

# A report of 300 packages has 60 KiB.
_LARGEST = 8 * 1024 * 1024
# Names and versions are those of folders, and no file system that runners have lets one be longer.
_LONGEST = 255
_MOST_FILES = 1000


@dataclass(frozen=True)
class Python:
    """The Python of a job, in the words of its report."""

    implementation: str
    version: str
    platform: str


@dataclass(frozen=True)
class Job:
    """A job as its report tells it; `outcome` is `success`, `failure` or `missing`.

    `packages` maps normalized names to versions (PEP 503). Of a failed job, `kind` is the error's and `reason`
    the first line of its message; of a missing one, `reason` says what is there instead of a report.
    """

    name: str
    outcome: str
    python: Python | None = None
    project: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    reason: str = ""


def read(folder: str) -> tuple[Job, ...]:
    """Return the jobs whose artifacts are in `folder`, in the natural order of their names, which are distinct.

    Each folder in it is an artifact, and each file of JSON beside them is one too, as actions/download-artifact
    unpacks a single artifact, or several with `merge-multiple`, into `folder` itself.
    """
    jobs = [job for name, paths, certain in _artifacts(folder) for job in _jobs(_unprefixed(name), paths, certain=certain)]
    return tuple(_distinct(sorted(jobs, key=lambda job: natural(job.name))))


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts `3.9` before `3.10`."""
    parts = re.split(r"([0-9]+)", name)
    return [(1, int(part), "") if index % 2 else (0, 0, part) for index, part in enumerate(parts)]


def normalized(name: str) -> str:
    """Return the name of a package as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _artifacts(folder: str) -> Iterator[tuple[str, Sequence[str], bool]]:
    """Yield the name of each artifact, its files of JSON, and whether it is certain that it was meant to have a report."""
    with os.scandir(folder) as entries:
        # The names of files are in no order, and may differ in nothing but it.
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir():
            yield entry.name, list(itertools.islice(_files(entry.path), _MOST_FILES)), True
        elif entry.name.endswith(".json"):
            yield entry.name[: -len(".json")], [entry.path], entry.name.startswith(_PREFIX)


def _files(folder: str) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(where, name) for name in sorted(names) if name.endswith(".json"))


def _unprefixed(name: str) -> str:
    return name[len(_PREFIX) :] if name.startswith(_PREFIX) and name != _PREFIX else name


def _jobs(name: str, paths: Sequence[str], *, certain: bool) -> list[Job]:
    """Return a job for each report at `paths`, or one that is missing where a report was to be expected."""
    read = [(path, _job(path)) for path in paths]
    # Files of others may lie in an artifact, too.
    found = [job for path, job in read if job.outcome != "missing" or os.path.basename(path).startswith(_PREFIX)]
    if not found:
        reason = read[0][1].reason if read else "its artifact has no file of JSON"
        return [Job(name, "missing", reason=reason)] if certain else []
    several = len({job.project for job in found}) > 1
    return [replace(job, name=f"{name} ({job.project})" if several and job.project else name) for job in found]


def _distinct(jobs: Sequence[Job]) -> Iterator[Job]:
    names: set[str] = set()
    for job in jobs:
        numbered = (f"{job.name} ({number})" for number in itertools.count(2))
        name = next(name for name in itertools.chain([job.name], numbered) if name not in names)
        names.add(name)
        yield replace(job, name=name)


def _job(path: str) -> Job:
    """Return the job that the file at `path` tells of, without a name."""
    try:
        return _told(_document(path))
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except RecursionError:
        reason = "is nested too deeply"
    except ValueError as error:
        reason = str(error)
    except (LookupError, TypeError, AttributeError):
        reason = f"is no report of schema {_SCHEMA}"
    return Job("", "missing", reason=f"{os.path.basename(path)} {reason}")


def _document(path: str) -> Any:  # noqa: ANN401 - what JSON holds is known once it has been looked at
    if not os.path.isfile(path):
        raise ValueError("is not a file")
    with open(path, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"is larger than {_LARGEST // 1024 // 1024} MiB")
    try:
        # A number of a million digits takes minutes to become an int, and no time to become a float.
        return json.loads(content.decode("utf-8"), parse_int=float)
    except ValueError:
        raise ValueError("is not valid JSON") from None


def _told(document: Any) -> Job:  # noqa: ANN401 - see above
    schema, outcome = document["schema"], document.get("outcome", "success")
    if isinstance(schema, float) and schema != _SCHEMA:
        raise ValueError(f"has schema {schema:g}, and this version of the action reads schema {_SCHEMA}")
    if not isinstance(schema, float) or outcome not in ("success", "failure"):
        raise TypeError
    python, project = document["python"], document["project"]
    job = Job(
        "",
        outcome,
        python=None if python is None else Python(*(_text(python[key]) for key in ("implementation", "version", "platform"))),
        project="" if project is None else _text(project["name"]),
    )
    if outcome == "failure":
        return replace(job, kind=_text(document["error"]["kind"]), reason=_first_line(document["error"]["message"]))
    if python is None:
        raise TypeError
    return replace(job, packages={normalized(_text(package["name"])): _text(package["version"]) for package in document["packages"]})


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise TypeError
    return value


def _first_line(message: str) -> str:
    line = next(iter(message.strip().splitlines()), "")
    return line if len(line) <= 2 * _LONGEST else f"{line[: 2 * _LONGEST]}…"
