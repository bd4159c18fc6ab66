"""The command line: what it prints, what it refuses, what it leaves behind."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import small_sources as small

from cocofacet import __version__, cli
from cocofacet.benchmark.dataset import load
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.sources import OFFICIAL
from cocofacet.fetch import catalog
from cocofacet.retrievers import load as loading

COMMANDS = (
    *("build", "compare", "fetch", "embed", "evaluate", "check-load"),
    *("retrievers", "runs", "index", "search", "export"),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return small.everything(tmp_path_factory.mktemp("world"))


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def printed_by(*arguments, **environment):
    """What Python prints in a process of its own."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


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
    assert "v7w_1.jpg: image: cannot be read" in error
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
    assert run("build", f"--seed={seed}", "--out", tmp_path / "b") == 2
    said = f"error: Invalid value for '--seed': {seed!r} is no whole number from 0 up. "
    assert capsys.readouterr().err == f"{said}See `cocofacet build --help`.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("biuld --out b", "No such command 'biuld'. Did you mean 'build'?"),
        ("build --anotations a", "No such option: --anotations. Did you mean --annot"),
        ("evaluate --mode general", "No such option: --mode. Did you mean --modes"),
        ("fetch --liste", "No such option: --liste. Did you mean --list?"),
        ("retrievers --zzz", "No such option: --zzz. See `cocofacet retrievers --hel"),
        ("build", "Missing option '--out'. See `cocofacet build --help`."),
        ("build --out", "Option '--out' requires an argument. See `cocofacet"),
        ("runs now", "Got unexpected extra argument(s) (now). See `cocofacet runs"),
        (
            "embed --prompts none",
            "'--prompts': 'none' is not one of 'general', 'facet'",
        ),
        (
            "embed --precision fp31",
            "'--precision': 'fp31' is not one of 'fp32', 'bf16'",
        ),
        ("", "Missing command. See `cocofacet --help`."),
    ],
)
def test_a_word_that_is_wrong_is_one_line_with_the_nearest_right_one(
    words, said, capsys
):
    assert run(*words.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("error: ") and said in line


def test_help_names_the_commands_and_the_official_files(capsys):
    assert run("--help") == 0
    listed = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in listed
        assert run(name, "--help") == 0
        shown = capsys.readouterr().out
        assert run(name, "-h") == 0
        assert capsys.readouterr().out == shown
        lines = shown.splitlines()
        assert lines[0].startswith(f"Usage: cocofacet {name} [OPTIONS]")
        assert max(map(len, lines)) <= 80 and not any("\b" in line for line in lines)
    assert run("build", "--help") == 0
    printed = capsys.readouterr().out
    for name, official in OFFICIAL.items():
        assert f"  {name:<10} DIR/{official}\n" in printed and f"--{name}" in printed
    for facet in FACETS.values():
        assert f"  {facet.name:<10} {', '.join(facet.sources)}\n" in printed


def test_the_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_help_and_version_load_no_heavy_library():
    """What takes long to import would make each answer late."""
    program = (
        "import sys; from cocofacet.cli import main; "
        "main(['--help']); main(['build', '--help']); main(['--version']); "
        "print([m for m in ('torch', 'transformers', 'pandas', 'scipy', 'requests') "
        "if m in sys.modules])"
    )
    assert printed_by("-c", program).splitlines()[-1] == "[]"


def test_a_shell_is_offered_options_and_names():
    completed = [
        ("cocofacet ev", "evaluate"),
        ("cocofacet build --ann", "--annotations"),
        ("cocofacet retrievers e5", "e5-v"),
        ("cocofacet embed --retriever mmr", "mmret"),
        ("cocofacet fetch visd", "visdial"),
    ]
    for typed, offered in completed:
        words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
        asked = {"_COCOFACET_COMPLETE": "complete_bash", **words}
        assert printed_by("-m", "cocofacet.cli", **asked).split() == [offered]


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (signal.SIGINT, 130, "interrupted (Ctrl-C)\n"),
        (signal.SIGTERM, 143, "terminated (SIGTERM)\n"),
    ],
)
def test_a_stopped_run_cleans_up_and_says_so(number, status, said, tmp_path):
    """A real process is stopped while it writes a file."""
    # A shell starts what runs in the background with SIGINT ignored, tests included.
    program = (
        "import os, signal, sys, time; from cocofacet import cli, io;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from cocofacet.benchmark import dataset;"
        "os.fsync = lambda _: (print('writing', flush=True), time.sleep(60));"
        "dataset.load = lambda folder: io.write_atomic(folder / 'a', 'text');"
        "sys.exit(cli.main(['compare', '--released', sys.argv[1], '--rebuilt', '.']))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "writing\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        _, printed = process.communicate(timeout=30)
    assert (process.returncode, printed) == (status, said)
    assert list(tmp_path.iterdir()) == []


def test_retrievers(capsys, monkeypatch):
    monkeypatch.setattr(loading, "missing", lambda row: "not downloaded yet")
    assert run("retrievers") == 0
    assert "\nclip-vit-l-14-336 " in capsys.readouterr().out
    assert run("retrievers", "e5-v") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("name") and "in one word" in shown


def test_an_unknown_retriever(capsys):
    assert run("retrievers", "e5v") == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("error: retrievers: NAME: 'e5v'")
    assert "e5-v" in found.err and found.err.count("\n") == 1


def test_listing_retrievers_needs_none_of_the_heavy_libraries():
    program = (
        "import sys; from cocofacet.cli import main; main(['retrievers']); "
        "print([m for m in ('torch', 'transformers', 'open_clip') if m in sys.modules])"
    )
    assert printed_by("-c", program).splitlines()[-1] == "[]"


def test_what_can_be_fetched_is_listed(capsys):
    assert run("fetch", "--list") == 0
    assert capsys.readouterr().out == f"{catalog.listing(catalog.ORIGINS)}\n"
    assert run("fetch") == 0
    assert capsys.readouterr().out == f"{catalog.listing(catalog.ORIGINS)}\n"


def test_unknown_names_and_a_missing_folder_are_told(tmp_path, capsys):
    assert run("fetch", "coco", "--out", tmp_path / "d") == 2
    assert "error: name: 'coco' is none of coco-val2017," in capsys.readouterr().err
    assert run("fetch", "visdial") == 2
    assert "error: --out: missing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_as_a_program_without_traceback(tmp_path):
    command = [sys.executable, "-m", "cocofacet.cli", "build"]
    command += ["--annotations", str(tmp_path / "gone"), "--out", str(tmp_path / "b")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr
    assert done.stdout == ""
