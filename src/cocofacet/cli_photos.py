"""`cocofacet index`, `search` and `export`: one's own photographs."""

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cocofacet import cli_options as options
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError, check_output

KEPT = """\
The index lies in your own folder for data (on Linux ~/.local/share/cocofacet/photos),
not beside the pictures: those may lie where nothing can be written. --store DIR puts it
elsewhere; name it again with each command. Pictures that are gone leave the catalogue
with the next run; their vectors stay in the files until --forget."""

FOLDER = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="of pictures", parser=options.named)
]
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


FORMS = {
    "table": "for people",
    "json": "one object",
    "csv": "with a header",
    "paths0": "paths alone, each ended by NUL: for `xargs -0`",
}
FEW = 5  # shown where nothing stands out


def search(
    folder: FOLDER,
    text: Annotated[str, typer.Argument(help="what a picture is to show")] = "",
    like: options.path("FILE", "or a picture whose answer it is to share") = None,
    ask: options.text(
        "QUESTION", "ask of each picture: a facet's name, a question, or auto"
    ) = None,
    against: options.text(
        "A,B,...", "what else a picture might show; a facet has its labels"
    ) = None,
    how: options.choice(
        ("rerank", "linear", "full"),
        "a question that is not indexed: rerank orders the first 200 (default); linear "
        "embeds 100 and maps all; full embeds all and keeps them",
    ) = "rerank",
    count: options.number(1, "show N at most") = 20,
    form: options.choice(FORMS, f"{'; '.join(map(': '.join, FORMS.items()))}") = (
        "table"
    ),
    retriever: options.RETRIEVER = None,
    store: STORE = None,
    device: options.DEVICE = "cpu",
    precision: options.PRECISION = None,
) -> None:
    """Find pictures in a folder.

    Indexes what is new first. Where the question has alternatives, each picture gets
    its share among them, and the list ends where it falls below a half; exit status 1
    when nothing stands out, as grep's.
    """
    from cocofacet.photos.search import FIRST, Wish
    from cocofacet.photos.search import search as searching

    others = tuple(filter(None, map(str.strip, (against or "").split(","))))
    if against is not None and not others:
        raise InputError("--against: names nothing. Write texts with commas between.")
    wish = Wish(text, ask, others, like)
    found = searching(
        folder, wish, how=how, count=max(count, FIRST), retriever=retriever,
        store=store, device=device, precision=precision,
        tell=partial(print, file=sys.stderr),
    )  # fmt: skip
    shown = found.pictures.head(count if found.standing_out is None else 0)
    if found.standing_out:
        shown = found.pictures.head(min(found.standing_out, count))
    elif found.standing_out == 0:
        print("nothing here stands out", file=sys.stderr)
        shown = found.pictures.head(FEW) if form == "table" else shown
    _WRITE[form](found, shown)
    if found.standing_out == 0:
        raise typer.Exit(1)


def _table(found, shown) -> None:
    (wish,), (how,) = found.wishes, found.how
    if wish.question:
        print(f"asked: {wish.question} ({how})")
    if found.standing_out == 0 and len(shown):
        print("the nearest:")
    if len(shown):
        marks = {"score": "{:.3f}".format, "share": "{:.2f}".format}
        print(shown.to_string(index=False, formatters=marks, na_rep=""))


def _json(found, shown) -> None:
    rows = json.loads(shown.to_json(orient="records"))
    about = {"folder": str(found.folder), "standing_out": found.standing_out}
    asked = {"question": found.wishes[0].question, "how": found.how[0]}
    print(json.dumps(about | asked | {"pictures": rows}, indent=1))


def _paths(found, shown) -> None:
    paths = b"".join(os.fsencode(path) + b"\0" for path in found.files[: len(shown)])
    sys.stdout.flush()
    sys.stdout.buffer.write(paths)


_WRITE = {
    "table": _table,
    "json": _json,
    "csv": lambda found, shown: print(
        shown.to_csv(index=False, lineterminator="\n"), end=""
    ),
    "paths0": _paths,
}


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
