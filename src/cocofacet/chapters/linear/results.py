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
DIFFERENCE = ("value", "reference", "difference", "low", "high")

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
    means over draws; differences are paired by query, [interval over query texts].
    """
    rows = {}
    for k, average in SHOWN:
        fits = draws.recall(k, average).query("variant == @PUBLISHED")
        for source, chosen in fits.groupby("anchors_from", sort=False):
            ranks = draws.rows(source, PUBLISHED, anchors)
            gain = difference_row(ranks, general, k, average)
            asked = difference_row(prompted, general, k, average)
            drawn = over_draws(chosen, gain.reference)
            rows[f"R@{k} {average}, {source}"] = {
                "no prompt": f"{100 * gain.reference:.1f}",
                "map": f"{100 * gain.value:.1f}",
                "question": f"{100 * asked.value:.1f}",
                "map − no prompt": _difference(gain),
                # Around the difference before it.
                "over draws": drawn.at[anchors, "over draws"].partition(" ")[2],
            }
    return pd.DataFrame(rows).T.rename_axis(f"K = {anchors}")


def _difference(row: pd.Series) -> str:
    return with_interval(row.difference, row.low, row.high, sign=True)


def over_draws(fits: pd.DataFrame, reference: float) -> pd.DataFrame:
    """How much the anchors that were drawn matter: a row for each K.

    fits: of one source and variant, with its recall, as `Draws.recall`; ``reference``
    is the recall that they are compared with. Shown are the condition number (median),
    the mean difference in points with a 95 % interval over draws (Student's), and the
    smallest and largest draw.
    """
    rows = {}
    for anchors, chosen in fits.groupby("anchors"):
        draws = (chosen.recall - reference).to_numpy()
        half = float(half_width(*spread([draws / len(draws)])))
        middle, ends = draws.mean(), (draws.min(), draws.max())
        low, high = (f"{100 * end:+.1f}".replace("-", "−") for end in ends)
        rows[anchors] = {
            "condition": f"{chosen.condition.median():,.0f}",
            "over draws": with_interval(middle, middle - half, middle + half, True),
            "one draw": f"{low} to {high}",
        }
    return pd.DataFrame(rows).T.rename_axis("K")


def at_each_size(draws: Draws, general: pd.DataFrame, k: int) -> pd.DataFrame:
    """`over_draws` of the released map: K down, where anchors come from across."""
    fits, reference = draws.recall(k), interval(general, k).value
    parts = fits[fits.variant == PUBLISHED].groupby("anchors_from", sort=False)
    tables = {source: over_draws(part, reference) for source, part in parts}
    return pd.concat(tables, axis=1).sort_index().fillna("–")


def variants(
    draws: Draws, size: int, general: pd.DataFrame, prompted: pd.DataFrame, k: int
) -> pd.DataFrame:
    """Variants fitted to K anchors down, where these come from across.

    Macro Recall@k, mean over draws [interval over query texts], and the share of the
    way from general to prompted, in percent.
    """
    cells, fits = {}, draws.fits[draws.fits.anchors == size]
    for source, name in dict.fromkeys(
        zip(fits.anchors_from, fits.variant, strict=True)
    ):
        ranks = draws.rows(source, name, size)
        found, share = interval(ranks, k), share_of_gap(ranks, general, prompted, k)
        line = cells.setdefault(VARIANTS[name].words, {})
        line[source, f"R@{k}"] = with_interval(found.value, found.low, found.high)
        line[source, "of the gap"] = "no gap"
        if not np.isnan(share[0]):
            line[source, "of the gap"] = with_interval(*share)
    return pd.DataFrame(cells).T.rename_axis("variant")


def comparisons(draws: Draws, sizes: Sequence[int], k: int) -> pd.DataFrame:
    """`COMPARISONS` at each K, paired by query, means over draws.

    Columns comparison, anchors and `DIFFERENCE`. What was not fitted on both sides is
    left out.
    """
    fits = draws.fits[["anchors_from", "variant", "anchors"]]
    fitted, rows = set(fits.itertuples(index=False, name=None)), []
    for name, sides in COMPARISONS.items():
        for size in sizes:
            keys = [(*side, size) for side in sides]
            if set(keys) <= fitted:
                found = difference_row(*(draws.rows(*key) for key in keys), k)
                rows.append({"comparison": name, "anchors": size, **found})
    return pd.DataFrame(rows, columns=["comparison", "anchors", *DIFFERENCE])


def compared(found: pd.DataFrame, k: int, dimension: int) -> pd.DataFrame:
    """`comparisons` as shown: what is changed down, K/d across, points [interval]."""
    cells = {}
    for row in found.itertuples():
        line = cells.setdefault(row.comparison, {})
        line[f"K/d = {row.anchors / dimension:.2f}"] = _difference(row)
    return pd.DataFrame(cells).T.rename_axis(f"change in Recall@{k}, points")
