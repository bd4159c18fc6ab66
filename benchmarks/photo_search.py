"""From a text's vector to the best pictures: halves as they lie, or converted first.

    python benchmarks/photo_search.py [--vectors 1000000] [--repeats 5]

Random unit vectors of 1,536 dimensions in float16, memory-mapped from a file, 100,000
of them and then ``--vectors``; the 200 best of one text. The ways are
`cocofacet.retrieval.nearest` and the plain one, which converts a chunk at a time to
float32 and multiplies it. Prints JSON and writes it to
src/cocofacet/results/benchmarks/photo_search.json: for each number of vectors and each
way the milliseconds for one text when the file is in memory, the seconds of the first
search of a new process (torch imported, the file mapped and read), and the memory that
the process holds beside the mapping. Each way runs in a process of its own.

A million vectors are a file of 3 GB; it is removed at the end.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from machine import RESULTS, best_of, described, keep

DIMENSION, TOP, CHUNK = 1536, 200, 16_384
SMALLER = (100_000,)


def write_vectors(path: Path, count: int) -> None:
    """(count, DIMENSION) unit vectors as an .npy file of float16."""
    rng = np.random.default_rng(0)
    file = np.lib.format.open_memmap(path, "w+", np.float16, (count, DIMENSION))
    for start in range(0, count, CHUNK):
        rows = rng.standard_normal((min(CHUNK, count - start), DIMENSION), np.float32)
        file[start : start + CHUNK] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    file.flush()


def a_text() -> np.ndarray:
    drawn = np.random.default_rng(1).standard_normal(DIMENSION)
    return drawn / np.linalg.norm(drawn)


def as_halves(vectors: np.ndarray, text: np.ndarray) -> np.ndarray:
    from cocofacet.retrieval.nearest import Term, nearest

    return nearest([Term([vectors], text)], TOP)[0]


def converted(vectors: np.ndarray, text: np.ndarray) -> np.ndarray:
    wanted = text.astype(np.float32)
    parts = range(0, len(vectors), CHUNK)
    scores = [vectors[i : i + CHUNK].astype(np.float32) @ wanted for i in parts]
    return np.argsort(-np.concatenate(scores), kind="stable")[:TOP]


WAYS = {"halves": as_halves, "converted": converted}


def own_memory() -> int:
    """Bytes that this process alone holds: what is mapped from a file is not."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return 1024 * int(line.split()[1])
    return 0


def measure(name: str, path: Path, repeats: int) -> tuple[dict, np.ndarray]:
    search, text, before = WAYS[name], a_text(), own_memory()
    began = time.perf_counter()
    vectors = np.load(path, mmap_mode="r")
    search(vectors, text)
    first = time.perf_counter() - began
    seconds, rows = best_of(lambda: search(vectors, text), repeats)
    found = {
        "milliseconds_for_one_text": 1000 * seconds,
        "seconds_of_the_first_search": first,
        "bytes_beside_the_file": own_memory() - before,
    }
    return found, rows


def compared(count: int, repeats: int, folder: Path) -> dict:
    path, found, rows = folder / f"{count}.npy", {}, {}
    write_vectors(path, count)
    for name in WAYS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            found[name], rows[name] = process.submit(
                measure, name, path, repeats
            ).result()
    path.unlink()
    same = len(set(rows["halves"]) & set(rows["converted"])) / TOP
    times = [found[name]["milliseconds_for_one_text"] for name in WAYS]
    return {
        "vectors": count,
        "bytes": count * DIMENSION * 2,
        "ways": found,
        "times_as_fast": times[1] / times[0],
        "same_pictures": same,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vectors", type=int, default=1_000_000, help="at the most")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "photo_search.json")
    given = parser.parse_args()
    if given.vectors < TOP or given.repeats < 1:
        parser.error(f"--vectors must be at least {TOP}, --repeats at least 1")
    load = os.getloadavg()[0]  # of other work, which makes searches longer
    counts = sorted({*(n for n in SMALLER if n < given.vectors), given.vectors})
    with tempfile.TemporaryDirectory() as folder:
        sizes = [compared(count, given.repeats, Path(folder)) for count in counts]
    result = {
        **described(),
        "load": load,
        "settings": {"d": DIMENSION, "best": TOP, "best_of": given.repeats},
        "compared": [
            {
                "what": f"a search of {size['vectors']:,} vectors, d = {DIMENSION:,}",
                "against": "conversion to float32 first",
                "times_faster": size["times_as_fast"],
            }
            for size in sizes
        ],
        "sizes": sizes,
    }
    keep(given.out, result)


if __name__ == "__main__":
    main()
