"""The subcommand `cocofacet build`."""

import argparse
from pathlib import Path

from cocofacet.benchmark.build import build
from cocofacet.benchmark.dataset import Benchmark, check_free
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.sources import OFFICIAL, locate
from cocofacet.io import InputError

_FILES = "\n".join(f"  {name:<10} DIR/{path}" for name, path in OFFICIAL.items())
_NEEDS = "\n".join(
    f"  {facet.name:<10} {', '.join(facet.sources)}" for facet in FACETS.values()
)
EPILOG = f"""\
official names below --annotations DIR:
{_FILES}
A file named by its own option is taken instead of the one in DIR.

what each facet is built from:
{_NEEDS}
gestures are also checked against instances, where given: the image must show a person.

example:
  cocofacet build --annotations coco --out benchmark --allow-missing
"""


def add_build_command(commands: argparse._SubParsersAction) -> None:
    """Add `build`; it sets ``run``, a function of the options."""
    parser = commands.add_parser(
        "build",
        help="build the benchmark from annotation files",
        description="Build COCO-Facet queries, each with 1 positive and 99 negative "
        "images, from annotation files in their official formats. The output holds "
        "one official JSON file a facet and manifest.json, which says what was left "
        "out and why. Equal input gives equal bytes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--annotations", type=Path, metavar="DIR", help="folder of official files")
    for name in OFFICIAL:
        add(f"--{name}", type=Path, metavar="F", help=f"the {name} file")
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    add(
        "--images",
        type=Path,
        metavar="DIR",
        help="use only pictures that lie below this folder, under their official "
        "paths (val2017/000000000139.jpg) or directly in it (000000000139.jpg); "
        "also drops near-duplicates among the weather pictures",
    )
    add(
        "--facets",
        metavar="A,B,...",
        help=f"facets to build, of {','.join(FACETS)}; default all",
    )
    add(
        "--seed",
        type=_whole,
        default=0,
        metavar="N",
        help="of the negatives; default 0",
    )
    add(
        "--most-images",
        type=_whole,
        metavar="N",
        help="use N pictures at most, the same ones every time; default all",
    )
    add(
        "--allow-missing",
        action="store_true",
        help="skip facets whose annotations are not given, and say so",
    )
    parser.set_defaults(run=run_build)


def run_build(options: argparse.Namespace) -> None:
    """Build, save, and say what was built.

    Raises:
        InputError: as ``benchmark.build`` and ``Benchmark.save``.
    """
    files = locate(options.annotations) if options.annotations else {}
    for name in OFFICIAL:
        if getattr(options, name) is not None:
            files[name] = getattr(options, name)
    if not files:
        raise InputError(
            "annotations: none given. Name a folder with --annotations, or files with "
            f"{', '.join(f'--{name}' for name in OFFICIAL)}."
        )
    check_free(options.out)
    facets = None
    if options.facets is not None:
        facets = [name.strip() for name in options.facets.split(",") if name.strip()]
    built = build(
        files,
        options.seed,
        options.images,
        facets,
        allow_missing=options.allow_missing,
        most_images=options.most_images,
    )
    built.save(options.out)
    print(summary(built))
    print(f"written to {options.out}")


def summary(benchmark: Benchmark) -> str:
    """What was built and left out: a line a facet."""
    lines = [f"{'facet':<10}{'queries':>9}{'texts':>7}{'dropped':>9}"]
    for name, report in benchmark.manifest["facets"].items():
        dropped = sum(len(what) for what in report["dropped"].values())
        numbers = f"{report['queries']:>9,}{report['texts']:>7,}{dropped:>9,}"
        lines.append(f"{name:<10}{numbers}")
    for name, reason in benchmark.manifest["skipped"].items():
        lines.append(f"{name:<10}  skipped: {reason}")
    checked = benchmark.manifest["near_duplicates_checked"]
    lines.append(
        "near-duplicate pictures: "
        + ("checked" if checked else "not checked (needs --images)")
    )
    return "\n".join(lines)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 up")
    return int(text)
