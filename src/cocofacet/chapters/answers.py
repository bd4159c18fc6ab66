"""The chapter on answering in words: what was said, and what it is worth."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.profiles import Profile
from cocofacet.report.sentences import difference, listed, percent
from cocofacet.report.tables import facets_only, row_of

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


def in_short(found: Mapping[str, pd.DataFrame], k: int) -> dict[str, str]:
    """One sentence a comparison; found maps mode -> its differences to "answered"."""
    against = {
        "described": "A description without a question",
        "answered-low": "An answer from a small picture",
        "answered-raw": "An answer, searched with the query as it stands,",
    }
    return {
        mode: difference(row_of(table, "macro"), against[mode], "the answer", k)
        for mode, table in found.items()
    }


def beside_prompted(answered: pd.DataFrame, prompted: pd.DataFrame) -> str:
    """Answers in words beside prompted embeddings of other weights, so no difference:
    both are `tables.recalls` of one mode."""
    a, b = (row_of(table, "macro").recall for table in (answered, prompted))
    ahead_by = facets_only(answered).set_index("facet").recall
    ahead_by -= facets_only(prompted).set_index("facet").recall
    better = list(ahead_by.index[ahead_by > 0])
    ahead = f"ahead on {listed(better)}" if better else "ahead on no facet"
    return (
        f"Answers in words find {percent(a)}, prompted embeddings {percent(b)} (macro "
        f"over facets; other weights, so this compares the two systems and not the two "
        f"ideas). Words are {ahead}."
    )
