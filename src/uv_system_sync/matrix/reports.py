"""Reads and validates the report files of the jobs of a matrix."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any, Iterator, Mapping, NamedTuple

from uv_system_sync.text import normalized_name

# The schema version of the report files that this module reads (docs/report.md).
_SCHEMA = 1

# The prefix of the report files that the main action writes, and of the artifacts in the examples.
_PREFIX = "uv-system-sync-"

# Maximum size of a report, in bytes. A report of 300 packages has 60 KiB.
_MOST_BYTES = 8 * 1024 * 1024
# Maximum length of a name or version. These are parts of folder names, which the file systems of runners limit to 255 characters.
_MOST_CHARACTERS = 255
# Maximum number of reports that are read from an artifact.
_MOST_FILES = 1000


class Python(NamedTuple):
    """The Python of a job, as its report describes it."""

    version: str
    implementation: str
    platform: str
    free_threaded: bool = False

    @property
    def release(self) -> str:
        """The version as actions/setup-python writes it, with a trailing `t` for a free-threaded build."""
        return f"{self.version}t" if self.free_threaded else self.version


class Job(NamedTuple):
    """A job as its report describes it; `outcome` is `success`, `failure`, or `missing` for a job without a usable report.

    `packages` maps normalized names (PEP 503) to versions, without seed packages that are not in uv.lock. For a failed job, `kind`
    is the kind of the error and `reason` the first line of its message. For a missing job, `reason` is the problem with its report.
    """

    name: str
    outcome: str
    python: Python | None = None
    project: str = ""
    packages: Mapping[str, str] = {}
    kind: str = ""
    reason: str = ""


def read(folder: str) -> list[Job]:
    """Return the jobs whose artifacts are in `folder`, with distinct names.

    Each folder in it is an artifact. Each JSON file in it also counts as an artifact, because actions/download-artifact unpacks a
    single artifact, or several with `merge-multiple`, into `folder` itself. Raise `OSError` if `folder` cannot be read.
    """
    jobs: dict[str, Job] = {}
    for entry in sorted(os.listdir(folder)):
        for job in _artifact(os.path.join(folder, entry)):
            name, number = job.name, 1
            while name in jobs:
                number += 1
                name = f"{job.name} ({number})"
            jobs[name] = job._replace(name=name)
    return list(jobs.values())


def _artifact(path: str) -> list[Job]:
    """Return a job for each report in the folder or file at `path`, or a missing job for a folder without a report."""
    is_folder = os.path.isdir(path)
    reports = [_job(file) for file in itertools.islice(_files(path), _MOST_FILES)]
    # Files that are not reports are ignored, unless they have the name of a report.
    found = [job for job in reports if job.outcome != "missing" or job.name.startswith(_PREFIX)]
    if not found and is_folder:
        found = reports[:1] or [Job("", "missing", reason="its artifact has no JSON file")]
    name = os.path.basename(path) if is_folder else os.path.basename(path)[: -len(".json")]
    if name.startswith(_PREFIX) and name != _PREFIX:
        name = name[len(_PREFIX) :]
    several = len({job.project for job in found}) > 1
    return [job._replace(name=f"{name} ({job.project})" if several and job.project else name) for job in found]


def _files(path: str) -> Iterator[str]:
    """Yield the JSON files below the folder `path`, or `path` itself if it is a JSON file."""
    if path.endswith(".json") and not os.path.isdir(path):
        yield path
    for where, folders, names in os.walk(path):
        folders.sort()
        yield from (os.path.join(where, name) for name in sorted(names) if name.endswith(".json"))


def _job(path: str) -> Job:
    """Return the job of the report file at `path`, or a missing job; its name is the name of the file."""
    name = os.path.basename(path)
    try:
        return _validated(name, _document(path))
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except RecursionError:
        reason = "is nested too deeply"
    except ValueError as error:
        reason = str(error)
    except (LookupError, TypeError, AttributeError):
        reason = f"is not a report of schema {_SCHEMA}"
    return Job(name, "missing", reason=f"{name} {reason}")


def _document(path: str) -> Any:  # noqa: ANN401 - JSON that has not been validated
    if not os.path.isfile(path):
        raise ValueError("is not a file")
    with open(path, "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"is larger than {_MOST_BYTES // 1024 // 1024} MiB")
    try:
        # Parsing a million digits as an int takes minutes; as a float, it is immediate.
        return json.loads(content.decode("utf-8"), parse_int=float)
    except ValueError:
        raise ValueError("is not valid JSON") from None


def _validated(name: str, document: Any) -> Job:  # noqa: ANN401 - JSON that has not been validated
    """Return the job that `document` describes; raise `ValueError` for another schema, and another exception if it is no report."""
    schema, outcome, python, project = document["schema"], document.get("outcome", "success"), document["python"], document["project"]
    if isinstance(schema, float) and schema != _SCHEMA:
        raise ValueError(f"has schema {schema:g}, and this version of the action reads schema {_SCHEMA}")
    if not isinstance(schema, float) or outcome not in ("success", "failure"):
        raise TypeError
    job = Job(name, outcome, _python(python) if python is not None else None, _text(project["name"]) if project is not None else "")
    if outcome == "failure":
        message = str.strip(document["error"]["message"])
        return job._replace(kind=_text(document["error"]["kind"]), reason=message.partition("\n")[0][: 2 * _MOST_CHARACTERS])
    if python is None:
        raise TypeError
    packages = {normalized_name(_text(package["name"])): _text(package["version"]) for package in document["packages"]}
    for seed in document.get("seeds", ()):
        packages.pop(normalized_name(_text(seed)), None)
    return job._replace(packages=packages)


def _python(fields: Any) -> Python:  # noqa: ANN401 - JSON that has not been validated
    version, implementation, platform = (_text(fields[name]) for name in ("version", "implementation", "platform"))
    # Reports of earlier releases have no `free_threaded`.
    return Python(version, implementation, platform, fields.get("free_threaded") is True)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS:
        raise TypeError
    return value
