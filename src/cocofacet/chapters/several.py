"""The chapter on several attributes at once: queries that name several labels of one
picture, and the figure, tables and findings on how they are found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from cocofacet.benchmark.build import draw
from cocofacet.benchmark.dataset import Labels
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import POOL, Query
from cocofacet.evaluation.gallery import measures, ranks_of_positives
from cocofacet.evaluation.ranking import rank_rows
from cocofacet.evaluation.truth import read_truth, true_labels
from cocofacet.io import InputError
from cocofacet.report.findings import Finding, finding
from cocofacet.report.style import MODES, SERIES, finished, reference_line
from cocofacet.report.tables import difference_row, of_mode
from cocofacet.retrieval.combine import WAYS, joined, scores_by_way
from cocofacet.workspace import Workspace

TOGETHER, MOST = (2, 3), 40  # facets a query names, and queries about each set of them
HARD = (POOL - 1) // 2  # the most negatives of a pool that carry all labels but one


@dataclass(frozen=True)
class CombinedQuery:
    """A query for several labels at once.

    Attributes:
        query: with a pool of 100, positive first; its facet is "2 facets".
        facets: the facets asked about.
        parts: for each facet the text that asks for its label alone.
        positive: the images that carry every label: (N,) bool.
        negative: the images known to lack one of them: (N,) bool.
    """

    query: Query
    facets: tuple[str, ...]
    parts: tuple[str, ...]
    positive: np.ndarray
    negative: np.ndarray


def facet_sets(facets: Sequence[str], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """Sets of each size: neighbours in the order of the facets, each facet in one.

    Nobody picks the sets, so nobody picks the ones that look well. Raises
    ``InputError`` when no set is left.
    """
    found = [
        tuple(facets[start : start + size])
        for size in dict.fromkeys(sizes)
        for start in range(0, len(facets) - size + 1, size)
    ]
    if not found:
        raise InputError(
            f"together: {list(sizes)} are all more than the {len(facets)} facets of "
            "this benchmark. Give a smaller number."
        )
    return found


def asked_in(
    workspace: Workspace, together: Sequence[int] = TOGETHER, most: int = MOST
) -> dict[tuple[str, ...], list[CombinedQuery]]:
    """`queries_about` of a run, by the world's truth where it is known."""
    benchmark, scenes = workspace.benchmark, read_truth(workspace.annotations)
    known = true_labels(benchmark, scenes) if scenes else benchmark.labels
    sets = facet_sets(benchmark.facets, together)
    return queries_about(known, benchmark.images, sets, most, workspace.seed)


def queries_about(
    labels_of: Labels,
    images: Sequence[str],
    sets: Sequence[tuple[str, ...]],
    most: int,
    seed: int,
) -> dict[tuple[str, ...], list[CombinedQuery]]:
    """Up to ``most`` queries about each set of facets, for labels that some image has.

    labels_of: facet -> image -> its labels; an image that a facet leaves out has none
    known there and stands in no ranking. An image is a negative when one of its facets
    rules the label out as the paper's exclusion tables do; half of a pool's negatives,
    where there are so many, carry all labels but one. A set for which no query has 99
    negatives is left out; ``InputError`` when that leaves none.
    """
    found = {facets: _queries(labels_of, images, facets, most, seed) for facets in sets}
    found = {facets: queries for facets, queries in found.items() if queries}
    if not found:
        raise InputError(
            "together: no pictures are annotated for several facets at once, or too "
            "few: a query needs 99 negatives. Choose other facets, or more pictures."
        )
    return found


def _queries(labels_of, images, facets, most, seed) -> list[CombinedQuery]:
    shared = [image for image in images if all(image in labels_of[f] for f in facets)]
    positive_of: dict[tuple[str, ...], str] = {}  # labels -> the first image with them
    for image in draw(shared, len(shared), (seed, *facets)):
        labels = tuple(_label(f, labels_of[f][image], seed, image) for f in facets)
        if None not in labels:
            positive_of.setdefault(labels, image)
    made = (
        _query(labels_of, images, shared, facets, labels, image, seed)
        for labels, image in positive_of.items()
    )
    return list(islice((each for each in made if each), most))


def _label(facet: str, labels: Sequence[str], seed: int, image: str) -> str | None:
    """The label to ask for: any wording of an open facet, but of a closed list only
    the one that an image carries, since two would leave open which is meant."""
    if not labels or (FACETS[facet].labels and len(labels) > 1):
        return None
    return draw(labels, 1, (seed, facet, image))[0]


def _query(labels_of, images, shared, facets, labels, image, seed):
    """The query for these labels, ``image`` its positive; None without 99 negatives."""
    pairs = list(zip(facets, labels, strict=True))
    carries = {
        other: sum(label in labels_of[facet][other] for facet, label in pairs)
        for other in shared
    }
    ruled_out = set().union(
        *(FACETS[f].may_be_negatives(label, labels_of[f]) for f, label in pairs)
    )
    negative = [other for other in shared if other in ruled_out]
    if len(negative) < POOL - 1:
        return None
    parts = tuple(FACETS[facet].wording(label) for facet, label in pairs)
    key = (seed, *labels, image)
    hard = [other for other in negative if carries[other] == len(facets) - 1]
    hard = draw(hard, min(HARD, len(hard)), key)
    rest = sorted(set(negative).difference(hard))
    pool = (image, *hard, *draw(rest, POOL - 1 - len(hard), key))
    return CombinedQuery(
        Query(
            f"{'+'.join(facets)}:{'+'.join(labels)}",
            f"{len(facets)} facets",
            " + ".join(labels),
            joined(parts),
            pool,
        ),
        facets,
        parts,
        np.array([carries.get(other) == len(facets) for other in images]),
        np.isin(images, negative),
    )


def parts_of(combined: Sequence[CombinedQuery]) -> dict[str, tuple[str, ...]]:
    """Facet -> the texts that ask for its label alone, of queries about the same."""
    (facets,) = {each.facets for each in combined}
    texts = zip(*(each.parts for each in combined), strict=True)
    return dict(zip(facets, texts, strict=True))


def ranked(
    combined: Sequence[CombinedQuery],
    embed_texts: Callable[[Sequence[str]], np.ndarray],
    images: Mapping[str | None, np.ndarray],
    questions: Mapping[str, str],
    position: Callable[[Sequence[str]], np.ndarray],
    **columns: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank queries about the same facets in all `WAYS`: the pools as tidy ranks, and
    the gallery, a row a way and query with its ap.

    embed_texts, images and questions as in `combine.scores_by_way`; position is the
    benchmark's `indices`; columns as in `ranking.rank_rows`.
    """
    queries = [each.query for each in combined]
    pools = np.array([position(query.candidates) for query in queries])  # (Q, 100)
    parts = parts_of(combined)
    ranks, searched = [], []
    for way, scores in scores_by_way(parts, embed_texts, images, questions):  # (Q, N)
        own = np.take_along_axis(scores, pools, axis=1)  # (Q, 100)
        prompt = None if WAYS[way].image == "general" else WAYS[way].image
        ranks.append(rank_rows(queries, own, way, prompt, **columns))
        for each, row in zip(combined, scores, strict=True):
            places = ranks_of_positives(row[each.positive], row[each.negative])
            searched.append(
                {
                    "facets": "+".join(parts),
                    "together": each.query.facet,
                    "mode": way,
                    "text": each.query.text,
                    "positives": len(places),
                    **measures(places, ()),
                }
            )
    return pd.concat(ranks, ignore_index=True), pd.DataFrame(searched)


def examples(queries: Mapping[tuple, Sequence[CombinedQuery]]) -> pd.DataFrame:
    """A row for each set of facets: its queries, what they are to find, a text."""
    rows = {}
    for facets, found in queries.items():
        ranked = [each.positive | each.negative for each in found]
        rows[" + ".join(facets)] = {
            "queries": len(found),
            "positives": np.mean([each.positive.sum() for each in found]),
            "ranked": np.mean([images.sum() for images in ranked]),
            "the first of them": found[0].query.text,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def means(ranks: pd.DataFrame, searched: pd.DataFrame, k: int) -> pd.DataFrame:
    """What `ranked` found, in percent, as means over queries: a row for each measure,
    way (``mode``, in words) and number of facets (``together``)."""
    tables = {
        f"Recall@{k} in pools of 100": ranks.assign(
            value=(ranks["rank"] <= k).astype(float), together=ranks.facet
        ),
        "mAP in the gallery": searched.rename(columns={"ap": "value"}),
    }
    queries = pd.concat(tables, names=["measure"])
    queries["mode"] = queries["mode"].map(lambda way: MODES[way][0])
    groups = queries.groupby(["measure", "mode", "together"], sort=False).value
    return (100 * groups.mean()).reset_index()


def recall_and_map(means: pd.DataFrame, k: int, shown_as: str) -> Figure:
    """Each way (down) for each number of facets (colours), a panel for each measure;
    ``means`` as `means` gives them."""
    numbers = means.together.nunique()
    colours, markers = map(list, zip(*SERIES[:numbers], strict=True))
    grid = sns.catplot(
        means, x="value", y="mode", hue="together", col="measure", kind="point",
        errorbar=None, linestyle="none", dodge=0.3 if numbers > 1 else False,
        palette=colours, markers=markers, height=3.6, aspect=1.1, legend_out=False,
    )  # fmt: skip
    reference_line(grid.axes.flat[0], k)
    grid.set(xlabel="%", ylabel="", xlim=(-2, 102)).set_titles("{col_name}")
    sns.move_legend(grid, "upper center", bbox_to_anchor=(0.5, 0), ncols=4, title=None)
    return finished(grid.figure, shown_as)


# What is compared: nothing but one step differs. The way said to be better is first.
CONTRASTS = {
    "split": ("part-general", "general"),
    "asked": ("whole-prompted", "general"),
    "both": ("part-prompted", "general"),
    "long": ("long", "general"),
    "each": ("whole-prompted", "long"),
    "sum": ("part-prompted", "part-least"),
}


def findings_of(ranks: pd.DataFrame, k: int) -> dict[str, Finding]:
    """`CONTRASTS`, paired by query, by number of attributes: "both_2" with two."""
    said = {}
    for key, ways in CONTRASTS.items():
        contrast = " − ".join(MODES[way][0] for way in ways)
        for number, here in ranks.groupby("facet", sort=False):
            pair = (of_mode(here, way) for way in ways)
            said[f"{key}_{number.split()[0]}"] = finding(
                f"{contrast}: {number}",
                f"Recall@{k}, over queries",
                difference_row(*pair, k, "micro"),
            )
    return said
