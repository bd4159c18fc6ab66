"""What `cocofacet embed` and `evaluate` share: a retriever, and a store that is filled
with what it makes of a benchmark's images."""

import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from cocofacet.benchmark.facets import FACETS
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError
from cocofacet.retrievers.zoo import ROWS

# What --prompts and --modes mean in prompts shown with each image.
PROMPTS = {
    "general": ("general",),
    "facet": ("prompted",),
    "all": ("general", "bare", "prompted"),
}
MODES = ("general", "bare", "prompted", "wrong")


def into_store(
    benchmark: Path, images: Path, what: dict, prompts: str, folder: Path, how, actors
) -> None:
    """Embed a benchmark's images and say what was done. what: of `load`; actors: how
    many with Ray, 0 without it."""
    from cocofacet.benchmark.dataset import load as load_benchmark
    from cocofacet.embeddings import distribute

    asked, chosen, spread = load_benchmark(benchmark), PROMPTS[prompts], None
    # With Ray the actors compute, and here the retriever only says what it is.
    model = load(**what | ({"device": "cpu"} if actors else {}), modes=chosen)
    if actors:
        weights = what["checkpoint"]
        what = what | {"checkpoint": weights and weights.absolute()}
        spread = partial(distribute.embed_missing, load=what, actors=actors, **how)
    _, found, spent = embedded(model, asked, chosen, images, folder, how, spread)
    print(
        f"{len(asked.images)} images under {len(found)} prompt{'s' * (len(found) > 1)} "
        f"in {folder}: {model.name}, revision {model.revision}, {model.dim} dimensions"
    )
    print(spent)


def load(
    name: str, checkpoint: Path | None, device: str, precision, modes: Iterable[str]
):
    """Load a retriever; refuse questions to a dual encoder before that."""
    from cocofacet.retrievers.load import load

    row = ROWS.get(name)
    if set(modes) != {"general"} and row is not None and not row.prompted:
        raise InputError(
            f"{row.name}: prompts: a dual encoder takes none. Ask for general alone, "
            "or choose a promptable retriever from `cocofacet retrievers`."
        )
    if row is not None and row.caveat:
        print(row.caveat, file=sys.stderr)
    return load(name, device=device, precision=precision, checkpoint=checkpoint)


def embedded(model, benchmark, chosen, images, folder, how, spread=None):
    """The chosen modes (mode -> facet -> prompts), the embeddings (N, D) by prompt, and
    a line that says how fast these were made, where Ray may ``spread`` the work."""
    from cocofacet.embeddings import store
    from cocofacet.evaluation.ranking import prompt_modes, prompts_of

    questions = {name: FACETS[name].question for name in benchmark.facets}
    modes = prompt_modes(questions, chosen)
    what = (model, images, benchmark.images, prompts_of(modes), folder)
    gallery = store.look(*what)
    count = sum(len(chunk.names) for chunk in gallery.missing)
    start = time.perf_counter()
    if spread:
        spread(gallery.missing)
        gallery = store.look(*what)
    store.fill(model, gallery, **how)
    seconds = time.perf_counter() - start
    spent = "all images were in the store"
    if count:
        spent = f"{count} images embedded in {seconds:.1f} s, {count / seconds:.1f} "
        spent += f"images/s; {len(benchmark.images) - count} were in the store"
    return modes, dict(zip(gallery.prompts, gallery.embeddings, strict=True)), spent
