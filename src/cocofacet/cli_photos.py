"""`cocofacet index`, `search` and `export`: one's own photographs."""

import json
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from cocofacet import cli_options as options
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError, check_output, readable

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
WISHES = (
    'search photos "two people" --ask people --not indoors --ask scenes',
    """\
\b
several wishes:
  TEXT, --and, --not and --like each begin a wish; --ask and --against are
  about the wish that stands before them, each at most once. A picture's score
  is the sum over the wishes, less those not wanted; its share that of the
  wish which it answers worst.""",
)  # an example, and what --help says at its end
_ORDER = "order"  # in a context: the options as they stand on the command line


class InOrder(TyperCommand):
    """A command that knows in which order its options were given: a parameter alone
    holds its values and not what stood between them."""

    def parse_args(self, ctx, args):
        _, _, given = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in given]
        return super().parse_args(ctx, args)


def search(
    context: typer.Context,
    folder: FOLDER,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="what a picture is to show")
    ] = None,
    also: options.option(
        list[str] | None, "TEXT", "and what else it is to show", flag="--and"
    ) = None,
    unwanted: options.option(
        list[str] | None, "TEXT", "what it is not to show", flag="--not"
    ) = None,
    like: options.option(
        list[Path] | None,
        "FILE",
        "or a picture whose answer it is to share",
        parser=options.named,
    ) = None,
    ask: options.option(
        list[str] | None,
        "QUESTION",
        "ask of each picture: a facet's name, a question, or auto",
    ) = None,
    against: options.option(
        list[str] | None,
        "A,B,...",
        "what else a picture might show; a facet has its labels",
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
    page: options.path(
        "FILE.html", "write a contact sheet too: the ranking with and without questions"
    ) = None,
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
    given = {"also": also, "unwanted": unwanted, "like": like}
    about = {"ask": ask, "against": against and [*map(_names, against)]}
    wishes = _wishes(text, given | about, context.meta[_ORDER])
    if page:
        _check_page(page)
    from cocofacet.photos.search import FIRST
    from cocofacet.photos.search import search as searching

    found = searching(
        folder, *wishes, how=how, count=max(count, FIRST), retriever=retriever,
        store=store, device=device, precision=precision,
        tell=partial(print, file=sys.stderr),
    )  # fmt: skip
    if page:
        from cocofacet.photos import sheet

        size = sheet.write(page, found, count, FEW)
        print(f"contact sheet: {page}, {readable(size)}", file=sys.stderr)
    shown = found.pictures.head(count if found.standing_out is None else 0)
    if found.standing_out:
        shown = found.pictures.head(min(found.standing_out, count))
    elif found.standing_out == 0:
        print("nothing here stands out", file=sys.stderr)
        shown = found.pictures.head(FEW) if form == "table" else shown
    _WRITE[form](found, shown)
    if found.standing_out == 0:
        raise typer.Exit(1)


def _names(text: str) -> tuple[str, ...]:
    """What is named in "A,B,..."; InputError where nothing is."""
    found = tuple(filter(None, map(str.strip, text.split(","))))
    if not found:
        raise InputError("--against: names nothing. Write texts with commas between.")
    return found


def _wishes(text: str | None, given: dict[str, list | None], order: list[str]) -> list:
    """The wishes of a command line.

    given: parameter -> its values; order: the parameters as they were given, each as
    often as it was.

    Raises:
        InputError: --ask or --against stands before every wish, or twice for one.
    """
    from cocofacet.photos.search import Wish

    begin = {
        "also": Wish,
        "unwanted": partial(Wish, unwanted=True),
        "like": lambda path: Wish(like=path),
    }
    values = {name: iter(each or ()) for name, each in given.items()}
    found = [] if text is None else [Wish(text)]
    for name in order:
        if name in begin:
            found.append(begin[name](next(values[name])))
        elif name in values:
            if not found:
                where = "stands before the wish that it is about. Move it behind"
                raise InputError(f"--{name}: {where} its text.")
            if getattr(found[-1], name) != getattr(Wish, name):
                what = f"stands twice for {found[-1]}"
                raise InputError(f"--{name}: {what}. Leave one out.")
            found[-1] = replace(found[-1], **{name: next(values[name])})
    return found


def _check_page(page: Path) -> None:
    """Refuse a contact sheet that could not be written, or is called otherwise: a
    picture that is named by mistake would be gone."""
    if Path(os.path.realpath(page)).suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--page: {page}: is called otherwise. Name a FILE.html.")
    check_output(page, "--page")


def _asked(found) -> list[str]:
    """A line for each wish: the question asked, and which way."""
    return [
        f"{wish}: " + (f"{wish.question} ({how})" if wish.question else "no question")
        for wish, how in zip(found.wishes, found.how, strict=True)
    ]


def _table(found, shown) -> None:
    print(*_asked(found), sep="\n")
    if found.standing_out == 0 and len(shown):
        print("the nearest:")
    if len(shown):
        marks = {"score": "{:.3f}".format, "share": "{:.2f}".format}
        print(shown.to_string(index=False, formatters=marks, na_rep=""))


def _json(found, shown) -> None:
    about = {"folder": str(found.folder), "standing_out": found.standing_out}
    wishes = [
        {
            "text": wish.text,
            "like": str(wish.like) if wish.like else None,
            "unwanted": wish.unwanted,
            "against": wish.against,
            "question": wish.question,
            "how": how,
        }
        for wish, how in zip(found.wishes, found.how, strict=True)
    ]
    rows = json.loads(shown.to_json(orient="records"))
    print(json.dumps(about | {"wishes": wishes, "pictures": rows}, indent=1))


def _csv(found, shown) -> None:
    print(*_asked(found), sep="\n", file=sys.stderr)
    print(shown.to_csv(index=False, lineterminator="\n"), end="")


def _paths(found, shown) -> None:
    print(*_asked(found), sep="\n", file=sys.stderr)
    paths = b"".join(os.fsencode(path) + b"\0" for path in found.files[: len(shown)])
    sys.stdout.flush()
    sys.stdout.buffer.write(paths)


_WRITE = {"table": _table, "json": _json, "csv": _csv, "paths0": _paths}


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
