"""Where the command line starts: Ctrl-C ends it in one line from here on, also while
its libraries are loaded."""

import signal
import sys

from cocofacet import program


def main() -> int:
    """The exit status; see `cocofacet.cli.main`."""
    status = program.run(_command)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # all is done: Python only ends
    return status


def _command() -> int:
    from cocofacet import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
