"""The text that gains most, and what it finds first, by hand."""

import numpy as np
import pandas as pd
from small_tables import table_of

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.query import Query
from cocofacet.chapters import prompted


def test_the_facet_and_the_text_that_gain_most():
    rows = [("a", "x?", "x", 1), ("a", "y?", "y", 1), ("b", "u?", "u", 1)]
    rows += [("b", "v?", "v", 1), ("b", "w?", "w", 1)]
    before = {"x": 9, "y": 1, "u": 1, "v": 9, "w": 9}
    ranks = table_of(rows).assign(mode="prompted")
    general = ranks.assign(mode="general", rank=ranks.label.map(before))
    both = pd.concat([general, ranks], ignore_index=True)
    facet, text = prompted.most_gained(both)
    assert facet == "b"
    assert text == both.text[both.label == "v"].iloc[0]


def test_what_is_found_first_under_each_prompt():
    names = [f"{number}.jpg" for number in range(8)]
    labels = {name: ("dusk",) if n in (1, 6) else () for n, name in enumerate(names)}
    query = Query("q:0", "times", "dusk", "A photo taken at dusk.", tuple(names))
    benchmark = Benchmark((query,), {}, {"times": labels})
    general = np.arange(8.0)[:, None]  # 7 is nearest, then 6, 5, 4, 3
    pictures, right = prompted.first_found(
        benchmark, np.ones(1), {None: general, "when?": -general}, "times", "dusk"
    )
    found = [name for name, _ in pictures]
    assert found == [names[n] for n in (7, 6, 5, 4, 0, 1, 2, 3)]
    assert right == [1, 5]
    assert pictures[1] == ("6.jpg", "dusk") and pictures[0] == ("7.jpg", "none")
