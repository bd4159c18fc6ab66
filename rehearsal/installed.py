"""The package as a user has it: a wheel, in an environment of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def install(folder: Path) -> Path:
    """Build the wheel and install it below ``folder`` -> that environment's python.

    It sees the packages that this python has, so that nothing is downloaded, but not
    this repository."""
    environment = folder / "venv"
    python = environment / "bin/python"
    if python.exists():
        return python
    wheel = build(folder, "--no-build-isolation")
    run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    alone = ("install", "--no-deps", "--no-index", "--ignore-installed")
    run(*PIP, "--python", python, *alone, wheel)
    # Only now: pip would take this python's own copy of the package for an old one. A
    # path in a .pth brings packages and no further .pth, so no editable install.
    within = run(python, "-c", "import site; print(site.getsitepackages()[0])").strip()
    (Path(within) / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(python, "-m", "ipykernel", "install", "--prefix", environment)
    return python


def build(folder: Path, *how: str) -> Path:
    """Build the wheel below ``folder`` -> its file; how: further options of pip."""
    source, wheels = folder / "source", folder / "wheel"
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        there = ROOT / name
        copy = shutil.copytree if there.is_dir() else shutil.copy
        source.mkdir(parents=True, exist_ok=True)
        copy(there, source / name)
    run(*PIP, "wheel", "--no-deps", *how, "--wheel-dir", wheels, source)
    shutil.rmtree(source)  # building leaves files behind
    (wheel,) = wheels.glob("cocofacet-*.whl")
    return wheel


def run(*command: object) -> str:
    """What a command prints; it knows nothing of this repository."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(f"error: {' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout
