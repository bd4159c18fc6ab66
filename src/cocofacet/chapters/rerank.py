"""The chapter on reranking: its experiment, its figure, its tables, its findings."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cocofacet.benchmark.query import POOL
from cocofacet.embeddings.linear_map import Anchors, ridge
from cocofacet.embeddings.linear_map import scores as mapped_scores
from cocofacet.evaluation.gallery import GallerySearch, measures
from cocofacet.evaluation.metrics import averages
from cocofacet.evaluation.ranking import pools_of, rank_rows
from cocofacet.evaluation.scores import gallery_scores
from cocofacet.evaluation.statistics import difference_of_texts
from cocofacet.io import InputError
from cocofacet.report import figures
from cocofacet.report.findings import Finding, finding
from cocofacet.report.style import MODES, finished, legend_below
from cocofacet.report.tables import difference_row, of_mode
from cocofacet.retrieval.rerank import ranks_in_gallery, ranks_in_pools, reranked

Images = Mapping[str | None, np.ndarray]
NEAR = 0.01  # as good as prompted: within one point
LEVELS = ("general", "ridge", "prompted")


def by_depth(
    benchmark,
    queries: np.ndarray,
    images: Images,
    questions: Mapping[str, str],
    depths: Sequence[int],
    ks: Sequence[int],
    **columns: str,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Rerank every text at every depth: pools, gallery, cost.

    queries (Q, D); images maps prompt -> (N, D), None among the prompts; questions maps
    facet -> its question. Three modes: "general" (depth 0), "prompted" (all embedded
    beforehand; depth N), and "rerank"; "bound" is a second stage that knows the answer.

    Pools: the tidy table of ranks, mode "rerank-<n>" and "bound-<n>". Gallery: columns
    mode, depth, facet, text and the `measures`. Cost: depth -> how many different
    pictures all texts together have embedded under a question.
    """
    total = len(benchmark.images)
    ranks, searched, cost = [], [], dict.fromkeys(depths, 0)
    for facet, question in questions.items():
        search, pools = GallerySearch.of(benchmark, facet), pools_of(benchmark, facet)
        texts = queries[search.rows]
        general, prompted = (
            gallery_scores(texts, images[prompt]) for prompt in (None, question)
        )
        stages = [("general", 0, general), ("prompted", total, prompted)]
        for depth in depths:
            stages += [("rerank", depth, prompted), ("bound", depth, search.positive)]
            top = reranked(general, general, depth, search.positive) <= depth
            cost[depth] += int(top.any(axis=0).sum())
        for mode, depth, second in stages:
            second = second.astype(np.float64)
            name = f"{mode}-{depth}" if mode in ("rerank", "bound") else mode
            prompt = None if mode == "general" else question
            found = ranks_in_pools(pools, general, second, depth)
            ranks.append(_tidy(pools, found, name, prompt, columns))
            each = ranks_in_gallery(search, general, second, depth)
            searched += _measured(search, each, mode, depth, ks)
    costs = pd.Series(cost, name="embedded").rename_axis("depth")
    return pd.concat(ranks, ignore_index=True), pd.DataFrame(searched), costs


def in_pools(
    benchmark,
    queries: np.ndarray,
    images: Images,
    questions: Mapping[str, str],
    depth: int,
    **columns: str,
) -> pd.DataFrame:
    """The pools' part of `by_depth` at one depth, which needs no labels: the tidy table
    of ranks, modes "general", "rerank-<n>" and "prompted"."""
    total, ranks = len(benchmark.images), []
    for facet, question in questions.items():
        pools = pools_of(benchmark, facet)
        texts = queries[pools.first]
        general, prompted = (
            gallery_scores(texts, images[prompt]) for prompt in (None, question)
        )
        for mode, deep in (
            ("general", 0),
            (f"rerank-{depth}", depth),
            ("prompted", total),
        ):
            found = ranks_in_pools(pools, general, prompted, deep)
            prompt = question if deep else None
            ranks.append(_tidy(pools, found, mode, prompt, columns))
    return pd.concat(ranks, ignore_index=True)


def by_ridge(
    benchmark,
    queries: np.ndarray,
    images: Images,
    anchors: Images,
    questions: Mapping[str, str],
    count: int,
    draws: int,
    ks: Sequence[int],
    seed: int,
    **columns: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The linear map (ridge) fitted to ``count`` anchors, for the same queries.

    anchors maps prompt -> (A, D). Pools and gallery as from `by_depth`, mode "ridge",
    each query and text once a draw. Raises ``InputError`` for more anchors than there
    are.
    """
    available = len(anchors[None])
    if not 1 <= count <= available or draws < 1:
        raise InputError(
            f"anchors, draws: {count} and {draws}: there are {available} anchors to "
            "draw from, and one draw is the least."
        )
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(available)[:count] for _ in range(draws)]
    ranks, searched = [], []
    for rows in chosen:
        basis = Anchors(anchors[None][rows])
        for facet, question in questions.items():
            search = GallerySearch.of(benchmark, facet)
            pools = pools_of(benchmark, facet)
            linear = ridge(basis, anchors[question][rows])
            scores = mapped_scores(linear, queries[search.rows], images[None], True)
            found = ranks_in_pools(pools, scores, scores, 0)
            ranks.append(_tidy(pools, found, "ridge", question, columns))
            each = ranks_in_gallery(search, scores, scores, 0)
            searched += _measured(search, each, "ridge", 0, ks)
    return pd.concat(ranks, ignore_index=True), pd.DataFrame(searched)


def _tidy(pools, ranks, mode, prompt, columns) -> pd.DataFrame:
    no_scores = np.zeros((len(ranks), 1))
    return rank_rows(pools.queries, no_scores, mode, prompt, **columns).assign(
        rank=ranks
    )


def _measured(search: GallerySearch, ranks, mode, depth, ks) -> Iterator[dict]:
    shared = {"mode": mode, "depth": depth, "facet": search.facet}
    for text, each in zip(search.texts, ranks, strict=True):
        yield {**shared, "text": text, **measures(each, ks)}


def curves(
    ranks: pd.DataFrame, searched: pd.DataFrame, k: int, gallery_k: int
) -> pd.DataFrame:
    """Macro averages: columns where, mode, depth, value; depth 0 for the levels.

    where is "pools" (Recall@k), "map" or "precision" (Precision@gallery_k) of the
    gallery. ``ranks`` and ``searched`` as from `by_depth` and `by_ridge`.
    """
    rows = [
        ("pools", *_mode_and_depth(mode), value)
        for (*_, mode), value in averages(ranks, k)["macro"].items()
    ]
    keys = ["mode", "depth"]
    for where, measure in (("map", "ap"), ("precision", f"precision@{gallery_k}")):
        facets = searched.groupby([*keys, "facet"], sort=False)[measure].mean()
        means = facets.groupby(keys, sort=False).mean()
        rows += [
            (where, mode, 0 if mode in LEVELS else depth, value)
            for (mode, depth), value in means.items()
        ]
    return pd.DataFrame(rows, columns=["where", "mode", "depth", "value"])


def _mode_and_depth(name: str) -> tuple[str, int]:
    mode, _, depth = name.partition("-")
    return mode, int(depth or 0)


def titles(k: int, gallery_k: int) -> dict[str, str]:
    """What `curves` measures where -> in words."""
    return {
        "pools": f"pools, Recall@{k}",
        "map": "gallery, mAP",
        "precision": f"gallery, Precision@{gallery_k}",
    }


def against_cost(
    found: pd.DataFrame, k: int, gallery_k: int, anchors: int, shown_as: str
) -> Figure:
    """`curves` against the pictures embedded for a query; level lines for the rest."""
    reranked = found[found["depth"] > 0]
    reranked = reranked[(reranked["where"] != "pools") | (reranked["depth"] <= POOL)]
    depths = reranked[["where", "depth"]].drop_duplicates()
    levels = found[found["depth"] == 0].drop(columns="depth").merge(depths)
    lines = pd.concat([levels, reranked]).replace({"where": titles(k, gallery_k)})
    grid = figures.curves(
        lines.assign(value=100 * lines["value"]), "depth", "value", "mode", MODES,
        lines={**dict.fromkeys(LEVELS, "--"), "bound": ":"}, col="where",
        height=3.4, sharex=False, ylim=(0, 103),
    )  # fmt: skip
    grid.set_titles("{col_name}", size=10)
    grid.set_axis_labels("pictures embedded for a query", "%, macro over facets")
    for title, rows in lines.groupby("where"):
        axes = grid.axes_dict[title]
        axes.axvline(anchors, color=MODES["ridge"][1], linewidth=1, linestyle=":")
        figures.log_ticks(axes, sorted(set(rows["depth"])))
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, shown_as)


def costs(
    embedded: pd.Series, images: int, questions: int, texts: int, anchors: int
) -> pd.DataFrame:
    """Pictures embedded under a question: for one query, for one question, for all.

    ``embedded`` is what `by_depth` counts, depth -> different pictures for all
    texts together. The share is of embedding all beforehand.
    """
    beforehand = images * questions
    rows = {
        MODES["general"][0]: (0, 0, 0),
        f"ridge, K = {anchors}": (0, anchors, anchors * questions),
        **{f"reranked, first {n}": (n, 0, number) for n, number in embedded.items()},
        f"{MODES['prompted'][0]}, all beforehand": (0, images, beforehand),
    }
    names = ("a query", "a question", f"for all {texts} texts")
    found = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    found["share"] = (100 * found[names[-1]] / beforehand).map("{:.1f} %".format)
    return found.rename_axis("pictures embedded under a question")


def table(found: pd.DataFrame, k: int, gallery_k: int) -> pd.DataFrame:
    """Methods and depths down, measures across, in percent, bounds beside them."""
    columns = {}
    for where, title in titles(k, gallery_k).items():
        here = found[found["where"] == where].set_index(["mode", "depth"])["value"]
        own = here.drop("bound", level="mode")
        limits = here["bound"].reindex(own.index.get_level_values("depth"))
        columns[title, "reached"] = 100 * own
        columns[title, "bound"] = 100 * limits.set_axis(own.index)
    order = ["general", "ridge", "rerank", "prompted"]  # by cost at query time
    wide = pd.DataFrame(columns).sort_index(level="depth")
    wide = wide.reindex(order, level="mode")
    wide.index = [
        f"{MODES[mode][0]}, first {depth}" if mode == "rerank" else MODES[mode][0]
        for mode, depth in wide.index
    ]
    return wide.rename_axis("method")


# The mode said to be better, and the other.
CONTRASTS = {
    "gain": ("rerank", "general"),
    "left": ("prompted", "rerank"),
    "over_map": ("rerank", "ridge"),
    "bound": ("bound", "prompted"),
}


def findings_of(
    ranks: pd.DataFrame, searched: pd.DataFrame, depth: int, k: int
) -> dict[str, Finding]:
    """`CONTRASTS` at one depth: in pools by Recall@k, in the gallery ("_gallery") by
    mAP; ``ranks`` and ``searched`` as from `by_depth` and `by_ridge`."""
    said = {}
    for key, modes in CONTRASTS.items():
        contrast = " − ".join(MODES[mode][0] for mode in modes)
        contrast = f"{contrast}; the first {depth}"
        own = (f"{m}-{depth}" if m in ("rerank", "bound") else m for m in modes)
        row = difference_row(*(of_mode(ranks, mode) for mode in own), k)
        said[key] = finding(contrast, f"Recall@{k} in pools, macro", row)
        one, other = (_ap_of_texts(searched, mode, depth) for mode in modes)
        said[f"{key}_gallery"] = finding(
            contrast, "mAP in the gallery, macro", difference_of_texts(one - other)
        )
    return said


def _ap_of_texts(searched: pd.DataFrame, mode: str, depth: int) -> pd.Series:
    """(facet, text) -> ap, the mean over draws where a mode has several."""
    here = searched[searched["mode"] == mode]
    if mode in ("rerank", "bound"):
        here = here[here["depth"] == depth]
    return here.groupby(["facet", "text"], sort=False)["ap"].mean()


def enough(found: pd.DataFrame, k: int, gallery_k: int) -> pd.DataFrame:
    """From which depth on reranking passes the linear map, and comes within `NEAR` of
    the facet's question; by measure, of the output of `curves`."""
    rows = {}
    for where, title in titles(k, gallery_k).items():
        here = found[found["where"] == where].set_index("mode")
        values = here.loc[["rerank"]].set_index("depth")["value"].sort_index()
        ridge, prompted = here.loc["ridge", "value"], here.loc["prompted", "value"]
        rows[title] = {
            "above the linear map from": _from_then_on(values, ridge),
            "within a point of the question from": _from_then_on(
                values, prompted - NEAR
            ),
        }
    return pd.DataFrame(rows).T


def _from_then_on(values: pd.Series, level: float) -> str:
    """The depth from which a curve stays above a level."""
    above = (values > level)[::-1].cummin()
    return str(above.index[above][-1]) if above.any() else "no depth tried"
