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
from cocofacet.report import figures
from cocofacet.report.findings import Finding, finding
from cocofacet.report.style import MODES, finished, legend_below
from cocofacet.report.tables import difference_row, of_mode
from cocofacet.retrieval.rerank import ranks_in_gallery, ranks_in_pools, reranked

Images = Mapping[str | None, np.ndarray]
KEYS = ["mode", "depth"]


def in_pools(
    benchmark,
    queries: np.ndarray,
    images: Images,
    questions: Mapping[str, str],
    depths: Sequence[int],
    **columns: str,
) -> pd.DataFrame:
    """Rerank every pool at every depth: the tidy table of ranks.

    queries (Q, D); images maps prompt -> (N, D), None among the prompts; questions maps
    facet -> its question. Modes "general", "prompted", and for each depth n
    "rerank-<n>" and "bound-<n>", a second stage that knows the answer.
    """
    parts = []
    for facet, question in questions.items():
        pools = pools_of(benchmark, facet)
        general, prompted = _scores(queries[pools.first], images, question)
        first = ranks_in_pools(pools, general, general, 0)
        ranks = {"prompted": ranks_in_pools(pools, prompted, prompted, 0)}
        for depth in depths:
            ranks[f"rerank-{depth}"] = ranks_in_pools(pools, general, prompted, depth)
            ranks[f"bound-{depth}"] = np.where(first <= depth, 1, first)
        parts.append(rank_rows(pools.queries, first, "general", None, **columns))
        for mode, found in ranks.items():
            parts.append(rank_rows(pools.queries, found, mode, question, **columns))
    return pd.concat(parts, ignore_index=True)


def in_gallery(
    benchmark,
    queries: np.ndarray,
    images: Images,
    questions: Mapping[str, str],
    depths: Sequence[int],
    ks: Sequence[int],
) -> tuple[pd.DataFrame, pd.Series]:
    """Rerank the whole gallery for every text at every depth; arguments as `in_pools`.

    Columns mode, depth (0 for "general" and "prompted"), facet, text and the
    `measures`; and depth -> how many different pictures all texts together have
    embedded under a question.
    """
    rows, embedded = [], dict.fromkeys(depths, 0)
    for facet, question in questions.items():
        search = GallerySearch.of(benchmark, facet)
        general, prompted = _scores(queries[search.rows], images, question)
        rows += _measured(search, "general", 0, general, general, ks)
        rows += _measured(search, "prompted", 0, prompted, prompted, ks)
        answer = search.positive.astype(float)
        for depth in depths:
            rows += _measured(search, "rerank", depth, general, prompted, ks)
            rows += _measured(search, "bound", depth, general, answer, ks)
            top = reranked(general, general, depth, search.positive) <= depth
            embedded[depth] += int(top.any(axis=0).sum())
    return pd.DataFrame(rows), pd.Series(embedded)


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

    anchors maps prompt -> (A, D). Tables as from `in_pools` and `in_gallery`, mode
    "ridge", each query and text once a draw.
    """
    rng = np.random.default_rng(seed)
    ranks, searched = [], []
    for _ in range(draws):
        rows = rng.permutation(len(anchors[None]))[:count]
        basis = Anchors(anchors[None][rows])
        for facet, question in questions.items():
            search = GallerySearch.of(benchmark, facet)
            pools = pools_of(benchmark, facet)
            linear = ridge(basis, anchors[question][rows])
            scores = mapped_scores(linear, queries[search.rows], images[None], True)
            found = ranks_in_pools(pools, scores, scores, 0)
            ranks.append(rank_rows(pools.queries, found, "ridge", question, **columns))
            searched += _measured(search, "ridge", 0, scores, scores, ks)
    return pd.concat(ranks, ignore_index=True), pd.DataFrame(searched)


def _scores(texts: np.ndarray, images: Images, question: str) -> Iterator[np.ndarray]:
    """Scores (T, N) without a prompt and under the question."""
    return (gallery_scores(texts, images[prompt]) for prompt in (None, question))


def _measured(search: GallerySearch, mode, depth, first, second, ks) -> Iterator[dict]:
    ranks = ranks_in_gallery(search, first, second, depth)
    shared = {"mode": mode, "depth": depth, "facet": search.facet}
    for text, each in zip(search.texts, ranks, strict=True):
        yield {**shared, "text": text, **measures(each, ks)}


def curves(
    ranks: pd.DataFrame, searched: pd.DataFrame, k: int, gallery_k: int
) -> pd.DataFrame:
    """Macro averages: columns where, mode, depth, value; depth 0 for the levels.

    where is "pools" (Recall@k), "map" or "precision" (Precision@gallery_k) of the
    gallery. ``ranks`` and ``searched`` as from `in_pools`, `in_gallery`, `by_ridge`.
    """
    pools = averages(ranks, k)["macro"].rename("value").reset_index()
    modes = pools["mode"].str.partition("-")
    depths = modes[2].replace("", "0").astype(int)
    pools = pools.assign(where="pools", mode=modes[0], depth=depths)
    names = {"ap": "map", f"precision@{gallery_k}": "precision"}
    facets = searched.groupby([*KEYS, "facet"], sort=False)[[*names]].mean()
    means = facets.groupby(KEYS, sort=False).mean().rename(columns=names).reset_index()
    gallery = means.melt(KEYS, var_name="where")
    columns = ["where", *KEYS, "value"]
    return pd.concat([pools[columns], gallery[columns]], ignore_index=True)


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
        lines={**dict.fromkeys(levels["mode"], "--"), "bound": ":"}, col="where",
        height=3.4, sharex=False, ylim=(0, 103),
    )  # fmt: skip
    grid.set_titles("{col_name}", size=10)
    grid.set_axis_labels("pictures embedded", "%, macro over facets")
    for title, rows in lines.groupby("where"):
        axes = grid.axes_dict[title]
        axes.axvline(anchors, color=MODES["ridge"][1], linewidth=1, linestyle=":")
        figures.log_ticks(axes, sorted(set(rows["depth"])))
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, shown_as)


def table(found: pd.DataFrame, k: int, gallery_k: int) -> pd.DataFrame:
    """`curves` with methods and depths down, measures across, in percent."""
    words = titles(k, gallery_k)
    wide = found.assign(mode=[MODES[mode][0] for mode in found["mode"]])
    wide = wide.pivot(index=KEYS, columns="where", values="value")
    wide = 100 * wide[[*words]].rename(columns=words)
    return wide.rename_axis(index=["method", "pictures"], columns=None)


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
    mAP, the mean over draws of the linear map; arguments as of `curves`."""
    said = {}
    ap = searched.groupby([*KEYS, "facet", "text"])["ap"].mean()
    for key, modes in CONTRASTS.items():
        contrast = " − ".join(MODES[mode][0] for mode in modes)
        contrast = f"{contrast}; the first {depth}"
        at = [(mode, depth * (mode in ("rerank", "bound"))) for mode in modes]
        names = (f"{mode}-{n}" if n else mode for mode, n in at)
        row = difference_row(*(of_mode(ranks, name) for name in names), k)
        said[key] = finding(contrast, f"Recall@{k} in pools, macro", row)
        one, other = (ap[place] for place in at)
        said[f"{key}_gallery"] = finding(
            contrast, "mAP in the gallery, macro", difference_of_texts(one - other)
        )
    return said
