"""Install what the locks name, each file checked by its sha256, and the project.

    python tools/install.py

It installs into the environment whose Python runs it. The CUDA packages are installed
where the torch that pip took needs them. pip refuses a folder beside hashes, so the
project comes after, without looking at its requirements: they are in the locks.
"""

import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from subprocess import CalledProcessError, run

ROOT = Path(__file__).resolve().parents[1]


# pip compiles one module after the other. All cores do it afterwards, in half the time;
# what can't be compiled (a template, say) is passed over, as pip does.
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
COMPILE = [sys.executable, "-m", "compileall", "-qq", "-j", "0"]
LOCKED = [*PIP, "--require-hashes", "--requirement"]


def needs_cuda(requirements: list[str] | None) -> bool:
    """Do the requirements of a build of torch name CUDA packages?"""
    return any(re.match("(cuda|nvidia)-|triton", one) for one in requirements or ())


def main() -> int:
    try:
        run([*LOCKED, "requirements.lock"], check=True, cwd=ROOT)
        if sys.platform == "linux" and needs_cuda(metadata.requires("torch")):
            run([*LOCKED, "requirements-cuda.lock"], check=True, cwd=ROOT)
        # Without isolation, which would fetch a setuptools that no lock names.
        run([*PIP, "--no-build-isolation", "--editable", "."], check=True, cwd=ROOT)
    except CalledProcessError as error:
        return error.returncode  # pip has said what is wrong
    run([*COMPILE, sysconfig.get_path("purelib")], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
