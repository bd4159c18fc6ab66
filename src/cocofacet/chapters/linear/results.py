"""What the maps reach: tables and sentences on the linear approximation."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cocofacet.chapters.linear.anchors import ANCHORS_FROM, Draws, Pictures
from cocofacet.embeddings.linear_map import VARIANTS, Anchors
from cocofacet.evaluation.statistics import interval, paired_difference, share_of_gap
from cocofacet.report.sentences import bulleted, effect, listed, percent, recovery
from cocofacet.report.tables import with_interval

# The setting of the paper's linear approximation (E).
PUBLISHED_ANCHORS, PUBLISHED_DIMENSION = 100, 3072
PUBLISHED_RATIO = PUBLISHED_ANCHORS / PUBLISHED_DIMENSION

HELD_OUT, GALLERY = ANCHORS_FROM

# Two fits (anchors_from, variant) that differ in one thing, and what that is.
COMPARISONS = {
    "score": ((HELD_OUT, "linear"), (HELD_OUT, "released")),
    "centred": ((HELD_OUT, "centred"), (HELD_OUT, "linear")),
    "ridge": ((HELD_OUT, "ridge"), (HELD_OUT, "linear")),
    "orthogonal": ((HELD_OUT, "orthogonal"), (HELD_OUT, "linear")),
    "dual": ((HELD_OUT, "dual-ridge"), (HELD_OUT, "ridge")),
    "gallery": ((GALLERY, "ridge"), (HELD_OUT, "ridge")),
}
CHANGED = {
    "score": "Dividing by the length of W u, as the released score does not,",
    "centred": "Taking the means off and putting them back",
    "ridge": "Ridge in place of least squares",
    "orthogonal": "An orthogonal map in place of least squares",
    "dual": "Ridge from the dual encoder's gallery in place of the general embedding",
    "gallery": "Ridge with anchors from the gallery in place of held-out ones",
}


def sizes_of_note(sizes: Sequence[int], dimension: int) -> list[int]:
    """Of the K's at hand those nearest to the published K/d, the published K, and d."""
    wanted = (PUBLISHED_RATIO * dimension, PUBLISHED_ANCHORS, dimension)
    return [min(sizes, key=lambda size, near=near: abs(size - near)) for near in wanted]


def best_sizes(recalls: pd.DataFrame) -> pd.Series:
    """K with the highest mean recall over draws: index anchors_from, variant.

    Chosen on the queries that it is then shown for, so it flatters every variant.
    """
    keys = ["anchors_from", "variant"]
    means = recalls.groupby([*keys, "anchors"], sort=False).recall.mean()
    return means.groupby(keys, sort=False).idxmax().map(lambda key: key[-1])


def summary(
    draws: Draws,
    sizes: pd.Series,
    general: pd.DataFrame,
    prompted: pd.DataFrame,
    ks: Sequence[int],
) -> pd.DataFrame:
    """A row for each k and (anchors_from, variant) of ``sizes``, at the K it gives.

    recall [low, high]: mean over draws, interval over query texts; smallest and
    largest: of the draws; share [share_low, share_high]: of the way from general to
    prompted. Recalls are macro over facets, all are fractions.
    """
    rows = []
    for k in ks:
        spread = _spread(draws, k)[["min", "max"]]
        for (source, variant), size in sizes.items():
            key = (source, variant, size)
            ranks = draws.rows(*key)
            found = interval(ranks, k)
            share = share_of_gap(ranks, general, prompted, k)
            recall = (found.value, found.low, found.high)
            rows.append((k, *key, *recall, *spread.loc[key], *share))
    columns = ["k", "anchors_from", "variant", "anchors", "recall", "low", "high"]
    columns += ["smallest", "largest", "share", "share_low", "share_high"]
    return pd.DataFrame(rows, columns=columns)


def _spread(draws: Draws, k: int) -> pd.DataFrame:
    """Mean, smallest and largest recall over draws of each source, variant and K."""
    keys = ["anchors_from", "variant", "anchors"]
    return draws.recall(k).groupby(keys).recall.agg(["mean", "min", "max"])


def table(found: pd.DataFrame, dimension: int) -> pd.DataFrame:
    """(anchors from, variant) down, k across; ``found`` is the output of `summary`."""
    cells = {}
    for row in found.itertuples():
        line = cells.setdefault((row.anchors_from, VARIANTS[row.variant].words), {})
        share = with_interval(row.share, row.share_low, row.share_high)
        line["", "K (K/d)"] = f"{row.anchors} ({row.anchors / dimension:.2f})"
        line[f"R@{row.k}", "mean"] = with_interval(row.recall, row.low, row.high)
        line[f"R@{row.k}", "draws"] = (
            f"{100 * row.smallest:.1f}–{100 * row.largest:.1f}"
        )
        line[f"R@{row.k}", "of the gap"] = "no gap" if np.isnan(row.share) else share
    return pd.DataFrame(cells).T.rename_axis(["anchors from", "variant"])


def comparisons(draws: Draws, sizes: Sequence[int], k: int) -> pd.DataFrame:
    """`COMPARISONS` at each K, paired by query, means over draws.

    Columns comparison, anchors, value, reference, difference, low, high. What was not
    fitted on both sides is left out.
    """
    fitted = set(zip(draws.fits.anchors_from, draws.fits.variant, strict=True))
    means = _spread(draws, k)["mean"]
    rows = []
    for name, sides in COMPARISONS.items():
        for size in sizes if set(sides) <= fitted else ():
            keys = [(*side, size) for side in sides]
            found = paired_difference(*(draws.rows(*key) for key in keys), k)
            change = (found.value, found.low, found.high)
            rows.append((name, size, *means[keys], *change))
    names = ["value", "reference", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=["comparison", "anchors", *names])


def compared(found: pd.DataFrame, k: int, dimension: int) -> pd.DataFrame:
    """`comparisons` as shown: what is changed down, K/d across, points [interval]."""
    cells = {}
    for row in found.itertuples():
        line = cells.setdefault(CHANGED[row.comparison].strip(","), {})
        change = with_interval(row.difference, row.low, row.high, sign=True)
        line[f"K/d = {row.anchors / dimension:.2f}"] = change
    return pd.DataFrame(cells).T.rename_axis(f"change in Recall@{k}, points")


def changed(found: pd.DataFrame, k: int, dimension: int) -> str:
    """What each of `comparisons` does to Recall@k, and at which K/d."""
    if found.empty:
        return "No two variants of this run differ in one thing only."
    said = []
    for name, rows in found.groupby("comparison", sort=False):
        effects = [
            f"{effect(row.difference, row.low, row.high)} at K/d = "
            f"{row.anchors / dimension:.2f}"
            for row in rows.itertuples()
        ]
        said.append(f"{CHANGED[name]} {listed(effects)}.")
    return bulleted(f"In Recall@{k}, changing one thing at a time:", said)


def reached(
    recalls: pd.DataFrame,
    fitted: tuple[str, str],
    anchors: int,
    gain: pd.Series,
    k: int,
    dimension: int,
) -> str:
    """How far one fit (anchors_from, variant) with K anchors gets, mean over draws;
    ``gain`` is the row of prompted against general."""
    means = recalls.groupby(["anchors_from", "variant", "anchors"]).recall.mean()
    source, variant = fitted
    who = (
        f"The map ({VARIANTS[variant].words}) fitted to {anchors} "
        f"{ANCHORS_FROM[source]} (K/d = {anchors / dimension:.2f})"
    )
    return recovery(means[source, variant, anchors], gain, who, k)


def best(found: pd.DataFrame, source: str, which: str, k: int, dimension: int) -> str:
    """Which variant goes furthest from general to prompted. ``found`` is `summary`,
    ``which`` says in words which K it holds."""
    found = found[(found.k == k) & (found.anchors_from == source)]
    where = f"{which}, with {ANCHORS_FROM[source]}"
    if found.share.isna().any():
        return f"{where}, prompting has no clear gain in Recall@{k} to recover."
    row = found.loc[found.share.idxmax()]
    words = VARIANTS[row.variant].words
    if row.share <= 0:
        return (
            f"{where}, no variant recovers anything of the gap. The best, {words}, has "
            f"Recall@{k} {percent(row.recall)}, no more than without a prompt."
        )
    doubt = "" if row.share_low > 0 else ", which may be nothing"
    return (
        f"{where}, {words} recovers most: {100 * row.share:.0f} % of the gap in "
        f"Recall@{k} at K/d = {row.anchors / dimension:.2f} (95 % interval "
        f"{100 * row.share_low:.0f} % to {100 * row.share_high:.0f} %){doubt}."
    )


def peak(recalls: pd.DataFrame, source: str, k: int, dimension: int) -> str:
    """Whether least squares falls where its anchors are conditioned worst."""
    chosen = recalls[(recalls.anchors_from == source) & (recalls.variant == "linear")]
    by_size = chosen.groupby("anchors").agg({"condition": "median", "recall": "mean"})
    if by_size.empty:
        return "Least squares was not fitted in this run."
    worst = by_size.condition.idxmax()
    start = (
        f"The anchors are conditioned worst at K/d = {worst / dimension:.2f} "
        f"(condition number {by_size.condition[worst]:,.0f})"
    )
    fewer = by_size.index[by_size.index < worst]
    if fewer.empty:
        return f"{start}; no smaller K was tried beside it."
    before, there = by_size.recall[fewer[-1]], by_size.recall[worst]
    what = "falls" if there < before else "does not fall"
    return (
        f"{start}, and there least squares {what}: Recall@{k} {percent(there)}, after "
        f"{percent(before)} at K/d = {fewer[-1] / dimension:.2f}."
    )


def costs(
    pictures: Pictures, variants: Sequence[str], anchors: int, images: int
) -> pd.DataFrame:
    """What each variant keeps and computes, counted on one map fitted to K anchors.

    ``images``: how many the gallery holds. Numbers kept once, for all questions, and
    for each question; multiply-adds for mapping one query, and once a question for the
    images' lengths, which only a cosine needs.
    """
    prompted, rows = next(iter(pictures.prompted.values()))[:anchors], {}
    for name in variants:
        variant = VARIANTS[name]
        general = pictures.galleries[variant.gallery][:anchors]
        linear = variant.fit(Anchors(general), prompted)
        kept = linear.target.size + np.count_nonzero(linear.offset)
        factors = linear.source.size + linear.target.size
        rows[variant.words] = {
            "kept once": linear.source.size,
            "kept a question": kept + images * variant.cosine,
            "multiply-adds a query": factors,
            "multiply-adds a question": images * factors * variant.cosine,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")


def storage(anchors: int, dimension: int) -> str:
    """Two factors against the d x d matrix, in numbers kept for one question."""
    factors = 2 * min(anchors, dimension) * dimension
    matrix = dimension**2
    start = (
        f"At K = {anchors} and d = {dimension:,} the two factors hold {factors:,} "
        f"numbers and the matrix {matrix:,}"
    )
    if factors < matrix:
        return f"{start}, {matrix / factors:.1f} times as many."
    return f"{start}: nothing is saved, because K is at least half of d."


def in_short(
    recalls: Mapping[int, pd.DataFrame],
    gain: pd.Series,
    found: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    own: str,
    released: tuple[str, str],
    sizes: tuple[int, int],
    dimension: int,
) -> dict[str, str]:
    """The chapter's sentences. ``found``: `summary` at the published K/d and at the
    best K, and `comparisons`; ``own`` is where anchors come from by default,
    ``released`` the fit of the released code, ``sizes`` the K's nearest to the
    published ones."""
    at_published, at_best, changes = found
    near_ratio, near_anchors = sizes
    fit = {"gain": gain, "k": 5, "dimension": dimension}
    return {
        "linear": reached(recalls[5], released, near_ratio, **fit),
        "hundred": reached(recalls[5], released, near_anchors, **fit),
        "published": best(at_published, own, "Near the published K/d", 1, dimension),
        "best": best(at_best, own, "With the best K of each variant", 1, dimension),
        "peak": peak(recalls[1], own, 1, dimension),
        "changed": changed(changes, 1, dimension),
        "storage": storage(PUBLISHED_ANCHORS, PUBLISHED_DIMENSION),
        "storage_here": storage(near_anchors, dimension),
    }
