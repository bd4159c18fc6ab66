"""The share tried on every label: does the list end where it should?

Truth is the rendered world's. Texts are the released wordings. The temperature is of
the model's own training. Only the cosine cutoff is chosen by looking, and says so.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet.benchmark.facets import FACETS
from cocofacet.embeddings import linear_map
from cocofacet.evaluation import truth
from cocofacet.evaluation.statistics import difference_of_texts
from cocofacet.report.findings import Finding, finding
from cocofacet.retrieval import scale
from cocofacet.retrieval.choosing import PROMPTS, Nearest
from cocofacet.retrievers.base import Retriever
from cocofacet.workspace import Workspace

Images = Mapping[str | None, np.ndarray]  # prompt -> (N, D), unit rows
Z = 2.0  # standard deviations above the mean
CUTOFFS = np.arange(0.05, 0.96, 0.05)  # cosines, of which the best is taken
PLAIN, ASKED = "no question", "the facet's question"

# Which vectors a list is made from -> what it is called.
WAYS = {
    "none": PLAIN,
    "facet-full": "facet: full",
    "facet-rerank": "facet: rerank",
    "facet-linear": "facet: linear",
    "auto-full": "auto: full",
    "auto-rerank": "auto: rerank",
    "auto-linear": "auto: linear",
}
# Those that are compared facet by facet and rule by rule.
TITLES = {"none": PLAIN, "facet-full": ASKED}


@dataclass(frozen=True)
class Asked:
    """The labels of one facet, as they are searched for.

    texts: each label's released wording; vectors (L, D) of these, right (L, N) bool:
    which pictures truly have the label; others (M, D): texts that compete with them.
    """

    facet: str
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    vectors: np.ndarray
    right: np.ndarray
    others: np.ndarray

    @property
    def question(self) -> str:
        return FACETS[self.facet].question


def asked_in(workspace: Workspace, retriever: Retriever) -> list[Asked]:
    """All labels of the run's facets. Texts of all closed lists of labels compete, and
    of a facet whose list is open those that the benchmark has."""
    benchmark = workspace.benchmark
    true = truth.true_labels(benchmark, truth.read_truth(workspace.annotations))
    queries = workspace.queries(retriever)
    closed = workspace.texts(retriever, scale.label_texts())
    found = []
    for facet in benchmark.facets:
        rows: dict[tuple[str, str], int] = {}
        for row, query in enumerate(benchmark.queries):
            if query.facet == facet:
                rows.setdefault((query.label, query.text), row)
        labels, texts = zip(*rows, strict=True)
        vectors = queries[list(rows.values())]
        right = [
            [label in true[facet][n] for n in benchmark.images] for label in labels
        ]
        others = closed
        if FACETS[facet].labels is None:
            others = np.concatenate([closed, vectors])
        found.append(Asked(facet, labels, texts, vectors, np.array(right), others))
    return found


def choices(
    asked: Sequence[Asked], name: str, prompts: np.ndarray
) -> dict[str, str | None]:
    """Text -> the question that is asked of it with "auto"; None for none. name: the
    retriever's; prompts (P, D): the texts of `PROMPTS`, embedded."""
    known = {
        text: vector
        for each in asked
        for text, vector in zip(each.texts, each.vectors, strict=True)
    }

    def embedded(texts: Sequence[str]) -> np.ndarray:
        if list(texts) == list(PROMPTS.values()):
            return prompts
        return np.stack([known[text] for text in texts])

    choose = Nearest(name, embedded, list(known))
    return {text: choose(text).shown for text in known}


def mapped(images: Images, files: Sequence[Path], count: int) -> Images:
    """Prompt -> general vectors mapped to it, unit rows, by a linear map fitted on
    the first ``count`` pictures by their files' sha256, as a search does."""
    digests = [hashlib.sha256(file.read_bytes()).digest() for file in files]
    rows = sorted(range(len(files)), key=digests.__getitem__)[:count]
    anchors = linear_map.Anchors(images[None][rows].astype(np.float64))
    found = {None: images[None]}
    for prompt in images.keys() - {None}:
        fitted = linear_map.ridge(anchors, images[prompt][rows])
        found[prompt] = fitted.images(images[None])
        found[prompt] /= np.linalg.norm(found[prompt], axis=1, keepdims=True)
    return found


@dataclass(frozen=True)
class Searched:
    """All labels of a facet searched for: arrays (L, N), by way.

    shares: 0 where a way does not rank the picture. cosines: without the question and
    with it.
    """

    asked: Asked
    shares: dict[str, np.ndarray]
    cosines: dict[str, np.ndarray]


def searched(
    each: Asked,
    images: Images,
    by_map: Images,
    chosen: Mapping[str, str | None],
    temperature: float,
    first: int,
) -> Searched:
    """Search for a facet's labels in every way. by_map: as `mapped`; chosen: as
    `choices`; first: how many pictures general vectors leave for a question."""

    def shares(vectors: Images, prompts) -> np.ndarray:
        pairs = zip(prompts, each.vectors, strict=True)
        return np.stack(
            [scale.shares(vectors[p], t, each.others, temperature) for p, t in pairs]
        )

    count = len(each.texts)
    asked, auto = [each.question] * count, [chosen[text] for text in each.texts]
    cosines = {p: each.vectors @ images[p].T for p in (None, each.question)}
    places = (-cosines[None]).argsort(axis=1, kind="stable").argsort(axis=1)
    near = places < first
    found = {"none": shares(images, [None] * count)}
    for name, prompts in (("facet", asked), ("auto", auto)):
        if name == "auto" and auto == asked:
            full, linear = found["facet-full"], found["facet-linear"]
        else:
            full, linear = shares(images, prompts), shares(by_map, prompts)
        found[f"{name}-full"], found[f"{name}-linear"] = full, linear
        found[f"{name}-rerank"] = np.where(near, full, 0)
    cosines = {"none": cosines[None], "facet-full": cosines[each.question]}
    return Searched(each, found, cosines)


def tried(
    workspace: Workspace, retriever: Retriever, first: int, anchors: int
) -> list[Searched]:
    """Every label of every facet, in every way; anchors: as ``count`` of `mapped`."""
    asked = asked_in(workspace, retriever)
    questions = workspace.texts(retriever, list(PROMPTS.values()))
    chosen = choices(asked, retriever.name, questions)
    prompts = tuple(
        dict.fromkeys([None, *workspace.questions.values(), *chosen.values()])
    )
    images = dict(zip(prompts, workspace.gallery(retriever, prompts), strict=True))
    files = [workspace.path(name) for name in workspace.benchmark.images]
    by_map = mapped(images, files, anchors)
    how = (images, by_map, chosen, retriever.row.temperature, first)
    return [searched(each, *how) for each in asked]


def by_share(scores: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Which pictures that are there stand out: shares (L, N) -> (L, N) bool."""
    return there & (scores >= scale.STANDS_OUT)


def by_z(scores: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Those `Z` standard deviations above the mean of all that are there."""
    inside = np.where(there, scores, np.nan)
    mean, spread = np.nanmean(inside, 1), np.nanstd(inside, 1)
    return there & (scores > (mean + Z * spread)[:, None])


def measured(right: np.ndarray, shown: np.ndarray) -> dict[str, float]:
    """A list against the truth, (L, N) bool each, over all labels together: precision
    (NaN where nothing is listed), recall, F1, and the share of labels found at all."""
    hits = (right & shown).sum()
    return {
        "precision": hits / shown.sum() if shown.any() else np.nan,
        "recall": hits / right.sum(),
        "F1": 2 * hits / (shown.sum() + right.sum()),
        "found": (right & shown).any(axis=1).mean(),
    }


Cut = Callable[[np.ndarray, np.ndarray], np.ndarray]


def judged(right: np.ndarray, scores: np.ndarray, cut: Cut) -> dict[str, float]:
    """`measured`, and for how many labels nothing is listed once their pictures are
    taken away."""
    shown = cut(scores, np.ones_like(right))
    away = cut(scores, ~right)
    return {**measured(right, shown), "empty": 1 - away.any(axis=1).mean()}


def above(cutoff: float) -> Cut:
    """Those whose score is above a fixed one."""
    return lambda scores, there: there & (scores > cutoff)


def macro(rows: Sequence[Mapping[str, float]]) -> pd.Series:
    """Means over facets; a facet of which nothing is listed has no precision."""
    return pd.DataFrame(rows).mean()


def best_cutoff(found: Sequence[Searched], way: str) -> float:
    """The cosine of `CUTOFFS` with the best F1, macro over facets: chosen by looking
    at the truth, as nobody can who searches."""

    def worth(cutoff: float) -> float:
        cut = above(cutoff)
        return macro([_judged(each, way, "cosines", cut) for each in found])["F1"]

    return max(CUTOFFS, key=worth)


def _judged(each: Searched, way: str, scores: str, cut: Cut) -> dict[str, float]:
    return judged(each.asked.right, getattr(each, scores)[way], cut)


def rules(found: Sequence[Searched]) -> pd.DataFrame:
    """Where a list may end, without the question and with it: rows rule, columns of
    `judged`, macro over facets; index (way, rule)."""
    rows = {}
    for way in TITLES:
        best = best_cutoff(found, way)
        cuts = {
            f"share of {scale.STANDS_OUT:g}": ("shares", by_share),
            f"z-score of {Z:g}": ("cosines", by_z),
            f"best cosine ({best:.2f})": ("cosines", above(best)),
        }
        for rule, (scores, cut) in cuts.items():
            rows[TITLES[way], rule] = macro(
                [_judged(each, way, scores, cut) for each in found]
            )
    table = pd.DataFrame(rows).T
    return table.rename_axis(["question", "list ends at"])


def by_way(found: Sequence[Searched]) -> pd.DataFrame:
    """The share's lists in every way: index (way, facet), columns of `measured`."""
    rows = {
        (way, each.asked.facet): measured(
            each.asked.right, each.shares[way] >= scale.STANDS_OUT
        )
        for way in WAYS
        for each in found
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.set_axis(pd.MultiIndex.from_tuples(rows, names=["way", "facet"]))


def grid(table: pd.DataFrame) -> pd.DataFrame:
    """`by_way` as the page shows it: ways down, facets across, "precision / recall"
    in percent, their means over facets first."""
    means = table.groupby("way", sort=False).mean()
    means.index = pd.MultiIndex.from_product([means.index, ["macro"]])
    whole = pd.concat([table, means])
    cells = [_pair(*row) for row in whole[["precision", "recall"]].to_numpy()]
    facets = ["macro", *table.index.unique("facet")]
    wide = pd.Series(cells, whole.index).unstack()[facets].reindex(list(WAYS))
    return wide.rename(index=WAYS).rename_axis("precision / recall", axis=0)


def _pair(precision: float, recall: float) -> str:
    if np.isnan(precision):
        return "nothing"
    return f"{100 * precision:.0f} / {100 * recall:.0f}"


def by_label(found: Sequence[Searched]) -> pd.DataFrame:
    """A row for each label, without the question and with it: pictures, how many stand
    out and are right, and how many stand out once the label's own are taken away."""
    rows = []
    for each in found:
        right = each.asked.right
        for way in TITLES:
            out = each.shares[way] >= scale.STANDS_OUT
            for n, label in enumerate(each.asked.labels):
                rows.append(
                    {
                        "facet": each.asked.facet,
                        "label": label,
                        "searched under": TITLES[way],
                        "pictures": int(right[n].sum()),
                        "stand out": int(out[n].sum()),
                        "right": int((out[n] & right[n]).sum()),
                        "without its own": int((out[n] & ~right[n]).sum()),
                    }
                )
    return pd.DataFrame(rows)


def by_facet(found: Sequence[Searched]) -> pd.DataFrame:
    """The share by facet, macro last: columns (searched under, measure)."""
    parts = {}
    for way in TITLES:
        rows = {
            each.asked.facet: _judged(each, way, "shares", by_share) for each in found
        }
        table = pd.DataFrame.from_dict(rows, orient="index")
        parts[TITLES[way]] = pd.concat([table, macro(table).to_frame("macro").T])
    return pd.concat(parts, axis=1).rename_axis("facet")


def paged(table: pd.DataFrame) -> pd.DataFrame:
    """`by_facet` or `rules` in percent, as a page is wide: the former without F1."""
    if table.columns.nlevels == 2:
        table = table.drop(columns="F1", level=1)
    words = {PLAIN: "none", ASKED: "the facet's"}
    return (100 * table).rename(columns={"precision": "prec."}, index=words)


def labels_of(found: Sequence[Searched]) -> int:
    return sum(len(each.asked.labels) for each in found)


def findings_of(found: Sequence[Searched]) -> dict[str, Finding]:
    """What the question changes in the lists, over labels."""
    rows = by_label(found).rename(columns={"label": "text"})
    rows = rows.set_index(["searched under", "facet", "text"])
    measures = {
        "recall": ("more of what is right is listed", rows["right"] / rows["pictures"]),
        "empty": (
            "nothing is listed where nothing is right",
            (rows["without its own"] == 0).astype(float),
        ),
    }
    return {
        key: finding(
            f"{words}: with the facet's question − without",
            "share of 0.5, macro",
            difference_of_texts(values.loc[ASKED] - values.loc[PLAIN]),
            "labels",
        )
        for key, (words, values) in measures.items()
    }
