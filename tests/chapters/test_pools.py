"""A pool whose files are not there is left out, and the chapter goes on."""

from types import SimpleNamespace

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
    assert pools.captions({}, 1) == ""
