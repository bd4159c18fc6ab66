"""What the page says of the released files turns with what is in them."""

import pandas as pd
import pytest
import released_files
from IPython.display import Markdown

from cocofacet.benchmark import compare
from cocofacet.benchmark.dataset import load
from cocofacet.chapters import benchmark
from cocofacet.io import InputError


def test_without_the_files_one_sentence_says_how_to_get_them(tmp_path):
    (only,) = benchmark.beside_released(tmp_path / "released", None)
    assert "`cocofacet fetch coco-facet --out data/coco`" in only.data


def test_an_unusable_folder_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no benchmark file"):
        benchmark.beside_released(tmp_path, None)


def test_with_the_files_tables_and_sentences_are_shown(tmp_path):
    folder = released_files.release(tmp_path)
    shown = benchmark.beside_released(folder, load(folder))
    texts = [part.data for part in shown if isinstance(part, Markdown)]
    assert texts[0] == (
        "The released files ask 8 queries, the rebuilt ones 8. Of 7 released pairs of "
        "label and positive picture, 7 are also rebuilt."
    )
    assert texts[1] == "Every label that both have is asked for in the same words."
    assert "1 of 2 on gestures and 1 of 1 on weathers" in texts[2]
    assert "In 1 of them it is the positive" in texts[2]
    tables = [part.to_html() for part in shown if not isinstance(part, Markdown)]
    assert "shared positives" in tables[0] and "overcast" in tables[1]


def test_sentences_turn_with_the_numbers():
    facets = pd.DataFrame(
        {column: [2, 3] for column in compare.COLUMNS}
        | {"only released": [1, 0], "only rebuilt": [0, 0]},
        index=["people", "times"],
    )
    text = benchmark.shared(facets)
    assert "Of 5 released" in text
    assert text.endswith("Labels that only the released ones have: on people.")
    texts = pd.DataFrame(
        [["1 person\n", "one person"]], index=pd.MultiIndex.from_tuples([("p", "1")])
    )
    assert "p, 1: “1 person” against “one person”." in benchmark.wording(texts)
    table = pd.DataFrame(
        {"queries": [4], "repeat a candidate": [0], "repeat the positive": [0]},
        index=["times"],
    )
    assert benchmark.repeated(table) == "No released pool holds a picture twice."
    table["repeat a candidate"] = 3
    assert benchmark.repeated(table).endswith("more than once: 3 of 4 on times.")
