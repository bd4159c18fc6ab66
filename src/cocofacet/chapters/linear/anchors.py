"""Anchors drawn many times, and every query ranked by every map fitted to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.embeddings.linear_map import VARIANTS, Anchors, LinearMap, scores
from cocofacet.evaluation.ranking import pools_of, rank_of_positive, rank_rows
from cocofacet.io import InputError
from cocofacet.workspace import Workspace

PUBLISHED = "released"  # the paper's, of VARIANTS
ANCHORS_FROM = {
    "facet": "as released, pictures of the tested facet",
    "held-out": "pictures held out from the evaluation",
}


def checked(wanted: Sequence[str], table: Mapping, field: str) -> dict:
    """The part of a table that is wanted; ``InputError`` for a name it lacks."""
    for name in wanted:
        if name not in table:
            known = ", ".join(table)
            raise InputError(f"{field}: {name!r} is not known. Choose from {known}.")
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
    anchors are drawn from.
    """

    galleries: Mapping[str, np.ndarray]
    prompted: Mapping[str, np.ndarray]
    among: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        """How many there are to draw anchors from."""
        return min(map(len, self.among.values()))

    def of_facets(self, benchmark: Benchmark) -> "Pictures":
        """The same, where a facet's anchors come from the pools of its own queries."""
        pools = {facet: pools_of(benchmark, facet).pool for facet in self.prompted}
        return replace(self, among={f: np.unique(pool) for f, pool in pools.items()})


def embedded(
    embed: Callable[..., np.ndarray], retriever, dual, questions: Mapping[str, str]
) -> Pictures:
    """``embed(retriever, prompts) -> (P, N, D)`` is a workspace's `gallery` or
    `anchor_gallery`; questions maps facet -> its question."""
    general, *prompted = embed(retriever, (None, *questions.values()))
    galleries = {"general": general, "dual": embed(dual)[0]}
    every = np.arange(len(general))
    return Pictures(
        galleries,
        dict(zip(questions, prompted, strict=True)),
        dict.fromkeys(questions, every),
    )


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
        """``fits`` with a column recall: macro Recall@k of each."""
        hits = self.ranks <= k
        of = np.array([query.facet for query in self.benchmark.queries])
        each = [hits[:, of == facet].mean(axis=1) for facet in self.benchmark.facets]
        return self.fits.assign(recall=np.mean(each, axis=0))

    def rows(self, anchors_from: str, variant: str, anchors: int) -> pd.DataFrame:
        """The tidy table of one variant and K, a row for each query and draw.

        `metrics.per_query` averages a query's rows, so an interval of this table is
        of the mean over draws, over query texts.
        """
        fits = self.fits
        chosen = (fits.anchors_from == anchors_from) & (fits.variant == variant)
        ranks = self.ranks[chosen & (fits.anchors == anchors)]  # (draws, Q)
        queries = self.benchmark.queries
        parts = [rank_rows(queries, each, variant, None) for each in ranks]
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
    # Equal images are scored once, so that they tie exactly: a matrix product may
    # differ in the last bit from column to column.
    distinct = {
        name: np.unique(images, axis=0, return_inverse=True)
        for name, images in gallery.galleries.items()
    }
    pools = {facet: pools_of(benchmark, facet) for facet in gallery.prompted}
    fits, ranks = [], []
    for source, pictures in drawn_from.items():
        rng = np.random.default_rng(seed)
        for draw in range(draws):
            drawn = rng.permutation(len(pictures.galleries["general"]))
            orders = {f: drawn[np.isin(drawn, pictures.among[f])] for f in pools}
            for size in (size for size in sizes if size <= len(pictures)):
                chosen = {facet: order[:size] for facet, order in orders.items()}
                maps = _fitted(pictures, chosen, variants)
                for name in variants:
                    variant = VARIANTS[name]
                    images, copy_of = distinct[variant.gallery]
                    found = np.empty(len(benchmark.queries), np.int64)
                    worst = 0.0
                    for facet, here in pools.items():
                        linear = maps[facet, variant.fit, variant.gallery]
                        texts = queries[here.first]
                        scored = scores(linear, texts, images, variant.cosine)
                        own = here.own(scored[:, copy_of])
                        found[here.rows] = rank_of_positive(own)
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
