"""Released against rebuilt: counts by hand, on files of the released structure."""

import pytest
import released_files as released
import small_sources as small

from cocofacet.benchmark import compare
from cocofacet.benchmark.dataset import load
from cocofacet.benchmark.facets import FACETS
from cocofacet.cli import main


def rebuild(folder):
    """A rebuilt benchmark that shares some of the released one."""
    paths = [small.coco_name(n) for n in range(100, 199)]
    wording = {name: facet.wording for name, facet in FACETS.items()}
    files = {
        "animals": [
            released.row(wording["animals"]("cat"), [small.coco_name(n), *paths])
            for n in (500, 501)
        ]
        + [released.row(wording["animals"]("dog"), [small.coco_name(502), *paths])],
        "gestures": [
            released.row(wording["gestures"]("sit"), [small.coco_name(500), *paths])
        ],
        "people": [released.row(wording["people"]("1"), ["v7w_9.jpg", *paths])],
        "times": [released.row(wording["times"]("dusk"), ["v7w_9.jpg", *paths])],
    }
    for facet, rows in files.items():
        small.write(folder / f"{FACETS[facet].stem}.json", rows)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("compare")
    return released.release(root / "released"), rebuild(root / "rebuilt")


@pytest.fixture(scope="module")
def labels(folders):
    return compare.by_label(*map(load, folders))


def test_each_label_by_hand(labels):
    counts = labels[compare.COLUMNS].T.to_dict("list")
    assert counts["animals", "cat"] == [1, 2, 1, 2, 1]
    assert counts["animals", "dog"] == [0, 1, 0, 1, 0]
    # Two captions of one image are two released queries with one positive.
    assert counts["gestures", "sit"] == [2, 1, 1, 1, 1]
    assert counts["people", "1"] == [1, 1, 1, 1, 0]
    assert counts["weathers", "overcast"] == [1, 0, 1, 0, 0]
    assert len(labels) == 9


def test_each_facet_by_hand(labels):
    facets = compare.by_facet(labels)
    assert set(facets.index) == {
        *("animals", "gestures", "scenes", "people", "weathers", "times"),
    }
    differ = ["labels", "only released", "only rebuilt", "worded differently"]
    assert facets.loc["animals", differ].tolist() == [1, 0, 1, 0]
    assert facets.loc["people", differ].tolist() == [1, 1, 0, 1]
    assert facets.loc["scenes", differ].tolist() == [0, 2, 0, 0]
    assert facets.loc["times", differ].tolist() == [0, 0, 1, 0]
    assert facets["released queries"].sum() == 8
    assert facets["shared positives"].sum() == 2


def test_wordings_that_differ_are_shown(labels):
    (row,) = compare.reworded(labels).itertuples()
    assert row.Index == ("people", "1")
    assert "1 person" in row[1] and "one person" in row[2]


def test_repeated_candidates_are_counted(folders):
    found = compare.repeating(load(folders[0]))
    assert found.loc["gestures"].tolist() == [2, 1, 1]
    assert found.loc["weathers"].tolist() == [1, 1, 0]
    assert found.loc["animals"].tolist() == [1, 0, 0]


def test_the_command_prints_all_of_it(folders, capsys):
    first, second = map(str, folders)
    assert main(["compare", "--released", first, "--rebuilt", second]) == 0
    out = capsys.readouterr().out
    assert "shared positives" in out and "overcast" in out
    assert "people, 1: 'Find me an everyday image showing 1 person" in out
    assert "repeat the positive" in out


def test_two_equal_folders_differ_in_nothing(folders, capsys):
    first = str(folders[0])
    assert main(["compare", "--released", first, "--rebuilt", first]) == 0
    out = capsys.readouterr().out
    assert "at the ends aside\nnone\n" in out
    labels = compare.by_label(load(folders[0]), load(folders[0]))
    assert (labels["released positives"] == labels["shared positives"]).all()


def test_a_folder_that_is_not_there_is_an_error(folders, tmp_path, capsys):
    gone = str(tmp_path / "gone")
    assert main(["compare", "--released", gone, "--rebuilt", str(folders[1])]) == 2
    assert "does not exist" in capsys.readouterr().err
