"""What uv, and the builds that it starts, see of the step's environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support import TARGET
from uv_system_sync import environment


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
        "HOME": "/root",
        "UV_PROJECT_ENVIRONMENT": "/opt/python",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON_PREFERENCE": "system",
        "UV_NO_PROGRESS": "1",
    }

    assert expected == environment.for_sync({"HOME": "/root", "UV_NO_DEV": "1"}, TARGET)


def test_sync_environment_beats_what_was_exported() -> None:
    """What an earlier step exported cannot move the sync elsewhere."""
    exported = {
        "UV_PROJECT_ENVIRONMENT": ".venv",
        "UV_PYTHON_DOWNLOADS": "automatic",
        "UV_PYTHON_PREFERENCE": "only-managed",
        "UV_NO_PROGRESS": "0",
    }

    assert environment.for_sync({}, TARGET) == environment.for_sync(exported, TARGET)


def test_the_steps_own_environment_is_left_alone() -> None:
    """Whoever asks keeps the variables that they asked about."""
    environ = {"UV_NO_DEV": "1", "HOME": "/root"}
    environment.for_sync(environ, TARGET)

    assert {"UV_NO_DEV": "1", "HOME": "/root"} == environ


def test_later_steps() -> None:
    """A later `uv run` or `uv pip` means the target too, even where the project prefers managed Pythons."""
    expected = {
        "UV_PROJECT_ENVIRONMENT": "/opt/python",
        "UV_PYTHON": "/opt/python/bin/python3",
        "UV_PYTHON_PREFERENCE": "system",
    }

    assert expected == environment.for_later_steps(TARGET)


def test_later_steps_of_a_virtual_environment() -> None:
    """A virtual environment is active in later steps, as if they had activated it."""
    plain = environment.for_later_steps(TARGET)

    assert {**plain, "VIRTUAL_ENV": "/opt/python"} == environment.for_later_steps(replace(TARGET, virtual=True))
