"""Words in a list are joined as in a sentence."""

from cocofacet.report import sentences


def test_listed():
    assert sentences.listed([]) == "none"
    assert sentences.listed(["a"]) == "a"
    assert sentences.listed(["a", "b", "c"]) == "a, b and c"
