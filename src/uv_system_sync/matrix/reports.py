"""Reads the reports of the jobs of a matrix; what is in the files is checked before it is used."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any, Iterator, Mapping, NamedTuple

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

    version: str
    implementation: str
    platform: str
    free_threaded: bool = False

    @property
    def release(self) -> str:
        """The version as actions/setup-python writes it: with a `t` for a free-threaded build."""
        return f"{self.version}{'t' * self.free_threaded}"


class Job(NamedTuple):
    """A job as its report describes it; `outcome` is `success`, `failure` or `missing`.

    `packages` maps normalized names to versions (PEP 503), without seed packages that are not in uv.lock.
    Of a failed job, `kind` is the error's and `reason` the first line of its message; of a missing one,
    `reason` says what is there instead of a report.
    """

    name: str
    outcome: str
    python: Python | None = None
    project: str = ""
    packages: Mapping[str, str] = {}
    kind: str = ""
    reason: str = ""


def read(folder: str) -> list[Job]:
    """Return the jobs whose artifacts are in `folder`; their names are distinct.

    Each folder in it is an artifact, and each file of JSON beside them is one too, as actions/download-artifact
    unpacks a single artifact, or several with `merge-multiple`, into `folder` itself.
    """
    jobs: dict[str, Job] = {}
    for entry in sorted(os.listdir(folder)):
        for job in _artifact(os.path.join(folder, entry)):
            numbered = (f"{job.name} ({number})" for number in itertools.count(2))
            name = next(name for name in itertools.chain([job.name], numbered) if name not in jobs)
            jobs[name] = job._replace(name=name)
    return list(jobs.values())


def _artifact(path: str) -> list[Job]:
    """Return a job for each report in the folder or file at `path`; if a folder has none, a job that is missing."""
    name, is_folder = os.path.basename(path), os.path.isdir(path)
    reports = [_job(file) for file in itertools.islice(_files(path), _MOST_FILES)]
    # An artifact may contain other files, too.
    found = [job for job in reports if job.outcome != "missing" or job.name.startswith(_PREFIX)]
    if not found and is_folder:
        found = reports[:1] or [Job("", "missing", reason="its artifact has no file of JSON")]
    name = name if is_folder else name[: -len(".json")]
    name = name[len(_PREFIX) :] if name.startswith(_PREFIX) and name != _PREFIX else name
    several = len({job.project for job in found}) > 1
    return [job._replace(name=f"{name} ({job.project})" if several and job.project else name) for job in found]


def _files(path: str) -> Iterator[str]:
    """Yield the files of JSON in the folder `path`, or `path` if it is one."""
    if path.endswith(".json") and not os.path.isdir(path):
        yield path
    for where, folders, names in os.walk(path):
        folders.sort()
        yield from (os.path.join(where, name) for name in sorted(names) if name.endswith(".json"))


def _job(path: str) -> Job:
    """Return the job that the file at `path` is the report of, with the name of the file."""
    name = os.path.basename(path)
    try:
        return _parsed(name, _document(path))
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except RecursionError:
        reason = "is nested too deeply"
    except ValueError as error:
        reason = str(error)
    except (LookupError, TypeError, AttributeError):
        reason = f"is not a report of schema {_SCHEMA}"
    return Job(name, "missing", reason=f"{name} {reason}")


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


def _parsed(name: str, document: Any) -> Job:  # noqa: ANN401 - see above
    schema, outcome, python, project = document["schema"], document.get("outcome", "success"), document["python"], document["project"]
    if isinstance(schema, float) and schema != _SCHEMA:
        raise ValueError(f"has schema {schema:g}, and this version of the action reads schema {_SCHEMA}")
    if not isinstance(schema, float) or outcome not in ("success", "failure"):
        raise TypeError
    job = Job(
        name,
        outcome,
        None if python is None else _python(python),
        "" if project is None else _text(project["name"]),
    )
    if outcome == "failure":
        message = str.strip(document["error"]["message"])
        return job._replace(kind=_text(document["error"]["kind"]), reason=message.partition("\n")[0][: 2 * _LONGEST])
    if python is None:
        raise TypeError
    packages = {normalized_name(_text(package["name"])): _text(package["version"]) for package in document["packages"]}
    for seed in document.get("seeds", ()):
        packages.pop(normalized_name(_text(seed)), None)
    return job._replace(packages=packages)


def _python(fields: Any) -> Python:  # noqa: ANN401 - see above
    # Reports of earlier releases do not have the last one.
    version, implementation, platform = (_text(fields[name]) for name in ("version", "implementation", "platform"))
    return Python(version, implementation, platform, fields.get("free_threaded") is True)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise TypeError
    return value
