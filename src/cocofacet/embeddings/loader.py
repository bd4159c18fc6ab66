"""From picture files to embeddings: worker processes prepare what the device embeds."""

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader

from cocofacet.io import InputError, readable
from cocofacet.parameters import HOW, RETRIEVER, takes
from cocofacet.picture import open_image
from cocofacet.picture import pixels as size_of
from cocofacet.program import ran_out
from cocofacet.retrievers.base import Prepare, Retriever, UnfitText

LOG = logging.getLogger(__name__)

CPU_BATCH = 32
# Larger batches gain nothing on a device that is busy already, and each lies in memory
# several times over: two for every worker.
CUDA_BATCH, CUDA_WORKERS = 64, 8
SHARED = "/dev/shm"  # where workers leave what they prepared
TIMEOUT = 300  # seconds that a batch may take to be prepared
_PROBE = 2  # pictures embedded to measure how much memory one takes
_SPARE = 0.8  # how much of the free memory a batch may take


class Work(NamedTuple):
    """Pictures to embed under the same prompts: one chunk of the store."""

    paths: tuple[Path, ...]
    prompts: tuple[str | None, ...]


@takes(retriever=RETRIEVER, **HOW)
def embed_files(
    retriever: Retriever,
    works: Sequence[Work],
    batch: int | None = None,
    workers: int | None = None,
) -> Iterator[np.ndarray]:
    """Embed one work after the other -> (P, n, D) float32 each, in order.

    batch: pictures at a time; None for 32, and on CUDA for as many as free memory
    holds, 64 at most. When memory runs out it is halved, which the log says, and the
    work is started again. workers: processes that decode and prepare; None for none,
    and on CUDA for one a core, 8 at most; fewer, which the log says, where shared
    memory has no room for them. Raises InputError for a picture that is
    missing, unreadable or too large for the memory, and when a worker was killed.
    """
    works = list(works)
    if not works:
        return
    cuda = torch.device(retriever.device).type == "cuda"
    pixels = [[size_of(path) for path in work.paths] for work in works]
    if batch is None:
        batch = _fitting(retriever, works, pixels) if cuda else CPU_BATCH
    if workers is None:
        workers = min(CUDA_WORKERS, os.cpu_count() or 1) if cuda else 0
    if workers:
        workers = _that_fit(retriever, works, pixels, batch, workers)
    done = 0
    while done < len(works):
        try:
            for vectors in _embed(
                retriever, works[done:], pixels[done:], batch, workers, pin=cuda
            ):
                done += 1
                yield vectors
        except (RuntimeError, MemoryError) as error:
            if "DataLoader" in str(error):
                # Its traceback holds the workers too.
                lost = _workers_lost(retriever, str(error))
                raise lost from error.with_traceback(None)
            if not ran_out(error):
                raise
            if batch == 1:
                raise InputError(
                    f"{retriever.name}: memory: one picture under "
                    f"{len(works[done].prompts)} prompts does not fit on "
                    f"{retriever.device}. Ask for fewer prompts, or choose --precision "
                    "bf16 or a larger device."
                ) from error.with_traceback(None)
            batch //= 2
            what = f"{retriever.name}: out of memory on {retriever.device}"
            LOG.warning("%s; going on with batches of %d", what, batch)
        if cuda and done < len(works):
            torch.cuda.empty_cache()  # the failed batch is let go by now


def _workers_lost(retriever: Retriever, error: str) -> InputError:
    lines = error.strip().split("\n")
    # An error raised in one is quoted with its traceback.
    reason = lines[-1] if lines[0].startswith("Caught") else lines[0]
    if "timed out" in reason:
        reason = f"none has answered for {TIMEOUT} seconds."
    return InputError(
        f"{retriever.name}: workers: {reason} Memory may have run out, or what "
        f"{SHARED} holds: choose a smaller --batch, or fewer --workers (0 for none; in "
        "a notebook, the profile's field workers)."
    )


def _that_fit(retriever, works, pixels, batch: int, workers: int) -> int:
    """How many workers find room in shared memory for two batches each, as prepared
    from the largest pictures; 0 is said, and fewer than asked for, too.

    Where it is too small a worker is killed by a signal, or waits for ever.
    """
    try:
        free = shutil.disk_usage(SHARED).free
    except OSError:  # no such folder: another system, other limits
        return workers
    largest = prepare_files(retriever.prepare, _largest(works, pixels, 1))
    needed = 2 * batch * _bytes_of(largest)
    fitting = min(workers, int(_SPARE * free / max(needed, 1)))
    if fitting < workers:
        LOG.warning(
            "%s: %d workers instead of %d, since %s has only %s free and each takes up "
            "to %s (in a container: --shm-size=8g)",
            *(retriever.name, fitting, workers, SHARED),
            *(readable(free), readable(needed)),
        )
    return fitting


def _bytes_of(prepared: object) -> int:
    """Bytes of all tensors in dictionaries and lists."""
    if isinstance(prepared, torch.Tensor):
        return prepared.nbytes
    if isinstance(prepared, dict):
        prepared = list(prepared.values())
    return sum(map(_bytes_of, prepared)) if isinstance(prepared, list | tuple) else 0


def _largest(works, pixels, count: int) -> Work:
    """The largest pictures, under as many prompts as any work has."""
    files = chain.from_iterable(work.paths for work in works)
    by_size = sorted(zip(chain.from_iterable(pixels), files, strict=True), reverse=True)
    prompts = max((work.prompts for work in works), key=len)
    return Work(tuple(path for _, path in by_size[:count]), prompts)


def _embed(
    retriever: Retriever,
    works: Sequence[Work],
    pixels: Sequence[Sequence[int]],
    batch: int,
    workers: int,
    pin: bool,
) -> Iterator[np.ndarray]:
    plans = [
        _batches(work.paths, sizes, batch)
        for work, sizes in zip(works, pixels, strict=True)
    ]
    parts = [
        Work(tuple(work.paths[i] for i in members), work.prompts)
        for work, plan in zip(works, plans, strict=True)
        for members in plan
    ]
    prepared = iter(_loader(retriever.prepare, parts, workers, pin))
    try:
        for work, plan in zip(works, plans, strict=True):
            vectors = np.empty(
                (len(work.prompts), len(work.paths), retriever.dim), dtype=np.float32
            )
            for members in plan:
                inputs = next(prepared)
                if isinstance(inputs, InputError):
                    raise inputs
                vectors[:, members] = retriever.embed_prepared(inputs)  # (P, B, D)
            yield vectors
    finally:
        # The workers end here. An error's traceback would keep them until the garbage
        # collector comes, which waits five seconds for each.
        del prepared


def _batches(
    paths: Sequence[Path], pixels: Sequence[int], batch: int
) -> list[list[int]]:
    """Places of a work's pictures by batches, the largest pictures first; depends on
    nothing that was done before, nor on how many workers there are."""
    # Pictures of like size together need little padding; with the largest first,
    # memory runs out at the beginning if it does.
    order = sorted(range(len(paths)), key=lambda i: (-pixels[i], paths[i].name))
    return [order[start : start + batch] for start in range(0, len(order), batch)]


def _loader(
    prepare: Prepare, parts: Sequence[Work], workers: int, pin: bool
) -> DataLoader:
    workers = min(workers, len(parts))
    if workers:
        # Set before the fork, or each worker's tokenizer warns about it.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return DataLoader(
        parts,
        batch_size=None,  # a part is a batch already
        collate_fn=partial(_prepared_or_error, prepare),
        num_workers=workers,
        pin_memory=pin,
        timeout=TIMEOUT if workers else 0,
        worker_init_fn=_silent,
        # Forked workers start at once and need no importable __main__. They touch no
        # device, and torch uses one thread in each.
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
        generator=torch.Generator(),  # leave the global one where it is
    )


def _silent(worker: int) -> None:
    """A worker's errors come back with its batch. What its threads meet while it is
    stopped says nothing to anybody."""
    sys.excepthook = lambda *error: None


def _prepared_or_error(prepare: Prepare, part: Work) -> dict[str, object] | InputError:
    try:
        return prepare_files(prepare, part)
    except InputError as error:  # raised in a worker, it would arrive in a traceback
        return error


def prepare_files(prepare: Prepare, part: Work) -> dict[str, object]:
    """Pictures opened and prepared; InputError names one that cannot be."""
    images = [open_image(path) for path in part.paths]
    try:
        return prepare(images, part.prompts)
    except UnfitText:  # whatever the picture
        raise
    except InputError as error:
        for path, image in zip(part.paths, images, strict=True):  # which one is it?
            try:
                prepare([image], part.prompts)
            except InputError as alone:
                raise InputError(f"{path}: {alone}") from error
        raise


def _fitting(
    retriever: Retriever, works: Sequence[Work], pixels: Sequence[Sequence[int]]
) -> int:
    """How many of the largest pictures fit into free memory, a power of two.

    Measured on a batch of two, under as many prompts as any work has.
    """
    device = torch.device(retriever.device)
    probe = _largest(works, pixels, _PROBE)
    inputs = prepare_files(retriever.prepare, probe)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    try:
        retriever.embed_prepared(inputs)
    except torch.OutOfMemoryError:
        return 1
    one = (torch.cuda.max_memory_allocated(device) - before) / len(probe.paths)
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    fits = int(_SPARE * free / max(one, 1))
    return min(CUDA_BATCH, 1 << max(fits.bit_length() - 1, 0))
