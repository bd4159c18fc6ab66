"""What a run found: contrasts, each with its interval and a verdict from that alone.

A chapter ends with a table of its findings, which is true whatever the profile. A
sentence of the book that takes a side names the finding it rests on (`book/_ext`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from pandas.io.formats.style import Styler

from cocofacet.evaluation.statistics import Interval
from cocofacet.io import read_table
from cocofacet.report.tables import row_of, shown, with_interval

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
VERDICTS = (HOLDS, FAILS, UNDECIDED)
MACRO = "macro"
HEADINGS = ["finding", "in", "points [95 % interval]", "interval over", "verdict"]
FILE = "findings"  # saved as <chapter>.findings.csv


@dataclass(frozen=True)
class Finding:
    """One thing is higher than another: does the interval of the difference bear it?

    contrast: what against what, the one said to be higher first. metric: with its k and
    average. value, low, high: fractions; NaN bounds where there is no interval. over:
    what varies at random.
    """

    contrast: str
    metric: str
    value: float
    low: float
    high: float
    over: str = "query texts"

    @property
    def verdict(self) -> str:
        """Above zero the contrast holds, below it fails; zero inside leaves it open."""
        if self.low > 0:
            return HOLDS
        return FAILS if self.high < 0 else UNDECIDED

    def __str__(self) -> str:
        """In points, as "+60.1 [51.0, 68.3]"."""
        return with_interval(self.value, self.low, self.high, sign=True)


def finding(
    contrast: str, metric: str, found: Interval | pd.Series, over: str = "query texts"
) -> Finding:
    """From a difference with its interval, as `evaluation.statistics` gives it, or a
    row of `tables.differences`."""
    value = found.value if isinstance(found, Interval) else found.difference
    return Finding(contrast, metric, value, found.low, found.high, over)


def of_gain(
    key: str,
    contrast: str,
    gains: pd.DataFrame,
    k: int,
    facets: Sequence[str] = (MACRO,),
) -> dict[str, Finding]:
    """Rows of `tables.differences`: the macro average under ``key``, a facet under
    "<key>_<facet>"."""
    return {
        key if name == MACRO else f"{key}_{name}": finding(
            contrast, f"Recall@{k}, {name}", row_of(gains, name)
        )
        for name in facets
    }


def as_table(findings: Mapping[str, Finding]) -> pd.DataFrame:
    """A row for each by its key, with its fields and its verdict: what is saved."""
    rows = [asdict(each) | {"verdict": each.verdict} for each in findings.values()]
    return pd.DataFrame(rows, index=pd.Index(findings, name="key"))


def show(findings: Mapping[str, Finding], name: str) -> Styler:
    """The table that ends a chapter."""
    rows = [
        (each.contrast, each.metric, str(each), each.over, each.verdict)
        for each in findings.values()
    ]
    table = pd.DataFrame(rows, columns=HEADINGS).set_index(HEADINGS[0])
    return shown(table, f"{name}-findings", "words")


def verdicts_in(folder: Path) -> dict[str, str]:
    """ "<chapter>.<key>" -> verdict, of all chapters whose results lie in a folder."""
    found = {}
    for path in sorted(Path(folder).glob(f"*.{FILE}.csv")):
        chapter = path.name.removesuffix(f".{FILE}.csv")
        table = read_table(path, ["key", "verdict"], what="table of findings")
        for key, verdict in zip(table.key, table.verdict, strict=True):
            found[f"{chapter}.{key}"] = verdict
    return found
