"""Which uv is used, how pip installs one, and how its failures are explained; tests/integration/test_provision.py runs the real pip."""

from __future__ import annotations

import ensurepip
import glob
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import options, touch
from tests.uv import Starter
from tools.shared import ROOT
from uv_system_sync.errors import InvalidInput, UvUnavailable
from uv_system_sync.process import Completed
from uv_system_sync.text import Option
from uv_system_sync.uv import provision
from uv_system_sync.uv.client import Uv
from uv_system_sync.uv.provision import Provider

_NAME = "uv.exe" if os.name == "nt" else "uv"
_VERSION = Option("uv-version")

_DONE = Completed(0, "")
_NO_PIP = Completed(1, "/opt/python/bin/python3: No module named pip\n")
_NOTHING_FOUND = "ERROR: Could not find a version that satisfies the requirement uv (from versions: none)\n"


class _Pip(Starter):
    """A pip that creates the uv program in its target folder if it succeeds; `meanwhile` is called with that folder."""

    def __init__(self, *answers: Completed, version: str = "uv 0.13.9\n", meanwhile: Callable[[Path], object] = lambda _: None) -> None:
        super().__init__(*answers, version=version)
        self._meanwhile = meanwhile

    def finish(self, answer: Completed) -> Completed:
        """Create the program if the command succeeds, and return `answer`."""
        folder = Path(self.option("--target"))
        touch(folder / "bin", *([] if answer.returncode else [_NAME]))
        self._meanwhile(folder)
        return answer

    def option(self, name: str, number: int = -1) -> str:
        """Return the value of the option `name` of a command."""
        argv = self.commands[number].argv
        return argv[argv.index(name) + 1]


class _Place:
    """A temporary folder, and an environment with a folder on PATH."""

    def __init__(self, folder: Path) -> None:
        self.temp = folder / "temp"
        self.bin = folder / "bin"
        self.environ = {"PATH": str(self.bin)}
        self.waits: list[float] = []
        self.temp.mkdir()
        self.bin.mkdir()

    def provider(self, starter: Starter, **environ: str) -> Provider:
        self.environ.update(environ)
        return Provider(self.environ, str(self.temp), starter.start, self.waits.append)

    def first(self, starter: Starter, version: str = "", **environ: str) -> Uv:
        return self.provider(starter, UV_SYSTEM_SYNC_UV_VERSION=version, **environ).first()

    def fail(self, *answers: Completed, version: str = "", **environ: str) -> UvUnavailable:
        """Return the error if pip gives `answers`, without retries, and check that no files are left."""
        with pytest.raises(UvUnavailable) as caught:
            self.first(_Pip(*answers), version, **{"UV_SYSTEM_SYNC_RETRIES": "0", **environ})
        assert [] == os.listdir(self.temp)
        return caught.value


@pytest.fixture
def place(tmp_path: Path) -> _Place:
    """A place without a uv."""
    return _Place(tmp_path)


@pytest.fixture
def with_uv(place: _Place) -> _Place:
    """A place with a uv on PATH."""
    touch(place.bin, _NAME)
    return place


# The uv on PATH.


@pytest.mark.parametrize("windows", [True, False])
def test_the_first_uv_on_path_is_used(tmp_path: Path, *, windows: bool) -> None:
    name = "uv.exe" if windows else "uv"
    touch(tmp_path / "my ☃ tools", name)
    touch(tmp_path / "later", name)
    search_path = os.pathsep.join(["", "/nowhere", *(str(tmp_path / folder) for folder in (".", "my ☃ tools", "later"))])

    assert str(tmp_path / "my ☃ tools" / name) == provision.on_path(search_path, windows=windows)


def test_a_relative_entry_of_path_leads_to_an_absolute_path(with_uv: _Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A uv is started in the project's folder, so a relative path would not lead to it."""
    monkeypatch.chdir(with_uv.bin.parent)

    assert str(with_uv.bin / _NAME) == provision.on_path(with_uv.bin.name)


@pytest.mark.parametrize("search_path", ["", "/nowhere", os.pathsep])
@pytest.mark.parametrize("windows", [True, False])
def test_there_may_be_no_uv_on_path(search_path: str, *, windows: bool) -> None:
    assert provision.on_path(search_path, windows=windows) is None


@pytest.mark.parametrize(("windows", "name"), [(True, "uv.exe"), (False, "uv")])
@pytest.mark.parametrize(("what", "make"), [("a folder", Path.mkdir), ("not executable", lambda path: path.touch(mode=0o644))])
def test_a_uv_that_cannot_be_started_is_an_error_unless_another_is_on_path(
    place: _Place, what: str, make: Callable[[Path], object], name: str, *, windows: bool
) -> None:
    make(place.bin / name)
    touch(place.temp, name)
    with pytest.raises(UvUnavailable) as caught:
        provision.on_path(str(place.bin), windows=windows)

    assert {"path": str(place.bin / name), "what": what, "option": _VERSION} == caught.value.values
    assert str(place.temp / name) == provision.on_path(f"{place.bin}{os.pathsep}{place.temp}", windows=windows)


def test_the_uv_on_path_needs_no_pip_and_no_entry_of_path(with_uv: _Place) -> None:
    uv = with_uv.first(Starter())

    assert (str(with_uv.bin / _NAME), "") == (uv.path, uv.folder)


_AS_ASKED = ["0.13.9", ">=0.12", "==0.13.*", "~=0.13.0", ">0.12, <1"]


@pytest.mark.parametrize("version", _AS_ASKED)
def test_the_uv_on_path_is_used_if_its_version_is_the_requested_one(with_uv: _Place, version: str) -> None:
    """It need not satisfy the project's `required-version`: uv itself checks that."""
    provider = with_uv.provider(Starter(), UV_SYSTEM_SYNC_UV_VERSION=version)
    first = provider.first()

    assert (first, "") == (provider.suitable(first, version, ">=5"), first.folder)
    assert first == provider.suitable(first, "", ">=5")


def _folder(place: _Place) -> None:
    (place.bin / _NAME).mkdir()


def _another_program(place: _Place) -> None:
    touch(place.bin, _NAME)


@pytest.mark.parametrize("version", _AS_ASKED)
@pytest.mark.parametrize(
    ("put", "prints"),
    [
        pytest.param(lambda _: None, "", id="none"),
        pytest.param(_folder, "", id="folder"),
        pytest.param(_another_program, "Usage: uv", id="another-program"),
        pytest.param(_another_program, "uv 0.11.0", id="another-version"),
        pytest.param(_another_program, "uv 0.4.30", id="too-old-to-begin-with"),
    ],
)
def test_pip_installs_the_requested_uv_if_the_one_on_path_has_another_version(
    place: _Place, version: str, put: Callable[[_Place], None], prints: str
) -> None:
    put(place)
    pip = _Pip(_DONE)
    pip.versions[str(place.bin / _NAME)] = prints
    provider = place.provider(pip, UV_SYSTEM_SYNC_UV_VERSION=version)
    uv = provider.suitable(provider.first(), version, "")

    requirement = f"uv=={version}" if version[0].isdigit() else f"uv{version}"
    assert (requirement, os.path.dirname(uv.path), 1) == (pip.commands[0].argv[-1], uv.folder, len(pip.commands))
    assert place.temp == Path(uv.folder).parents[1]


def test_without_a_version_a_uv_on_path_that_is_another_program_is_an_error(with_uv: _Place) -> None:
    with pytest.raises(UvUnavailable):
        _ = with_uv.first(Starter(version="Usage: uv")).version


@pytest.mark.parametrize(
    "version", ["latest", "banana", "0.13 or so", "-r evil.txt", "uv==1", ">=0.12 ; python_version > '3'", "@ file:///w", ">=1,"]
)
def test_what_is_no_version_is_an_error(place: _Place, version: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        place.first(Starter(), version)

    assert {"option": _VERSION, "value": version} == caught.value.values


@pytest.mark.parametrize(
    ("version", "specifier", "expected"),
    [
        ("0.13.9", "0.13.9", True),
        ("0.13.9", "0.13", False),
        ("0.13.0", "0.13", True),
        ("0.13.9", ">=0.12,<0.14", True),
        ("0.13.9", "!=0.13.9", False),
        ("0.14.0rc1", ">=0.12", True),
        ("0.13.9", "0.13.x", False),
    ],
)
def test_versions_are_compared_by_pep_440(version: str, specifier: str, *, expected: bool) -> None:
    assert expected == provision.satisfies(version, specifier)


# What pip installs.


def test_without_a_uv_pip_installs_the_pinned_one_by_its_hashes(place: _Place) -> None:
    pip = _Pip(_DONE)
    uv = place.first(pip)
    (command,) = pip.commands
    requirements = str(ROOT / "requirements" / "uv.txt")

    assert (sys.executable, "-B", "-I", "-m", "pip") == command.argv[:5]
    assert ("--require-hashes", "--requirement", requirements) == command.argv[-3:]
    assert {"--no-deps", "--only-binary", ":all:", "--no-compile", "--no-input"} <= {*command.argv}
    assert ([Path(uv.folder).parent], uv.folder, str(place.temp)) == ([*place.temp.iterdir()], os.path.dirname(uv.path), command.cwd)


@pytest.mark.parametrize(
    ("required", "installed"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(">=0.13", [], id="the-pinned-one"),
        pytest.param(">=0.12,<0.13", ["uv>=0.12,<0.13"], id="another-one"),
        pytest.param("0.12.24", ["uv==0.12.24"], id="an-exact-version"),
        *(pytest.param(text, [], id=f"no-version-{text}") for text in ("banana", "-evil", " @ file:///evil.whl", "latest")),
    ],
)
def test_without_a_version_the_project_decides_unless_a_uv_is_on_path(place: _Place, required: str, installed: list[str]) -> None:
    pip = _Pip(_DONE, _DONE)
    provider = place.provider(pip)
    first = provider.first()
    provider.suitable(first, "", required)

    assert installed == [command.argv[-1] for command in pip.commands[1:]]


def test_a_requested_version_takes_precedence_over_the_projects(place: _Place) -> None:
    provider = place.provider(_Pip(_DONE), UV_SYSTEM_SYNC_UV_VERSION=">=0.13")
    first = provider.first()

    assert first == provider.suitable(first, ">=0.13", "<0.13")


@pytest.mark.parametrize("version", ["", "0.13.9", ">=0.12"])
def test_a_second_use_takes_the_same_folder_and_starts_no_pip(place: _Place, version: str) -> None:
    first = place.first(_Pip(_DONE), version)
    second = place.first(Starter(), version)

    assert (first.path, first.folder) == (second.path, second.folder)


def test_each_version_has_a_folder_of_its_own(place: _Place) -> None:
    folders = {place.first(_Pip(_DONE), version).folder for version in ("", "0.13.9", "==0.13.9", ">=0.12")}

    assert 3 == len(folders)


def test_a_uv_that_an_earlier_step_installed_may_be_replaced_for_another_project(place: _Place) -> None:
    earlier = place.first(_Pip(_DONE))
    place.environ["PATH"] = earlier.folder
    pip = _Pip(_DONE)
    provider = place.provider(pip)
    first = provider.first()

    assert (earlier.path, earlier.folder, []) == (first.path, first.folder, pip.commands)
    assert earlier.folder != provider.suitable(first, "", "<0.13").folder


def test_of_two_steps_at_once_the_folder_of_the_faster_one_is_used(place: _Place) -> None:
    faster: list[str] = []
    uv = place.first(_Pip(_DONE, meanwhile=lambda _: faster.append(place.first(_Pip(_DONE)).path)))

    assert ([uv.path], [Path(uv.folder).parent]) == (faster, [*place.temp.iterdir()])


def test_a_folder_exists_only_if_it_is_complete(place: _Place) -> None:
    """If the target is on another disk than its temporary folder, pip copies files, and can stop in the middle when the disk is full."""

    def interrupt(_: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place.first(_Pip(_DONE, meanwhile=interrupt))

    assert [] == os.listdir(place.temp)
    place.fail(Completed(1, "ERROR: [Errno 28] No space left on device"))


_BUNDLED = glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl"))


@pytest.mark.skipif(not _BUNDLED, reason="the ensurepip of this Python bundles no wheel, as that of Debian")
def test_without_a_pip_the_one_of_ensurepip_is_used(place: _Place) -> None:
    pip = _Pip(_NO_PIP, _DONE)
    place.first(pip)
    wheel, script = os.path.split(pip.commands[1].argv[3])

    assert (sys.executable, "-B", "-I", "pip") == (*pip.commands[1].argv[:3], script)
    assert wheel == max(_BUNDLED)
    assert pip.commands[0].argv[5:] == pip.commands[1].argv[4:]


# What pip sees.


def _seen(place: _Place, **environ: str) -> dict[str, str]:
    pip = _Pip(_DONE)
    place.first(pip, **environ)
    return dict(pip.commands[0].env)


@pytest.mark.parametrize(
    ("environ", "index"),
    [
        pytest.param({"UV_DEFAULT_INDEX": "https://a/simple", "UV_INDEX_URL": "https://b"}, "https://a/simple", id="default-index"),
        pytest.param({"UV_INDEX_URL": "https://b", "PIP_INDEX_URL": "https://c"}, "https://b", id="index-url"),
        pytest.param({"PIP_INDEX_URL": "https://c", "UV_INDEX": "https://d", "UV_EXTRA_INDEX_URL": "https://e"}, "https://c", id="of-pip"),
        pytest.param(
            {"UV_DEFAULT_INDEX": "my=https://a", "UV_INDEX_MY_USERNAME": "me", "UV_INDEX_MY_PASSWORD": "pass word"},
            "https://me:pass%20word@a",
            id="named",
        ),
        pytest.param({}, None, id="none"),
    ],
)
def test_pip_asks_the_index_of_uv_or_else_its_own(place: _Place, environ: dict[str, str], index: str | None) -> None:
    assert index == _seen(place, **environ).get("PIP_INDEX_URL")


@pytest.mark.parametrize(
    ("environ", "name", "expected"),
    [
        ({"SSL_CERT_FILE": "/ca.pem"}, "PIP_CERT", "/ca.pem"),
        ({"SSL_CERT_FILE": "/ca.pem", "PIP_CERT": "/own.pem"}, "PIP_CERT", "/own.pem"),
        ({"UV_INSECURE_HOST": "a b:80"}, "PIP_TRUSTED_HOST", "a b:80"),
        ({"PIP_TRUSTED_HOST": "c"}, "PIP_TRUSTED_HOST", "c"),
        *(({name: "1"}, name, "1") for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CACHE_DIR", "HTTPS_PROXY")),
        *(({name: "1"}, name, "1") for name in ("PIP_PROXY", "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "HOME")),
        ({"PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1"}, "PIP_USER", "0"),
        ({"PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1"}, "PIP_REQUIRE_VIRTUALENV", "0"),
    ],
)
def test_pip_has_the_settings_for_the_network_and_those_that_it_needs(
    place: _Place, environ: dict[str, str], name: str, expected: str
) -> None:
    assert expected == _seen(place, **environ)[name]


@pytest.mark.parametrize(
    "name",
    [
        *("PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_EDITABLE", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_PYTHON", "PIP_PLATFORM"),
        *("PIP_PYTHON_VERSION", "PIP_IMPLEMENTATION", "PIP_ABI", "PYTHONPATH", "PYTHONHOME"),
        *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "ACTIONS_RUNTIME_TOKEN", "UV_DEFAULT_INDEX", "UV_INDEX_MY_PASSWORD", "UV_PYTHON"),
    ],
)
def test_pip_sees_nothing_that_is_for_other_packages_or_other_programs(place: _Place, name: str) -> None:
    assert name not in _seen(place, **{name: "a"})


def test_pip_unpacks_on_the_disk_that_it_installs_to(place: _Place) -> None:
    assert str(place.temp) == _seen(place)["TMPDIR"]


# What its failures mean.


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("/python: No module named pip", "this Python has no pip"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "(Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...",
            "the certificate of the index is not trusted",
        ),
        ("ERROR: HTTP error 403 while getting https://host/uv.whl", "the index refuses access"),
        ("because of HTTP error 401 Client Error: Unauthorized for url", "the index refuses access"),
        ("WARNING: Retrying (...) after connection broken by 'NewConnectionError(...)'\n" + _NOTHING_FOUND, "the index cannot be reached"),
        ("ReadTimeoutError: HTTPSConnectionPool(host='host', port=443): Read timed out.", "the index cannot be reached"),
        ("ERROR: HTTP error 503 Server Error: Unavailable", "the index cannot be reached"),
        ("ERROR: HTTP error 503 while getting https://host/uv.whl", "the index cannot be reached"),
        ("Could not fetch URL https://h/uv/: 429 Client Error: Too Many Requests for url: https://h/uv/", "the index cannot be reached"),
        ("ProtocolError: ('Connection broken: IncompleteRead(5 bytes read)')", "the index cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "the index has another file"),
        ("ERROR: No matching distribution found for uv==5", "the index has no such version for this platform"),
        ("ERROR: Invalid requirement: 'uv==0.13.x'", "the index has no such version for this platform"),
        ("something else", ""),
    ],
)
def test_a_failure_of_pip_is_an_error_with_the_reason_and_its_last_words(place: _Place, output: str, reason: str) -> None:
    answers = [Completed(2, f"\n{output}\n")] * (2 if "No module" in output else 1)
    error = place.fail(*answers, version="0.5")

    assert ("uv==0.5", 2, output.strip()) == (error.values["requirement"], error.values["status"], error.words)
    assert str(error.values["reason"]).startswith(reason and f": {reason}")
    assert bool(reason) == bool(error.values["reason"])


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        (
            "Could not fetch URL https://host/simple/uv/: 403 Client Error: Forbidden for url: https://h - skipping",
            "the index refuses access",
        ),
        ("Could not fetch URL https://host/simple/uv/: 404 Client Error: Not Found for url: https://h - skipping", "the index has no uv"),
        ("Could not fetch URL https://h: Max retries exceeded with url: /uv/ (ResponseError('too many 503", "the index cannot be reached"),
        ("  Skipping link: none of the wheel's tags (py3-none-win32) are compatible", "the index has no such version for this platform"),
    ],
)
def test_if_pip_finds_no_version_it_runs_again_for_the_answer_of_the_index(place: _Place, reported: str, reason: str) -> None:
    """Only the verbose output of pip has it."""
    everything = f"Using pip 24.2\n{reported}\nSkipping link: not a file\n{_NOTHING_FOUND}Traceback (most recent call last):\n  File x\n"
    error = place.fail(Completed(1, _NOTHING_FOUND), Completed(1, everything))

    assert (f": {reason}", f"{reported.strip()}\n{_NOTHING_FOUND.strip()}") == (error.values["reason"], error.words)


def test_if_the_second_run_of_pip_finds_a_version_it_counts(place: _Place) -> None:
    pip = _Pip(Completed(1, _NOTHING_FOUND), _DONE)

    assert place.first(pip).folder
    assert [True, False] == ["--quiet" in command.argv for command in pip.commands]


def test_a_pip_that_reports_success_and_has_installed_no_uv_has_failed(place: _Place) -> None:
    """A wheel without a program has this effect."""
    pip = _Pip(_DONE, meanwhile=lambda folder: (folder / "bin" / _NAME).unlink())
    with pytest.raises(UvUnavailable) as caught:
        place.first(pip)

    assert (0, []) == (caught.value.values["status"], os.listdir(place.temp))


def test_the_words_of_pip_have_no_long_lists(place: _Place) -> None:
    versions = ", ".join(f"0.{minor}.0" for minor in range(99))
    error = place.fail(Completed(1, f"ERROR: 403 Client Error (from versions: {versions})"))

    assert "ERROR: 403 Client Error (from versions: …)" == error.words


def test_an_error_about_a_version_names_the_input(place: _Place) -> None:
    assert {_VERSION} == options(place.fail(Completed(1, "ERROR: No matching distribution found for uv"), version="0.5"))


# Trying again.

_UNREACHED = Completed(1, "ReadTimeoutError: HTTPSConnectionPool(host='host', port=443): Read timed out.")


@pytest.mark.parametrize("failures", [1, 2])
def test_pip_is_retried_if_the_index_cannot_be_reached(place: _Place, failures: int) -> None:
    pip = _Pip(*[_UNREACHED] * failures, _DONE)
    uv = place.first(pip)

    assert (failures, failures + 1, [Path(uv.folder).parent]) == (len(place.waits), len(pip.commands), [*place.temp.iterdir()])


@pytest.mark.parametrize("retries", ["0", "1", "3"])
def test_pip_is_retried_as_often_as_the_input_says(place: _Place, retries: str) -> None:
    error = place.fail(*[_UNREACHED] * (int(retries) + 1), UV_SYSTEM_SYNC_RETRIES=retries)

    assert (": the index cannot be reached", int(retries)) == (error.values["reason"], len(place.waits))


@pytest.mark.parametrize(
    "output",
    ["403 Client Error", "404 Client Error", "THESE PACKAGES DO NOT MATCH THE HASHES", "certificate verify failed", "something else"],
)
def test_pip_is_not_retried_after_a_permanent_failure(place: _Place, output: str) -> None:
    place.fail(Completed(1, output), UV_SYSTEM_SYNC_RETRIES="2")

    assert [] == place.waits
