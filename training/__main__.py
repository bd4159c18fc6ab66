"""`python -m training`, as `training.command` says: from here on Ctrl-C ends it in one
line, also while its libraries are loaded."""

import sys

from facetworld import stopping


def main(arguments: list[str] | None = None) -> int:
    """0 done, 1 where it failed, 130 and 143 where it was stopped."""
    return stopping.run(lambda: _run(arguments))


def _run(arguments: list[str] | None) -> None:
    from training import command

    command.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
