"""Says what the interpreter that runs it is; the target itself runs this file, so it is standard library only, and reads on Python 3.6."""

import json
import os
import sys
import sysconfig
from typing import Dict, Optional, Union

Answer = Dict[str, Union[str, bool, None]]


def describe() -> Answer:
    """Return the facts that decide whether and where packages go into this interpreter.

    The interpreter may run with `-S`, as ours do, so that no `.pth` file of the target is
    executed. A virtual environment is then told by its pyvenv.cfg, as `site` itself does it (PEP 405).
    """
    environment = _virtual_environment()
    paths = _paths(environment)
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    return {
        "version": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": sysconfig.get_platform(),
        "executable": sys.executable,
        "prefix": environment or sys.prefix,
        "scripts": paths["scripts"],
        "purelib": paths["purelib"],
        "platlib": paths["platlib"],
        "virtual": environment is not None,
        # PEP 668 exempts virtual environments.
        "externally_managed": marker if environment is None and os.path.isfile(marker) else None,
    }


def _virtual_environment() -> Optional[str]:
    scripts = os.path.dirname(os.path.abspath(sys.executable))
    prefix = os.path.dirname(scripts)
    found = any(os.path.isfile(os.path.join(folder, "pyvenv.cfg")) for folder in (prefix, scripts))
    return prefix if found else None


def _paths(environment: Optional[str]) -> Dict[str, str]:
    """Return where installers put things: for older Pythons, sysconfig does not know what a distribution has changed in distutils."""
    prefix = environment or sys.prefix
    paths = sysconfig.get_paths(_scheme(virtual=environment is not None), {"base": prefix, "platbase": prefix})
    if environment is None and sys.version_info < (3, 10):
        import site

        # distutils takes longer to import than all the rest; what its own interpreter looks at is right without it.
        if os.path.normcase(paths["purelib"]) not in map(os.path.normcase, site.getsitepackages()):
            paths.update(_distutils_paths())
    return paths


def _distutils_paths() -> Dict[str, str]:
    try:
        from distutils.dist import Distribution
    except ImportError:
        # Debian has a package of its own for it, and uv says which.
        return {}
    distribution = Distribution()
    distribution.parse_config_files()
    command = distribution.get_command_obj("install")
    command.ensure_finalized()
    return {name: getattr(command, "install_" + name) for name in ("scripts", "purelib", "platlib")}


def _scheme(*, virtual: bool) -> str:
    """Name the sysconfig scheme that installers use, whatever a distribution made the default for its own packages."""
    if virtual:
        fallback = "nt" if os.name == "nt" else "posix_prefix"
        return "venv" if "venv" in sysconfig.get_scheme_names() else fallback
    if sys.version_info >= (3, 10):
        return sysconfig.get_preferred_scheme("prefix")
    return sysconfig._get_default_scheme()  # noqa: SLF001 - public only since 3.10


if __name__ == "__main__":
    print(json.dumps(describe()))
