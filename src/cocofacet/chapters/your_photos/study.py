"""The share tried on every label: does the list end where it should?

Truth is the rendered world's. Texts are the released wordings. The temperature is of
the model's own training. Only the cosine cutoff is chosen by looking, and says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.benchmark.facets import FACETS
from cocofacet.evaluation import truth
from cocofacet.evaluation.statistics import difference_of_texts
from cocofacet.report.findings import MACRO, Finding, finding
from cocofacet.retrieval import scale
from cocofacet.retrievers.base import Retriever
from cocofacet.workspace import Workspace

Z = 2.0  # standard deviations above the mean
CUTOFFS = np.arange(0.05, 0.96, 0.05)  # cosines, of which the best is taken
PLAIN, ASKED = "no question", "the facet's question"
UNDER = "searched under"  # the column that says which


@dataclass(frozen=True)
class Searched:
    """The L labels of a facet, searched for among N pictures.

    right: (L, N) bool, which pictures truly have the label. shares and cosines: (L, N),
    without the question (`PLAIN`) and under it (`ASKED`).
    """

    facet: str
    labels: Sequence[str]
    right: np.ndarray
    shares: Mapping[str, np.ndarray]
    cosines: Mapping[str, np.ndarray]


def tried(workspace: Workspace, retriever: Retriever) -> list[Searched]:
    """Every label of every facet. Texts of all closed lists of labels compete, and of
    a facet whose list is open those that the benchmark has."""
    benchmark = workspace.benchmark
    true = truth.true_labels(benchmark, truth.read_truth(workspace.annotations))
    queries = workspace.queries(retriever)
    closed = workspace.texts(retriever, scale.label_texts())
    prompts = (None, *workspace.questions.values())
    images = workspace.embedded(retriever, prompts)
    asked = [(query.facet, query.label, query.text) for query in benchmark.queries]
    asked = pd.DataFrame(asked, columns=["facet", "label", "text"]).drop_duplicates()
    found = []
    for facet, rows in asked.groupby("facet", sort=False):
        texts = queries[rows.index]
        others = closed
        if FACETS[facet].labels is None:
            others = np.concatenate([closed, texts])
        under = {PLAIN: images[None], ASKED: images[workspace.questions[facet]]}
        here = true[facet]
        right = [[label in here[n] for n in benchmark.images] for label in rows.label]
        every = (texts, others, retriever.row.temperature)
        found.append(
            Searched(
                facet,
                rows.label.tolist(),
                np.array(right),
                {name: shares(vectors, *every) for name, vectors in under.items()},
                {name: texts @ vectors.T for name, vectors in under.items()},
            )
        )
    return found


def shares(
    images: np.ndarray, texts: np.ndarray, others: np.ndarray, temperature: float
) -> np.ndarray:
    """`scale.shares` of each text: images (N, D), texts (L, D), others (M, D), which
    compete with them -> (L, N)."""
    return np.stack([scale.shares(images, t, others, temperature) for t in texts])


# Scores and which pictures are there, (L, N) each -> which of these are listed.
Cut = Callable[[np.ndarray, np.ndarray], np.ndarray]


def above(least: float) -> Cut:
    """Those with this score or more."""
    return lambda scores, there: there & (scores >= least)


BY_SHARE = above(scale.STANDS_OUT)


def by_z(scores: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Those `Z` standard deviations above the mean of all that are there."""
    inside = np.where(there, scores, np.nan)
    mean, spread = np.nanmean(inside, 1), np.nanstd(inside, 1)
    return there & (scores > (mean + Z * spread)[:, None])


def lists(
    found: Sequence[Searched],
    scores: str = "shares",
    cut: Cut = BY_SHARE,
) -> pd.DataFrame:
    """A row for each label, without the question and with it: pictures, how many stand
    out and are right, and how many stand out once the label's own are taken away."""
    tables = []
    for each in found:
        for under, values in getattr(each, scores).items():
            out = cut(values, np.ones_like(each.right))
            counts = {
                "pictures": each.right,
                "stand out": out,
                "right": out & each.right,
                "without its own": cut(values, ~each.right),
            }
            counts = {name: which.sum(axis=1) for name, which in counts.items()}
            names = {"facet": each.facet, "label": each.labels, UNDER: under}
            tables.append(pd.DataFrame(names | counts))
    return pd.concat(tables, ignore_index=True)


def measures(table: pd.DataFrame) -> pd.DataFrame:
    """`lists` against the truth, over all labels of a facet together: precision (NaN
    where nothing is listed), recall and F1; the share of labels found at all; and of
    those for which nothing is listed once their own pictures are taken away."""
    table = table.assign(found=table.right > 0, empty=table["without its own"] == 0)
    facets = table.groupby([UNDER, "facet"], sort=False)
    listed, right, true = (facets[c].sum() for c in ("stand out", "right", "pictures"))
    return pd.DataFrame(
        {
            "precision": right / listed,
            "recall": right / true,
            "F1": 2 * right / (listed + true),
            **facets[["found", "empty"]].mean(),
        }
    )


def rules(found: Sequence[Searched]) -> pd.DataFrame:
    """Where a list may end: `measures`, macro over facets; a facet of which nothing is
    listed has no precision. Index (question, list ends at). The cosine is the one with
    the best F1, chosen by the truth, as nobody can who searches."""

    def macro(scores: str, cut: Cut) -> pd.DataFrame:
        of_facets = measures(lists(found, scores, cut))
        return of_facets.groupby(UNDER, sort=False).mean()

    cosines = pd.concat({least: macro("cosines", above(least)) for least in CUTOFFS})
    best = cosines.loc[cosines.F1.groupby(UNDER, sort=False).idxmax()]
    fixed = {
        f"share of {scale.STANDS_OUT:g}": macro("shares", BY_SHARE),
        f"z-score of {Z:g}": macro("cosines", by_z),
    }
    words = "best cosine ({:.2f})".format
    table = pd.concat([pd.concat(fixed), best.rename(words, level=0)])
    table.index.names = ["list ends at", "question"]
    return table.swaplevel().loc[[PLAIN, ASKED]]


def by_facet(table: pd.DataFrame) -> pd.DataFrame:
    """`measures` in percent as a page is wide: facets and macro down, (question,
    measure) across."""
    of_facets = 100 * measures(table).rename(columns={"precision": "prec."})
    words = {PLAIN: "none", ASKED: "the facet's"}
    parts = {word: of_facets.loc[under] for under, word in words.items()}
    wide = pd.concat(parts, axis=1).drop(columns="F1", level=1)
    wide.loc["macro"] = wide.mean()
    return wide


def findings_of(table: pd.DataFrame) -> dict[str, Finding]:
    """What the question changes in the `lists`, over labels; of the empty test also
    for each facet."""
    rows = table.rename(columns={"label": "text"}).set_index([UNDER, "facet", "text"])
    measured = {
        "recall": ("more of what is right is listed", rows["right"] / rows["pictures"]),
        "empty": (
            "nothing is listed where nothing is right",
            (rows["without its own"] == 0).astype(float),
        ),
    }
    found = {}
    for key, (words, values) in measured.items():
        change = values.loc[ASKED] - values.loc[PLAIN]
        parts = {key: (MACRO, change)}
        if key == "empty":
            of_facets = change.groupby("facet", sort=False)
            parts |= {f"{key}_{name}": (name, part) for name, part in of_facets}
        for name, (of, part) in parts.items():
            found[name] = finding(
                f"{words}: with the facet's question − without",
                f"share of 0.5, {of}",
                difference_of_texts(part),
                "labels",
            )
    return found
