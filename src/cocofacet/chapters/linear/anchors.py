"""Anchors drawn many times, and every query ranked by every map fitted to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.embeddings.linear_map import VARIANTS, Anchors, LinearMap, scores
from cocofacet.evaluation.ranking import rank_of_positive, rank_rows
from cocofacet.io import InputError

ANCHORS_FROM = {
    "held-out": "pictures held out from the evaluation",
    "gallery": "pictures of the evaluation's own gallery",
}


def checked(
    wanted: Sequence[str], table: Mapping[str, object], field: str
) -> list[str]:
    """The names wanted, each once; ``InputError`` for none or an unknown one."""
    unknown = [name for name in wanted if name not in table]
    if unknown or not wanted:
        raise InputError(
            f"{field}: {unknown[0] if unknown else wanted!r} is not known. Choose from "
            f"{', '.join(table)}."
        )
    return list(dict.fromkeys(wanted))


def numbers_of_anchors(
    ratios: Sequence[float], dimension: int, available: int, counts: Sequence[int] = ()
) -> list[int]:
    """K for each K/d, at least 2, and the K's of ``counts``, in order; what exceeds the
    pictures is left out.

    Raises ``InputError`` for a ratio that is no positive number, for a count that is no
    whole number from 2, or when none is left.
    """
    if wrong := [ratio for ratio in ratios if not 0 < ratio < np.inf]:
        raise InputError(f"ratios: {wrong[0]} is no K/d. Give numbers above 0.")
    if wrong := [k for k in counts if not isinstance(k, int) or k < 2]:
        raise InputError(f"counts: {wrong[0]!r} is no K. Give whole numbers from 2.")
    sizes = sorted({*counts, *(max(2, round(ratio * dimension)) for ratio in ratios)})
    sizes = [size for size in sizes if size <= available]
    if not sizes:
        raise InputError(
            f"ratios: {ratios!r} leave no K up to the {available} pictures that "
            f"anchors are drawn from. Add one below {available / dimension:.2g}."
        )
    return sizes


@dataclass(frozen=True)
class Pictures:
    """The same N pictures, embedded in every way that a map starts from or ends at.

    galleries: ``general`` (N, P) and ``dual`` (N, D), the names of `Variant.gallery`.
    prompted: facet -> (N, P), under the facet's question.
    """

    galleries: Mapping[str, np.ndarray]
    prompted: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.galleries["general"])


def embedded(
    embed: Callable[..., np.ndarray], retriever, dual, questions: Mapping[str, str]
) -> Pictures:
    """``embed(retriever, prompts) -> (P, N, D)`` is a workspace's `gallery` or
    `anchor_gallery`; questions maps facet -> its question."""
    general, *prompted = embed(retriever, (None, *questions.values()))
    (plain,) = embed(dual)
    return Pictures(
        {"general": general, "dual": plain},
        dict(zip(questions, prompted, strict=True)),
    )


@dataclass(frozen=True)
class _Task:
    """One facet's queries over one gallery, each distinct text and image once.

    Equal images are scored once, so that they tie exactly: a matrix product may differ
    in the last bit from column to column.
    """

    texts: np.ndarray  # (T, P)
    text_of: np.ndarray  # (Q, 1) row of texts
    images: np.ndarray  # (M, D)
    pool: np.ndarray  # (Q, C) rows of images
    copies: np.ndarray  # (Q, C) bool: the positive, repeated among the negatives

    @classmethod
    def of(cls, queries: np.ndarray, images: np.ndarray, pool: np.ndarray) -> "_Task":
        texts, text_of = np.unique(queries, axis=0, return_inverse=True)
        used, place = np.unique(pool, return_inverse=True)
        distinct, same = np.unique(images[used], axis=0, return_inverse=True)
        copies = pool == pool[:, :1]
        copies[:, 0] = False
        pool = same.reshape(-1)[place.reshape(pool.shape)]
        return cls(texts, text_of.reshape(-1, 1), distinct, pool, copies)

    def ranks(self, linear: LinearMap, cosine: bool) -> np.ndarray:
        found = scores(linear, self.texts, self.images, cosine)  # (T, M)
        own = found[self.text_of, self.pool]  # (Q, C)
        own[self.copies] = -np.inf
        return rank_of_positive(own)


@dataclass(frozen=True)
class Draws:
    """Every query ranked by every fit.

    fits: a row each, with columns anchors_from, variant, anchors (K), draw and
    condition (of the anchors solved for). ranks (F, Q): of the benchmark's queries.
    """

    benchmark: Benchmark
    fits: pd.DataFrame
    ranks: np.ndarray

    def recall(self, k: int) -> pd.DataFrame:
        """``fits`` with a column recall: Recall@k of each, macro over facets."""
        facets = np.array([query.facet for query in self.benchmark.queries])
        hits = self.ranks <= k
        means = [hits[:, facets == facet].mean(axis=1) for facet in np.unique(facets)]
        return self.fits.assign(recall=np.mean(means, axis=0))

    def rows(
        self, anchors_from: str, variant: str, anchors: int, **columns: str
    ) -> pd.DataFrame:
        """The tidy table of one variant and K, a row for each query and draw.

        `metrics.per_query` averages a query's rows, so an interval of this table is
        of the mean over draws, over query texts. ``columns`` replace empty ones.
        """
        wanted = {"anchors_from": anchors_from, "variant": variant, "anchors": anchors}
        chosen = (self.fits[list(wanted)] == pd.Series(wanted)).all(axis=1)
        if not chosen.any():
            raise ValueError(f"nothing was fitted with {wanted}")
        queries = self.benchmark.queries
        # Its ranks are put in below: they are known, and the scores are not.
        table = rank_rows(
            queries, np.zeros((len(queries), 1)), variant, None, **columns
        )
        parts = [table.assign(rank=ranks) for ranks in self.ranks[chosen]]
        return pd.concat(parts, ignore_index=True)


def ranks_over_draws(
    benchmark: Benchmark,
    queries: np.ndarray,
    gallery: Pictures,
    drawn_from: Mapping[str, Pictures],
    variants: Sequence[str],
    sizes: Sequence[int],
    draws: int,
    seed: int,
) -> Draws:
    """Rank every query with maps fitted to each draw of each number of anchors.

    queries (Q, P) and gallery in the benchmark's order; drawn_from maps a key of
    ``ANCHORS_FROM`` to the pictures that anchors are drawn from; variants are keys of
    `linear_map.VARIANTS`. Draw number i takes the first K of the same random order
    for every K, so that a larger K adds anchors to a smaller one, and every variant
    meets the same anchors. Raises ValueError when a size exceeds the pictures.
    """
    pool = benchmark.pool_indices()
    facets = np.array([query.facet for query in benchmark.queries])
    rows_of = {facet: np.flatnonzero(facets == facet) for facet in gallery.prompted}
    tasks = {
        (facet, name): _Task.of(queries[rows], images, pool[rows])
        for facet, rows in rows_of.items()
        for name, images in gallery.galleries.items()
    }
    fits, ranks = [], []
    for source, pictures in drawn_from.items():
        if max(sizes) > len(pictures):
            raise ValueError(f"{max(sizes)} anchors wanted, {source}: {len(pictures)}")
        rng = np.random.default_rng(seed)
        for draw in range(draws):
            order = rng.permutation(len(pictures))
            for size in sizes:
                maps = _fitted(pictures, order[:size], variants)
                for name in variants:
                    variant = VARIANTS[name]
                    found = np.empty(len(facets), np.int64)
                    for facet, rows in rows_of.items():
                        linear = maps[facet, variant.fit, variant.gallery]
                        task = tasks[facet, variant.gallery]
                        found[rows] = task.ranks(linear, variant.cosine)
                    fits.append((source, name, size, draw, linear.condition))
                    ranks.append(found)
    columns = ["anchors_from", "variant", "anchors", "draw", "condition"]
    return Draws(benchmark, pd.DataFrame(fits, columns=columns), np.array(ranks))


def _fitted(
    pictures: Pictures, chosen: np.ndarray, variants: Sequence[str]
) -> dict[tuple, LinearMap]:
    """(facet, fit, gallery) -> the map to the anchors chosen; two scores share one."""
    anchors = {name: Anchors(rows[chosen]) for name, rows in pictures.galleries.items()}
    ways = {(VARIANTS[name].fit, VARIANTS[name].gallery) for name in variants}
    return {
        (facet, fit, gallery): fit(anchors[gallery], prompted[chosen])
        for facet, prompted in pictures.prompted.items()
        for fit, gallery in ways
    }
