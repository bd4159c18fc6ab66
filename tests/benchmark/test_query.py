"""Rows as the released notebooks write them: read into one form, or refused by name."""

import json

import numpy as np
import pytest
import released_files as released
import small_sources as small

from cocofacet.benchmark.dataset import load
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import RELEASED, read_rows
from cocofacet.evaluation.ranking import pools_of
from cocofacet.io import InputError


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return load(released.release(tmp_path_factory.mktemp("released")))


def test_all_facets_are_read_and_nothing_is_known_of_the_labels(found):
    assert found.facets == ("animals", "gestures", "scenes", "people", "weathers")
    assert (found.manifest, found.labels) == ({}, {})
    assert found.eligible("animals", "cat") == found.with_label("animals", "cat") == ()
    assert all(len(query.candidates) == 100 for query in found.queries)


def test_numbers_in_a_text_are_official_paths(found):
    one, two = found.of("gestures")
    assert one.candidates[:3] == tuple(map(small.coco_name, (500, 1, 2)))
    assert one.candidates[-2:] == tuple(map(small.coco_name, (7, 500)))
    assert one.label == two.label == "sit"


def test_file_names_in_a_text_and_texts_of_the_notebooks(found):
    one, many = found.of("people")
    assert one.candidates[:2] == ("v7w_500.jpg", "v7w_1.jpg")
    assert (one.label, many.label) == ("1", "over 10")
    assert one.text == "Find me an everyday image showing 1 person in the picture."


def test_bare_names_of_coco_get_their_folder_and_others_do_not(found):
    (query,) = found.of("weathers")
    assert query.label == "overcast"
    assert query.candidates[:4] == (
        small.coco_name(500),
        "VisualDialog_val2018_000000000001.jpg",
        "v7w_1.jpg",
        small.coco_name(1),
    )


def test_names_are_those_of_the_annotations_however_they_are_written(tmp_path):
    """Else a picture that both benchmarks share would count as two."""
    written = [f".\\val2017\\{n:012d}.jpg" for n in range(50)]
    written += [f"http://host/val2017/{n:012d}.jpg" for n in range(50, 100)]
    row = {"qry_text": FACETS["animals"].wording("cat"), "tgt_img_path": written}
    path = small.write(tmp_path / "a.json", [row])
    (query,) = read_rows(path, FACETS["animals"])
    assert query.candidates == tuple(map(small.coco_name, range(100)))


def test_the_positive_among_its_own_negatives_does_not_outrank_itself(found):
    """One gesture's pool holds its positive again, and an image twice."""
    pools = pools_of(found, "gestures")
    scores = np.zeros((1, len(found.images)))
    scores[0, found.indices([small.coco_name(500)])] = 1
    table = pools.ranks(scores, "general", None)
    assert table["rank"].tolist() == [1, 1]
    scores[0, found.indices([small.coco_name(7)])] = 2
    table = pools.ranks(scores, "general", None)
    assert table["rank"].tolist() == [3, 2], "an image that is there twice counts twice"
    assert table[["eligible", "above"]].isna().all(axis=None)


BAD = [
    ("animals", "['val2017/1.jpg'", "is a text, but not the text of a list"),
    ("animals", "__import__('os').getcwd()", "is a text, but not the text of a list"),
    ("animals", "[" * 100_000, "is a text, but not the text of a list"),
    ("animals", "{}", "is not a list"),
    ("gestures", f"{list(range(99))}", "has 99 candidates, not 100"),
    ("gestures", f"{[-1, *range(99)]}", "-1 is the number of no image"),
    ("people", f"{list(range(100))}", "0 is the number of no image"),
    ("gestures", [True, *range(99)], "True is not a path"),
    ("gestures", [1.5, *range(99)], "1.5 is not a path"),
    ("gestures", [["a.jpg"], *range(99)], "['a.jpg'] is not a path"),
    ("people", f"{['../a.jpg'] * 100}", "'../a.jpg' leaves the images folder"),
]


@pytest.mark.parametrize(("facet", "candidates", "message"), BAD)
def test_what_stands_for_no_pool_is_refused(facet, candidates, message, tmp_path):
    path = tmp_path / RELEASED / f"{FACETS[facet].stem}.json"
    path.parent.mkdir()
    text = FACETS[facet].wording(FACETS[facet].labels[0])
    good = released.row(text, [f"{n}.jpg" for n in range(100)])
    bad = good | {"tgt_img_path": candidates}
    path.write_text(json.dumps([good, bad]))
    with pytest.raises(InputError) as caught:
        load(path.parent)
    assert f"{path}: row 1: tgt_img_path: {message}" in str(caught.value)
    assert f"cocofacet fetch {path.name} --out {tmp_path}`" in str(caught.value)
