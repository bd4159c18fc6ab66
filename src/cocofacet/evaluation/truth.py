"""What is true of a picture, beside what its annotations say: false negatives.

A rendered world writes ``truth.json`` beside its annotations: image -> the scene it was
drawn from. Of photographs nobody knows the truth, and there is no such file.

A false negative is a candidate that carries the label without its annotations saying
so. The search that ranks it high is right and is counted wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from cocofacet.benchmark.build import Benchmark, draw
from cocofacet.benchmark.carried import Carried
from cocofacet.benchmark.query import POOL
from cocofacet.evaluation.ranking import not_below
from cocofacet.io import InputError, read_json

TRUTH = "truth.json"
FIELDS = {  # facet -> the field of a scene that decides its labels
    "objects": "obj",
    "animals": "animal",
    "gestures": "gesture",
    "scenes": "place",
    "times": "time",
    "people": "people",
    "weathers": "weather",
    "materials": "material",
}

Truth = Mapping[str, Mapping[str, object]]


def read_truth(annotations: Path) -> Truth:
    """Image -> its scene, from the folder of annotations; empty where it is not known.

    Raises ``InputError`` for a file that is there and is no such table.
    """
    path = Path(annotations) / TRUTH
    if not path.is_file():
        return {}
    truth = read_json(path, dict)
    for image, scene in truth.items():
        if not isinstance(scene, dict) or not scene.keys() >= set(FIELDS.values()):
            raise InputError(
                f"{path}: {image}: is no scene with the fields "
                f"{', '.join(sorted(FIELDS.values()))}. Render the world again."
            )
    return truth


def meanings(benchmark: Benchmark, truth: Truth, facet: str) -> dict[str, object]:
    """Label -> the value of the scene's field that it stands for.

    Read from the annotated images and not from a table of words: a label stands for
    what most images annotated with it show. "by the sea" is the value ``beach``; sunny
    and clear are one weather.
    """
    seen: dict[str, Counter] = defaultdict(Counter)
    for image, labels in benchmark.carried[facet].items():
        for label in labels:
            seen[label][truth[image][FIELDS[facet]]] += 1
    return {label: seen[label].most_common(1)[0][0] for label in sorted(seen)}


def truly_carried(benchmark: Benchmark, truth: Truth) -> Carried:
    """Facet -> every image of the gallery -> all labels that hold of its scene.

    Raises ``InputError`` when an image of the gallery is not in the truth.
    """
    if missing := sorted(set(benchmark.images) - truth.keys()):
        raise InputError(
            f"{TRUTH}: {missing[0]}: is missing. Render the world again, so that "
            "pictures and truth go together."
        )
    found = {}
    for facet in benchmark.facets:
        labels_of = defaultdict(list)
        for label, value in meanings(benchmark, truth, facet).items():
            labels_of[value].append(label)
        found[facet] = {
            image: tuple(labels_of.get(truth[image][FIELDS[facet]], ()))
            for image in benchmark.images
        }
    return found


def silence_is_no(benchmark: Benchmark, seed: int) -> Benchmark:
    """The same queries with negatives from *all* images not annotated with the label.

    What a benchmark does that takes silence for a no: it asks neither whether an image
    was annotated for the facet at all nor whether its label is too near.
    """
    queries, others = [], {}
    for query in benchmark.queries:
        key = (query.facet, query.label)
        if key not in others:
            carrying = set(benchmark.carrying(*key))
            others[key] = [image for image in benchmark.images if image not in carrying]
        drawn = draw(others[key], POOL - 1, (seed, "silence", query.id))
        queries.append(replace(query, candidates=(query.candidates[0], *drawn)))
    return replace(benchmark, queries=tuple(queries))


def false_negatives(benchmark: Benchmark, truly: Carried) -> np.ndarray:
    """Which negatives of each pool truly carry the label asked for: (Q, 99) bool."""
    return np.array(
        [
            [query.label in truly[query.facet][image] for image in query.candidates[1:]]
            for query in benchmark.queries
        ]
    )


def ranks_three_ways(scores: np.ndarray, false: np.ndarray) -> dict[str, np.ndarray]:
    """Ranks (Q,) of what is to be found, from scores (Q, C) and false (Q, C - 1).

    as is: of the positive among all candidates. removed: the false negatives taken out
    of the pool. right: of the best image that truly carries the label, whether it is
    the positive or a false negative. Ties and NaN count against, as everywhere.
    """
    positive, negatives = scores[:, :1], scores[:, 1:]
    true = np.where(false, -np.inf, negatives)
    carriers = np.hstack([positive, np.where(false, negatives, -np.inf)])
    best = np.fmax.reduce(carriers, axis=1, keepdims=True)

    def rank(of: np.ndarray, among: np.ndarray) -> np.ndarray:
        # What was taken out stands behind everything, even behind a NaN.
        return 1 + not_below(of, among) - (np.isnan(of) & (among == -np.inf)).sum(1)

    return {
        "as is": rank(positive, negatives),
        "removed": rank(positive, true),
        "right": rank(best, true),
    }
