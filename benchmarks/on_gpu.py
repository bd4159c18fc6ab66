"""What a data-centre GPU makes of all this, in one run of under ten minutes:

    make on-gpu

- a Qwen2-VL of 2B size with random weights: one pass for all prompts against a pass
  for each, and the pipeline against the forward passes alone (`pipeline_speed.py`);
- exact search in batches (`exact_search.py`);
- every row of the zoo at its real size, random weights, in the row's precision: a
  picture and a text each, with seconds, and memory beside the zoo's estimate.

Each part has a process of its own and is written when it is done, to
src/cocofacet/results/benchmarks/on-gpu.json; one that fails, or for which no time is
left, is there with the reason. Without a GPU the same is measured on the CPU, every
model cut to a few layers of its real width, and the record says so.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import exact_search
import numpy as np
import real_size
import torch
from machine import RESULTS, best_of, described
from PIL import Image
from pipeline_speed import Settings, measure, pinned, warm_best_of
from sizes import size_of

from cocofacet.io import write_json
from cocofacet.retrievers.zoo import ROWS
from cocofacet.retrievers.zoo.row import Row

LARGE = "vlm2vec-v2.0"  # Qwen2-VL-2B, and pictures in their own size
TEXT = "Find me an everyday image that is taken in a sunny day.\n"


@dataclass(frozen=True)
class Scale:
    """How much is measured on a kind of device.

    minutes: for all of it. layers: of each part of a model at most, of the large one
    and of the rows; None for all. vectors: searched.
    """

    device: str
    minutes: float
    settings: Settings
    vectors: int
    layers: int | None = None
    row_layers: int | None = None


GPU = Scale("cuda", 9.5, Settings(1024, 32, 2, piped=(9,)), 1_000_000)
CPU = Scale("cpu", 5.5, Settings(2, 1, 1, piped=(9,)), 100_000, layers=2, row_layers=1)


def apart(seconds: float, function: Callable[..., dict], *arguments) -> dict:
    """What a function returns, from a process of its own; if nothing, {"failed": why},
    or {"skipped": why} where its time is up.

    It is forked, so that the libraries are there already; that needs a parent which
    never touched the device. What a failure leaves on the device goes with the process.
    """
    context = get_context("fork")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(send, function, arguments))
    process.start()
    send.close()
    try:
        if not receive.poll(max(seconds, 0)):
            return {"skipped": f"stopped when its time was up, {seconds:.0f} s"}
        return receive.recv()
    except EOFError:
        process.join()
        return {"failed": f"its process ended ({process.exitcode}): memory, perhaps"}
    finally:
        process.kill()
        process.join()


def _send(connection, function: Callable[..., dict], arguments: tuple) -> None:
    try:
        found = function(*arguments)
    except Exception as error:  # whatever it is, the other parts go on
        lines = str(error).strip().splitlines() or [""]
        found = {"failed": f"{type(error).__name__}: {lines[0]}"}
    connection.send(found)


def device_here() -> dict:
    """The device, its memory and driver, and versions; ``driver`` None on a CPU."""
    if not torch.cuda.is_available():
        load = os.getloadavg()[0]  # of other work, which makes the times too long
        return {**described(), "driver": None, "load": load}
    return {
        **described("cuda"),
        "driver": driver(),
        "cuda": torch.version.cuda,
        "memory_bytes": torch.cuda.mem_get_info()[1],
    }


def driver() -> str:
    asked = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not known"
    return said.stdout.split()[0]


def large(scale: Scale) -> dict:
    """One pass and pipeline of a Qwen2-VL of 2B size in bf16."""
    with tempfile.TemporaryDirectory() as folder:
        row = ROWS[LARGE]
        retriever = real_size.load(
            row, Path(folder), scale.device, "bf16", scale.layers
        )
        found = measure(retriever, scale.settings)
    cut = "" if scale.layers is None else f", {scale.layers} layers of each tower"
    found["model"] |= {"size": f"Qwen2-VL-2B{cut}", "weights": "random"}
    return {**found, "precision": retriever.fingerprint["precision"]}


def search(scale: Scale) -> dict:
    """The ten best of many vectors for each of 100 queries, against numpy's."""
    vectors = exact_search.unit_vectors(scale.vectors, 0)
    queries = exact_search.unit_vectors(exact_search.QUERIES, 1)
    find = exact_search.by_torch(vectors, scale.device)
    together, (_, ids) = warm_best_of(lambda: find(queries), 3)
    alone, _ = warm_best_of(lambda: find(queries[:1]), 3)
    _, expected = exact_search.by_numpy(vectors)(queries)
    return {
        "vectors": len(vectors),
        "d": exact_search.DIMENSION,
        "queries": len(queries),
        "precision": "float32",
        "milliseconds_for_all_queries": 1000 * together,
        "milliseconds_for_one_query": 1000 * alone,
        "same_pictures": float((ids == expected).mean()),
    }


def one_row(row: Row, scale: Scale) -> dict:
    """A picture and a text through a row; embeddings that are not finite are errors."""
    picture = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    on_cpu = scale.device == "cpu"
    # Processors have no instructions for fp16, and take minutes.
    precision = "bf16" if on_cpu and row.precision == "fp16" else row.precision
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        retriever = real_size.load(
            row, Path(folder), scale.device, precision, scale.row_layers
        )
    built = time.perf_counter() - start
    inputs = retriever.prepare([Image.fromarray(picture)], (None,))
    inputs = pinned(inputs, scale.device)
    timed = best_of if on_cpu else warm_best_of
    repeats = scale.settings.repeats
    shown, image = timed(lambda: retriever.embed_prepared(inputs), repeats)
    read, text = timed(lambda: retriever.embed_texts([TEXT]), repeats)
    if image.shape != (1, 1, row.dim) or text.shape != (1, row.dim):
        raise ValueError(f"embeddings {image.shape} and {text.shape}, not of {row.dim}")
    models = filter(None, (retriever.model, getattr(retriever, "embedder", None)))
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if not on_cpu:
        peak = torch.cuda.max_memory_allocated()
    return {
        "precision": retriever.fingerprint["precision"],
        "layers": scale.row_layers,
        "parameters": sum(p.numel() for model in models for p in model.parameters()),
        "seconds_to_build": built,
        "seconds_a_picture": shown,
        "seconds_a_text": read,
        "peak_bytes": peak,
        "estimated_bytes": row.memory * 1e9 if scale.row_layers is None else None,
        "source": size_of(row).source,
    }


def refused(row: Row, memory: float | None) -> str:
    """Why a row cannot be measured; memory: the device's in bytes, if it limits."""
    if memory and row.memory * 1e9 > memory:
        return f"takes about {row.memory:g} GB, and {memory / 1e9:.0f} GB are there"
    return ""


def in_order(rows: list[Row]) -> list[Row]:
    """The smallest first; rows that share a size with one before them come last."""
    rows = sorted(rows, key=lambda row: row.memory)
    sizes = [(row.architecture, row.parameters) for row in rows]
    again = [size in sizes[:number] for number, size in enumerate(sizes)]
    return [row for _, row in sorted(zip(again, rows, strict=True), key=lambda x: x[0])]


def run(scale: Scale, rows: list[Row], here: dict, out: Path) -> dict:
    """Measure part by part; the record is written after each."""
    end = time.monotonic() + 60 * scale.minutes

    def part(share: float, function, *arguments) -> dict:
        left = min(end - time.monotonic(), 60 * scale.minutes * share)
        if left < 60 * scale.minutes / 40:
            return {"skipped": "no time was left"}
        return apart(left, function, *arguments)

    record = {**here, "rows": {}}
    found = part(0.6, large, scale)
    record |= found if "one_pass" in found else {"large": found}
    write_json(out, record)
    record["search"] = part(0.2, search, scale)
    write_json(out, record)
    memory = here.get("memory_bytes")
    for row in in_order(rows):
        reason = refused(row, memory)
        found = {"skipped": reason} if reason else part(0.3, one_row, row, scale)
        record["rows"][row.name] = found
        write_json(out, record)
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=RESULTS / "on-gpu.json")
    options = parser.parse_args()
    here = apart(120, device_here)
    if "device" not in here:
        sys.exit(f"error: the device cannot be described: {here}")
    on_gpu = here["driver"] is not None
    old = json.loads(options.out.read_text()) if options.out.exists() else {}
    if old.get("driver") and not on_gpu:
        sys.exit(
            f"error: {options.out}: holds what {old['device']} measured, and there is "
            "no GPU here. Choose another file with --out."
        )
    rows = [row for row in ROWS.values() if row.parameters]
    record = run(GPU if on_gpu else CPU, rows, here, options.out)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
