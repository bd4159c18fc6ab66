"""The subcommand `cocofacet compare`."""

import argparse
from pathlib import Path

from cocofacet.benchmark import compare
from cocofacet.benchmark import dataset as official


def add_compare_command(commands: argparse._SubParsersAction) -> None:
    """Add `compare`; it sets ``run``, a function of the options."""
    parser = commands.add_parser(
        "compare",
        help="set the released benchmark beside a rebuilt one",
        description="Read and check two folders of benchmark files, and print for "
        "each facet and label how many queries each has, how many positive images "
        "they share, and where their wordings differ.",
        epilog="example:\n  cocofacet compare --released coco/released --rebuilt "
        "benchmark",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--released", type=Path, required=True, metavar="DIR", help="released files")
    add("--rebuilt", type=Path, required=True, metavar="DIR", help="files built here")
    parser.set_defaults(run=run_compare)


def run_compare(options: argparse.Namespace) -> None:
    """`cocofacet compare`: print the comparison.

    Raises:
        InputError: as ``official.load``.
    """
    released = official.load(options.released)
    rebuilt = official.load(options.rebuilt)
    labels = compare.by_label(released, rebuilt)
    print(compare.by_facet(labels).T.to_string())
    print("\nby label")
    print(labels[compare.COLUMNS].to_string())
    print("\nworded differently, white space at the ends aside")
    different = compare.reworded(labels)
    for (facet, label), row in different.iterrows():
        print(f"{facet}, {label}: {row.iloc[0].strip()!r} | {row.iloc[1].strip()!r}")
    if different.empty:
        print("none")
    print("\nreleased pools with a picture more than once")
    print(compare.repeating(released).to_string())
