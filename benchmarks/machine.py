"""How a time is taken, what it was taken on and with, and where it is kept.

Light, because benchmarks that weigh memory import it.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

from cocofacet.io import COMMITTED, write_json

RESULTS = COMMITTED / "benchmarks"
Result = TypeVar("Result")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PACKAGES = ("cocofacet", "torch", "transformers", "numpy", "faiss-cpu")


def best_of(function: Callable[[], Result], repeats: int) -> tuple[float, Result]:
    """Call a function so many times -> seconds of the fastest call, and its result."""
    fastest = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        found = function()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest, found


def described(device: str = "cpu") -> dict[str, object]:
    """Names of device and processor, cores, threads of torch, versions, UTC date."""
    import torch

    cuda = torch.device(device).type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if cuda else processor(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), **_versions()},
        "date": datetime.now(UTC).date().isoformat(),
    }


def threads() -> dict[str, str]:
    """What the environment says of threads."""
    return {name: os.environ.get(name, "not set") for name in THREADS}


def keep(out: Path, result: dict) -> None:
    """Write a measurement as JSON, and print it."""
    write_json(out, result)
    print(json.dumps(result, indent=1))


def processor() -> str:
    """The processor's name where the system gives it, else its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else ()
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
