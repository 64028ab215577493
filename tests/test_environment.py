"""What uv, the builds that it starts, and later steps see of the step's environment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.shared import ROOT
from uv_system_sync import environment

# What uv itself documents; each of its own variables has to have a reason here.
_DOCUMENTED = [
    line for line in (ROOT / "tests/data/uv-environment.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
]


@pytest.mark.parametrize("name", [name for name in _DOCUMENTED if name == "UV" or name.startswith("UV_")])
def test_every_variable_of_uv_has_a_reason(name: str) -> None:
    """What uv documents is kept or dropped on purpose."""
    assert environment.decide(name).reason not in ("", environment.UNKNOWN, environment.decide("HOME").reason)


def test_no_variable_is_decided_twice() -> None:
    """A variable has one reason: no table names it twice, and no two tables name it."""
    names = [name for table in _tables() for name in table]

    assert {"UV_CACHE_DIR", "UV_PYTHON"} <= set(names)
    assert [] == sorted({name for name in names if names.count(name) > 1})


def _tables() -> Iterator[list[str]]:
    """Yield the names in each of the two tables, as the room's source writes them: the dictionary made of them has each once."""
    for node in ast.parse(Path(environment.__file__).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("_KEPT_OF_UV", "_DROPPED"):
            texts = [item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            yield [text for text in texts if re.fullmatch(r"[A-Z0-9_]+", text)]


@pytest.mark.parametrize("name", ["UV_A_FLAG_OF_A_LATER_UV", "UV_", "UV_INDEX_COMPANY", "UV_INDEX_COMPANY_TOKEN"])
def test_unknown_variable_of_uv(name: str) -> None:
    """What a later uv may read is dropped until somebody has decided, and says so."""
    assert (False, environment.UNKNOWN) == environment.decide(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("UV_CACHE_DIR", (True, "the cache"), id="kept"),
        pytest.param("UV_INDEX_MY_INDEX_PASSWORD", (True, "credentials"), id="credentials-of-an-index"),
        pytest.param("UV_PYTHON", (False, "the inputs decide which Python"), id="dropped"),
        pytest.param("UV_PYTHON_INSTALL_DIR", (False, "uv is to find, install or prefer no Python"), id="dropped-by-its-beginning"),
        pytest.param("UV_SYSTEM_SYNC_PYTHON", (False, "the action's own inputs"), id="our-own"),
        pytest.param("DEB_PYTHON_INSTALL_LAYOUT", (False, "packages would go among those of the operating system"), id="debian-s"),
        pytest.param("HOME", (True, "not a setting of uv"), id="another-program-s"),
        pytest.param("UVX", (True, "not a setting of uv"), id="a-similar-name"),
        pytest.param("uv_python", (True, "not a setting of uv"), id="small-letters"),
    ],
)
def test_decide(name: str, expected: tuple[bool, str]) -> None:
    """A variable is kept or dropped for a reason that can be told."""
    assert expected == environment.decide(name)


@pytest.mark.parametrize(
    "name",
    [
        "UV_PYTHON",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_WORKING_DIRECTORY",
        "UV_CONFIG_FILE",
        "UV_NO_CONFIG",
        "UV_FROZEN",
        "UV_LOCKED",
        "UV_NO_DEV",
        "UV_NO_GROUP",
        "UV_NO_DEFAULT_GROUPS",
        "UV_NO_INSTALL_PROJECT",
        "UV_NO_EDITABLE",
        "UV_NO_SOURCES",
        "UV_RESOLUTION",
        "UV_PRERELEASE",
        "UV_EXCLUDE_NEWER",
        "UV_OVERRIDE",
        "UV_CONSTRAINT",
        "UV_MANAGED_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_BREAK_SYSTEM_PACKAGES",
        "UV_A_FLAG_OF_A_LATER_UV",
        "UV_INDEXES",
        "UV_OFFLINE_TOO",
    ],
)
def test_uv_sees_no_flag_from_elsewhere(name: str) -> None:
    """What picks a Python, a project or packages comes from the inputs alone, whatever a step exported for itself."""
    assert {} == environment.for_uv({name: "1"})


@pytest.mark.parametrize(
    "name",
    [
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX_COMPANY_USERNAME",
        "UV_INDEX_COMPANY_PASSWORD",
        "UV_KEYRING_PROVIDER",
        "UV_CREDENTIALS_DIR",
        "UV_AUTH_TOKEN",
        "UV_API_KEY",
        "UV_S3_ENDPOINT_URL",
        "UV_GCS_ENDPOINT_URL",
        "UV_NATIVE_TLS",
        "UV_SYSTEM_CERTS",
        "UV_INSECURE_HOST",
        "UV_HTTP_TIMEOUT",
        "UV_HTTP_RETRIES",
        "UV_REQUEST_TIMEOUT",
        "UV_LOCK_TIMEOUT",
        "UV_CONCURRENT_BUILDS",
        "UV_OFFLINE",
        "UV_GIT_LFS",
        "UV_NO_GITHUB_FAST_PATH",
        "UV_CACHE_DIR",
        "UV_NO_CACHE",
        "UV_LINK_MODE",
        "UV_COMPILE_BYTECODE",
        "UV_COMPILE_BYTECODE_TIMEOUT",
        "UV_NO_BUILD",
        "UV_NO_BUILD_PACKAGE",
        "UV_NO_BINARY",
        "UV_NO_BINARY_PACKAGE",
        "UV_NO_BUILD_ISOLATION",
        "UV_BUILD_CONSTRAINT",
        "UV_HIDE_BUILD_OUTPUT",
        "UV_NO_WRAP",
        "UV_STACK_SIZE",
        "SSL_CERT_FILE",
        "HTTPS_PROXY",
        "https_proxy",
        "NETRC",
        "HOME",
        "PATH",
        "SYSTEMROOT",
        "LD_LIBRARY_PATH",
        "PKG_CONFIG_PATH",
        "CFLAGS",
        "CI",
        "GITHUB_ACTIONS",
        "GITHUB_TOKEN",
        "GITHUB_ENVIRONMENT",
        "PIP_INDEX_URL",
        "pythonLocation",
    ],
)
def test_uv_reaches_what_the_user_set_up(name: str) -> None:
    """Indexes, credentials, certificates, the cache and what compilers need stay as they are."""
    assert {name: "as it is"} == environment.for_uv({name: "as it is"})


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"])
def test_uv_sees_no_other_environment(name: str) -> None:
    """An active environment is not taken for the target."""
    assert {} == environment.for_uv({name: "/elsewhere"})


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "__PYVENV_LAUNCHER__"])
def test_pythons_start_clean(name: str) -> None:
    """The Pythons that uv starts import what is theirs."""
    assert {} == environment.for_uv({name: "/elsewhere"})


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_ENV",
        "GITHUB_PATH",
        "GITHUB_OUTPUT",
        "GITHUB_STATE",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_ARTIFACTS",
        "GITHUB_ARTIFACTS_LIST",
        "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_RESULTS_URL",
        "INPUT_TOKEN",
        "UV_SYSTEM_SYNC_ARGS",
    ],
)
def test_builds_cannot_speak_to_the_runner(name: str) -> None:
    """No build sees a command file or a token of the runner, nor the inputs of an action."""
    assert {} == environment.for_uv({name: "secret"})


def test_sync_environment() -> None:
    """A sync is pinned to the target, and keeps the rest of what uv may see."""
    expected = {
        "HOME": "/home",
        "UV_PROJECT_ENVIRONMENT": "/opt/python",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON_PREFERENCE": "system",
        "UV_NO_PROGRESS": "1",
    }

    assert expected == environment.for_sync({"HOME": "/home", "UV_NO_DEV": "1"}, "/opt/python")


def test_sync_environment_beats_what_was_exported() -> None:
    """What an earlier step exported cannot move the sync elsewhere."""
    exported = {
        "UV_PROJECT_ENVIRONMENT": ".venv",
        "UV_PYTHON_DOWNLOADS": "automatic",
        "UV_PYTHON_PREFERENCE": "only-managed",
        "UV_NO_PROGRESS": "0",
    }

    assert environment.for_sync({}, "/opt/python") == environment.for_sync(exported, "/opt/python")


def test_the_steps_own_environment_is_left_alone() -> None:
    """Whoever asks keeps the variables that they asked about."""
    environ = {"UV_NO_DEV": "1", "HOME": "/home"}
    environment.for_sync(environ, "/opt/python")

    assert {"UV_NO_DEV": "1", "HOME": "/home"} == environ


def test_later_steps() -> None:
    """A later `uv run` or `uv pip` means the target too, even where the project prefers managed Pythons."""
    expected = {
        "UV_PROJECT_ENVIRONMENT": "/opt/python",
        "UV_PYTHON": "/opt/python/bin/python3",
        "UV_PYTHON_PREFERENCE": "system",
    }

    assert expected == environment.for_later_steps("/opt/python", "/opt/python/bin/python3", virtual=False)


def test_later_steps_of_a_virtual_environment() -> None:
    """A virtual environment is active in later steps, as if they had activated it."""
    plain = environment.for_later_steps("/opt/python", "/opt/python/bin/python3", virtual=False)
    expected = {**plain, "VIRTUAL_ENV": "/opt/python"}

    assert expected == environment.for_later_steps("/opt/python", "/opt/python/bin/python3", virtual=True)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"UV_INDEX_PRIVATE_PASSWORD": "s3cret"}, ["s3cret"], id="of-a-named-index"),
        pytest.param({"UV_DEFAULT_INDEX": "https://me:s3cret@host/simple"}, ["s3cret"], id="in-an-address"),
        pytest.param(
            {"UV_INDEX": "https://me:one@a/simple private=https://me:three@b/simple"}, ["three", "one"], id="in-several-addresses"
        ),
        pytest.param({"UV_INDEX_URL": "https://me:s%40cret@host/simple"}, ["s%40cret", "s@cret"], id="as-an-address-spells-it"),
        pytest.param(
            {"UV_INDEX_PRIVATE_USERNAME": "me", "UV_INDEX": "https://me@host/simple", "UV_INDEX_URL": "https://host:8080/a@b"},
            [],
            id="none",
        ),
        pytest.param({"UV_INDEX_PRIVATE_PASSWORD": " "}, [], id="blank"),
        pytest.param({"UV_SYSTEM_SYNC_ARGS": "--index-url https://me:s3cret@host/simple"}, ["s3cret"], id="in-further-arguments"),
        pytest.param({"https_proxy": "http://me:s3cret@host:3128"}, ["s3cret"], id="of-a-proxy"),
    ],
)
def test_secrets(environ: dict[str, str], expected: list[str]) -> None:
    """The passwords for indexes are known, wherever they are."""
    assert expected == environment.secrets(environ)
