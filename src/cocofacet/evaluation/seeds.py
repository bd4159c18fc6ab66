"""Hits by training seed and wording of the questions: what varies, and how much.

The table is committed, for the weights of all seeds are not: a row for each retriever,
seed, mode and query text, with how many queries it has and how many of them rank first,
and within five. `studies/rank_seeds.py` makes it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from cocofacet.evaluation.statistics import (
    LEVEL,
    Interval,
    crossed,
    errors_of_texts,
    spread,
)
from cocofacet.io import read_table

KEYS = ["retriever", "mode", "facet", "text"]
FACTORS = ("seed", "mode")
GENERAL = "general"
OURS = "ours "  # how the modes of our own wordings begin
FACTOR_WORDS = {"seed": "training seed", "mode": "wording", "text": "query text"}


def read(path: Path) -> pd.DataFrame:
    """The table: KEYS as text, seed, queries, hits_1 and hits_5 as numbers."""
    counts = ("queries", "hits_1", "hits_5")
    found = read_table(path, KEYS, counts=counts, numbers=["seed"])
    return found.astype({name: int for name in (*counts, "seed")})


def released(hits: pd.DataFrame, retriever: str, k: int) -> pd.DataFrame:
    """As `asked`, of the released questions."""
    own = _of(hits, retriever, k)
    return own[own["mode"] == "prompted"]


def _of(hits: pd.DataFrame, retriever: str, k: int) -> pd.DataFrame:
    own = hits[hits.retriever == retriever].rename(columns={f"hits_{k}": "hits"})
    return own[["seed", "mode", "facet", "text", "queries", "hits"]]


def asked(
    hits: pd.DataFrame, retriever: str, k: int, gain: bool = False
) -> pd.DataFrame:
    """The rows of our wordings, with ``hits`` at k; with ``gain`` less those of the
    same seed without a question."""
    own = _of(hits, retriever, k)
    chosen = own[own["mode"].str.startswith(OURS)]
    if not gain:
        return chosen
    keys = ["seed", "facet", "text"]
    general = own[own["mode"] == GENERAL].set_index(keys).hits
    without = general.reindex(pd.MultiIndex.from_frame(chosen[keys])).to_numpy()
    return chosen.assign(hits=chosen.hits - without)


def by_facet(counts: pd.DataFrame, within: tuple = (0, 1)) -> dict[str, Interval]:
    """Facet, then "macro" -> the average over seeds, wordings and texts (`crossed`)."""
    facets = dict(list(counts.groupby("facet", sort=False)))
    return {
        name: crossed(part, FACTORS, within)
        for name, part in {**facets, "macro": counts}.items()
    }


def points(counts: pd.DataFrame) -> pd.DataFrame:
    """The average of each seed and wording alone: columns seed, mode, facet (or
    "macro"), value."""
    keys = [*FACTORS, "facet"]
    sums = counts.groupby(keys, sort=False)[["hits", "queries"]].sum()
    values = (sums.hits / sums.queries).rename("value").reset_index()
    macro = values.groupby(list(FACTORS), sort=False).value.mean().reset_index()
    return pd.concat([values, macro.assign(facet="macro")], ignore_index=True)


def spreads(counts: pd.DataFrame) -> pd.DataFrame:
    """How far the macro average moves with another seed, another wording or other
    texts, all else as it is: columns factor, levels, spread, low, high; fractions.

    Of seeds and wordings it is the standard deviation of their averages, of texts the
    standard error of the average over all of them. The interval is that of a variance
    (chi-squared), as if the levels were normal.
    """
    each = points(counts)
    macro = each[each.facet == "macro"]
    rows = []
    for factor in FACTORS:
        means = macro.groupby(factor).value.mean()
        rows.append((factor, len(means), means.std(ddof=1)))
    texts = errors_of_texts(counts)
    rows.append(("text", sum(map(len, texts)), float(spread(texts)[0])))
    found = pd.DataFrame(rows, columns=["factor", "levels", "spread"])
    freedom = found.levels - 1
    for name, tail in (("low", (1 + LEVEL) / 2), ("high", (1 - LEVEL) / 2)):
        quantile = stats.chi2.ppf(tail, freedom)
        found[name] = found.spread * np.sqrt(freedom / quantile)
    return found
