"""The chapter on answering in words: what was said, and what it is worth."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.profiles import Profile

# What the answer is compared with, by mode.
CONTRASTS = {
    "described": "the answer to the question − a description without one",
    "answered-low": "the answer from the picture − from a small one",
    "answered-raw": "the answer, the query reworded − the query as it stands",
}
HEARD = 96  # pictures of each facet whose answers are read aloud


def ways(profile: Profile) -> dict[str, dict[str, object]]:
    """The options of the retriever that answers: asked as it is, about a small picture,
    and with queries that are not reworded."""
    plain = {"max_new_tokens": profile.longest}
    return {
        "answered": plain,
        "answered-low": {**plain, "image_side": profile.low_side},
        "answered-raw": {**plain, "rewritten": False},
    }


def positives(benchmark: Benchmark, facet: str, most: int) -> dict[str, str]:
    """About ``most`` pictures of a facet, evenly from its queries -> their labels."""
    found = {q.candidates[0]: q.label for q in benchmark.of(facet)}
    return dict(list(found.items())[:: max(1, len(found) // most)][:most])


def said(labels: Sequence[str], answers: Sequence[str]) -> pd.DataFrame:
    """What was said most often of the pictures of each label.

    Columns: label (index), pictures, said most often, how often.
    """
    rows = {}
    for label, given in pd.Series(answers).groupby(list(labels)):
        words, count = Counter(given).most_common(1)[0]
        rows[label] = {
            "pictures": len(given),
            "said most often": words or "(nothing)",
            "how often": f"{count} of {len(given)}",
        }
    return pd.DataFrame(rows).T.rename_axis("label")
