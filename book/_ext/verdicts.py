"""Hold each sentence that takes a side to the finding it rests on.

In a page, {holds}`prompted.gain` behind a sentence names the finding of a chapter that
bears it, and its verdict; {fails} and {undecided} likewise. A reader sees nothing.
Where this run's verdict is another, there is a warning that shows the line, and the
build, which takes warnings for errors, fails.
"""

from pathlib import Path

from docutils.nodes import Node, system_message
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from cocofacet.report.findings import VERDICTS, verdicts_in

RESULTS = "results/mini/default"  # of the run that the book publishes


class Verdict(SphinxRole):
    """The role's name is the verdict expected, its text the finding's name."""

    def run(self) -> tuple[list[Node], list[system_message]]:
        """Compare with what the chapters left."""
        known = verdicts_in(Path(self.env.srcdir) / RESULTS)
        found = known.get(self.text, "no such finding")
        if found != self.name:
            source, number = self.get_source_info()
            line = Path(source).read_text(encoding="utf-8").splitlines()[number - 1]
            said = f"{self.text} is said to be: {self.name}; found: {found}"
            logging.getLogger(__name__).warning(
                "%s. The sentence: %s",
                said,
                line.strip(),
                location=(self.env.docname, number),
            )
        return [], []


def read_again(app: Sphinx, env: BuildEnvironment, *which: set[str]) -> list[str]:
    """All pages but those on the code, if any is read: they show what others found."""
    pages = [page for page in env.all_docs if not page.startswith("book/api/")]
    return pages if any(which) else []


def setup(app: Sphinx) -> dict[str, bool]:
    """A role for each verdict; pages read anew with what they rest on."""
    app.connect("env-get-outdated", read_again)
    for verdict in VERDICTS:
        app.add_role(verdict, Verdict())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
