"""A rendered world's truth: read, and spread to pictures that nobody annotated."""

import json

import numpy as np
import pytest

from cocofacet.evaluation import drawn_scenes
from cocofacet.io import InputError


def test_scenes_of_all_files_and_none_for_photographs(tmp_path):
    assert drawn_scenes.read_scenes(tmp_path) == {}
    (tmp_path / "truth.json").write_text(json.dumps({"a.jpg": {"time": "dusk"}}))
    (tmp_path / "anchors.json").write_text(json.dumps({"anchors/b.jpg": {"time": "x"}}))
    assert set(drawn_scenes.read_scenes(tmp_path)) == {"a.jpg", "anchors/b.jpg"}
    (tmp_path / "truth.json").write_text("[]")
    with pytest.raises(InputError, match="truth"):
        drawn_scenes.read_scenes(tmp_path)


def told(*columns):
    return np.array(columns, bool).T


DAY, NIGHT, UNKNOWN = (1, 0), (0, 1), (0, 0)


def scenes(**attributes):
    """One scene a picture; an attribute's value is a letter of its word."""
    return [
        dict(zip(attributes, values, strict=True))
        for values in zip(*attributes.values(), strict=True)
    ]


def test_a_scene_like_an_annotated_one_is_told_the_same():
    found = drawn_scenes.spread(
        told(DAY, NIGHT, UNKNOWN, UNKNOWN, UNKNOWN),
        [{"time": "d"}, {"time": "n"}, {"time": "n"}, {"time": "x"}, None],
    )
    assert np.array_equal(found, told(DAY, NIGHT, NIGHT, UNKNOWN, UNKNOWN))


def test_an_attribute_that_contradicts_the_annotations_is_not_the_one():
    """Both pictures of the park differ in their label: the place does not tell it."""
    start = told(DAY, NIGHT, UNKNOWN)
    found = drawn_scenes.spread(start, scenes(place="ppp", time="dnd"))
    assert np.array_equal(found, told(DAY, NIGHT, DAY))
    assert np.array_equal(drawn_scenes.spread(start, scenes(place="ppp")), start)


def test_of_two_attributes_that_fit_the_one_that_tells_more_counts():
    """Every scene has a number of its own: it fits and tells nothing."""
    found = drawn_scenes.spread(
        told(DAY, NIGHT, UNKNOWN, UNKNOWN), scenes(number="1234", time="dnnd")
    )
    assert np.array_equal(found, told(DAY, NIGHT, NIGHT, DAY))


def test_what_was_known_stays_and_without_scenes_nothing_is_added():
    start = told(DAY, UNKNOWN)
    assert np.array_equal(drawn_scenes.spread(start, [None, None]), start)
    assert not np.shares_memory(drawn_scenes.spread(start, scenes(time="dd")), start)
