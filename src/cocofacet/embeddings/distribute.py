"""Several devices or machines: the same retriever in many processes, through Ray Data.

Ray (``pip install "ray[data]"``) starts on this machine for the call, or joins the
cluster named by RAY_ADDRESS, which must share images, checkpoint and store by path.
"""

import logging
import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from cocofacet.embeddings.store import Chunk, embed_chunks
from cocofacet.io import InputError

_TURNS = 4  # groups of chunks for each actor, on average: slow ones take fewer


def embed_missing(
    missing: Sequence[Chunk],
    load: Mapping[str, object],
    actors: int = 1,
    embed: Callable = embed_chunks,
    **how,
) -> None:
    """Embed what a gallery lacks (`store.look`) and write it into its store.

    load: arguments of `retrievers.load.load` for each actor, paths absolute; embed:
    what embeds and writes some, as `store.embed_chunks` does; how: batch and workers of
    each, as in `loader.embed_files`. An actor takes one GPU where ``device`` is cuda,
    else its share of the processor's cores. Raises InputError when Ray is not
    installed, has fewer devices than actors or lost an actor, when an
    actor's retriever is not the one that the chunks are for, and as
    `store.embed_gallery` does. Chunks done by then are kept.
    """
    if not missing:
        return
    missing = [_absolute(chunk) for chunk in missing]
    total = sum(len(chunk.names) for chunk in missing)
    size = math.ceil(len(missing) / (_TURNS * actors))
    groups = [missing[start : start + size] for start in range(0, len(missing), size)]
    settings = {"groups": groups, "load": load, "embed": embed, **how}
    with _session() as ray, tqdm(total=total, unit="image", disable=None) as bar:
        numbers = [{"group": number} for number in range(len(groups))]
        asked = ray.data.from_items(numbers, override_num_blocks=len(groups))
        done = asked.map_batches(
            _Embedder,
            fn_constructor_kwargs=settings,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=actors),
            max_restarts=0,  # a run that lost an actor ends, and is begun again by hand
            **_share(ray, actors, _on_cuda(load)),
        )
        try:
            for answer in done.iter_rows():
                if answer["error"]:
                    raise InputError(answer["error"])
                bar.update(answer["images"])
        except ray.exceptions.RayActorError as error:
            reason = str(error).split("\n")[0]
            raise InputError(
                f"ray: actor: lost one of {actors} ({reason}) Perhaps memory ran out: "
                "choose a smaller --batch. What is done is kept; run the same again."
            ) from None


class _Embedder:
    """An actor: a retriever, and the groups of chunks that it may be asked for."""

    def __init__(self, groups, load: Mapping, embed: Callable = embed_chunks, **how):
        from cocofacet.retrievers import load as loading

        self.groups, self.embed, self.how, load = groups, embed, how, dict(load)
        if _on_cuda(load):
            load["device"] = "cuda"  # Ray shows each actor its own GPU alone
        self.retriever = loading.load(**load)

    def __call__(self, asked: dict[str, np.ndarray]) -> dict[str, list]:
        """{"group": (1,)} -> {"images": how many were embedded, "error": "" or why}."""
        (number,) = asked["group"]
        chunks = self.groups[number]
        try:
            self._check(chunks[0])
            for _ in self.embed(self.retriever, chunks, **self.how):
                pass
        except InputError as error:  # raised here, it would arrive in a traceback
            return {"images": [0], "error": [str(error)]}
        return {"images": [sum(len(chunk.names) for chunk in chunks)], "error": [""]}

    def _check(self, chunk: Chunk) -> None:
        here, there = self.retriever.fingerprint, chunk.fingerprint
        differ = {key for key, _ in here.items() ^ there.items()}
        if differ:
            raise InputError(
                f"ray: actor: its retriever differs in {', '.join(sorted(differ))}. "
                "Install the same versions and weights on every machine."
            )


def _on_cuda(load: Mapping[str, object]) -> bool:
    return str(load.get("device", "cpu")).startswith("cuda")


@contextmanager
def _session() -> Iterator:
    """Ray, quiet; ended afterwards unless the caller had started it."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise InputError(
            f'ray: not installed ({error}). `pip install "ray[data]"`, or leave '
            "out --ray."
        ) from None
    started_here = not ray.is_initialized()
    if started_here:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
        )
    log = logging.getLogger("ray.data")
    level, context = log.level, ray.data.DataContext.get_current()
    bars = context.enable_progress_bars
    log.setLevel(logging.CRITICAL)
    context.enable_progress_bars = False
    try:
        with warnings.catch_warnings():
            # About max_restarts; there is no other way yet to say it.
            warnings.filterwarnings("ignore", message=".*ray_remote_args")
            yield ray
    finally:
        log.setLevel(level)
        context.enable_progress_bars = bars
        if started_here:
            ray.shutdown()


def _share(ray, actors: int, cuda: bool) -> dict[str, int]:
    """What each actor reserves; InputError where there is not enough for all."""
    device = "GPU" if cuda else "CPU"
    there = int(ray.cluster_resources().get(device, 0))
    if there < actors:
        raise InputError(
            f"ray: --actors: {actors} need a {device} each, and Ray has {there}. "
            "Choose fewer, or name a larger cluster in RAY_ADDRESS."
        )
    return {"num_gpus": 1} if cuda else {"num_cpus": there // actors}


def _absolute(chunk: Chunk) -> Chunk:
    """The same chunk for a process that runs in another folder."""
    return replace(
        chunk,
        paths=tuple(path.absolute() for path in chunk.paths),
        files={prompt: file.absolute() for prompt, file in chunk.files.items()},
    )
