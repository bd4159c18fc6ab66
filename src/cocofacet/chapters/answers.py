"""The chapter on answering in words: what was said, and what it is worth."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.report.sentences import difference, listed, percent
from cocofacet.report.style import MODES, chance_line, finished
from cocofacet.report.tables import row_of


def said(labels: Sequence[str], answers: Sequence[str]) -> pd.DataFrame:
    """What was said most often of the pictures of each label.

    Columns: label (index), pictures, said most often, how often.
    """
    by_label: dict[str, list[str]] = {}
    for label, answer in zip(labels, answers, strict=True):
        by_label.setdefault(label, []).append(answer)
    rows = {}
    for label, given in sorted(by_label.items()):
        words, count = Counter(given).most_common(1)[0]
        rows[label] = {
            "pictures": len(given),
            "said most often": words or "(nothing)",
            "how often": f"{count} of {len(given)}",
        }
    return pd.DataFrame(rows).T.rename_axis("label")


def recalls(table: pd.DataFrame, modes: Sequence[str], k: int, shown_as: str) -> Figure:
    """A dot with its interval for each facet and way; table as `tables.recalls`."""
    facets = list(dict.fromkeys(table.facet))
    figure, axes = plt.subplots(
        figsize=(7, (0.28 + 0.12 * len(modes)) * len(facets) + 1.2),
        layout="constrained",
    )
    for place, mode in enumerate(modes):
        words, colour, marker = MODES[mode]
        rows = table[table["mode"] == mode].set_index("facet").reindex(facets)
        axes.errorbar(
            100 * rows.recall,
            np.arange(len(facets)) + 0.19 * (place - (len(modes) - 1) / 2),
            xerr=100 * np.vstack([rows.recall - rows.low, rows.high - rows.recall]),
            fmt=marker, color=colour, label=words, elinewidth=1.6,
        )  # fmt: skip
    chance_line(axes, k)
    axes.set(xlim=(-1, 102), xlabel=f"Recall@{k} (%)")
    axes.set_yticks(np.arange(len(facets)), facets)
    axes.invert_yaxis()
    handles, words = axes.get_legend_handles_labels()
    figure.legend(
        handles, words, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2
    )
    return finished(figure, shown_as)


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
    """Answers in words beside prompted embeddings, of other weights.

    Both are `tables.recalls` of one mode. No difference is formed: the two are not the
    same model.
    """
    a, b = (row_of(table, "macro").recall for table in (answered, prompted))
    both = answered.set_index("facet").recall - prompted.set_index("facet").recall
    facets = [f for f in both.index if f not in ("macro", "micro", "balanced")]
    better = [facet for facet in facets if both[facet] > 0]
    ahead = f"ahead on {listed(better)}" if better else "ahead on no facet"
    return (
        f"Answers in words find {percent(a)}, prompted embeddings {percent(b)} (macro "
        f"over facets; other weights, so this compares the two systems and not the two "
        f"ideas). Words are {ahead}."
    )
