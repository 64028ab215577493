"""The environment variables that uv, its builds and later steps get, and why each variable is kept or dropped."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Iterator, Mapping, NamedTuple, Sequence

from uv_system_sync.inputs import PREFIX
from uv_system_sync.text import CREDENTIALS, without_credentials

_NOT_SYNC = "other commands of uv, its installer or its own tests"

_WHEEL_OR_SOURCE = "whether a locked wheel is installed or the locked source is built"

# With this variable, Debian's Pythons install where apt's packages are. An exact sync would remove these packages.
INSTALL_LAYOUT = "DEB_PYTHON_INSTALL_LAYOUT"

# uv also reads options from UV_* variables. Only these are kept, so that variables exported by an earlier step do not change what is
# installed.
_KEPT = {
    "where packages come from": "UV_INDEX UV_DEFAULT_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_INDEX_STRATEGY"
    " UV_ASTRAL_MIRROR_URL UV_S3_ENDPOINT_URL UV_GCS_ENDPOINT_URL UV_AZURE_ENDPOINT_URL",
    "credentials": "UV_KEYRING_PROVIDER UV_CREDENTIALS_DIR UV_AUTH_TOKEN UV_API_KEY UV_NO_HF_TOKEN",
    "certificates": "UV_NATIVE_TLS UV_SYSTEM_CERTS UV_INSECURE_HOST",
    "the network, its timeouts and retries": "UV_OFFLINE UV_HTTP_TIMEOUT UV_HTTP_CONNECT_TIMEOUT UV_HTTP_RETRIES UV_REQUEST_TIMEOUT"
    " UV_LOCK_TIMEOUT UV_GIT_LFS UV_NO_GITHUB_FAST_PATH UV_GITHUB_FAST_PATH_URL",
    "the load on the machine": "UV_CONCURRENT_BUILDS UV_CONCURRENT_CACHE_READS UV_CONCURRENT_DOWNLOADS UV_CONCURRENT_INSTALLS"
    " UV_STACK_SIZE",
    "the cache": "UV_CACHE_DIR UV_NO_CACHE",
    "how files are installed, not which": "UV_LINK_MODE UV_COMPILE_BYTECODE UV_COMPILE_BYTECODE_TIMEOUT",
    "a policy on builds and wheels, which fails a sync and does not change what it installs": "UV_NO_BUILD UV_NO_BUILD_PACKAGE"
    " UV_INSECURE_NO_ZIP_VALIDATION UV_SKIP_WHEEL_FILENAME_CHECK UV_MALWARE_CHECK UV_MALWARE_CHECK_URL",
    _WHEEL_OR_SOURCE: "UV_NO_BINARY UV_NO_BINARY_PACKAGE",
    "what the log shows": "UV_HIDE_BUILD_OUTPUT UV_NO_WRAP UV_LOG_CONTEXT",
}

_DROPPED = {
    "the inputs decide what is selected": "UV_DEV UV_NO_DEV UV_NO_GROUP UV_NO_DEFAULT_GROUPS UV_NO_EDITABLE UV_NO_SYNC UV_LOCKED UV_FROZEN"
    " UV_NO_INSTALL_PROJECT UV_NO_INSTALL_LOCAL UV_NO_INSTALL_WORKSPACE UV_ONLY_INSTALL_PROJECT UV_ONLY_INSTALL_LOCAL"
    " UV_ONLY_INSTALL_WORKSPACE",
    "the inputs decide which project": "UV_PROJECT UV_NO_PROJECT UV_WORKING_DIR UV_WORKING_DIRECTORY UV_ISOLATED",
    "the inputs decide which Python": "UV_PYTHON UV_SYSTEM_PYTHON UV_MANAGED_PYTHON UV_NO_MANAGED_PYTHON UV_PYTHON_SEARCH_PATH UV_LIBC"
    " UV_ACTIVE UV_BREAK_SYSTEM_PACKAGES VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV _CONDA_ROOT",
    "the lock was made with the project's own settings": "UV_CONFIG_FILE UV_NO_CONFIG UV_NO_SYSTEM_CONFIG UV_RESOLUTION UV_PRERELEASE"
    " UV_FORK_STRATEGY UV_EXCLUDE_NEWER UV_NO_SOURCES UV_NO_SOURCES_PACKAGE UV_CONSTRAINT UV_OVERRIDE UV_EXCLUDE UV_REQUIRE_HASHES"
    " UV_TORCH_BACKEND UV_NO_VERIFY_HASHES UV_PREVIEW UV_PREVIEW_FEATURES UV_CUDA_DRIVER_VERSION UV_AMD_GPU_ARCHITECTURE",
    "the project's settings decide how its packages are built": "UV_NO_BUILD_ISOLATION UV_BUILD_CONSTRAINT",
    "packages would be installed among those of the operating system": INSTALL_LAYOUT,
    "the metadata of installed packages is read afterwards (PEP 610)": "UV_NO_INSTALLER_METADATA",
    "another Python would start, or import something else": "PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONUSERBASE PYTHONEXECUTABLE"
    " PYTHONPLATLIBDIR __PYVENV_LAUNCHER__",
    "the action sets it itself": "UV_PROJECT_ENVIRONMENT UV_PYTHON_DOWNLOADS UV_PYTHON_PREFERENCE UV_NO_PROGRESS",
    _NOT_SYNC: "UV UV_COMMIT_DATE UV_COMMIT_HASH UV_COMMIT_SHORT_HASH UV_LAST_TAG UV_LAST_TAG_DISTANCE UV_UPDATE_SCHEMA UV_DOWNLOAD_URL"
    " UV_INSTALL_DIR UV_NO_MODIFY_PATH UV_UNMANAGED_INSTALL UV_GITHUB_TOKEN UV_PYPY_INSTALL_MIRROR UV_CUSTOM_COMPILE_COMMAND UV_ENV_FILE"
    " UV_NO_ENV_FILE UV_SHOW_RESOLUTION UV_UPLOAD_HTTP_TIMEOUT",
    "builds run third-party code, which must not reach the runner": "GITHUB_ENV GITHUB_PATH GITHUB_OUTPUT GITHUB_STATE GITHUB_STEP_SUMMARY"
    " GITHUB_ARTIFACTS GITHUB_ARTIFACTS_LIST",
}

_PREFIXES = {
    "UV_PYTHON_": "uv must not find, install or prefer another Python",
    "UV_PUBLISH_": _NOT_SYNC,
    "UV_VENV_": _NOT_SYNC,
    "UV_TOOL_": _NOT_SYNC,
    "UV_INIT_": _NOT_SYNC,
    "UV_RUN_": _NOT_SYNC,
    "UV_INSTALLER_": _NOT_SYNC,
    "UV_INTERNAL__": _NOT_SYNC,
    "UV_TEST_": _NOT_SYNC,
    "ACTIONS_": "the runner's tokens and services",
    PREFIX: "the action's own inputs",
    "INPUT_": "the inputs of an action that calls this one",
}

# A setting of a newer uv is dropped, because it might change what is installed.
UNKNOWN = "a variable of uv that this version of the action does not know"

NOT_UV = "not a setting of uv"


class Decision(NamedTuple):
    """Whether uv gets a variable, and the reason."""

    kept: bool
    reason: str


_BY_NAME = {
    **{name: Decision(kept=True, reason=reason) for reason, names in _KEPT.items() for name in names.split()},
    **{name: Decision(kept=False, reason=reason) for reason, names in _DROPPED.items() for name in names.split()},
}

# Variables whose whole value is a credential, and prefixes of variables that may have addresses with credentials.
_SECRETS = ("UV_AUTH_TOKEN", "UV_API_KEY")
_ADDRESSES = ("UV_", "PIP_", "GIT_", f"{PREFIX}ARGS")
# From this length on, a user name without a password is taken for a token.
_TOKEN_CHARACTERS = 16
# GitHub accepts this password with a token as the user name.
_NO_PASSWORD = "x-oauth-basic"  # noqa: S105 - not a secret
# Characters that are not percent-encoded in the user part of an address (RFC 3986, and the `url` crate of uv).
_UNQUOTED = "!$&'()*+,-.%"


def decide(name: str) -> Decision:
    """Return whether uv gets the variable `name`."""
    if _is_index_credential(name):
        return Decision(kept=True, reason="credentials")
    if name in _BY_NAME:
        return _BY_NAME[name]
    for prefix, reason in _PREFIXES.items():
        if name.startswith(prefix):
            return Decision(kept=False, reason=reason)
    if name.startswith("UV_"):
        return Decision(kept=False, reason=UNKNOWN)
    return Decision(kept=True, reason=NOT_UV)


def _is_index_credential(name: str) -> bool:
    return name.startswith("UV_INDEX_") and name.endswith(("_USERNAME", "_PASSWORD"))


def is_true(environ: Mapping[str, str], name: str) -> bool:
    """Return whether uv reads the variable `name` as true (clap's BoolishValueParser)."""
    return environ.get(name, "").lower() in ("1", "true", "t", "yes", "y", "on")


def for_uv(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without the variables that select a Python, a project or packages, and without those of the runner."""
    return {name: value for name, value in environ.items() if decide(name).kept}


def influences(environ: Mapping[str, str]) -> list[str]:
    """Return what affects how packages are built or installed, besides the inputs and the project.

    These are names of variables, and paths of uv's user-level and system-level settings (docs.astral.sh/uv/concepts/configuration-files).
    """
    folders = [environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", ""), ".config")]
    folders += [*environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep), "/etc"]
    if os.name == "nt":
        folders = [environ.get("APPDATA", ""), environ.get("PROGRAMDATA", "")]
    files = (os.path.join(folder, "uv", "uv.toml") for folder in folders if os.path.isabs(folder))
    names = (name for name, value in environ.items() if value and decide(name).reason == _WHEEL_OR_SOURCE)
    return [*sorted(names), *filter(os.path.isfile, files)]


def secrets(environ: Mapping[str, str]) -> list[str]:
    """Return the credentials for indexes and proxies in `environ`, longest first; each as it is, decoded and percent-encoded."""
    found = {environ.get(name, "") for name in _SECRETS}
    for name, value in environ.items():
        if _is_index_credential(name):
            index = name.rpartition("_")[0]
            found.add(_secret_part(f"{environ.get(f'{index}_USERNAME', '')}:{environ.get(f'{index}_PASSWORD', '')}"))
        elif "@" in value and "://" in value and (name.startswith(_ADDRESSES) or name.lower().endswith("_proxy")):
            found.update(_secret_part(credentials) for credentials in _credentials(value))
    found = {secret for secret in found if secret.strip()}
    if not found:
        return []
    from urllib.parse import quote, unquote

    decoded = {unquote(secret) for secret in found}
    encoded = {quote(secret, safe=_UNQUOTED) for secret in found} | {quote(secret, safe="") for secret in decoded}
    return sorted((secret for secret in found | decoded | encoded if secret.strip()), key=len, reverse=True)


def redacted(text: str, secrets: Sequence[str]) -> str:
    """Return `text` with `***` for each of the `secrets`, and without credentials in addresses."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return without_credentials(text)


def _credentials(value: str) -> Iterator[str]:
    """Yield the text before `@` of each address in `value`: one address, several, or arguments quoted for a shell."""
    yield from re.findall(CREDENTIALS, value)
    if value.count("://") == 1:
        # A single address may have a space in its password.
        yield from re.findall("://([^/]+)@", value)
    if "'" in value or '"' in value or "\\" in value:
        import shlex

        with suppress(ValueError):
            yield from re.findall(CREDENTIALS, "\n".join(shlex.split(value)))


def _secret_part(credentials: str) -> str:
    """Return the password of `user:password`, or the user if it looks like a token; else an empty string."""
    user, _, password = credentials.partition(":")
    if password and password != _NO_PASSWORD:
        return password
    return user if password or len(user) >= _TOKEN_CHARACTERS else ""


def with_credentials(index: str, environ: Mapping[str, str]) -> str:
    """Return the address of `index`; if `index` is `name=address`, with the credentials that `environ` has for that name."""
    found = re.fullmatch(r"([A-Za-z0-9][\w.-]*)=(\w+://.*)", index)
    name, address = found.groups() if found else ("", index)
    # uv's spelling of names in variables (docs.astral.sh/uv/concepts/indexes).
    prefix = f"UV_INDEX_{re.sub('[^A-Za-z0-9]', '_', name).upper()}"
    user, password = environ.get(f"{prefix}_USERNAME", ""), environ.get(f"{prefix}_PASSWORD", "")
    if not name or not (user or password) or "@" in address:
        return address
    from urllib.parse import quote

    scheme, _, rest = address.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def for_sync(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the whole environment of a uv command that works on the Python in `prefix`."""
    return {
        **for_uv(environ),
        "UV_PROJECT_ENVIRONMENT": prefix,
        "UV_PYTHON_DOWNLOADS": "never",
        # If the project prefers managed Pythons, uv would otherwise reject the target as incompatible.
        "UV_PYTHON_PREFERENCE": "system",
        "UV_NO_PROGRESS": "1",
    }


def for_later_steps(prefix: str, executable: str, *, virtual: bool) -> dict[str, str]:
    """Return the variables for later steps, with which `uv run` and `uv pip` use the same Python and do not sync it again."""
    variables = {
        "UV_PROJECT_ENVIRONMENT": prefix,
        "UV_PYTHON": executable,
        "UV_PYTHON_PREFERENCE": "system",
        # Otherwise `uv run` would first sync the default selection, and remove the packages of any other selection.
        "UV_NO_SYNC": "1",
    }
    return {**variables, "VIRTUAL_ENV": prefix} if virtual else variables
