"""The subcommand `cocofacet fetch`."""

import argparse
from pathlib import Path

from cocofacet.benchmark.sources import locate
from cocofacet.fetch.catalog import ORIGINS
from cocofacet.fetch.fetch import fetch, records
from cocofacet.fetch.unpack import readable
from cocofacet.io import InputError

EPILOG = """\
A download that was cut goes on where it ended when the command is run again. Without
a connection, save a file under the name that --list shows in DIR/downloads and run
the command: it is verified and put into its place.

example:
  cocofacet fetch coco-val2017 annotations --out coco
"""

FOOT = """\
Sizes and sha256 are as others publish them: fetching was tested with files of the same
structure, not yet with the real ones."""
# The names that the benchmark's pictures and labels come from.
BUILT_FROM = ("coco-val2017", "annotations", "visual7w", "visdial")


def add_fetch_command(commands: argparse._SubParsersAction) -> None:
    """Add `fetch`; it sets ``run``, a function of the options."""
    parser = commands.add_parser(
        "fetch",
        help="download annotations, pictures and the released benchmark",
        description="Download annotations, pictures and the released benchmark into "
        "one folder that `cocofacet build` reads. Sizes and free disk are checked "
        "first, sha256 where it is published, and nothing is fetched twice.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(ORIGINS)}"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to fetch into")
    parser.add_argument(
        "--list",
        action="store_true",
        help="show what there is, its size, origin and terms; also without a NAME",
    )
    parser.set_defaults(run=run_fetch)


def run_fetch(options: argparse.Namespace) -> None:
    """Fetch what is named, or list what there is.

    Raises:
        InputError: as ``fetch.fetch``; names without a folder.
    """
    if options.list or not options.names:
        print(listing())
        return
    if options.out is None:
        raise InputError("--out: missing. Name the folder to fetch into: --out DIR.")
    fetch(options.names, options.out)
    print(closing(options.out))


def closing(folder: Path) -> str:
    """What to run on the folder as it is now."""
    try:
        locate(folder)
    except InputError:
        return f"all there, in {folder}"
    command = f"cocofacet build --annotations {folder}"
    if (folder / "images").is_dir():
        command += f" --images {folder / 'images'}"
    needed = {file.name for name in BUILT_FROM for file in ORIGINS[name].files}
    if needed - set(records(folder)):
        command += " --allow-missing"
    return f"all there. Next: {command} --out benchmark"


def listing() -> str:
    """What there is: a block a name, a line a file."""
    lines = []
    for name, origin in ORIGINS.items():
        sizes = [file.size for file in origin.files]
        total = readable(sum(size or 0 for size in sizes)) if any(sizes) else "?"
        more = " and more" if any(sizes) and None in sizes else ""
        lines += ["", f"{name}  ({total}{more})", f"  for    {origin.use}"]
        lines += [f"  terms  {origin.terms}"]
        for file in origin.files:
            lines.append(f"  {file.name:<36}{readable(file.size):>8}  {file.urls[0]}")
            if file.unconfirmed:
                lines.append(f"    unconfirmed: {file.unconfirmed}")
    lines += ["", FOOT]
    return "\n".join(lines[1:])
