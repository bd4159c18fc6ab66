"""What was said most often, by hand."""

from cocofacet.chapters.answers import said


def test_what_was_said_most_often():
    found = said(["2", "2", "2", "1"], ["two", "two people", "two", ""])
    assert found.loc["2", "said most often"] == "two"
    assert found.loc["2", "how often"] == "2 of 3"
    assert found.loc["1", "said most often"] == "(nothing)"
