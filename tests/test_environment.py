"""Which environment variables are passed to uv, to the builds it starts, and to later steps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.shared import ROOT
from uv_system_sync import environment
from uv_system_sync.environment import Decision

# The variables that uv documents.
_DOCUMENTED = [
    line for line in (ROOT / "tests/data/uv-environment.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
]


@pytest.mark.parametrize("name", [name for name in _DOCUMENTED if name == "UV" or name.startswith("UV_")])
def test_every_variable_that_uv_documents_is_decided_on(name: str) -> None:
    assert environment.decide(name).reason not in ("", environment.UNKNOWN, environment.NOT_UV)


def test_no_variable_is_decided_on_twice() -> None:
    names = [name for table in _tables() for name in table]

    assert {"UV_CACHE_DIR", "UV_PYTHON"} <= set(names)
    assert [] == sorted({name for name in names if names.count(name) > 1})


def _tables() -> Iterator[list[str]]:
    """Yield the names in each of the two tables, including duplicates, which the dictionary built from them would hide."""
    for table in (environment._KEPT, environment._DROPPED):  # noqa: SLF001 - the tables themselves are tested
        yield [name for names in table.values() for name in names.split()]


@pytest.mark.parametrize("name", ["UV_A_FLAG_OF_A_LATER_UV", "UV_", "UV_INDEX_COMPANY", "UV_INDEX_COMPANY_TOKEN"])
def test_an_unknown_variable_of_uv_is_dropped(name: str) -> None:
    assert Decision(kept=False, reason=environment.UNKNOWN) == environment.decide(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("UV_CACHE_DIR", (True, "the cache"), id="kept"),
        pytest.param("UV_INDEX_MY_INDEX_PASSWORD", (True, "credentials"), id="credentials-of-an-index"),
        pytest.param("UV_PYTHON", (False, "the inputs decide which Python"), id="dropped"),
        pytest.param("UV_PYTHON_INSTALL_DIR", (False, "uv must not find, install or prefer another Python"), id="dropped-by-its-prefix"),
        pytest.param("UV_SYSTEM_SYNC_PYTHON", (False, "the action's own inputs"), id="our-own"),
        pytest.param(
            "DEB_PYTHON_INSTALL_LAYOUT", (False, "packages would be installed among those of the operating system"), id="of-debian"
        ),
        pytest.param("HOME", (True, environment.NOT_UV), id="of-another-program"),
        pytest.param("UVX", (True, environment.NOT_UV), id="a-similar-name"),
        pytest.param("uv_python", (True, environment.NOT_UV), id="lower-case"),
    ],
)
def test_a_decision_has_a_reason(name: str, expected: tuple[bool, str]) -> None:
    assert expected == environment.decide(name)


_DROPPED = {
    "a Python, a project or packages are selected by the inputs alone": (
        *("UV_PYTHON", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_WORKING_DIRECTORY", "UV_CONFIG_FILE", "UV_NO_CONFIG"),
        *("UV_FROZEN", "UV_LOCKED", "UV_NO_DEV", "UV_NO_GROUP", "UV_NO_DEFAULT_GROUPS", "UV_NO_INSTALL_PROJECT"),
        *("UV_NO_EDITABLE", "UV_NO_SOURCES", "UV_RESOLUTION", "UV_PRERELEASE", "UV_EXCLUDE_NEWER", "UV_OVERRIDE"),
        *("UV_CONSTRAINT", "UV_MANAGED_PYTHON", "UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "UV_A_FLAG_OF_A_LATER_UV"),
        *("UV_INDEXES", "UV_OFFLINE_TOO", "UV_NO_BUILD_ISOLATION", "UV_BUILD_CONSTRAINT"),
    ),
    "an active environment is not the target": ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"),
    "a Python that uv starts imports what is its own": (
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PYTHONUSERBASE",
        "__PYVENV_LAUNCHER__",
    ),
    "a build sees no file, no token and no input of the runner": (
        *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_ARTIFACTS"),
        *("GITHUB_ARTIFACTS_LIST", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"),
        *("ACTIONS_RESULTS_URL", "INPUT_TOKEN", "UV_SYSTEM_SYNC_ARGS"),
    ),
}


@pytest.mark.parametrize("name", [pytest.param(name, id=f"{why}: {name}") for why, names in _DROPPED.items() for name in names])
def test_uv_does_not_see_a_variable_that_changes_what_is_installed(name: str) -> None:
    assert {} == environment.for_uv({name: "1"})


@pytest.mark.parametrize(
    "name",
    [
        *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_COMPANY_USERNAME"),
        *("UV_INDEX_COMPANY_PASSWORD", "UV_KEYRING_PROVIDER", "UV_CREDENTIALS_DIR", "UV_AUTH_TOKEN", "UV_API_KEY"),
        *("UV_S3_ENDPOINT_URL", "UV_GCS_ENDPOINT_URL", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_INSECURE_HOST", "UV_HTTP_TIMEOUT"),
        *("UV_HTTP_RETRIES", "UV_REQUEST_TIMEOUT", "UV_LOCK_TIMEOUT", "UV_CONCURRENT_BUILDS", "UV_OFFLINE", "UV_GIT_LFS"),
        *("UV_NO_GITHUB_FAST_PATH", "UV_CACHE_DIR", "UV_NO_CACHE", "UV_LINK_MODE", "UV_COMPILE_BYTECODE"),
        *("UV_COMPILE_BYTECODE_TIMEOUT", "UV_NO_BUILD", "UV_NO_BUILD_PACKAGE", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE"),
        *("UV_HIDE_BUILD_OUTPUT", "UV_NO_WRAP", "UV_STACK_SIZE", "SSL_CERT_FILE"),
        *("HTTPS_PROXY", "https_proxy", "NETRC", "HOME", "PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH", "CFLAGS"),
        *("CI", "GITHUB_ACTIONS", "GITHUB_TOKEN", "GITHUB_ENVIRONMENT", "PIP_INDEX_URL", "pythonLocation"),
    ],
)
def test_uv_sees_what_it_and_compilers_need(name: str) -> None:
    """These are indexes, credentials, certificates, the cache, libraries and the user's own variables."""
    assert {name: "as it is"} == environment.for_uv({name: "as it is"})


@pytest.mark.parametrize(
    "exported",
    [
        {},
        {
            "UV_PROJECT_ENVIRONMENT": ".venv",
            "UV_PYTHON_DOWNLOADS": "automatic",
            "UV_PYTHON_PREFERENCE": "only-managed",
            "UV_NO_PROGRESS": "0",
            "UV_NO_DEV": "1",
        },
    ],
    ids=["nothing", "otherwise-by-an-earlier-step"],
)
def test_a_sync_is_about_the_target(exported: dict[str, str]) -> None:
    environ = {"HOME": "/home", **exported}
    expected = {
        "HOME": "/home",
        "UV_PROJECT_ENVIRONMENT": "/opt/python",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON_PREFERENCE": "system",
        "UV_NO_PROGRESS": "1",
    }

    assert expected == environment.for_sync(environ, "/opt/python")
    assert {"HOME": "/home", **exported} == environ


@pytest.mark.parametrize(("virtual", "more"), [(False, {}), (True, {"VIRTUAL_ENV": "/opt/python"})], ids=["installation", "virtual"])
def test_later_commands_of_uv_use_the_target_as_it_is(*, virtual: bool, more: dict[str, str]) -> None:
    expected = {
        "UV_PROJECT_ENVIRONMENT": "/opt/python",
        "UV_PYTHON": "/opt/python/bin/python3",
        "UV_PYTHON_PREFERENCE": "system",
        "UV_NO_SYNC": "1",
        **more,
    }

    assert expected == environment.for_later_steps("/opt/python", "/opt/python/bin/python3", virtual=virtual)


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
        pytest.param({"UV_AUTH_TOKEN": "t0ken", "UV_API_KEY": "key"}, ["t0ken", "key"], id="tokens"),
        pytest.param({"UV_INDEX_URL": "https://0123456789abcdef@host/simple"}, ["0123456789abcdef"], id="token-in-an-address"),
        pytest.param({"https_proxy": "http://me:s3cret@host:3128"}, ["s3cret"], id="of-a-proxy"),
        pytest.param({"PIP_INDEX_URL": "https://me:s3cret@host/simple"}, ["s3cret"], id="of-pip"),
        pytest.param({"UV_INDEX_A_USERNAME": "t0ken-of-many-letters"}, ["t0ken-of-many-letters"], id="user-without-a-password"),
        pytest.param({"UV_INDEX_URL": "https://t0ken-of-many-letters:@host"}, ["t0ken-of-many-letters"], id="token-and-colon"),
        pytest.param({"UV_INDEX_URL": "https://t0ken:x-oauth-basic@host"}, ["t0ken"], id="token-for-basic"),
        pytest.param({"UV_INDEX_URL": "https://me:a/b@host/c"}, ["a%2Fb", "a/b"], id="slash"),
        pytest.param({"UV_INDEX_URL": "https://me:a'b@host/c"}, ["a%27b", "a'b"], id="quote"),
        pytest.param({"UV_INDEX_URL": "https://me:a@b@host/c"}, ["a%40b", "a@b"], id="at"),
        pytest.param({"UV_INDEX_URL": "https://me:a b@host/c"}, ["a%20b", "a b"], id="space"),
        pytest.param(
            {"UV_SYSTEM_SYNC_ARGS": "--index https://me:a\\'b@host/c"}, ["a%5C%27b", "a%5C'b", "a%27b", "a\\'b", "a'b"], id="shell"
        ),
        pytest.param({"UV_INDEX": "docker://alpine:3@x", "UV_FIND_LINKS": "git+ssh://git@host/a@main"}, ["3"], id="git-over-ssh"),
        pytest.param({"OTHER": "https://me:s3cret@host"}, [], id="of-another-program"),
    ],
)
def test_secrets_are_the_credentials_of_indexes_and_proxies(environ: dict[str, str], expected: list[str]) -> None:
    assert expected == environment.secrets(environ)


_NAMED = {"UV_INDEX_MY_INDEX_USERNAME": "me", "UV_INDEX_MY_INDEX_PASSWORD": "s3cret/@:"}


@pytest.mark.parametrize(
    ("index", "environ", "expected"),
    [
        pytest.param("https://host/simple", _NAMED, "https://host/simple", id="without-a-name"),
        pytest.param("my-index=https://host/simple", {}, "https://host/simple", id="without-credentials"),
        pytest.param("other=https://host/simple", _NAMED, "https://host/simple", id="credentials-of-another-index"),
        pytest.param("My.Index=https://host/a=b", _NAMED, "https://me:s3cret%2F%40%3A@host/a=b", id="credentials"),
        pytest.param(
            "my_index=https://host:8080/simple", {"UV_INDEX_MY_INDEX_USERNAME": "t0ken"}, "https://t0ken:@host:8080/simple", id="user"
        ),
        pytest.param("i=https://host", {"UV_INDEX_I_PASSWORD": "t0ken"}, "https://:t0ken@host", id="password"),
        pytest.param("my-index=https://you:own@host/", _NAMED, "https://you:own@host/", id="credentials-in-the-address"),
        pytest.param("file:///wheels/a=https://b", _NAMED, "file:///wheels/a=https://b", id="no-name-but-an-equals-sign"),
    ],
)
def test_a_named_index_gets_its_credentials_as_from_uv(index: str, environ: dict[str, str], expected: str) -> None:
    assert expected == environment.with_credentials(index, environ)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other folders")
def test_what_else_decides_how_packages_are_installed_is_named(tmp_path: Path) -> None:
    files = [tmp_path / folder / "uv" / "uv.toml" for folder in ("user", "home/.config", "system")]
    for file in files:
        file.parent.mkdir(parents=True)
        file.touch()
    system = {"XDG_CONFIG_DIRS": f"relative:{tmp_path}/none:{tmp_path}/system"}

    def found(**environ: str) -> list[str]:
        return [item for item in environment.influences({**environ, **system}) if not item.startswith("/etc/")]

    assert [str(files[1]), str(files[2])] == found(HOME=str(tmp_path / "home"), UV_NO_BUILD="1", UV_NO_BINARY="")
    assert ["UV_NO_BINARY_PACKAGE", str(files[0]), str(files[2])] == found(XDG_CONFIG_HOME=str(tmp_path / "user"), UV_NO_BINARY_PACKAGE="a")
    assert [str(files[2])] == found(XDG_CONFIG_HOME="relative")
