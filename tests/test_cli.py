"""The command line: what it prints, what it refuses, what it leaves behind."""

import json
import shutil
import subprocess
import sys

import pytest
import small_sources as small

from cocofacet import cli
from cocofacet.benchmark.dataset import load
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.sources import OFFICIAL


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return small.everything(tmp_path_factory.mktemp("world"))


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_build_writes_eight_files_and_says_what(world, tmp_path, capsys):
    out = tmp_path / "b"
    assert run("build", "--annotations", world, "--out", out) == 0
    printed = capsys.readouterr().out
    assert load(out).facets == tuple(FACETS)
    for name, report in json.loads((out / "manifest.json").read_text())[
        "facets"
    ].items():
        line = next(line for line in printed.splitlines() if line.startswith(name))
        dropped = sum(map(len, report["dropped"].values()))
        numbers = [int(word.replace(",", "")) for word in line.split()[1:]]
        assert numbers == [report["queries"], report["texts"], dropped]
    assert printed.splitlines()[-2:] == [
        "near-duplicate pictures: not checked (needs --images)",
        f"written to {out}",
    ]


def test_files_can_be_named_one_by_one(world, tmp_path, capsys):
    named, located = tmp_path / "named", tmp_path / "located"
    files = [f"--{name}={world / official}" for name, official in OFFICIAL.items()]
    assert run("build", *files, "--out", named) == 0
    assert run("build", "--annotations", world, "--out", located) == 0
    assert contents(named) == contents(located)


def test_a_file_of_its_own_option_is_taken_instead(world, tmp_path, capsys):
    other = small.visual7w(tmp_path / "other.json", {})
    status = run(
        *("build", "--annotations", world, "--visual7w", other),
        *("--facets", "times", "--out", tmp_path / "b"),
    )
    assert status == 2
    assert f"error: {other}: times: no annotation" in capsys.readouterr().err


def test_chosen_facets_seed_and_skipped_ones(world, tmp_path, capsys):
    out = tmp_path / "b"
    captions = world / OFFICIAL["captions"]
    chosen = ("--facets", "gestures, materials", "--seed", 3)
    arguments = ("build", "--captions", captions, *chosen, "--out", out)
    assert run(*arguments) == 2
    assert not out.exists()
    assert run(*arguments, "--allow-missing") == 0
    assert "materials   skipped: source not given: stuff" in capsys.readouterr().out
    found = load(out)
    assert found.facets == ("gestures",)
    assert found.manifest["seed"] == 3
    assert found.manifest["skipped"] == {"materials": "source not given: stuff"}
    assert list(found.manifest["sources"]) == ["captions"]


def test_the_same_again_is_fine_another_seed_is_not(world, tmp_path, capsys):
    out = tmp_path / "b"
    arguments = ("build", "--annotations", world, "--out", out)
    assert run(*arguments) == 0
    before = contents(out)
    assert run(*arguments) == 0
    assert contents(out) == before
    capsys.readouterr()
    assert run(*arguments, "--seed", 1) == 2
    assert "manifest.json: holds another benchmark" in capsys.readouterr().err
    assert contents(out) == before
    assert list(tmp_path.iterdir()) == [out]


def without(name):
    def spoil(folder):
        (folder / OFFICIAL[name]).unlink()

    return spoil


def cut_short(name):
    def spoil(folder):
        path = folder / OFFICIAL[name]
        path.write_bytes(path.read_bytes()[:-500])

    return spoil


def replaced(name, content):
    def spoil(folder):
        small.write(folder / OFFICIAL[name], content)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (without("stuff"), (), "without stuff (annotations/stuff_val2017.json) no mat"),
        (without("captions"), (), "no gestures, weathers. Give --captions"),
        (cut_short("visual7w"), (), "dataset.json: file: not JSON, or cut short"),
        (cut_short("instances"), (), "instances_val2017.json: file: not JSON"),
        (replaced("captions", []), (), "captions_val2017.json: top level: is not a"),
        (replaced("stuff", {"images": []}), (), "annotations: is missing. Use the off"),
        (replaced("visdial", {"split": "val2018"}), (), "data: is missing"),
        (None, ("--facets", "animals,colour"), "facets: unknown: colour. Choose from"),
        (None, ("--facets", ""), "facets: unknown: none given"),
        (None, ("--images", "nowhere"), "nowhere: images: no such folder"),
        (None, ("--stuff", "gone.json"), "gone.json: file: not found"),
    ],
)
def test_bad_input_is_one_line_status_2_and_nothing_written(
    spoil, options, message, world, tmp_path, capsys
):
    folder, out = tmp_path / "world", tmp_path / "out" / "b"
    shutil.copytree(world, folder)
    if spoil:
        spoil(folder)
    status = run("build", "--annotations", folder, *options, "--out", out)
    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("error: ") and message in line
    assert not out.parent.exists()


def test_an_unreadable_picture_is_named(world, tmp_path, capsys):
    images = tmp_path / "images"
    (images / "val2017").mkdir(parents=True)
    for number in range(1, 251):
        (images / small.coco_name(number)).write_bytes(b"no picture")
        (images / f"v7w_{number}.jpg").write_bytes(b"no picture")
    arguments = ("build", "--annotations", world, "--facets", "weathers")
    assert run(*arguments, "--images", images, "--out", tmp_path / "b") == 2
    error = capsys.readouterr().err
    assert "v7w_1.jpg: picture: cannot be read" in error
    assert not (tmp_path / "b").exists()


def test_a_folder_of_other_files_is_refused_before_building(world, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert run("build", "--annotations", world, "--out", tmp_path) == 2
    assert "manifest.json: is missing, but the folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_no_annotations_at_all(tmp_path, capsys):
    assert run("build", "--out", tmp_path / "b") == 2
    assert "annotations: none given" in capsys.readouterr().err
    assert run("build", "--annotations", tmp_path, "--out", tmp_path / "b") == 2
    assert "none of the official files is there" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["-1", "x", "1.5"])
def test_a_seed_that_is_no_whole_number(seed, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("build", f"--seed={seed}", "--out", tmp_path / "b")
    assert stopped.value.code == 2
    assert "is no whole number" in capsys.readouterr().err


def test_help_lists_the_official_names(capsys):
    with pytest.raises(SystemExit) as stopped:
        run("build", "--help")
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    for name, official in OFFICIAL.items():
        assert f"DIR/{official}" in printed and f"--{name}" in printed


def test_as_a_program_without_traceback(tmp_path):
    command = [sys.executable, "-m", "cocofacet.cli", "build"]
    command += ["--annotations", str(tmp_path / "gone"), "--out", str(tmp_path / "b")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr
    assert done.stdout == ""
