"""Where a command writes: refused before the work, or written to as it is."""

import errno
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import execute
import pytest
import small_sources as small
import typer

from cocofacet import cli, cli_vectors
from cocofacet.benchmark import dataset
from cocofacet.io import InputError, check_output, write_atomic
from facetworld import __main__ as facetworld
from rehearsal import __main__ as rehearsal
from training import command as training

GONE = "there/is/nothing/here"  # what a command would read: it never comes to that
FILES = {
    "evaluate --out": f"evaluate --benchmark {GONE} --images {GONE} --retriever e5-v",
    "export --out": f"export {GONE}",
}
FOLDERS = {
    "build --out": f"build --annotations {GONE}",
    "fetch --out": "fetch visdial",
    "embed --store": f"embed --benchmark {GONE} --images {GONE} --retriever e5-v",
    "evaluate --store": f"evaluate --benchmark {GONE} --retriever e5-v",
    "check-load --store": f"check-load vlm2vec-v2.0 --task SUN397 --data {GONE}",
    "index --store": f"index {GONE}",
}
# What these write lies there already: nothing new is named.
READS = {"search --store", "export --store", "app --store"}
EVERY = FILES | FOLDERS


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def below_a_file(folder):
    (folder / "notes.txt").write_text("mine")
    return folder / "notes.txt/more/new"


def a_loop(folder):
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "loop"


def a_file(folder):
    (folder / "notes.txt").write_text("mine")
    return folder / "notes.txt"


NEITHER = {
    "nothing": (lambda folder: "", "is empty"),
    "spaces": (lambda folder: "  ", "is empty"),
    "below a file": (below_a_file, "Not a directory"),
    "a long name": (lambda folder: folder / ("x" * 300), "File name too long"),
    "a long folder": (lambda folder: folder / ("é" * 130) / "x", "File name too long"),
    "a long path": (lambda folder: "/".join(["x" * 99] * 50), "File name too long"),
    "a loop": (a_loop, "symbolic links"),
    # Where nobody, root included, makes a file.
    "a system's folder": (lambda folder: "/proc/more", ""),
}
NO_FILE = {"a folder": (lambda folder: folder, "it is a folder")}
NO_FOLDER = {
    "a file": (a_file, "it is no folder"),
    "a device": (lambda folder: os.devnull, "it is no folder"),
}


def cases():
    for commands, kinds in ((FILES, NEITHER | NO_FILE), (FOLDERS, NEITHER | NO_FOLDER)):
        for command in commands:
            for kind, (make, words) in kinds.items():
                yield pytest.param(command, make, words, id=f"{command} {kind}")


@pytest.mark.parametrize(("command", "make", "words"), cases())
def test_what_cannot_be_written_is_refused_before_the_work(
    command, make, words, tmp_path, capsys
):
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run(*EVERY[command].split(), command.split()[1], path) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("error: ") and command.split()[1] in line
    assert words in line and len(line) < 400
    assert sorted(tmp_path.rglob("*")) == before


def test_every_command_that_writes_is_in_the_tables():
    commands = typer.main.get_command(cli.app).commands.items()
    named = {
        f"{name} {option}"
        for name, command in commands
        for parameter in command.params
        for option in {"--out", "--store"} & {*parameter.opts}
    }
    assert named - READS == EVERY.keys()


def paths():
    """Every option and argument of every command that is a path."""
    for command, known in typer.main.get_command(cli.app).commands.items():
        for parameter in known.params:
            if parameter.type_descriptor.annotation is Path:
                option = [name for name in parameter.opts if name.startswith("--")]
                yield pytest.param([command, *option], id=" ".join([command, *option]))


@pytest.mark.parametrize("before", paths())
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "is empty"),
        ("x" * 300, "File name too long"),
        ("/".join(["x" * 99] * 50), "File name too long"),
    ],
    ids=["empty", "a long name", "a long path"],
)
def test_a_path_that_can_be_none_is_refused(before, path, words, capsys):
    assert run(*before, path) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and words in line and len(line) < 400


def test_a_run_that_cannot_be_kept_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").touch()
    nothing = dataset.Benchmark((), {"seed": 0})
    with pytest.raises(
        InputError, match=r"--run: results/full/mine: cannot be written"
    ):
        cli_vectors.ranked(GONE, "mine", nothing, [], "full/mine")


@pytest.mark.parametrize("kind", NEITHER | {"a file": NO_FOLDER["a file"]})
@pytest.mark.parametrize("main", [execute.main, rehearsal.main])
def test_tools_refuse_it_as_well(main, kind, tmp_path, capsys):
    path = (NEITHER | NO_FOLDER)[kind][0](tmp_path)
    if not str(path).strip():
        pytest.skip("their options take no empty name for one: it is the folder itself")
    before = sorted(tmp_path.rglob("*"))
    assert main(["--out", str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: --out: ")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("program", ["facetworld", "training"])
@pytest.mark.parametrize("kind", NEITHER | {"a file": NO_FOLDER["a file"]})
def test_a_world_and_a_checkpoint_are_refused_as_well(program, kind, tmp_path, capsys):
    """These two know nothing of the package, and have a check of their own."""
    path = (NEITHER | NO_FOLDER)[kind][0](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    if program == "facetworld":
        assert facetworld.main(["write", "--out", str(path)]) == 2
    else:
        with pytest.raises(SystemExit) as stop:
            training.arguments().parse_args(["clip", "--out", str(path)])
        assert stop.value.code == 2
    (*_, line) = capsys.readouterr().err.splitlines()
    assert "error: " in line
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere: not tested")
@pytest.mark.parametrize("folder", [True, False])
def test_what_may_not_be_written_is_refused(folder, tmp_path):
    (tmp_path / "file").touch()
    tmp_path.chmod(0o555)
    (tmp_path / "file").chmod(0o444)
    for path in (tmp_path / "new", tmp_path if folder else tmp_path / "file"):
        with pytest.raises(InputError, match="Permission denied"):
            check_output(path, "--out", folder)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_no_file_is_noticed(number, tmp_path, monkeypatch):
    def refuse(**_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    for folder in (True, False):
        with pytest.raises(InputError, match=os.strerror(number)):
            check_output(tmp_path / "a/b", "--out", folder)


def test_what_can_be_written_passes_and_is_left_alone(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "old").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    for path in ("new", "old", "a/b/c", "link", "x" * 255, "é" * 127):
        check_output(tmp_path / path, "--out")
        if path != "old":
            check_output(tmp_path / path, "--out", folder=True)
    check_output(tmp_path, "--out", folder=True)
    check_output(os.devnull, "--out")
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "old").read_text() == "old"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed_and_stays(there, tmp_path):
    target, link = tmp_path / "far/away.csv", tmp_path / "link"
    link.symlink_to(target)
    if there:
        target.parent.mkdir()
        target.write_text("old")
    write_atomic(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["away.csv"]


def test_a_benchmark_goes_where_a_link_leads(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far")
    dataset.Benchmark((), {"seed": 0}).save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far/manifest.json").is_file()


def test_a_pipe_is_written_to_and_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = []
    read = (tmp_path / "pipe").read_text
    reader = threading.Thread(target=lambda: found.append(read()), daemon=True)
    reader.start()
    write_atomic(tmp_path / "pipe", "text")
    reader.join(10)
    assert found == ["text"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_socket_is_refused_and_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an address of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a")
        with pytest.raises(InputError, match="a: file: is a disk or a socket"):
            write_atomic(Path("a"), "text")
        assert Path("a").is_socket()


def written_to(path, stdout):
    program = (
        "import sys; from cocofacet.io import write_atomic;"
        "print('before'); write_atomic(sys.argv[1], 'ranks\\n'); print('after')"
    )
    command = [sys.executable, "-c", program, str(path)]
    return subprocess.run(command, stdout=stdout, check=True).stdout


def test_standard_output_takes_its_turn(tmp_path):
    """Sent to a pipe or to a file, which opening it again would cut."""
    # A link of the test's own: code that replaces what it is given spoils only this.
    link = tmp_path / "stdout"
    link.symlink_to("/dev/fd/1")
    assert written_to(link, subprocess.PIPE) == b"before\nranks\nafter\n"
    with open(tmp_path / "log", "wb") as log:
        written_to(link, log)
    assert (tmp_path / "log").read_text() == "before\nranks\nafter\n"
    assert link.is_symlink()


@pytest.fixture
def full_disk(monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)


def test_a_full_disk_leaves_a_file_as_it_was(tmp_path, full_disk):
    (tmp_path / "old").write_text("old")
    for path in ("old", "a/b/new"):
        with pytest.raises(InputError, match="No space left on device"):
            write_atomic(tmp_path / path, "text")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "old"


def test_a_full_disk_ends_a_build_in_one_line(tmp_path, full_disk, capsys):
    world = small.everything(tmp_path / "world")
    out = tmp_path / "new/b"
    assert run("build", "--annotations", world, "--out", out) == 2
    said = f"error: {out}: file: cannot be written (No space left on device). "
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def shell(line, folder):
    """bash's exit statuses of the commands in a pipe, and what was said."""
    line = line.replace("cocofacet", f"{sys.executable} -m cocofacet")
    script = f"{line}; echo ${{PIPESTATUS[@]}} >&3"
    done = subprocess.run(
        ["bash", "-c", f'exec 3> "{folder}/status"; {script}'],
        capture_output=True,
        text=True,
    )
    return (folder / "status").read_text().split(), done.stdout, done.stderr


@pytest.mark.parametrize("line", ["retrievers", "fetch --list", "embed --help"])
def test_a_reader_that_has_enough_is_no_error(line, tmp_path):
    found, shown, said = shell(f"cocofacet {line} | head -n 1", tmp_path)
    assert (found, said) == (["0", "0"], "")
    assert shown.count("\n") == 1
    # Gone before anything was printed.
    found, _, said = shell(f"cocofacet {line} 2>&1 | true", tmp_path)
    assert (found, said) == (["0", "0"], "")


def test_closed_streams_lead_nowhere():
    """Else the next file that is opened gets their numbers, and what is printed."""
    program = (
        "import os, sys; from cocofacet import program;"
        "opened = lambda: os.open(os.devnull, os.O_RDONLY) < 3;"
        "sys.exit(program.run(lambda: opened() or print(sys.stdout.buffer)))"
    )
    line = f'{sys.executable} -c "{program}" <&- >&- 2>&-'
    assert subprocess.run(["bash", "-c", line]).returncode == 0


def test_a_current_folder_that_is_gone_is_one_line(tmp_path):
    (tmp_path / "gone").mkdir()
    gone = f"cd {tmp_path}/gone && rmdir ../gone"
    found, _, said = shell(f"{gone}; cocofacet retrievers", tmp_path)
    assert found == ["2"] and said.count("\n") == 1
    assert said.startswith("error: current folder: No such file or directory.")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_output_to_a_full_disk_is_one_line(tmp_path):
    found, _, said = shell("cocofacet retrievers > /dev/full", tmp_path)
    assert found == ["2"]
    assert said.startswith("error: output: cannot be written (No space left on device)")
    assert said.count("\n") == 1
