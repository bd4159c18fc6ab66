"""The tables between ranks and figures, on ranks small enough to count by hand."""

import pandas as pd
import pytest

from cocofacet.evaluation.ranking import COLUMNS
from cocofacet.report import tables


def ranks(mode, values):
    rows = {
        "profile": "mini", "run": "a", "retriever": "r", "revision": "v", "mode": mode,
        "prompt": None, "facet": ["people"] * 3 + ["times"] * 3,
        "query": list("012345"), "text": list("aabcde"), "label": list("aabcde"),
        "rank": values,
    }  # fmt: skip
    return pd.DataFrame(rows)[COLUMNS]


def test_recalls_have_facets_then_the_three_averages():
    table = tables.recalls(ranks("general", [1, 1, 9, 1, 9, 9]), 1)
    assert list(table.facet) == ["people", "times", "macro", "micro", "balanced"]
    found = table.set_index("facet")
    assert found.recall["people"] == pytest.approx(2 / 3)
    assert found.recall["macro"] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert found.recall["micro"] == pytest.approx(3 / 6)
    assert found.recall["balanced"] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert found.texts["people"] == 2
    assert (found.low <= found.recall).all() and (found.recall <= found.high).all()


def test_differences_are_paired_and_signed():
    better = ranks("prompted", [1, 1, 1, 1, 9, 9])
    worse = ranks("general", [9, 9, 1, 1, 9, 9])
    found = tables.differences(better, worse, 1).set_index("facet")
    assert found.difference["people"] == pytest.approx(2 / 3)
    assert found.difference["times"] == 0
    assert found.low["times"] == found.high["times"] == 0  # no query changed
    opposite = tables.differences(worse, better, 1).set_index("facet")
    assert opposite.difference["macro"] == -found.difference["macro"]


def test_a_mode_that_was_not_run_is_an_error():
    with pytest.raises(ValueError, match="no ranks of mode 'wrong'"):
        tables.of_mode(ranks("general", [1] * 6), "wrong")


def test_cells_show_percent_and_leave_out_what_is_not_there():
    nan = float("nan")
    assert tables.with_interval(0.662, 0.601, 0.715) == "66.2 [60.1, 71.5]"
    assert tables.with_interval(0.5, nan, nan) == "50.0"
    assert tables.with_interval(-0.02, -0.05, 0.01, sign=True) == "−2.0 [−5.0, +1.0]"


def test_the_grid_shows_the_expectation_where_it_is_known():
    general = ranks("general", [1, 1, 9, 1, 9, 9])
    known = general.assign(eligible=198, above=[0, 0, 1, 0, 1, 1])
    by_k = {1: tables.recalls(known, 1)}
    grid = tables.recall_grid(by_k, {"general": "no prompt"})
    assert list(grid["no prompt"].columns) == ["R@1", "R@1 expected"]
    # Of people two are certain and one is half a hit; of times one and two halves.
    expected = grid["no prompt", "R@1 expected"]
    assert expected["people"] == "83.3" and expected["times"] == "66.7"
    assert expected["macro"] == "75.0"
    by_k = {1: tables.recalls(general, 1)}
    grid = tables.recall_grid(by_k, {"general": "no prompt"})
    assert list(grid["no prompt"].columns) == ["R@1"]


def test_question_by_facet_puts_the_own_question_on_the_diagonal():
    questions = {"people": "how many?", "times": "when?"}
    own = ranks("prompted", [1, 1, 1, 1, 9, 9])
    own["prompt"] = own.facet.map(questions)
    wrong = ranks("wrong", [9, 9, 9, 1, 1, 9])
    wrong["prompt"] = wrong.facet.map({"people": "when?", "times": "how many?"})
    grid = tables.question_by_facet(pd.concat([own, wrong]), questions, 1)
    assert grid.loc["people", "people"] == 1
    assert grid.loc["times", "times"] == pytest.approx(1 / 3)
    assert grid.loc["times", "people"] == 0
    assert grid.loc["people", "times"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("index", "kind"),
    [
        (["people"], "dataframe wide "),
        (["Ridge in place of least squares"], "dataframe long "),
        ([], "dataframe wide "),
        (pd.MultiIndex.from_tuples([("gallery", "ridge")]), "dataframe wide grouped "),
    ],
)
def test_a_table_is_laid_out_by_the_names_of_its_rows(index, kind):
    table = pd.DataFrame({"recall": [1] * len(index)}, index)
    assert f'class="{kind}' in tables.shown(table, "a").to_html()


def test_a_table_of_too_many_columns_has_a_row_for_each_group_of_them():
    wide = {(f"model {m}", f"R@{k}"): [m * k, m + k] for m in range(4) for k in (1, 5)}
    facets = pd.Index(["people", "times"], name="facet")
    eight = pd.DataFrame(wide, facets)
    assert tables.narrow(eight) is eight
    more = pd.DataFrame({**wide, ("", "texts"): [7, 4], ("model 4", "R@1"): 9}, facets)
    found = tables.narrow(more)
    assert list(found.columns) == ["R@1", "R@5", "texts"]
    assert found.index[1] == ("people", "model 1") and len(found) == 10
    assert [*found.loc[("times", "model 3")]] == [4, 8, 4]
    assert pd.isna(found.loc[("people", "model 4"), "R@5"])
    said = tables.narrow(more.astype(str)).loc[("people", "model 4")]
    assert [*said] == ["9", "", "7"]
    assert tables.shown(more, "a").data.shape == (10, 3)
