"""Every notebook by itself: its form, and a run in an empty directory."""

import ast
import json
import os
import re
import sys
import types
from pathlib import Path

import execute
import jupytext
import make_notebooks
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from cocofacet import workspace
from cocofacet.fetch.fetch import needed_for_run
from cocofacet.profiles import PROFILES
from cocofacet.retrievers.zoo import ROWS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = make_notebooks.in_order()
each_notebook = pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)


@each_notebook
def test_its_form(source):
    notebook = jupytext.read(source)
    parameters = execute.known_parameters(source)
    assert (
        parameters.items() >= {"profile": "mini", "run": "default", "seed": 0}.items()
    )
    text = source.read_text()
    assert text.startswith("# %% [markdown]\n# # "), "its title first, no header"
    assert "COLAB" not in text, "what Colab needs is put in by the conversion"
    assert len(text.splitlines()) < 220, "a notebook is a story, not a library"
    headings = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]
    assert len(headings) >= 2, "a page needs at least two sections"


@each_notebook
def test_what_is_run_has_a_kernel_and_installs_itself_on_colab(source):
    notebook = make_notebooks.complete(source)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0].source == make_notebooks.COLAB_CELL
    put_in = (make_notebooks.COLAB_CELL, make_notebooks.PHOTOS_CELL)
    story = [cell.source for cell in notebook.cells if cell.source not in put_in]
    assert story == [cell.source for cell in jupytext.read(source).cells]


@pytest.fixture
def colab(monkeypatch, tmp_path):
    """Run the first cell as on Colab: ``colab(**changes)`` -> what it asks pip for."""
    mounted, asked = [], []
    google, drive = types.ModuleType("google.colab"), types.ModuleType("drive")
    google.drive, drive.mount = drive, mounted.append
    monkeypatch.setitem(sys.modules, "google.colab", google)
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))

    def run_cell(installed=True, **changes):
        code = TransformerManager().transform_cell(make_notebooks.COLAB_CELL)
        for name, value in changes.items():
            line = next(x for x in code.splitlines() if x.startswith(name))
            code = code.replace(line, f"{name} = {value!r}")
        magic = types.SimpleNamespace(run_line_magic=lambda *line: asked.append(line))
        found = object() if installed else None
        monkeypatch.setattr("importlib.util.find_spec", lambda name: found)
        exec(code, {"get_ipython": lambda: magic})
        return asked, mounted

    return run_cell


def test_on_colab_the_project_is_installed_from_its_address(colab):
    address = {"REPOSITORY, COMMIT": ("https://a/b", "abc")}
    asked, mounted = colab(**address)
    assert asked == [("pip", 'install -q "cocofacet @ git+{REPOSITORY}@{COMMIT}"')]
    assert mounted == []


def test_without_an_address_one_line_says_what_to_do(colab):
    assert colab() == ([], []), "what was installed by hand serves"
    with pytest.raises(SystemExit, match="set REPOSITORY in this cell, or upload"):
        colab(installed=False)


def test_what_is_kept_lies_on_the_drive(colab):
    assert colab(keep="MyDrive/facets") == ([], ["/content/drive"])
    assert workspace.home() == Path("/content/drive/MyDrive/facets")


def test_elsewhere_the_first_cell_does_nothing(colab, monkeypatch, tmp_path):
    monkeypatch.delenv("COLAB_RELEASE_TAG")
    assert colab(installed=False, keep="MyDrive/facets") == ([], [])
    assert workspace.home() == tmp_path


def test_where_photos_are_asked_for_colab_brings_them():
    (source,) = (path for path in NOTEBOOKS if path.stem == "your_photos")
    cells = [cell.source for cell in make_notebooks.complete(source).cells]
    given = next(n for n, text in enumerate(cells) if "photos = " in text)
    assert cells.index(make_notebooks.PHOTOS_CELL) == given + 1
    assert cells.count(make_notebooks.PHOTOS_CELL) == 1


@pytest.mark.parametrize(
    ("photos", "on_colab", "elsewhere", "asked"),
    [
        ("", "", "", []),
        ("upload", "/content/photos", "upload", ["upload /content/photos"]),
        (
            "MyDrive/a",
            "/content/drive/MyDrive/a",
            "MyDrive/a",
            ["mount /content/drive"],
        ),
        ("/content/b", "/content/b", "/content/b", []),
    ],
)
def test_photos_on_colab(monkeypatch, photos, on_colab, elsewhere, asked):
    said = []
    google = types.ModuleType("google.colab")
    google.drive = types.SimpleNamespace(mount=lambda at: said.append(f"mount {at}"))
    google.files = types.SimpleNamespace(upload=lambda at: said.append(f"upload {at}"))
    monkeypatch.setitem(sys.modules, "google.colab", google)

    def after_the_cell():
        names = {"photos": photos, "os": os}
        exec(make_notebooks.PHOTOS_CELL, names)
        return names["photos"]

    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    assert (after_the_cell(), said) == (elsewhere, [])
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    assert (after_the_cell(), said) == (on_colab, asked)


def test_what_a_profile_fetches_is_said_in_the_cell_of_parameters():
    """Rounded up, so that a row more does not make it wrong."""
    (line,) = {
        line
        for source in NOTEBOOKS
        for line in source.read_text().splitlines()
        if line.startswith("profile =") and "#" in line
    }
    found = re.search(r'"colab".* (\d+) GB.*"full".* (\d+) GB$', line)
    for name, stated in zip(("colab", "full"), map(int, found.groups()), strict=True):
        profile = PROFILES[name]
        files = needed_for_run(profile.fetch, profile.facets)
        size = sum(file.size or 0 for file in files) / 1e9
        size += sum(ROWS[row].download for row in profile.retrievers)
        assert 0.6 * stated < size < 1.1 * stated, (name, size)


def test_no_message_names_a_package_of_ours_on_the_registry():
    """It is not there, and anyone could put another one there by that name."""
    texts = [*ROOT.glob("src/**/*.py"), *ROOT.glob("tools/*.py"), *NOTEBOOKS]
    texts += [*ROOT.glob("book/**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("*.yml")]
    for path in texts:
        for line in path.read_text().splitlines():
            found = re.search(r"pip install[^`]*?[\s\"']cocofacet\b", line)
            assert not found or "@ git+" in line, f"{path}: {line}"


def test_the_table_of_contents_names_every_notebook_once():
    assert sorted(NOTEBOOKS) == sorted(ROOT.glob("notebooks/*.py"))


@each_notebook
def test_a_round_trip_through_ipynb_changes_no_cell(source):
    notebook = jupytext.read(source)
    there = jupytext.reads(jupytext.writes(notebook, fmt="ipynb"), fmt="ipynb")
    back = jupytext.reads(jupytext.writes(there, fmt="py:percent"), fmt="py:percent")
    assert [(c.cell_type, c.source) for c in back.cells] == [
        (c.cell_type, c.source) for c in notebook.cells
    ]


@pytest.fixture
def simple(tmp_path):
    """A notebook of two cells that says what it was given."""
    source = tmp_path / "01_simple.py"
    source.write_text(
        "# ---\n# jupyter:\n#   kernelspec:\n#     name: python3\n"
        "#     language: python\n#     display_name: Python 3\n# ---\n\n"
        '# %% tags=["parameters"]\nprofile = "mini"\nrun = "default"\nseed = 0\n'
        "share = 0.5\n\n# %%\nprint(profile, run, seed, share)\n"
    )
    return source


def printed(path):
    cells = json.loads(path.read_text())["cells"]
    return [
        text
        for cell in cells
        for out in cell.get("outputs", ())
        for text in out["text"]
    ]


def run(simple, *given):
    out = simple.parent / "out"
    return execute.main(
        [str(simple), "--cwd", str(simple.parent), "--out", str(out), *given]
    )


def test_parameters_reach_the_notebook(simple):
    assert run(simple, "--run", "b", "-p", "seed=3", "-p", "share=1") == 0
    copy = simple.parent / "out/01_simple.ipynb"
    assert printed(copy) == ["mini b 3 1\n"]
    assert str(simple.parent) not in copy.read_text(), "no machine path in a copy"


def test_the_published_run_gets_no_cell_of_injected_parameters(simple):
    assert run(simple) == 0
    copy = json.loads((simple.parent / "out/01_simple.ipynb").read_text())
    assert not any(
        "injected-parameters" in cell["metadata"].get("tags", ())
        for cell in copy["cells"]
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["-p", "sead=1"], "unknown parameter 'sead'"),
        (["-p", "seed=one"], "'one' is no whole number"),
        (["-p", "seed"], "name=value"),
        (["-p", "profile=mini"], "say it with --profile"),
        (["--profile", "huge"], "unknown profile 'huge'"),
        (["--profile", "../mini"], "--profile: '../mini' cannot name a folder"),
        (["--run", "../elsewhere"], "--run: '../elsewhere' cannot name a folder"),
        (["absent.py"], "no such notebook: absent.py"),
    ],
)
def test_what_no_notebook_knows_is_refused_before_anything_runs(
    simple, capsys, given, words
):
    assert run(simple, *given) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and words in error
    assert error.count("\n") == 1
    assert not (simple.parent / "out").exists()


def test_a_failing_cell_leaves_no_copy_that_looks_finished(simple):
    copy = simple.parent / "out/01_simple.ipynb"
    copy.parent.mkdir()
    copy.write_text("an earlier run's")
    simple.write_text(simple.read_text() + "\n# %%\nprint(1 / 0)\n")
    assert run(simple) == 1
    assert [path.name for path in copy.parent.iterdir()] == [f"failed-{copy.name}"]


def batch(simple, **cells):
    """Copies of the notebook that end with other cells -> the batch's status."""
    text = simple.read_text()
    sources = [simple.with_name(f"{name}.py") for name in cells]
    for source, cell in zip(sources, cells.values(), strict=True):
        source.write_text(f"{text}\n# %%\n{cell}\n\n# %%\nprint('later')\n")
    arguments = [*sources, "--cwd", simple.parent, "--out", simple.parent / "out"]
    return execute.main([str(argument) for argument in arguments])


def test_a_batch_runs_all_it_can_and_fails_with_the_list(simple, capsys):
    dies = "import os\n\nos.kill(os.getpid(), 9)"
    assert batch(simple, fails="print(1 / 0)", dies=dies, runs="print(2)") == 1
    out = simple.parent / "out"
    assert {path.name for path in out.iterdir()} == {
        *("failed-fails.ipynb", "failed-dies.ipynb", "runs.ipynb")
    }
    listed = capsys.readouterr().err
    assert "Traceback" not in listed
    assert listed.splitlines()[-3:] == [
        "error: 2 of 3 failed:",
        f"  {out}/failed-fails.ipynb: ZeroDivisionError: division by zero",
        f"  {out}/failed-dies.ipynb: its kernel died; memory may have run out (Kernel "
        "died)",
    ]
    left = json.loads((out / "failed-dies.ipynb").read_text())
    *_, died, later = left["cells"]
    assert died["outputs"][-1]["ename"] == "DeadKernelError"
    assert later["outputs"] == []


def test_a_notebook_that_does_not_apply_says_so_and_ends_well(simple, capsys):
    stops = "import cocofacet as cf\n\ncf.does_not_apply('Nothing for this run.')"
    assert batch(simple, stops=stops) == 0
    copy = simple.parent / "out/stops.ipynb"
    assert printed(copy)[-1] == "Nothing for this run.\n", "and no cell after it ran"
    outputs = [o for c in json.loads(copy.read_text())["cells"] for o in c["outputs"]]
    assert {output["output_type"] for output in outputs} == {"stream"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lines_of_code_fit_the_page(path):
    cells = jupytext.read(path).cells
    long = [
        line
        for cell in cells
        if cell.cell_type == "code"
        and not {"hide-input", "remove-input"} & set(cell.metadata.get("tags", ()))
        for line in cell.source.splitlines()
        if len(line) > 78
    ]
    assert long == []


@each_notebook
def test_numbers_are_glued_without_commas(source):
    """myst-nb reads "2,651" as a pair of numbers; a page's own format has the comma."""
    assert not re.search(r"glue\([^\n]*:,", source.read_text())


def test_no_notebook_defines_what_another_defines():
    names = [
        node.name
        for path in NOTEBOOKS
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert len(names) == len(set(names))
