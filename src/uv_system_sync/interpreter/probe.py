"""Prints facts about the interpreter that runs this file, as JSON. Uses only the standard library and the syntax of Python 3.6."""

import os
import sys
import sysconfig
from typing import Dict, Optional, Union

Answer = Dict[str, Union[str, bool, None]]


def describe() -> Answer:
    """Return the facts that decide whether and where packages can be installed for this interpreter.

    The interpreter may run with `-S`, so that it executes no `.pth` file. Then `sys.prefix` is not the virtual environment, which is
    recognised by its pyvenv.cfg instead, as in the module `site` (PEP 405).
    """
    environment = _virtual_environment()
    paths = _paths(environment)
    externally_managed = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    return {
        "version": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": sysconfig.get_platform(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "executable": sys.executable,
        "prefix": environment or sys.prefix,
        "scripts": paths["scripts"],
        "purelib": paths["purelib"],
        "platlib": paths["platlib"],
        "stdlib": sysconfig.get_path("stdlib"),
        "platstdlib": sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix}),
        "virtual": environment is not None,
        # PEP 668 exempts virtual environments.
        "externally_managed": externally_managed if environment is None and os.path.isfile(externally_managed) else None,
    }


def _virtual_environment() -> Optional[str]:
    scripts = os.path.dirname(os.path.abspath(sys.executable))
    prefix = os.path.dirname(scripts)
    found = any(os.path.isfile(os.path.join(folder, "pyvenv.cfg")) for folder in (prefix, scripts))
    return prefix if found else None


def _paths(environment: Optional[str]) -> Dict[str, str]:
    """Return the folders that installers use. Before 3.10, sysconfig does not know about changes that a distribution made in distutils."""
    prefix = environment or sys.prefix
    paths = sysconfig.get_paths(_scheme(virtual=environment is not None), {"base": prefix, "platbase": prefix})
    if environment is None and sys.version_info < (3, 10):
        import site

        # Importing distutils is slower than all the rest, and not necessary if the interpreter imports packages from `purelib`.
        if os.path.normcase(paths["purelib"]) not in map(os.path.normcase, site.getsitepackages()):
            try:
                from distutils.dist import Distribution
            except ImportError:
                # On Debian, distutils is in a separate package, which uv names in its error.
                return paths
            distribution = Distribution()
            distribution.parse_config_files()
            command = distribution.get_command_obj("install")
            command.ensure_finalized()
            for name in ("scripts", "purelib", "platlib"):
                paths[name] = getattr(command, "install_" + name)
    return paths


def _scheme(*, virtual: bool) -> str:
    """Return the sysconfig scheme that installers use, which can differ from the default that a distribution uses for its packages."""
    if virtual and "venv" in sysconfig.get_scheme_names():
        return "venv"
    if virtual:
        return "nt" if os.name == "nt" else "posix_prefix"
    if sys.version_info >= (3, 10):
        return sysconfig.get_preferred_scheme("prefix")
    return sysconfig._get_default_scheme()  # noqa: SLF001 - public only since 3.10


if __name__ == "__main__":
    import json

    print(json.dumps(describe()))
