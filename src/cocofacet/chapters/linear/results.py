"""What the maps reach: the tables of the chapter on the linear approximation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cocofacet.chapters.linear.anchors import ANCHORS_FROM, PUBLISHED, Draws
from cocofacet.embeddings.linear_map import VARIANTS
from cocofacet.evaluation.statistics import half_width, interval, share_of_gap, spread
from cocofacet.report.tables import difference_row, with_interval

PUBLISHED_RATIO = 100 / 3072  # K/d of the paper (E)
SHOWN = ((5, "macro"), (5, "micro"), (1, "macro"))  # the paper's metric first

RELEASED, HELD = ANCHORS_FROM
# What is changed, and two fits (anchors_from, variant) that differ in nothing else.
COMPARISONS = {
    "cosine, not the released score": ((HELD, "linear"), (HELD, "released")),
    "centred": ((HELD, "centred"), (HELD, "linear")),
    "ridge, not least squares": ((HELD, "ridge"), (HELD, "linear")),
    "orthogonal, not least squares": ((HELD, "orthogonal"), (HELD, "linear")),
    "ridge from the dual encoder": ((HELD, "dual-ridge"), (HELD, "ridge")),
    "ridge, anchors as released": ((RELEASED, "ridge"), (HELD, "ridge")),
}


def sizes_of_note(draws: Draws, dimension: int, count: int) -> list[int]:
    """Of the K's that every source has: those nearest to the published K/d, to
    ``count`` and to d, and the largest."""
    by_source = draws.fits.groupby("anchors_from").anchors
    sizes = sorted(set.intersection(*map(set, by_source.unique())))
    wanted = (PUBLISHED_RATIO * dimension, count, dimension, sizes[-1])
    return [min(sizes, key=lambda size, near=near: abs(size - near)) for near in wanted]


def headline(
    draws: Draws, anchors: int, general: pd.DataFrame, prompted: pd.DataFrame
) -> pd.DataFrame:
    """The released map with K anchors between general and prompted, in percent.

    A row for each of `SHOWN` and each place that anchors are drawn from. Recalls are
    means over draws; the gain is paired by query, [interval over query texts], and
    then shown with its interval over draws.
    """
    rows, chosen = {}, "variant == @PUBLISHED and anchors == @anchors"
    for k, average in SHOWN:
        question = interval(prompted, k, average).value
        fits = draws.recall(k, average).query(chosen)
        for source, drawn in fits.groupby("anchors_from", sort=False):
            ranks = draws.rows(source, PUBLISHED, anchors)
            gain = difference_row(ranks, general, k, average)
            rows[f"R@{k} {average}, {source}"] = {
                "no prompt": f"{100 * gain.reference:.1f}",
                "map": f"{100 * gain.value:.1f}",
                "question": f"{100 * question:.1f}",
                "map − no prompt": _difference(gain),
                "over draws": over_draws(drawn.recall - gain.reference),
            }
    return pd.DataFrame(rows).T.rename_axis(f"K = {anchors}")


def _difference(row) -> str:
    return with_interval(row.difference, row.low, row.high, sign=True)


def over_draws(gains: pd.Series) -> str:
    """The mean of a gain in each draw of anchors, with Student's 95 % interval."""
    middle = gains.mean()
    half = float(half_width(*spread([gains.to_numpy() / len(gains)])))
    return with_interval(middle, middle - half, middle + half, sign=True)


def at_each_size(draws: Draws, general: pd.DataFrame, k: int) -> pd.DataFrame:
    """The released map's gain over draws and the anchors' condition number (median): K
    down, where anchors come from across."""
    fits = draws.recall(k).query("variant == @PUBLISHED")
    gains = fits.assign(gain=fits.recall - interval(general, k).value)
    groups = gains.groupby(["anchors", "anchors_from"])
    columns = {
        "map − no prompt, over draws": groups.gain.apply(over_draws),
        "condition number": groups.condition.median().map("{:,.0f}".format),
    }
    return pd.DataFrame(columns).unstack().fillna("–").rename_axis("K")


def variants(
    draws: Draws, size: int, general: pd.DataFrame, prompted: pd.DataFrame, k: int
) -> pd.DataFrame:
    """Variants fitted to K anchors down, where these come from across.

    Macro Recall@k, mean over draws [interval over query texts], and the share of the
    way from general to prompted, in percent.
    """
    cells: dict[tuple, dict[str, str]] = {}
    fits = draws.fits[draws.fits.anchors == size]
    for source, name in fits.groupby(["anchors_from", "variant"], sort=False).groups:
        ranks, words = draws.rows(source, name, size), VARIANTS[name].words
        found, share = interval(ranks, k), share_of_gap(ranks, general, prompted, k)
        recall = with_interval(found.value, found.low, found.high)
        of_gap = "no gap" if np.isnan(share[0]) else with_interval(*share)
        cells.setdefault((source, f"R@{k}"), {})[words] = recall
        cells.setdefault((source, "of the gap"), {})[words] = of_gap
    return pd.DataFrame(cells).rename_axis("variant")


def comparisons(
    draws: Draws, sizes: Sequence[int], k: int, dimension: int
) -> pd.DataFrame:
    """`COMPARISONS` down, K/d across: Recall@k paired by query, means over draws, in
    points [interval]. What was not fitted on both sides is left out."""
    fits = draws.fits[["anchors_from", "variant", "anchors"]]
    fitted = set(fits.itertuples(index=False, name=None))
    cells: dict[str, dict[str, str]] = {}
    for size in sizes:
        column = cells[f"K/d = {size / dimension:.2f}"] = {}
        for name, sides in COMPARISONS.items():
            keys = [(*side, size) for side in sides]
            if set(keys) <= fitted:
                pair = (draws.rows(*key) for key in keys)
                column[name] = _difference(difference_row(*pair, k))
    return pd.DataFrame(cells).rename_axis(f"change in Recall@{k}, points")
