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
    prefix = environment or sys.prefix
    paths = sysconfig.get_paths(_scheme(virtual=environment is not None), {"base": prefix, "platbase": prefix})
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    return {
        "version": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": sysconfig.get_platform(),
        "executable": sys.executable,
        "prefix": prefix,
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
