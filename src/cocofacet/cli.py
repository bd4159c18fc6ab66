"""The command line: each command is thin over functions that a notebook calls too.

Heavy libraries are imported inside the commands, so that `--help` answers at once.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from cocofacet import __version__, cli_app, cli_embed, cli_photos, cli_vectors, program
from cocofacet import cli_options as options
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.sources import OFFICIAL, locate
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.fetch import catalog, mirror
from cocofacet.io import InputError, check_output, write_atomic
from cocofacet.retrievers.zoo import ROWS

OF_PROFILE = {"profile", "run", "seed", "change", "dry_run"}

# \b keeps the lines of its paragraph as they are.
_FILES = "\n".join(f"  {name:<10} DIR/{path}" for name, path in OFFICIAL.items())
_NEEDS = "\n".join(
    f"  {facet.name:<10} {', '.join(facet.sources)}" for facet in FACETS.values()
)
BUILT_FROM = f"""\b
official names below --annotations DIR:
{_FILES}
A file named by its own option is taken instead of the one in DIR.

\b
what each facet is built from:
{_NEEDS}
gestures are also checked against instances, where given: the image must
show a person."""
OFFLINE = """\
A download that was cut goes on where it ended when the command is run again. Without
a connection, save a file under the name that --list shows in DIR/downloads and run
the command: it is verified and put into its place. For a mirror of the data,
COCOFACET_CATALOG names a JSON file: {"val2017.zip": {"urls": ["http://..."]}}, with
size, unpacked and sha256 where they differ."""

app = typer.Typer(
    help="COCO-Facet: build the benchmark, embed its images, evaluate retrievers.",
    epilog="`cocofacet COMMAND --help` explains a command and its options.",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command -> exit status: 0 done, 2 the input cannot be used, 130 and 143
    when it was interrupted (Ctrl-C) or terminated."""
    return program.run(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int | None:
    try:
        # A command that is done returns None; typer returns a status for Ctrl-C.
        return app(arguments, prog_name="cocofacet", standalone_mode=False)
    except typer.TyperException as error:
        raise InputError(options.misused(error)) from None


def _command(example: str, about: str = "", **rest) -> Callable:
    return app.command(epilog=f"{about}\n\n\b\nexample:\n  cocofacet {example}", **rest)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit(program.DONE)


VERSION = options.flag("--version", "Show it.", callback=_version, is_eager=True)


@app.callback()
def _common(version: VERSION = False) -> None:
    pass


@_command("build --annotations coco --out benchmark --allow-missing", BUILT_FROM)
def build(
    out: options.path("DIR", "folder to write"),
    annotations: options.path("DIR", "folder of official files") = None,
    instances: options.path("F", "the instances file") = None,
    captions: options.path("F", "the captions file") = None,
    stuff: options.path("F", "the stuff file") = None,
    visual7w: options.path("F", "the visual7w file") = None,
    visdial: options.path("F", "the visdial file") = None,
    images: options.path(
        "DIR",
        "use only pictures that lie below this folder, under their official paths "
        "(val2017/000000000139.jpg) or directly in it (000000000139.jpg); also drops "
        "near-duplicates among the weather pictures",
    ) = None,
    facets: options.text(
        "A,B,...", f"facets to build, of {', '.join(FACETS)}; default all"
    ) = None,
    seed: options.number(0, "of the negatives") = 0,
    most_images: options.number(
        0, "use N pictures at most, the same ones every time; default all"
    ) = None,
    allow_missing: options.flag(
        "--allow-missing", "skip facets whose annotations are not given, and say so"
    ) = False,
) -> None:
    """Build the benchmark from annotation files.

    Each query has 1 positive and 99 negative images. The annotation files are in their
    official formats. The output holds one official JSON file a facet and manifest.json,
    which says what was left out and why. Equal input gives equal bytes.
    """
    from cocofacet.benchmark import build as benchmark
    from cocofacet.benchmark.dataset import check_free

    check_free(out)
    named = (instances, captions, stuff, visual7w, visdial)
    files = locate(annotations) if annotations else {}
    files |= {name: path for name, path in zip(OFFICIAL, named, strict=True) if path}
    if not files:
        raise InputError(
            "annotations: none given. Name a folder with --annotations, or files with "
            f"{', '.join(f'--{name}' for name in OFFICIAL)}."
        )
    chosen = facets if facets is None else facets.replace(",", " ").split()
    built = benchmark.build(files, seed, images, chosen, allow_missing, most_images)
    built.save(out)
    print(benchmark.summary(built))
    print(f"written to {out}")


@_command("compare --released coco/released --rebuilt benchmark")
def compare(
    released: options.path("DIR", "released files"),
    rebuilt: options.path("DIR", "files built here"),
) -> None:
    """Set the released benchmark beside a rebuilt one.

    Reads and checks two folders of benchmark files, and prints for each facet and label
    how many queries each has, how many positive images they share, and where their
    wordings differ.
    """
    from cocofacet.benchmark.compare import report
    from cocofacet.benchmark.dataset import load

    print(report(load(released), load(rebuilt)))


@_command("fetch coco-val2017 annotations --out coco", OFFLINE)
def fetch(
    names: options.name(
        list[str] | None,
        f"any of {', '.join(catalog.ORIGINS)}, or files of theirs",
        catalog.ORIGINS,
    ) = None,
    out: options.path("DIR", "folder to fetch into") = None,
    show: options.flag(
        "--list", "show what there is, its size, origin and terms; also without a NAME"
    ) = False,
) -> None:
    """Download annotations, pictures and the released benchmark.

    They go into one folder that `cocofacet build` reads. Sizes and free disk are
    checked first, sha256 where it is published, and nothing is fetched twice. What
    cannot be had is passed over and listed at the end, with what it costs.
    """
    if show or not names:
        print(catalog.listing(mirror.origins()))
        return
    if out is None:
        raise InputError("--out: missing. Name the folder to fetch into: --out DIR.")
    check_output(out, "--out", folder=True)
    from cocofacet.fetch import fetch as fetching

    fetching.fetch(names, out)
    print(fetching.next_step(out))


USUAL = "--benchmark benchmark --images coco/images \\\n    --store store --retriever "


@_command(f"embed --profile full --dry-run\n  cocofacet embed {USUAL}e5-v")
def embed(
    context: typer.Context,
    profile: options.text("NAME", "a profile of the notebooks: mini, colab, full") = "",
    run: options.text("NAME", "with --profile: its results' folder") = "default",
    seed: options.number(0, "with --profile: of the negatives") = 0,
    change: options.CHANGES = None,
    dry_run: options.flag(
        "--dry-run", "with --profile: only say what it takes"
    ) = False,
    benchmark: options.BENCHMARK = None,
    images: options.IMAGES = None,
    retriever: options.RETRIEVER = None,
    store: options.STORE = None,
    checkpoint: options.CHECKPOINT = None,
    device: options.DEVICE = "cpu",
    precision: options.PRECISION = None,
    batch: options.BATCH = None,
    workers: options.WORKERS = None,
    prompts: options.choice(
        cli_embed.PROMPTS,
        "general: each image without a prompt; facet: under every facet's question; "
        "all: both, and the bare instruction",
    ) = "general",
    ray: options.flag(
        "--ray",
        'spread the work over devices or machines with Ray (pip install "ray[data]"); '
        "RAY_ADDRESS names a running cluster",
    ) = False,
    actors: options.number(
        1, "with --ray: how many at once, each on a device of its own"
    ) = 1,
) -> None:
    """Embed the images of a benchmark, or all that the notebooks need.

    With --benchmark, --images, --retriever and --store: the images of one benchmark, by
    one retriever, into a store.

    With --profile: every picture and text that the notebooks of a run need, by each of
    its retrievers, one after the other, the cheapest first. A plan is printed before.
    One that fails is named at the end, and the rest is done. --retriever: one alone.

    Run again after an interruption: what is in the store is not done twice.
    """
    given = options.given(context)
    if profile:
        if others := given - OF_PROFILE - {"retriever"}:
            name = f"--{min(others).replace('_', '-')}"
            raise InputError(f"{name}: not with --profile. Its fields are set by -p.")
        from cocofacet.ahead import stage

        stage.command(
            profile, run, seed, options.fields(change or ()), dry_run, retriever
        )
        return
    for name in ("benchmark", "images", "retriever", "store"):
        if name not in given:
            raise InputError(f"--{name}: missing. Or name a --profile.")
    if others := given & OF_PROFILE:
        raise InputError(f"--{min(others).replace('_', '-')}: needs --profile.")
    check_output(store, "--store", folder=True)
    what = {"name": retriever, "device": device, "precision": precision}
    what["checkpoint"] = checkpoint
    how = {"batch": batch, "workers": workers}
    spread = actors if ray else 0
    cli_embed.into_store(benchmark, images, what, prompts, store, how, spread)


# typer takes one value after --k: the others of `--k 1 5` are extra arguments.
@_command(
    f"evaluate {USUAL}e5-v --modes general,prompted",
    cli_vectors.LAYOUTS,
    context_settings={"allow_extra_args": True},
)
def evaluate(
    context: typer.Context,
    benchmark: options.BENCHMARK,
    images: options.IMAGES = None,
    retriever: options.RETRIEVER = None,
    store: options.STORE = None,
    vectors: options.path("FILE", "rank these vectors in place of a retriever") = None,
    name: options.text("NAME", "what --vectors are called") = "vectors",
    run: options.text(
        "PROFILE/RUN", "also keep the ranks of --vectors in results/PROFILE/RUN"
    ) = None,
    checkpoint: options.CHECKPOINT = None,
    device: options.DEVICE = "cpu",
    precision: options.PRECISION = None,
    batch: options.BATCH = None,
    workers: options.WORKERS = None,
    modes: options.text(
        "MODE[,MODE...]", f"how images are shown, of {', '.join(cli_embed.MODES)}"
    ) = "general",
    k: options.number(1, "cut-offs; default 1 5", list[int] | None, "K [K ...]") = None,
    out: options.path("FILE", "also write every rank, as CSV") = None,
) -> None:
    """Rank each query's 100 candidates and print recall.

    Prints Recall@k by facet, in percent. Embeddings are taken from the store or
    computed into it.
    """
    from cocofacet.benchmark.dataset import load
    from cocofacet.embeddings.store import embed_texts
    from cocofacet.evaluation.metrics import averages
    from cocofacet.evaluation.ranking import rank_table

    if out:
        check_output(out, "--out")
    if store:
        check_output(store, "--store", folder=True)
    chosen = modes.split(",")
    if not set(chosen) <= set(cli_embed.MODES):
        known = f"{', '.join(cli_embed.MODES)}, with commas between"
        raise InputError(f"--modes: {modes!r} has an unknown mode. Choose of {known}.")
    more = [options.whole(word, 1, "'--k'") for word in context.args]
    cut_offs = [*(k or ()), *more] or [1, 5]
    asked = load(benchmark)
    if "wrong" in chosen and len(asked.facets) == 1:
        what = f"{benchmark}: --modes wrong: a single facet has no wrong prompt"
        raise InputError(f"{what}. Leave the mode out, or build more facets.")
    if vectors:
        table, spent = cli_vectors.ranked(vectors, name, asked, chosen, run)
        print(f"{name}, {table.revision.iloc[0]}, from {vectors}")
    else:
        for option, value in (("images", images), ("store", store)):
            if value is None:
                raise InputError(f"--{option}: missing. Name a folder, or --vectors.")
        if retriever is None:
            raise InputError("--retriever: missing. Name one, or a file of --vectors.")
        model = cli_embed.load(retriever, checkpoint, device, precision, chosen)
        how = {"batch": batch, "workers": workers}
        filled = model, asked, chosen, images, store, how
        shown, found, spent = cli_embed.embedded(*filled)
        texts = embed_texts(model, [query.text for query in asked.queries], store)
        made = {"retriever": model.name, "revision": model.revision}
        table = rank_table(asked, texts, found, shown, **made)
        precision = model.fingerprint["precision"]
        print(f"{model.name}, revision {model.revision}, {precision}")
    for cut_off in cut_offs:
        recalls = 100 * averages(table, cut_off).droplevel([0, 1, 2, 3]).T
        print(f"\nRecall@{cut_off} in percent, {len(asked.queries)} queries")
        print(recalls.rename_axis(columns=None).to_string(float_format="%.1f"))
    if out:
        write_atomic(out, table.to_csv(index=False))
        print(f"\nranks: {out}")
    print(f"\n{spent}")


@_command("check-load vlm2vec-v2.0 --task SUN397 \\\n    --data coco --store store")
def check_load(
    name: options.name(str, "a promptable retriever", ROWS),
    task: options.text("TASK", "SUN397, Place365 or Country211"),
    data: options.path("DIR", "folder that `cocofacet fetch pools` filled"),
    store: options.STORE,
    checkpoint: options.CHECKPOINT = None,
    device: options.DEVICE = "cpu",
    precision: options.PRECISION = None,
    limit: options.number(1, "the first N rows only") = None,
) -> None:
    """Is a checkpoint loaded rightly? Compare with a published score.

    Computes hit@1 of one public task of MMEB and prints it beside its authors' value.
    """
    check_output(store, "--store", folder=True)
    from cocofacet import cli_load

    how = {"device": device, "precision": precision, "checkpoint": checkpoint}
    print(cli_load.check(name, task, data, store, limit, **how))


@app.command()
def retrievers(
    name: options.name(str | None, "one retriever", ROWS) = None,
) -> None:
    """List the retrievers, what each needs, and which can run here.

    Says what was tested, too. With a NAME, says everything about that one.
    """
    from cocofacet.retrievers import listing

    machine = listing.this_machine()
    if name and name not in ROWS:
        known = ", ".join(ROWS)
        raise InputError(f"retrievers: NAME: {name!r} is none of {known}.")
    if name:
        print(listing.in_full(ROWS[name], machine))
    else:
        print(listing.listing(ROWS.values(), machine))


@app.command()
def runs(
    profile: options.text("NAME", "what the notebooks ran with") = "mini",
    results: options.path("DIR", "folder of <profile>/<run>/") = Path("results"),
) -> None:
    """Print one row for each run, chapter, retriever and mode.

    Reads the ranks that the notebooks saved. Recall@1 and @5 are in percent; what they
    are averaged over is named.
    """
    from cocofacet.evaluation.runs import collect, summary

    table = summary(collect(results, profile))
    print(table.to_string(float_format="%.1f", sparsify=False))


_command("index photos --ask times", cli_photos.KEPT)(cli_photos.index)
_command(*cli_photos.WISHES, cls=cli_photos.InOrder)(cli_photos.search)
_command("export photos --out photos.parquet")(cli_photos.export)
_command("app photos", cli_app.ABOUT)(cli_app.app)


if __name__ == "__main__":
    sys.exit(main())
