"""Reads the reports of the jobs of a matrix; what is in the files is checked before it is used."""

from __future__ import annotations

import itertools
import json
import os
import re
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from uv_system_sync.text import normalized_name

# The version of the report file's schema that this reads (docs/report.md).
_SCHEMA = 1

# The names of the main action's files begin with it, and so do those of the artifacts in the examples.
_PREFIX = "uv-system-sync-"

# A report of 300 packages has 60 KiB.
_LARGEST = 8 * 1024 * 1024
# Names and versions are those of folders, and no file system that runners have lets one be longer.
_LONGEST = 255
_MOST_FILES = 1000


class Python(NamedTuple):
    """The Python of a job, as its report describes it."""

    implementation: str
    version: str
    platform: str


class Job(NamedTuple):
    """A job as its report describes it; `outcome` is `success`, `failure` or `missing`.

    `packages` maps normalized names to versions (PEP 503). Of a failed job, `kind` is the error's and `reason`
    the first line of its message; of a missing one, `reason` says what is there instead of a report.
    """

    name: str
    outcome: str
    python: Python | None = None
    project: str = ""
    packages: Mapping[str, str] = {}
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


def _artifacts(folder: str) -> Iterator[tuple[str, Sequence[str], bool]]:
    """Yield the name of each artifact, its files of JSON, and whether it must have a report."""
    with os.scandir(folder) as entries:
        # The order of a folder's entries is not defined.
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
    """Return a job for each report at `paths`; if there is none and the artifact must have one, a job that is missing."""
    read = [(path, _job(path)) for path in paths]
    # An artifact may contain other files, too.
    found = [job for path, job in read if job.outcome != "missing" or os.path.basename(path).startswith(_PREFIX)]
    if not found:
        reason = read[0][1].reason if read else "its artifact has no file of JSON"
        return [Job(name, "missing", reason=reason)] if certain else []
    several = len({job.project for job in found}) > 1
    return [job._replace(name=f"{name} ({job.project})" if several and job.project else name) for job in found]


def _distinct(jobs: Sequence[Job]) -> Iterator[Job]:
    names: set[str] = set()
    for job in jobs:
        numbered = (f"{job.name} ({number})" for number in itertools.count(2))
        name = next(name for name in itertools.chain([job.name], numbered) if name not in names)
        names.add(name)
        yield job._replace(name=name)


def _job(path: str) -> Job:
    """Return the job that the file at `path` is the report of, without a name."""
    try:
        return _parsed(_document(path))
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except RecursionError:
        reason = "is nested too deeply"
    except ValueError as error:
        reason = str(error)
    except (LookupError, TypeError, AttributeError):
        reason = f"is not a report of schema {_SCHEMA}"
    return Job("", "missing", reason=f"{os.path.basename(path)} {reason}")


def _document(path: str) -> Any:  # noqa: ANN401 - what JSON holds is known once it has been looked at
    if not os.path.isfile(path):
        raise ValueError("is not a file")
    with open(path, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"is larger than {_LARGEST // 1024 // 1024} MiB")
    try:
        # Parsing a million digits takes minutes as an int, and no time as a float.
        return json.loads(content.decode("utf-8"), parse_int=float)
    except ValueError:
        raise ValueError("is not valid JSON") from None


def _parsed(document: Any) -> Job:  # noqa: ANN401 - see above
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
        return job._replace(kind=_text(document["error"]["kind"]), reason=_first_line(document["error"]["message"]))
    if python is None:
        raise TypeError
    return job._replace(packages={normalized_name(_text(package["name"])): _text(package["version"]) for package in document["packages"]})


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise TypeError
    return value


def _first_line(message: str) -> str:
    line = next(iter(message.strip().splitlines()), "")
    return line if len(line) <= 2 * _LONGEST else f"{line[: 2 * _LONGEST]}…"
