"""False negatives: what truly has a label, and what that does to a rank."""

import json
from dataclasses import replace

import numpy as np
import pytest
import small_truth
from small_truth import NAME, scene

from cocofacet.benchmark.facets import FACETS
from cocofacet.evaluation import truth
from cocofacet.io import InputError


@pytest.fixture
def beaches():
    return small_truth.beaches()


def test_labels_mean_what_their_pictures_show(beaches):
    benchmark, known = beaches
    assert truth.meanings(benchmark, known, "scenes") == {
        "by the sea": "beach",
        "in a kitchen": "kitchen",
        "on a beach": "beach",
    }
    true = truth.true_labels(benchmark, known)["scenes"]
    assert true[NAME(205)] == ("by the sea", "on a beach")
    assert true[NAME(150)] == ("in a kitchen",)
    assert set(true) == set(benchmark.images)


def test_the_rules_keep_false_negatives_out_and_a_closed_world_lets_them_in(beaches):
    benchmark, known = beaches
    true = truth.true_labels(benchmark, known)
    assert not truth.false_negatives(benchmark, true).any()
    closed = truth.closed_world(benchmark, 0)
    (pool,) = [query.candidates for query in closed.queries]
    assert len(set(pool)) == 100 and NAME(2) not in pool
    unasked = {NAME(1), *map(NAME, range(200, 210))}
    expected = [image in unasked for image in pool[1:]]
    assert any(expected)
    assert truth.false_negatives(closed, true).tolist() == [expected]
    assert closed.images == benchmark.images
    assert truth.closed_world(benchmark, 0) == closed
    assert truth.closed_world(benchmark, 1) != closed


def test_ranks_by_hand():
    scores = np.array([[0.5, 0.9, 0.7, 0.1], [0.5, 0.9, 0.7, 0.1], [0.5, 0.5, 0, 0]])
    false = np.array([[True, False, False], [False, True, False], [True, False, False]])
    ranks = truth.ranks_three_ways(scores, false)
    assert ranks["as is"].tolist() == [3, 3, 2]
    assert ranks["removed"].tolist() == [2, 2, 1]
    assert ranks["right"].tolist() == [1, 2, 1]


def test_broken_scores_gain_nothing():
    scores = np.array([[np.nan, 0.5, 0.1], [0.5, np.nan, 0.1]])
    none = np.zeros((2, 2), bool)
    for ranks in truth.ranks_three_ways(scores, none).values():
        assert ranks.tolist() == [3, 2]
    one = truth.ranks_three_ways(scores, np.array([[True, False], [True, False]]))
    assert one["removed"].tolist() == [2, 1]
    assert one["right"].tolist() == [1, 1], "a broken picture is not to be found"


def test_truth_is_read_where_there_is_one(tmp_path, beaches):
    assert truth.read_truth(tmp_path) == {}
    path = tmp_path / truth.TRUTH
    path.write_text(json.dumps({NAME(0): scene()}))
    assert truth.read_truth(tmp_path) == {NAME(0): scene()}
    with pytest.raises(InputError, match=r"is missing\. Render the world again"):
        truth.true_labels(beaches[0], truth.read_truth(tmp_path))
    path.write_text(json.dumps({NAME(0): {"place": "street"}}))
    with pytest.raises(InputError, match=r"truth.json: v7w_0.jpg: is no scene"):
        truth.read_truth(tmp_path)


def test_scenes_of_all_files_and_none_for_photographs(tmp_path):
    assert truth.read_truth(tmp_path, held_out=True) == {}
    (tmp_path / truth.TRUTH).write_text(json.dumps({"a.jpg": scene(time="dusk")}))
    (tmp_path / truth.ANCHORS).write_text(json.dumps({"anchors/b.jpg": scene()}))
    assert set(truth.read_truth(tmp_path, held_out=True)) == {"a.jpg", "anchors/b.jpg"}
    (tmp_path / truth.TRUTH).write_text("[]")
    with pytest.raises(InputError, match="truth"):
        truth.read_truth(tmp_path, held_out=True)


def test_a_facet_that_the_world_does_not_draw_keeps_its_annotations(
    beaches, monkeypatch
):
    benchmark, known = beaches
    undrawn = replace(FACETS["scenes"], world_field="")
    monkeypatch.setitem(FACETS, "scenes", undrawn)
    true = truth.true_labels(benchmark, known)["scenes"]
    assert true[NAME(0)] == ("on a beach",) and true[NAME(205)] == ()


def test_an_image_of_another_benchmark_is_named(beaches):
    benchmark, known = beaches
    known = {image: each for image, each in known.items() if image != NAME(150)}
    with pytest.raises(InputError, match=NAME(150)):
        truth.true_labels(replace(benchmark), known)


def columns(*labels):
    return np.array(labels, bool).T


DAY, NIGHT, UNKNOWN = (1, 0), (0, 1), (0, 0)


def scenes(**attributes):
    """One scene a picture; an attribute's value is a letter of its word."""
    return [
        dict(zip(attributes, values, strict=True))
        for values in zip(*attributes.values(), strict=True)
    ]


def test_a_scene_like_an_annotated_one_gets_its_labels():
    found = truth.extend_labels(
        columns(DAY, NIGHT, UNKNOWN, UNKNOWN, UNKNOWN),
        [{"time": "d"}, {"time": "n"}, {"time": "n"}, {"time": "x"}, None],
    )
    assert np.array_equal(found, columns(DAY, NIGHT, NIGHT, UNKNOWN, UNKNOWN))


def test_an_attribute_that_contradicts_the_annotations_is_not_the_one():
    """Both pictures of the park differ in their label: it is not the place."""
    start = columns(DAY, NIGHT, UNKNOWN)
    found = truth.extend_labels(start, scenes(place="ppp", time="dnd"))
    assert np.array_equal(found, columns(DAY, NIGHT, DAY))
    assert np.array_equal(truth.extend_labels(start, scenes(place="ppp")), start)


def test_of_two_attributes_that_fit_the_one_that_labels_more_counts():
    """Every scene has a number of its own: it fits and labels nothing."""
    found = truth.extend_labels(
        columns(DAY, NIGHT, UNKNOWN, UNKNOWN), scenes(number="1234", time="dnnd")
    )
    assert np.array_equal(found, columns(DAY, NIGHT, NIGHT, DAY))


def test_what_was_known_stays_and_without_scenes_nothing_is_added():
    start = columns(DAY, UNKNOWN)
    assert np.array_equal(truth.extend_labels(start, [None, None]), start)
    assert not np.shares_memory(truth.extend_labels(start, scenes(time="dd")), start)
