"""Decides which environment variables uv and the builds that it starts may see, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping

from uv_system_sync.inputs import PREFIX

if TYPE_CHECKING:
    from uv_system_sync.target import Target

# Every other variable that starts with UV_ is dropped: uv reads its flags from there too, and what an
# earlier step exported for itself (UV_NO_DEV, UV_PYTHON, UV_PROJECT, ...) would change what is installed.
_KEPT_UV_PREFIXES: tuple[str, ...] = (
    "UV_INDEX_",  # credentials of named indexes, UV_INDEX_<NAME>_USERNAME and _PASSWORD
    "UV_HTTP_",  # timeouts and retries
    "UV_CONCURRENT_",  # the load on this machine
)
_KEPT_UV: dict[str, str] = {
    "UV_INDEX": "where packages come from",
    "UV_DEFAULT_INDEX": "where packages come from",
    "UV_EXTRA_INDEX_URL": "where packages come from",
    "UV_FIND_LINKS": "where packages come from",
    "UV_KEYRING_PROVIDER": "credentials",
    "UV_CREDENTIALS_DIR": "credentials",
    "UV_AUTH_TOKEN": "credentials",
    "UV_API_KEY": "credentials",
    "UV_S3_ENDPOINT_URL": "credentials",
    "UV_GCS_ENDPOINT_URL": "credentials",
    "UV_NATIVE_TLS": "certificates",
    "UV_SYSTEM_CERTS": "certificates",
    "UV_INSECURE_HOST": "certificates",
    "UV_REQUEST_TIMEOUT": "timeouts and retries",
    "UV_LOCK_TIMEOUT": "timeouts and retries",
    "UV_OFFLINE": "the network is the user's",
    "UV_GIT_LFS": "the network is the user's",
    "UV_NO_GITHUB_FAST_PATH": "the network is the user's",
    "UV_CACHE_DIR": "the cache is the user's",
    "UV_NO_CACHE": "the cache is the user's",
    "UV_LINK_MODE": "how files get there, not which",
    "UV_COMPILE_BYTECODE": "how files get there, not which",
    "UV_COMPILE_BYTECODE_TIMEOUT": "how files get there, not which",
    "UV_NO_BUILD": "a policy on builds, which fails rather than changes the set",
    "UV_NO_BUILD_PACKAGE": "a policy on builds, which fails rather than changes the set",
    "UV_NO_BINARY": "a policy on builds, which fails rather than changes the set",
    "UV_NO_BINARY_PACKAGE": "a policy on builds, which fails rather than changes the set",
    "UV_NO_BUILD_ISOLATION": "a policy on builds, which fails rather than changes the set",
    "UV_BUILD_CONSTRAINT": "a policy on builds, which fails rather than changes the set",
    "UV_HIDE_BUILD_OUTPUT": "what the log shows",
    "UV_NO_WRAP": "what the log shows",
    "UV_STACK_SIZE": "uv's own memory",
}

_DROPPED: dict[str, str] = {
    "VIRTUAL_ENV": "uv would warn of an environment that is not the target",
    "CONDA_PREFIX": "uv would take conda's environment for the active one",
    "CONDA_DEFAULT_ENV": "uv would take conda's environment for the active one",
    "PYTHONHOME": "the target would load another Python's standard library",
    "PYTHONPATH": "builds would import what is not in their environment",
    "PYTHONSTARTUP": "builds would import what is not in their environment",
    "PYTHONUSERBASE": "builds would import what is not in their environment",
    "__PYVENV_LAUNCHER__": "on macOS, the target would take itself for another Python",
    # A build is outside code: it must not speak to the runner, nor change what later steps get.
    "GITHUB_ENV": "a command file of the runner",
    "GITHUB_PATH": "a command file of the runner",
    "GITHUB_OUTPUT": "a command file of the runner",
    "GITHUB_STATE": "a command file of the runner",
    "GITHUB_STEP_SUMMARY": "a command file of the runner",
    "GITHUB_ARTIFACTS": "a command file of the runner",
    "GITHUB_ARTIFACTS_LIST": "a command file of the runner",
}
_DROPPED_PREFIXES: tuple[str, ...] = (
    "ACTIONS_",  # the runner's tokens and services
    PREFIX,  # our own inputs
    "INPUT_",  # the inputs of an action that calls us
)


def for_uv(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what uv may see of `environ`, with nothing that picks a Python, a project or packages."""
    return {name: value for name, value in environ.items() if _is_kept(name)}


def for_sync(environ: Mapping[str, str], target: Target) -> dict[str, str]:
    """Return the whole environment of a sync into `target`."""
    return {
        **for_uv(environ),
        "UV_PROJECT_ENVIRONMENT": target.prefix,
        "UV_PYTHON_DOWNLOADS": "never",
        # A project may prefer managed Pythons for local use, and uv would then call the target incompatible.
        "UV_PYTHON_PREFERENCE": "system",
        "UV_NO_PROGRESS": "1",
    }


def for_later_steps(target: Target) -> dict[str, str]:
    """Return the variables that later steps get, so that `uv run` and `uv pip` there mean the target too."""
    variables = {
        "UV_PROJECT_ENVIRONMENT": target.prefix,
        "UV_PYTHON": target.executable,
        "UV_PYTHON_PREFERENCE": "system",
    }
    return {**variables, "VIRTUAL_ENV": target.prefix} if target.virtual else variables


def _is_kept(name: str) -> bool:
    if name.startswith("UV_"):
        return name in _KEPT_UV or name.startswith(_KEPT_UV_PREFIXES)
    return name not in _DROPPED and not name.startswith(_DROPPED_PREFIXES)
