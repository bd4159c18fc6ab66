"""`cocofacet index` and `export`: one's own photographs."""

from pathlib import Path
from typing import Annotated

import typer

from cocofacet import cli_options as options
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import check_output

KEPT = """\
The index lies in your own folder for data (on Linux ~/.local/share/cocofacet/photos),
not beside the pictures: those may lie where nothing can be written. --store DIR puts it
elsewhere; name it again with each command. Pictures that are gone leave the catalogue
with the next run; their vectors stay in the files until --forget."""

FOLDER = Annotated[Path, typer.Argument(metavar="FOLDER", help="of pictures")]
STORE = options.path("DIR", "the index is kept here; default: your folder for data")
ASK = Annotated[
    list[str] | None,
    typer.Option(
        metavar="QUESTION",
        help="also embed under this question, or that of a facet by its name; again "
        "for each",
    ),
]


def index(
    folder: FOLDER,
    retriever: options.RETRIEVER = None,
    ask: ASK = None,
    store: STORE = None,
    device: options.DEVICE = "cpu",
    precision: options.PRECISION = None,
    batch: options.BATCH = None,
    workers: options.WORKERS = None,
    ray: options.flag(
        "--ray", "spread the work over devices or machines with Ray"
    ) = False,
    actors: options.number(1, "with --ray: how many at once") = 1,
    forget: options.flag("--forget", "remove what is kept of this folder") = False,
) -> None:
    """Embed every picture below a folder, to search it.

    JPEG, PNG, WebP, TIFF, the first frame of a GIF, and HEIC where pillow-heif is
    there. Hidden files and folders are passed over, and links that lead out. Run again
    it embeds what is new or changed; a file that only moved is known by its content.
    """
    from cocofacet.photos import make

    if forget:
        print(make.forget(folder, store))
        return
    if store:
        check_output(store, "--store", folder=True)
    how = {"batch": batch, "workers": workers, "ray": ray, "actors": actors}
    make.index_folder(folder, retriever, ask or (), store, device, precision, **how)


def export(
    folder: FOLDER,
    out: options.path("FILE", "the parquet file to write"),
    retriever: options.RETRIEVER = None,
    store: STORE = None,
    dtype: options.choice(("float32", "float16"), "of the vectors") = "float32",
) -> None:
    """Write an index as one parquet file, which any vector database takes.

    A row a vector: path, sha256, retriever, revision, question (null for general),
    vector.
    """
    check_output(out, "--out")
    from cocofacet.photos import export as exporting
    from cocofacet.photos.index import open_index

    count = exporting.export(open_index(folder, retriever, store), out, dtype)
    print(f"{count:,} vectors in {out}")
