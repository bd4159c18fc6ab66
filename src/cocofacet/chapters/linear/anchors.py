"""Anchors drawn many times, and every query ranked by every map fitted to them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.embeddings.linear_map import VARIANTS, Anchors, LinearMap, scores
from cocofacet.evaluation.ranking import rank_of_positive, rank_rows
from cocofacet.io import InputError
from cocofacet.workspace import Workspace

PUBLISHED = "released"  # the paper's, of VARIANTS
ANCHORS_FROM = {
    "facet": "as released, pictures of the tested facet",
    "held-out": "pictures held out from the evaluation",
}


def checked(wanted: Sequence[str], table: Mapping, field: str) -> dict:
    """The table's part that is wanted, in its order; ``InputError`` for none or an
    unknown name."""
    unknown = [name for name in wanted if name not in table]
    if unknown or not wanted:
        raise InputError(
            f"{field}: {unknown[0] if unknown else wanted!r} is not known. Choose from "
            f"{', '.join(table)}."
        )
    return {name: table[name] for name in table if name in wanted}


def numbers_of_anchors(
    ratios: Sequence[float], dimension: int, available: Sequence[int], count: int
) -> list[int]:
    """K for each K/d, at least 2, and ``count``, in order; ``available``: how many
    pictures each source has. ``InputError`` when none is left for one of them."""
    sizes = sorted({count, *(max(2, round(ratio * dimension)) for ratio in ratios)})
    if sizes[0] > min(available):
        raise InputError(
            f"ratios: {ratios!r} leave no K up to the {min(available)} pictures that "
            f"anchors are drawn from. Add one below {min(available) / dimension:.2g}."
        )
    return [size for size in sizes if size <= max(available)]


@dataclass(frozen=True)
class Pictures:
    """The same N pictures, embedded in every way that a map starts from or ends at.

    galleries: ``general`` (N, P) and ``dual`` (N, D), the names of `Variant.gallery`.
    prompted: facet -> (N, P), under the facet's question. among: facet -> rows that its
    anchors are drawn from; all where it is None.
    """

    galleries: Mapping[str, np.ndarray]
    prompted: Mapping[str, np.ndarray]
    among: Mapping[str, np.ndarray] | None = None

    def __len__(self) -> int:
        """How many there are to draw anchors from."""
        if self.among is None:
            return len(self.galleries["general"])
        return min(map(len, self.among.values()))

    def of_facets(self, benchmark: Benchmark) -> "Pictures":
        """The same, where a facet's anchors come from the pools of its own queries."""
        pool = benchmark.pool_indices()
        among = {
            facet: np.unique(pool[rows])
            for facet, rows in _rows_of(benchmark, self.prompted).items()
        }
        return replace(self, among=among)


def _rows_of(benchmark: Benchmark, facets: Iterable[str]) -> dict[str, np.ndarray]:
    """facet -> the rows of its queries."""
    asked = np.array([query.facet for query in benchmark.queries])
    return {facet: np.flatnonzero(asked == facet) for facet in facets}


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

    def recall(self, k: int, average: str = "macro") -> pd.DataFrame:
        """``fits`` with a column recall: Recall@k of each, macro (over facets) or
        micro (over queries)."""
        hits, rows = self.ranks <= k, _rows_of(self.benchmark, self.benchmark.facets)
        if average == "macro":
            hits = np.transpose([hits[:, here].mean(axis=1) for here in rows.values()])
        return self.fits.assign(recall=hits.mean(axis=1))

    def rows(self, anchors_from: str, variant: str, anchors: int) -> pd.DataFrame:
        """The tidy table of one variant and K, a row for each query and draw.

        `metrics.per_query` averages a query's rows, so an interval of this table is
        of the mean over draws, over query texts.
        """
        wanted = {"anchors_from": anchors_from, "variant": variant, "anchors": anchors}
        chosen = (self.fits[list(wanted)] == pd.Series(wanted)).all(axis=1)
        if not chosen.any():
            raise ValueError(f"nothing was fitted with {wanted}")
        queries = self.benchmark.queries
        # Its ranks are put in below: they are known, and the scores are not.
        table = rank_rows(queries, np.zeros((len(queries), 1)), variant, None)
        parts = [table.assign(rank=ranks) for ranks in self.ranks[chosen]]
        return pd.concat(parts, ignore_index=True)


def fitted(
    workspace: Workspace, retriever, dual, asked: Mapping
) -> tuple[dict[str, Pictures], Draws]:
    """The pictures of each source, and `ranks_over_draws` as a notebook's parameters
    ask for it: variants, anchors_from, ratios, count, draws."""
    given = retriever, dual, workspace.questions
    gallery = embedded(workspace.gallery, *given)
    held_out = embedded(workspace.anchor_gallery, *given)
    known = {"facet": gallery.of_facets(workspace.benchmark), "held-out": held_out}
    drawn_from = checked(asked["anchors_from"], known, "anchors_from")
    variants = checked(asked["variants"], VARIANTS, "variants")
    available = [*map(len, drawn_from.values())]
    sizes = numbers_of_anchors(
        asked["ratios"], retriever.dim, available, asked["count"]
    )
    how = gallery, drawn_from, [*variants], sizes, asked["draws"], workspace.seed
    queries = workspace.queries(retriever)
    return known, ranks_over_draws(workspace.benchmark, queries, *how)


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
    meets the same anchors. Where a source has too few pictures a K is left out.
    """
    pool, rows_of = benchmark.pool_indices(), _rows_of(benchmark, gallery.prompted)
    tasks = {
        (facet, name): _Task.of(queries[rows], images, pool[rows])
        for facet, rows in rows_of.items()
        for name, images in gallery.galleries.items()
    }
    fits, ranks = [], []
    for source, pictures in drawn_from.items():
        rng = np.random.default_rng(seed)
        for draw in range(draws):
            drawn = rng.permutation(len(pictures.galleries["general"]))
            among = pictures.among or dict.fromkeys(rows_of, drawn)
            orders = {f: drawn[np.isin(drawn, among[f])] for f in rows_of}
            for size in (size for size in sizes if size <= len(pictures)):
                chosen = {facet: order[:size] for facet, order in orders.items()}
                maps = _fitted(pictures, chosen, variants)
                for name in variants:
                    variant = VARIANTS[name]
                    found = np.empty(len(benchmark.queries), np.int64)
                    worst = 0.0
                    for facet, rows in rows_of.items():
                        linear = maps[facet, variant.fit, variant.gallery]
                        task = tasks[facet, variant.gallery]
                        found[rows] = task.ranks(linear, variant.cosine)
                        worst = max(worst, linear.condition)
                    fits.append((source, name, size, draw, worst))
                    ranks.append(found)
    columns = ["anchors_from", "variant", "anchors", "draw", "condition"]
    return Draws(benchmark, pd.DataFrame(fits, columns=columns), np.array(ranks))


def _fitted(
    pictures: Pictures, chosen: Mapping[str, np.ndarray], variants: Sequence[str]
) -> dict[tuple, LinearMap]:
    """(facet, fit, gallery) -> the map to the facet's anchors; two scores share one,
    and facets with the same anchors their decomposition."""
    ways = {(VARIANTS[name].fit, VARIANTS[name].gallery) for name in variants}
    anchors, maps = {}, {}
    for facet, rows in chosen.items():
        for fit, gallery in ways:
            key = gallery, rows.tobytes()
            if key not in anchors:
                anchors[key] = Anchors(pictures.galleries[gallery][rows])
            prompted = pictures.prompted[facet][rows]
            maps[facet, fit, gallery] = fit(anchors[key], prompted)
    return maps
