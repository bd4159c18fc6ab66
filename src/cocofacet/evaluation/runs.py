"""The ranks of all runs of a profile in one table, and the command that shows them."""

from pathlib import Path

import pandas as pd

from cocofacet.evaluation.metrics import averages
from cocofacet.evaluation.ranking import COLUMNS, GROUP, POOL_COLUMNS
from cocofacet.io import InputError, read_table


def collect(results: Path, profile: str) -> pd.DataFrame:
    """The tidy ranks in ``results/<profile>/<run>/*.ranks.csv`` of all runs.

    A row that two notebooks of a run hold counts once. Raises ``InputError`` when there
    is no run, or a file is not a table of ranks.
    """
    files = sorted((Path(results) / profile).glob("*/*.ranks.csv"))
    if not files:
        raise InputError(
            f"{Path(results) / profile}: no ranks here. Execute the notebooks first: "
            f"make execute PROFILE={profile} RUN=…"
        )
    text = [column for column in COLUMNS if column != "rank"]
    remedy = "Delete the file and execute its notebook again."
    tables = [
        read_table(file, text, ["rank"], counts=POOL_COLUMNS, remedy=remedy)
        for file in files
    ]
    return pd.concat(tables).drop_duplicates([*GROUP, "prompt", "query"])


def summary(ranks: pd.DataFrame) -> pd.DataFrame:
    """A row for each run, retriever and mode; Recall@1 and @5 in percent, by the
    macro average over facets and the micro average over queries."""
    columns = {
        f"{average} R@{k}": 100 * averages(ranks, k)[average]
        for average in ("macro", "micro")
        for k in (1, 5)
    }
    table = pd.DataFrame(columns).reset_index()
    # Other queries or pictures of the same run: "first+rebuilt", "first+sun397".
    other = table.profile.str.partition("+")
    table["run"] += other[1] + other[2]
    shown = table.drop(columns=["profile", "revision"])
    return shown.set_index(["retriever", "mode", "run"]).sort_index()
