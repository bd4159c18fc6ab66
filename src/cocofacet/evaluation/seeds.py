"""Hits by training seed and wording of the questions: what varies, and how much.

The table is committed, for the weights of all seeds are not: a row for each
retriever, seed, mode, wording and query text. It says how many queries the text has
(under several prompts each counts), how many of them rank first and within five, and
the variance of these two over draws of the negatives. `studies/rank_seeds.py` makes it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from cocofacet.evaluation.crossed import Crossed, crossed
from cocofacet.evaluation.statistics import LEVEL, Interval, spread
from cocofacet.io import read_table

KEYS = ["retriever", "seed", "mode", "wording", "facet", "text"]
COUNTS = ["queries", "hits_1", "hits_5"]
VARIANCES = ["draw_1", "draw_5"]
FACTORS = ("seed", "wording")
GENERAL, PROMPTED = "general", "prompted"
RELEASED, HUMAN = "released", "human"  # wordings that are the authors'
MOST = 0.5  # standard deviation of what lies between 0 and 1
SOURCES = (
    "training seed", "wording", "the two together", "query texts", "draw of negatives"
)  # fmt: skip


def read(path: Path) -> pd.DataFrame:
    """The table: KEYS (all but seed as text), COUNTS and VARIANCES as numbers."""
    text = [key for key in KEYS if key != "seed"]
    found = read_table(path, text, numbers=["seed", *VARIANCES], counts=COUNTS)
    return found.astype(dict.fromkeys(["seed", *COUNTS], int))


def of_mode(
    hits: pd.DataFrame, retriever: str, k: int, mode: str = PROMPTED
) -> pd.DataFrame:
    """The rows of one retriever and mode, with ``hits`` and ``draw`` at k."""
    chosen = hits[(hits.retriever == retriever) & (hits["mode"] == mode)]
    chosen = chosen.rename(columns={f"hits_{k}": "hits", f"draw_{k}": "draw"})
    return chosen[[*KEYS[1:], "queries", "hits", "draw"]]


def ours(counts: pd.DataFrame) -> pd.DataFrame:
    """Without the authors' own wordings."""
    return counts[~counts.wording.isin((RELEASED, HUMAN))]


def less(counts: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """With the hits that ``other`` has less taken off, pair by pair: of the same seed,
    text and, where the other mode has any, wording.

    Raises ValueError where the other lacks one."""
    keys = ["seed", "facet", "text"]
    if other.wording.any():
        keys.append("wording")
    share = other.set_index(keys).eval("hits / queries")
    share = share.reindex(pd.MultiIndex.from_frame(counts[keys])).to_numpy()
    if np.isnan(share).any():
        raise ValueError("the other lacks a seed, wording or text")
    return counts.assign(hits=counts.hits - share * counts.queries)


def by_facet(counts: pd.DataFrame, within: tuple = (0, 1)) -> dict[str, Interval]:
    """Facet, then "macro" -> the average over seeds, wordings and texts (`crossed`)."""
    facets = dict(list(counts.groupby("facet", sort=False)))
    return {
        name: crossed(part, FACTORS, within)
        for name, part in {**facets, "macro": counts}.items()
    }


def points(counts: pd.DataFrame) -> pd.DataFrame:
    """The average of each seed and wording alone: columns seed, wording, facet (or
    "macro"), value."""
    keys = [*FACTORS, "facet"]
    sums = counts.groupby(keys, sort=False)[["hits", "queries"]].sum()
    values = (sums.hits / sums.queries).rename("value").reset_index()
    macro = values.groupby(list(FACTORS), sort=False).value.mean().reset_index()
    return pd.concat([values, macro.assign(facet="macro")], ignore_index=True)


def spreads(counts: pd.DataFrame) -> pd.DataFrame:
    """How far the macro average moves with another seed, another wording, other texts,
    other negatives, all else as it is: columns source, levels, spread, low, high;
    fractions.

    Of seeds and wordings it is the standard deviation of their averages, of the two
    together that of what both leave unexplained in one seed's average under one
    wording, of texts the standard error of the average over all of them. Their interval
    is a variance's (chi-squared), as if the levels were normal, of texts with the
    degrees of freedom of `spread`; it ends at `MOST` where two seeds leave it open.
    That of the draw is known, without one.
    """
    table = Crossed.of(counts, FACTORS)
    rows = [
        (len(means), pd.Series(means).std(), len(means) - 1)
        for means in table.by_factor
    ]
    rows.append((table.levels.size, *_together(table.levels)))
    rows.append((table.queries.size, *map(float, spread(table.by_text))))
    rows.append((np.nan, _over_draws(counts), np.nan))
    found = pd.DataFrame(rows, columns=["levels", "spread", "freedom"])
    found.insert(0, "source", SOURCES)
    freedom = found.pop("freedom").replace(0, np.nan)
    for name, tail in (("low", (1 + LEVEL) / 2), ("high", (1 - LEVEL) / 2)):
        found[name] = found.spread * np.sqrt(freedom / stats.chi2.ppf(tail, freedom))
    found["high"] = found.high.clip(upper=MOST)
    return found


def _together(levels: np.ndarray) -> tuple[float, int]:
    """The standard deviation of what seed and wording do together, levels (S, W), and
    its degrees of freedom; NaN where one of them has a single level."""
    alone = levels.mean(axis=1, keepdims=True) + levels.mean(axis=0) - levels.mean()
    freedom = (levels.shape[0] - 1) * (levels.shape[1] - 1)
    squares = ((levels - alone) ** 2).sum()
    return float(np.sqrt(squares / freedom)) if freedom else np.nan, freedom


def _over_draws(counts: pd.DataFrame) -> float:
    """The standard deviation of one seed's and wording's macro average over draws; the
    root of its mean square over them."""
    sums = counts.groupby([*FACTORS, "facet"])[["draw", "queries"]].sum()
    each = (sums.draw / sums.queries**2).groupby(list(FACTORS)).agg(["sum", "size"])
    return float(np.sqrt((each["sum"] / each["size"] ** 2).mean()))
