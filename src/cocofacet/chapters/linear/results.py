"""What the maps reach: the tables of the chapter on the linear approximation."""

from collections.abc import Sequence

import pandas as pd

from cocofacet.chapters.linear.anchors import ANCHORS_FROM, PUBLISHED, Draws
from cocofacet.embeddings.linear_map import VARIANTS
from cocofacet.evaluation.statistics import half_width, interval, spread
from cocofacet.report.tables import difference_row, with_interval

PUBLISHED_RATIO = 100 / 3072  # K/d of the paper (E)

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


def over_draws(gains: pd.Series) -> str:
    """The mean of a gain in each draw of anchors, with Student's 95 % interval."""
    middle = gains.mean()
    half = float(half_width(*spread([gains.to_numpy() / len(gains)])))
    return with_interval(middle, middle - half, middle + half, sign=True)


def at_each_size(draws: Draws, general: pd.DataFrame, k: int) -> pd.DataFrame:
    """The released map's gain over draws and the anchors' condition number (median): K
    down, where anchors come from across."""
    reference = interval(general, k).value
    fits = draws.recall(k).assign(gain=lambda fits: fits.recall - reference)
    groups = fits[fits.variant == PUBLISHED].groupby(["anchors", "anchors_from"])
    columns = {
        "map − no prompt, over draws": groups.gain.apply(over_draws),
        "condition number": groups.condition.median().map("{:,.0f}".format),
    }
    wide = pd.DataFrame(columns).unstack().fillna("–")
    return wide.rename_axis(index="K", columns=[None, None])


def variants(draws: Draws, size: int, k: int) -> pd.DataFrame:
    """Macro Recall@k with K anchors in percent [interval over query texts], mean over
    draws: variants down, where anchors come from across."""
    cells: dict[str, dict[str, str]] = {}
    fits = draws.fits[draws.fits.anchors == size]
    for source, name in fits.groupby(["anchors_from", "variant"], sort=False).groups:
        found = interval(draws.rows(source, name, size), k)
        words = with_interval(found.value, found.low, found.high)
        cells.setdefault(source, {})[VARIANTS[name].words] = words
    return pd.DataFrame(cells).rename_axis(f"Recall@{k}, K = {size}")


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
                row = difference_row(*pair, k)
                gain = with_interval(row.difference, row.low, row.high, sign=True)
                column[name] = gain
    return pd.DataFrame(cells).rename_axis(f"change in Recall@{k}, points")
