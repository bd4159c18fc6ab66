"""The subcommands that use a retriever: embed, evaluate."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cocofacet.benchmark import dataset as official
from cocofacet.benchmark.facets import FACETS
from cocofacet.embeddings import distribute, store
from cocofacet.evaluation.metrics import averages
from cocofacet.evaluation.ranking import prompt_modes, rank_table
from cocofacet.io import InputError, write_atomic
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.zoo import ROWS
from cocofacet.retrievers.zoo.row import PRECISIONS

# What --prompts and --modes mean in prompts shown with each image.
PROMPTS = {
    "general": ("general",),
    "facet": ("prompted",),
    "all": ("general", "bare", "prompted"),
}
MODES = ("general", "bare", "prompted", "wrong")


def add_retrieval_commands(commands: argparse._SubParsersAction) -> None:
    """Add both subcommands; each sets ``run``, a function of the options."""
    embed = commands.add_parser(
        "embed",
        help="embed a benchmark's images and keep the embeddings",
        description="Embed every image of a benchmark and keep the embeddings in a "
        "store. Run again after an interruption: what is there is not done twice.",
    )
    _add_what_is_embedded(embed)
    embed.add_argument(
        "--prompts",
        choices=PROMPTS,
        default="general",
        help="general: each image without a prompt (default); facet: under every "
        "facet's question; all: both, and the bare instruction",
    )
    embed.add_argument(
        "--ray",
        action="store_true",
        help="spread the work over devices or machines with Ray (pip install "
        '"cocofacet[ray]"); RAY_ADDRESS names a running cluster',
    )
    embed.add_argument(
        "--actors",
        type=int,
        default=1,
        metavar="N",
        help="with --ray: how many at once, each on a device of its own; default 1",
    )
    embed.set_defaults(run=run_embed)

    ranks = commands.add_parser(
        "evaluate",
        help="rank each query's 100 candidates and print recall",
        description="Rank the 100 candidates of each query and print Recall@k by "
        "facet, in percent. Embeddings are taken from the store or computed into it.",
    )
    _add_what_is_embedded(ranks)
    ranks.add_argument(
        "--modes",
        default="general",
        metavar="MODE[,MODE...]",
        help=f"how images are shown, of {', '.join(MODES)}; default general",
    )
    ranks.add_argument(
        "--k", type=int, nargs="+", default=[1, 5], help="cut-offs; default 1 5"
    )
    ranks.add_argument(
        "--out", type=Path, metavar="FILE", help="also write every rank, as CSV"
    )
    ranks.set_defaults(run=run_evaluate, ray=False)


def _add_what_is_embedded(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--benchmark", type=Path, required=True, metavar="DIR", help="benchmark files")
    add("--images", type=Path, required=True, metavar="DIR", help="root of the images")
    add("--retriever", required=True, metavar="NAME", help="see cocofacet retrievers")
    add("--store", type=Path, required=True, metavar="DIR", help="embeddings kept here")
    add(
        "--checkpoint", type=Path, metavar="DIR", help="other weights for the retriever"
    )
    add("--device", default="cpu", help="cpu (default), cuda, cuda:1 or mps")
    add("--precision", choices=PRECISIONS, help="default: the retriever's own")
    add(
        "--batch",
        type=int,
        metavar="N",
        help="images at a time; default 32, on cuda as many as memory holds, at most "
        "64; halved when memory runs out",
    )
    add(
        "--workers",
        type=int,
        metavar="N",
        help="processes that decode and resize images; default 0 (none), on cuda one "
        "a core, at most 8",
    )


def run_embed(options: argparse.Namespace) -> None:
    """`cocofacet embed`: fill the store and say what it holds."""
    benchmark = official.load(options.benchmark)
    retriever = _retriever(options, asks=options.prompts != "general")
    prompts = _prompts(_modes(benchmark, PROMPTS[options.prompts]))
    found, spent = _gallery(options, benchmark, retriever, prompts)
    count, images, dim = found.shape
    print(
        f"{images} images under {count} prompt{'s' * (count > 1)} in {options.store}: "
        f"{retriever.name}, revision {retriever.revision}, {dim} dimensions"
    )
    print(spent)


def run_evaluate(options: argparse.Namespace) -> None:
    """`cocofacet evaluate`: print recall by facet, and write the ranks if asked."""
    chosen = options.modes.split(",")
    if not set(chosen) <= set(MODES):
        raise InputError(
            f"evaluate: --modes: {options.modes!r} names an unknown mode. Choose of "
            f"{', '.join(MODES)}, with commas between."
        )
    if min(options.k) < 1:
        raise InputError("evaluate: --k: must be 1 or more. Leave it out for 1 and 5.")
    benchmark = official.load(options.benchmark)
    retriever = _retriever(options, asks=chosen != ["general"])
    modes = _modes(benchmark, chosen)
    if "wrong" in modes and len(benchmark.facets) == 1:
        raise InputError(
            f"{options.benchmark}: --modes wrong: a single facet has no wrong prompt. "
            "Leave the mode out, or build more facets."
        )
    prompts = _prompts(modes)
    gallery, spent = _gallery(options, benchmark, retriever, prompts)
    table = rank_table(
        benchmark,
        store.embed_texts(
            retriever, [query.text for query in benchmark.queries], options.store
        ),
        dict(zip(prompts, gallery, strict=True)),
        modes,
        retriever=retriever.name,
        revision=retriever.revision,
    )
    precision = retriever.fingerprint["precision"]
    print(f"{retriever.name}, revision {retriever.revision}, {precision}")
    for k in options.k:
        recalls = 100 * averages(table, k).droplevel([0, 1, 2, 3]).T
        print(f"\nRecall@{k} in percent, {len(benchmark.queries)} queries")
        print(recalls.rename_axis(columns=None).to_string(float_format="%.1f"))
    if options.out:
        write_atomic(options.out, table.to_csv(index=False))
        print(f"\nranks: {options.out}")
    print(f"\n{spent}")


def _retriever(options: argparse.Namespace, asks: bool):
    """Load the retriever; refuse prompts before anything is embedded."""
    row = ROWS.get(options.retriever)
    if asks and row is not None and not row.prompted:
        raise InputError(
            f"{row.name}: prompts: a dual encoder takes none. Ask for general alone, "
            "or choose a promptable retriever from `cocofacet retrievers`."
        )
    if row is not None and row.caveat:
        print(row.caveat, file=sys.stderr)
    return loading.load(
        options.retriever,
        # The actors compute; here it only says what it is.
        device="cpu" if options.ray else options.device,
        precision=options.precision,
        checkpoint=options.checkpoint,
    )


def _modes(benchmark: official.Benchmark, chosen) -> dict:
    """mode -> facet -> prompts, for the facets that the benchmark has."""
    questions = {name: FACETS[name].question for name in benchmark.facets}
    known = prompt_modes(questions)
    return {mode: known[mode] for mode in chosen}


def _prompts(modes: dict) -> tuple[str | None, ...]:
    """The distinct prompts of these modes, in order of first use."""
    shown = (p for by_facet in modes.values() for ps in by_facet.values() for p in ps)
    return tuple(dict.fromkeys(shown))


def _gallery(
    options: argparse.Namespace,
    benchmark: official.Benchmark,
    retriever: Retriever,
    prompts: Sequence[str | None],
) -> tuple[np.ndarray, str]:
    """Embeddings (P, N, D), and a line that says how fast they were had."""
    for name, least in (("batch", 1), ("workers", 0), ("actors", 1)):
        given = getattr(options, name, None)
        if given is not None and given < least:
            raise InputError(f"{name}: --{name}: must be {least} or more, not {given}.")
    what = (retriever, options.images, benchmark.images, prompts, options.store)
    gallery = store.look(*what)
    count = sum(len(chunk.names) for chunk in gallery.missing)
    start = time.perf_counter()
    if options.ray:
        load = {name: getattr(options, name) for name in ("device", "precision")}
        checkpoint = options.checkpoint and options.checkpoint.absolute()
        load |= {"name": options.retriever, "checkpoint": checkpoint}
        how = (options.actors, options.batch, options.workers)
        distribute.embed_missing(gallery.missing, load, *how)
        gallery = store.look(*what)
    store.fill(retriever, gallery, options.batch, options.workers)
    seconds = time.perf_counter() - start
    if not count:
        return gallery.embeddings, "all images were in the store"
    return gallery.embeddings, (
        f"{count} images embedded in {seconds:.1f} s, {count / seconds:.1f} images/s; "
        f"{len(benchmark.images) - count} were in the store"
    )
