"""A run's folders, and the parameters that are refused before anything is made."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import small_sources as small
from PIL import Image
from small_tables import ROWS as ROWS_OF_RANKS
from small_tables import table_of

from cocofacet import run_data, workspace
from cocofacet.benchmark.facets import FACETS
from cocofacet.evaluation import runs
from cocofacet.fetch import catalog
from cocofacet.io import InputError
from cocofacet.profiles import PROFILES
from cocofacet.retrievers.zoo import ROWS
from training.language import HELD_OUT


@pytest.mark.parametrize(
    ("profile", "run", "seed", "field"),
    [
        (
            "maxi",
            "a",
            0,
            "profile: there is no profile 'maxi'. Use one of: mini,",
        ),
        ("mini", "", 0, "run: ''"),
        ("mini", "../a", 0, "run: '../a'"),
        ("mini", ".a", 0, "run: '.a'"),
        ("mini", "a", -1, "seed: -1"),
        ("mini", "a", "0", "seed: '0'"),
    ],
)
def test_bad_parameters_are_named(profile, run, seed, field, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        workspace.open_workspace(profile, run, seed)
    assert str(error.value).startswith(field)
    assert list(tmp_path.iterdir()) == []


def test_home_is_the_repository_or_the_folder_one_is_in(tmp_path, monkeypatch):
    monkeypatch.delenv("COCOFACET_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert workspace.home() == tmp_path
    (tmp_path / "src/cocofacet").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "_toc.yml").touch()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert workspace.home() == tmp_path
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path / "src"))
    assert workspace.home() == tmp_path / "src"


def test_every_profile_names_rows_of_the_zoo_and_known_facets():
    for profile in PROFILES.values():
        assert set(profile.retrievers) <= set(ROWS)
        assert set(profile.unasked_facets) <= set(FACETS)
        assert bool(profile.unasked) == bool(profile.unasked_facets)


def test_the_facets_never_asked_about_are_those_of_the_training():
    assert PROFILES["mini"].unasked_facets == HELD_OUT


def test_a_field_of_the_profile_is_changed_and_the_rest_is_kept():
    found = workspace.open_workspace(
        "full",
        "a",
        0,
        {"promptables": "e5-v,mmret", "max_images": 500, "anchors": 9},
        ahead=False,
    ).profile
    assert found.promptables == ("e5-v", "mmret")
    assert found.promptable == "e5-v"
    assert (found.max_images, found.anchors) == (500, 9)
    assert found.duals == PROFILES["full"].duals


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"promptable": "e5-v"}, "changes: 'promptable' is no field of a profile"),
        (
            {"max_images": "many"},
            "changes: max_images: 'many' is no whole number from 0",
        ),
        ({"promptables": "e6-v"}, "no retriever 'e6-v'"),
        ({"duals": []}, "one each is needed"),
        ({"checkpoints": {"e6-v": "x"}}, "no retriever 'e6-v'"),
    ],
)
def test_a_change_that_cannot_be_is_refused(changes, words):
    with pytest.raises(InputError, match=re.escape(words)):
        workspace.open_workspace("mini", "a", 0, changes)


@pytest.fixture
def coco(tmp_path, monkeypatch):
    """Official files for 230 pictures of one colour, and 20 more without a label."""
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    folder = tmp_path / "data/coco"
    (folder / "images/val2017").mkdir(parents=True)
    (folder / "annotations").mkdir()
    captions = {number: ["A cat sits."] if number % 2 else ["A man stands."]
                for number in range(1, 231)}  # fmt: skip
    small.captions(folder / "annotations/captions_val2017.json", captions)
    for number in range(1, 251):
        image = Image.new("RGB", (32, 24), (number, 0, 0))
        image.save(folder / f"images/val2017/{number:012d}.jpg")
    return {"fetch": [], "facets": "gestures", "device": "cpu", "ahead": False}


def test_official_files_make_a_benchmark_of_at_most_so_many_pictures(coco):
    opened = workspace.open_workspace("colab", "a", 0, {**coco, "max_images": 220})
    assert opened.benchmark.facets == ("gestures",)
    assert len(opened.benchmark.images) <= 220
    assert opened.path(opened.benchmark.images[0]).is_file()
    # Held out: what no query may meet, the same ones every time.
    assert len(opened.anchors) == 250 - len(opened.benchmark.images)
    assert not set(opened.anchors) & set(opened.benchmark.images)


def test_ranks_that_were_kept_are_found_whole_and_cut_short_are_refused(coco):
    opened = workspace.open_workspace("colab", "a", 3, coco)
    ranks = table_of(ROWS_OF_RANKS, profile="colab", retriever="clip")
    opened.save_ranks("general", ranks)
    found = runs.collect(opened.root / "results", "colab")
    assert sorted(found["rank"]) == sorted(ranks["rank"])
    assert set(zip(found.benchmark, found.seed, found.chapter, strict=True)) == {
        ("rebuilt", "3", "general")
    }
    path = opened.results / "general.ranks.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match=r"general\.ranks\.csv: file: holds 3 rows"):
        runs.collect(opened.root / "results", "colab")


@pytest.fixture
def released(coco, tmp_path):
    """The same with one released query, of pictures 1 to 100."""
    pool = [f"{number:012d}.jpg" for number in range(1, 101)]
    row = {"qry_text": FACETS["gestures"].wording("sit"), "tgt_img_path": pool}
    file = tmp_path / f"data/coco/coco-facet/{FACETS['gestures'].stem}.json"
    file.parent.mkdir()
    file.write_text(json.dumps([row]))
    return {**coco, "facets": "gestures,animals"}


def test_released_queries_and_the_rebuilt_ones_share_one_gallery(released, monkeypatch):
    opened = workspace.open_workspace("full", "a", 0, released)
    rebuilt = opened.rebuilt
    assert len(opened.benchmark.queries) == 1 and not opened.benchmark.labels
    assert len(rebuilt.benchmark.queries) > 1 and rebuilt.benchmark.labels
    assert opened.pictures == rebuilt.pictures == rebuilt.benchmark.images
    assert not set(opened.anchors) & set(rebuilt.pictures)
    assert opened.anchors == rebuilt.anchors and rebuilt.rebuilt is rebuilt
    asked = []
    monkeypatch.setattr(
        workspace.store, "embed_gallery",
        lambda retriever, root, names, *rest, **how: (
            asked.append(names), np.arange(len(names)).reshape(1, -1, 1))[1],
    )  # fmt: skip
    at = opened.gallery(None)[0, :, 0]
    assert [asked[0][n] for n in at] == list(opened.benchmark.images)
    assert rebuilt.gallery(None).shape[1] == len(rebuilt.benchmark.images)
    assert asked[0] == asked[1]
    for shown in ((None,), {"general": {"animals": (None,)}}):
        assert opened.embedded(None, shown)[None][:, 0].tolist() == at.tolist()
    made = workspace.Retriever.__new__(workspace.Retriever)
    made.name, made.revision = "r", "0"
    assert opened.identity(made)["profile"] == "full"
    assert rebuilt.identity(made)["profile"] == "full+rebuilt"


def test_a_released_facet_without_its_pictures_is_left_out(released, tmp_path, capsys):
    (tmp_path / f"data/coco/images/val2017/{7:012d}.jpg").unlink()
    opened = workspace.open_workspace("full", "a", 0, released)
    assert opened.benchmark.labels and opened.rebuilt is opened
    assert "1 of 100 pictures are not there" in capsys.readouterr().out


def test_pictures_of_other_pools_are_no_anchors(coco, tmp_path):
    one = tmp_path / "data/coco/images/SUN397/a.jpg"
    one.parent.mkdir()
    Image.new("RGB", (32, 24)).save(one)
    opened = workspace.open_workspace("colab", "a", 0, coco)
    assert opened.anchors and "SUN397/a.jpg" not in opened.anchors


@pytest.mark.parametrize(
    ("lost", "name"), [("captions", "annotations"), ("sun397", "pools")]
)
def test_a_pool_whose_files_are_lost_names_the_command(coco, tmp_path, lost, name):
    folder = tmp_path / "data/coco"
    (folder / "annotations/captions_val2017.json").rename(tmp_path / "away")
    (folder / "annotations/instances_val2017.json").write_text("{}")
    (folder / "mmeb").mkdir()
    rows = {"qry_img_path": [f"SUN397/{n}.jpg" for n in range(200)],
            "tgt_text": [[f"label {n}"] for n in range(200)]}  # fmt: skip
    pd.DataFrame(rows).to_parquet(folder / "mmeb/SUN397.parquet")
    opened = workspace.open_workspace("full", "a", 0, coco)
    with pytest.raises(InputError, match="not there") as caught:
        _ = opened.pool(lost).benchmark
    assert f"Run `cocofacet fetch {name} --out {folder}`." in str(caught.value)


def test_the_caption_control_uses_the_same_pictures(coco):
    captions = workspace.open_workspace("colab", "a", 0, coco).pool("captions")
    with pytest.raises(InputError, match="images are left as negatives"):
        _ = replace(captions, seed=1, profile=captions.profile.changed(
            {"max_images": 50})).benchmark  # fmt: skip
    assert captions.benchmark.facets == ("captions",)
    assert captions.questions == {"captions": None}


def test_a_dead_archive_costs_its_facets_and_no_more(coco, monkeypatch, capsys):
    address = ("http://127.0.0.1:1/stuff.zip",)  # no one listens on port 1
    dead = catalog.File("stuff.zip", address, {"*": "images/"}, serves=("stuff",))
    official = catalog.Origin("testing", "none", (dead,))
    monkeypatch.setitem(catalog.ORIGINS, "small", official)
    monkeypatch.setattr("cocofacet.fetch.download.PAUSES", ())
    changes = {**coco, "fetch": "small", "facets": "gestures,materials"}
    opened = workspace.open_workspace("full", "a", 0, changes)
    assert opened.benchmark.facets == ("gestures",)
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("left out: materials (stuff.zip: http://127.0.0.1:1/stuff")
    folder = opened.root / "data/coco"
    assert said.endswith(f"`cocofacet fetch stuff.zip --out {folder}`")
    # Another notebook of the run finds it said, and asks no one.
    monkeypatch.setattr("cocofacet.fetch.fetch.download", None)
    run_data._fetched.cache_clear()
    assert workspace.open_workspace("full", "b", 0, changes).benchmark.queries
    assert capsys.readouterr().out.splitlines() == [said]


@pytest.mark.parametrize(
    ("world", "said"),
    [("no_such_module", "No module named no_such_module"), ("this", "status 9")],
)
def test_a_world_that_cannot_be_drawn_is_one_line(
    world, said, monkeypatch, tmp_path, capfd
):
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    if world == "this":  # it ends without a word
        monkeypatch.setattr("cocofacet.process.run", lambda *_: 9)
    opened = workspace.open_workspace("smoke", "a", 0, {"world": world})
    with pytest.raises(InputError, match=f"world: cannot be written: .*{said}"):
        _ = opened.annotations
    assert capfd.readouterr() == ("", "")


def test_a_fetch_that_is_needed_is_made_first(coco, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        "cocofacet.run_data.fetch_for_run",
        lambda names, facets, folder: asked.append((names, facets, folder)),
    )
    changes = {**coco, "fetch": "annotations"}
    _ = workspace.open_workspace("colab", "a", 0, changes).annotations
    assert asked == [(("annotations",), ("gestures",), tmp_path / "data/coco")]
