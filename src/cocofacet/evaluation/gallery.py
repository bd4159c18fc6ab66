"""Search the whole gallery with each query text: mAP, recall and precision. Images with
the label are positives; one whose annotations neither give nor exclude it is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.evaluation.ranking import not_below, pools_of
from cocofacet.evaluation.scores import gallery_scores
from cocofacet.evaluation.statistics import Interval, difference_of_texts
from cocofacet.io import InputError


@dataclass(frozen=True)
class GallerySearch:
    """One facet's T texts, and what each is to find among the gallery's N images."""

    facet: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    rows: np.ndarray  # (T,) as `Pools.first`
    positive: np.ndarray  # (T, N) bool: the images that carry its label
    negative: np.ndarray  # (T, N) bool: the images that may be its negatives

    @classmethod
    def of(cls, benchmark: Benchmark, facet: str) -> "GallerySearch":
        """Raises ``InputError`` where it is not known which images carry a label."""
        if not benchmark.labels.get(facet):
            raise InputError(
                f"benchmark: {facet}: which images carry a label is not known, so a "
                "gallery cannot be searched. Build the benchmark from annotations "
                "(`workspace.rebuilt`)."
            )
        pools = pools_of(benchmark, facet)
        positive = np.zeros((len(pools.texts), len(benchmark.images)), bool)
        negative = np.zeros_like(positive)
        for text, label in enumerate(pools.labels):
            positive[text, benchmark.indices(benchmark.with_label(facet, label))] = True
            negative[text, pools.eligible[text]] = True
        return cls(facet, pools.texts, pools.labels, pools.first, positive, negative)


def ranks_of_positives(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Ranks of P positives among themselves and E negatives: (P,), (E,) -> (P,) int64.

    Ascending. As in `ranking.rank_of_positive` a negative that does *not* score
    strictly below a positive stands before it: ties and NaN count against.

    >>> ranks_of_positives(np.array([0.9, 0.5]), np.array([0.7, 0.5, 0.1]))
    array([1, 4])
    """
    best_first = -np.sort(-np.asarray(positive, np.float64))  # NaN last
    before = not_below(best_first[:, None], np.asarray(negative)[None])
    return before + np.arange(1, len(best_first) + 1)


def measures(ranks: np.ndarray, ks: Sequence[int]) -> dict[str, float]:
    """Columns ap, recall@k and precision@k, from the ranks (P,) of all positives.

    ap is the mean over positives of the precision at their ranks (its mean over texts
    is the mAP); recall@k the share of the positives among the first k; precision@k the
    share of the first k that are positives, at most P / k.
    """
    found = {"ap": float((np.arange(1, len(ranks) + 1) / ranks).mean())}
    for k in ks:
        hits = int((ranks <= k).sum())
        found |= {f"recall@{k}": hits / len(ranks), f"precision@{k}": hits / k}
    return found


def by_chance(positives: int, candidates: int, ks: Sequence[int]) -> dict[str, float]:
    """`measures` of a random order, in expectation over all orders.

    With P of n the image at rank i is a positive with P / n, and if it is, each image
    before it with (P - 1) / (n - 1). Summed over i, average precision is

        ((P - 1) / (n - 1) (n - H) + H) / n,  H = 1 + 1/2 + ... + 1/n.

    H / n falls as n grows: a small gallery flatters every method.
    """
    harmonic = (1 / np.arange(1, candidates + 1)).sum()
    others = (positives - 1) / max(1, candidates - 1)
    found = {"ap": float((others * (candidates - harmonic) + harmonic) / candidates)}
    for k in ks:
        first = min(k, candidates) / candidates
        found |= {f"recall@{k}": first, f"precision@{k}": positives * first / k}
    return found


def sizes_within(sizes: Sequence[int], images: int) -> list[int]:
    """The sizes below the gallery's, ascending, and the gallery's own; ``InputError``
    for a size that is no whole number from 2."""
    for size in sizes:
        if not isinstance(size, int) or size < 2:
            raise InputError(f"sizes: {size!r} is no whole number from 2 upwards.")
    return [*sorted({size for size in sizes if size < images}), images]


def subsets(
    images: int, sizes: Sequence[int], draws: int, seed: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Random parts of a gallery: (size, draw, chosen (N,) bool).

    Within a draw a smaller part lies inside a larger one; the whole comes once.
    """
    rng = np.random.default_rng(seed)
    for draw in range(draws):
        place = np.argsort(rng.permutation(images))
        for size in sizes:
            if size < images or draw == 0:
                yield size, draw, place < size


def search_over_sizes(
    benchmark: Benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    modes: Mapping[str, Mapping[str, str | None]],
    sizes: Sequence[int],
    draws: int,
    ks: Sequence[int],
    seed: int,
) -> pd.DataFrame:
    """Search galleries of several sizes with every text, in every mode.

    queries (Q, D) in the order of ``benchmark.queries``; images maps prompt -> (N, D)
    in the order of ``benchmark.images``; modes maps mode -> facet -> the prompt. A row
    for each mode, text, size and draw of which the subset holds a positive and a
    negative: facet, text, label, positives, candidates, and the `measures`. Two modes
    more are bounds: "chance", and "perfect", which finds every positive first. Raises
    ``InputError`` for no draws, for a k below 1, and as `GallerySearch.of` does.
    """
    if draws < 1 or min(ks) < 1:
        raise InputError(f"draws, k: {draws} and {min(ks)} must both be at least 1.")
    chosen = list(subsets(len(benchmark.images), sizes, draws, seed))
    rows = []
    for facet in benchmark.facets:
        search = GallerySearch.of(benchmark, facet)
        scored = {
            mode: gallery_scores(queries[search.rows], images[prompts[facet]])
            for mode, prompts in modes.items()
        }
        for size, draw, inside in chosen:
            for text, label in enumerate(search.labels):
                positive = search.positive[text] & inside
                negative = search.negative[text] & inside
                if not (positive.any() and negative.any()):
                    continue
                count, all_of = int(positive.sum()), int((positive | negative).sum())
                ranks = {
                    mode: ranks_of_positives(here[text, positive], here[text, negative])
                    for mode, here in scored.items()
                }
                found = {mode: measures(of, ks) for mode, of in ranks.items()}
                found["chance"] = by_chance(count, all_of, ks)
                found["perfect"] = measures(np.arange(1, count + 1), ks)
                shared = {"facet": facet, "text": search.texts[text], "label": label}
                shared |= {"size": size, "draw": draw}
                shared |= {"positives": count, "candidates": all_of}
                rows += [{"mode": m, **shared, **each} for m, each in found.items()]
    return pd.DataFrame(rows)


def mean_over_draws(table: pd.DataFrame) -> pd.DataFrame:
    """`search_over_sizes` averaged over its draws; (mode, facet, label, size) down."""
    keys = ["mode", "facet", "label", "size"]
    groups = table.drop(columns=["text"]).groupby(keys, sort=False)
    return groups.mean().assign(draw=groups.size()).rename(columns={"draw": "draws"})


def of_texts(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """(size, facet, text) down, mode across: a measure, averaged over the draws."""
    keys = ["size", "facet", "text"]
    return table.pivot_table(index=keys, columns="mode", values=measure, sort=False)


def macro(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Size down, mode across: the mean over facets of the mean over their texts."""
    by_facet = of_texts(table, measure).groupby(level=["size", "facet"]).mean()
    return by_facet.groupby(level="size").mean()


def difference(table: pd.DataFrame, measure: str, mode: str, against: str) -> Interval:
    """Macro average of one mode minus another's in the whole gallery, with a 95 %
    interval over texts."""
    whole = of_texts(table[table["size"] == table["size"].max()], measure)
    return difference_of_texts(whole[mode] - whole[against])
