"""What a rendered world's pictures truly show, and what follows: false negatives. The
world keeps the scene of each picture beside its annotations; photographs have none."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cocofacet.benchmark.build import draw
from cocofacet.benchmark.dataset import Benchmark, Labels
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import POOL
from cocofacet.evaluation.ranking import not_below
from cocofacet.io import InputError, read_json

TRUTH = "truth.json"  # of the gallery
ANCHORS = "anchors.json"  # of the pictures held out from it
# The fields of a scene that decide labels.
FIELDS = sorted({f.world_field for f in FACETS.values() if f.world_field})

Scene = Mapping[str, object]  # field -> value, in the world's own words
Truth = Mapping[str, Scene]  # image -> its scene


def read_truth(annotations: Path, held_out: bool = False) -> Truth:
    """The scenes of the gallery, and of the held-out pictures if asked for, from the
    folder of annotations; none for photographs.

    Raises:
        InputError: a file is there but is no table of scenes.
    """
    names = (TRUTH, ANCHORS) if held_out else (TRUTH,)
    found = {}
    for path in filter(Path.is_file, (Path(annotations) / name for name in names)):
        for image, scene in read_json(path, dict).items():
            if not isinstance(scene, dict) or not scene.keys() >= set(FIELDS):
                raise InputError(
                    f"{path}: {image}: is no scene with the fields "
                    f"{', '.join(FIELDS)}. Render the world again."
                )
            found[image] = scene
    return found


def meanings(benchmark: Benchmark, truth: Truth, facet: str) -> dict[str, object]:
    """Label -> the value of the scene's field that it stands for.

    A label stands for what most images annotated with it show: "by the sea" is the
    value ``beach``, sunny and clear are one weather.
    """
    name = FACETS[facet].world_field
    seen: dict[str, Counter] = defaultdict(Counter)
    for image, labels in benchmark.labels[facet].items():
        for label in labels:
            seen[label][truth[image][name]] += 1
    return {label: seen[label].most_common(1)[0][0] for label in sorted(seen)}


def true_labels(benchmark: Benchmark, truth: Truth) -> Labels:
    """Facet -> every image of the gallery -> all labels that hold of its scene.

    Raises:
        InputError: an image of the gallery is not in the truth.
    """
    if missing := sorted(set(benchmark.images) - truth.keys()):
        raise InputError(
            f"{TRUTH}: {missing[0]}: is missing. Render the world again, so that "
            "pictures and truth go together."
        )
    found = {}
    for facet in benchmark.facets:
        name = FACETS[facet].world_field
        if not name:  # not drawn by the world: what the annotations say stands
            here = benchmark.labels[facet]
            found[facet] = {image: here.get(image, ()) for image in benchmark.images}
            continue
        labels_of = defaultdict(list)
        for label, value in meanings(benchmark, truth, facet).items():
            labels_of[value].append(label)
        found[facet] = {
            image: tuple(labels_of.get(truth[image][name], ()))
            for image in benchmark.images
        }
    return found


def closed_world(benchmark: Benchmark, seed: int) -> Benchmark:
    """The same queries with negatives from *all* images not annotated with the label,
    also from those not annotated for the facet at all: the closed-world assumption."""
    queries, others = [], {}
    for query in benchmark.queries:
        key = (query.facet, query.label)
        if key not in others:
            with_label = set(benchmark.with_label(*key))
            others[key] = [name for name in benchmark.images if name not in with_label]
        drawn = draw(others[key], POOL - 1, (seed, "silence", query.id))
        queries.append(replace(query, candidates=(query.candidates[0], *drawn)))
    return replace(benchmark, queries=tuple(queries))


def false_negatives(benchmark: Benchmark, true: Labels) -> np.ndarray:
    """Which negatives of each pool truly have the label asked for: (Q, 99) bool.

    A search that ranks one of them high is right and is counted wrong.
    """
    rows = [
        [query.label in true[query.facet][image] for image in query.candidates[1:]]
        for query in benchmark.queries
    ]
    return np.array(rows)


def ranks_three_ways(scores: np.ndarray, false: np.ndarray) -> dict[str, np.ndarray]:
    """Ranks (Q,) of what is to be found, from scores (Q, C) and false (Q, C - 1).

    as is: of the positive among all candidates. removed: with the false negatives taken
    out of the pool. right: of the best image that truly has the label, positive or
    false negative. Ties and NaN count against, as everywhere.
    """
    positive, negatives = scores[:, :1], scores[:, 1:]
    true = np.where(false, -np.inf, negatives)
    true_images = np.hstack([positive, np.where(false, negatives, -np.inf)])
    best = np.fmax.reduce(true_images, axis=1, keepdims=True)

    def rank(of: np.ndarray, among: np.ndarray) -> np.ndarray:
        # What was taken out stands behind everything, even behind a NaN.
        return 1 + not_below(of, among) - (np.isnan(of) & (among == -np.inf)).sum(1)

    return {
        "as is": rank(positive, negatives),
        "removed": rank(positive, true),
        "right": rank(best, true),
    }


def extend_labels(labels: np.ndarray, scenes: Sequence[Scene | None]) -> np.ndarray:
    """Label unannotated pictures as the annotated pictures of scenes like theirs are.

    labels (C, M) bool: the classes of each picture as a multi-hot column, all False
    where nothing is known; scenes (M): each picture's scene, or None. Returns (C, M)
    bool; columns that were known stay as they are. One field of the scene decides: its
    values each go with a single column, and of several such it labels most pictures.
    """
    best = labels
    for name in {name: None for scene in scenes for name in scene or ()}:
        values = [None if s is None else (s[name],) for s in scenes]
        found = _by_value(labels, values)
        if found is not None and found.any(axis=0).sum() > best.any(axis=0).sum():
            best = found
    return best


def _by_value(labels: np.ndarray, values: Sequence) -> np.ndarray | None:
    """The columns of ``labels``, also for pictures of the same value; None where two
    pictures of one value have different columns."""
    column_of = {}
    for value, column in zip(values, labels.T, strict=True):
        if value is None or not column.any():
            continue
        if not np.array_equal(column_of.setdefault(value, column), column):
            return None
    found = labels.copy()
    for place in np.flatnonzero(~labels.any(axis=0)):
        if values[place] in column_of:
            found[:, place] = column_of[values[place]]
    return found
