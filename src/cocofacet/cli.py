"""The command line: each subcommand is an ``add_..._command`` and one function."""

import argparse
import sys
from collections.abc import Sequence

from cocofacet import __version__
from cocofacet.build_command import add_build_command
from cocofacet.compare_command import add_compare_command
from cocofacet.evaluation.runs import add_runs_command
from cocofacet.fetch_command import add_fetch_command
from cocofacet.io import InputError
from cocofacet.retrieval_commands import add_retrieval_commands
from cocofacet.retrievers_command import add_retrievers_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand -> exit status: 0 done, 2 the input cannot be used."""
    parser = argparse.ArgumentParser(
        prog="cocofacet",
        description="COCO-Facet: build the benchmark, embed its images, rank and "
        "evaluate retrievers.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        add_build_command,
        add_compare_command,
        add_fetch_command,
        add_retrieval_commands,
        add_retrievers_command,
        add_runs_command,
    ):
        add(commands)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
