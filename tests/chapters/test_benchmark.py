"""The released files beside the rebuilt ones, or how to get them."""

import pytest
import released_files
from IPython.display import Markdown

from cocofacet.benchmark.dataset import load
from cocofacet.chapters import benchmark
from cocofacet.io import InputError


def test_without_the_files_one_sentence_says_how_to_get_them(tmp_path):
    (only,) = benchmark.beside_released(tmp_path / "released", None)
    assert "`cocofacet fetch coco-facet --out data/coco`" in only.data


def test_an_unusable_folder_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no benchmark file"):
        benchmark.beside_released(tmp_path, None)


def test_with_the_files_tables_are_shown(tmp_path):
    folder = released_files.release(tmp_path)
    shown = benchmark.beside_released(folder, load(folder))
    tables = [part.to_html() for part in shown if not isinstance(part, Markdown)]
    assert "shared positives" in tables[0] and "overcast" in tables[1]
    assert "rebuilt text" in tables[2] and "repeat the positive" in tables[3]
