"""A pool whose files are not there is left out, and the chapter goes on."""

from types import SimpleNamespace

import pandas as pd

from cocofacet.chapters import pools
from cocofacet.io import InputError


def test_what_is_there_is_kept_and_the_rest_is_named(capsys):
    class Lost:
        @property
        def benchmark(self):
            raise InputError("SUN397: pictures are not there. Run `cocofacet fetch`.")

    known = {"sun397": Lost(), "captions": SimpleNamespace(benchmark=())}
    workspace = SimpleNamespace(pool=known.get)
    assert pools.there(workspace, known) == {"captions": known["captions"]}
    assert capsys.readouterr().out == (
        "left out: SUN397: pictures are not there. Run `cocofacet fetch`.\n"
    )


def test_each_base_and_pool_has_a_finding_and_so_has_each_cost():
    def table(facet, difference):
        low, high = difference - 0.1, difference + 0.1
        return pd.DataFrame(
            {"facet": [facet], "difference": difference, "low": low, "high": high}
        )

    gains = {("a", "x"): table("macro", 0.5), ("a", "y"): table("macro", 0.05)}
    found = pools.findings_of(gains, {"a": table("captions", -0.2)}, 1)
    assert {key: each.verdict for key, each in found.items()} == {
        "case_0": "holds", "case_1": "undecided", "captions_0": "fails",
    }  # fmt: skip
    assert found["case_1"].contrast.endswith("a, y")
