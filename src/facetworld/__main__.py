"""`python -m facetworld write`: the rendered world on disk."""

import argparse
import sys
from pathlib import Path

from facetworld import stopping


def main(arguments: list[str] | None = None) -> int:
    """0 done, 2 where it cannot be written, 130 and 143 where it was stopped."""
    return stopping.run(lambda: _run(arguments))


def _run(arguments: list[str] | None) -> int:
    # Here, as Ctrl-C while they load is heard then.
    from facetworld.drawing.render import STYLES
    from facetworld.write import WorldError, write_world

    parser = argparse.ArgumentParser("python -m facetworld", description=__doc__)
    commands = parser.add_subparsers(required=True)
    write = commands.add_parser(
        "write", help="render the evaluation scenes and write their annotation files"
    )
    write.add_argument("--out", type=Path, required=True, help="folder to create")
    write.add_argument("--style", choices=STYLES, default="flat", help="drawing style")
    write.add_argument(
        "--fraction", type=float, default=1.0, help="share of the pictures, for trials"
    )
    write.add_argument("--seed", type=int, default=0, help="seed of the scenes")
    options = vars(parser.parse_args(arguments))
    try:
        new = write_world(**options)
    except OSError as error:
        where = options["out"]
        print(f"error: {where}: cannot be written ({error.strerror}).", file=sys.stderr)
        return 2
    except WorldError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{options['out']}: {'written' if new else 'already there'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
