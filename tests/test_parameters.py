"""Every parameter of every notebook, every field of a profile, and the arguments of
public functions: of their type, or one line says what they are."""

import ast
import json
import subprocess
import sys
from dataclasses import fields

import execute
import make_notebooks
import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mean_colours import Means
from small_tables import small_world, table_of

import cocofacet as cf
from cocofacet import workspace
from cocofacet.embeddings.loader import embed_files
from cocofacet.io import InputError
from cocofacet.parameters import KINDS, changes_in, check, run_named
from cocofacet.profiles import CHANGEABLE, MINI, Profile

# The second has more digits than Python writes out.
NAN, HUGE = float("nan"), 10**5000
# By the type of the default, which no value of another type fits.
WRONG = {
    int: (True, None, -5, HUGE, 1.5, NAN, "", "7", "many", [], [3], {}),
    str: (True, None, 7, HUGE, 1.5, b"mini", [], ["a"], {}),
    bool: (None, 0, 1, "true", []),
    float: (True, None, -0.5, 0, 2, NAN, HUGE, "0.5", []),
    dict: (True, None, 7, "{}", [], {"times": 7}, {7: "a"}, {"times": None}),
    list: (True, None, 7, "a", "[1]", {}, [None], [True], [[]], [{}]),
}
OF_NUMBERS = (["7"], [-1], [0], [NAN], [float("inf")], [HUGE])
OF_TEXTS = ([7], ["a", 1.5])
SPECIAL = ("run", "changes")  # what papermill makes of these means what was said
NOTEBOOKS = make_notebooks.in_order()


def parameters():
    for source in NOTEBOOKS:
        for name, default in execute.known_parameters(source).items():
            if name not in SPECIAL:
                yield pytest.param(name, default, id=f"{source.stem} {name}")


def checked_in(source):
    """The names that a notebook hands over to be checked, if only by an object."""
    tree, found, spread = ast.parse(source.read_text()), set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            keys = {getattr(key, "value", None) for key in node.value.keys}
            spread[getattr(node.targets[0], "id", None)] = keys
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if name in ("open_workspace", "check"):
                words = [*call.args, *(k.value for k in call.keywords)]
                found |= {n.id for w in words for n in ast.walk(w) if hasattr(n, "id")}
    return found.union(*(spread.get(name, ()) for name in found))


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_hands_over_all_its_parameters(source):
    known = execute.known_parameters(source).keys()
    if source.stem == "training":  # it shows committed records: of no run
        known = known - {"run"}
    assert known - checked_in(source) == set()


def test_no_kind_is_left_over():
    used = {n for s in NOTEBOOKS for n in execute.known_parameters(s)}
    assert KINDS.keys() == used - {*SPECIAL}


@pytest.mark.parametrize(("name", "default"), parameters())
def test_a_parameter_of_another_type_is_refused_in_one_line(name, default):
    check({name: default})
    wrong = WRONG[type(default)]
    if isinstance(default, list):
        wrong += OF_TEXTS if isinstance(default[0], str) else OF_NUMBERS
    for value in wrong:
        with pytest.raises(InputError) as refused:
            check({name: value})
        said = str(refused.value)
        assert said.startswith(f"{name}: ") and "\n" not in said and len(said) < 300


def test_a_number_for_a_text_says_how_to_give_it_as_text():
    with pytest.raises(InputError, match=r"text: 2 is no text. .* `-r text ...`"):
        check({"text": 2})


PROFILE_WRONG = WRONG | {tuple: (True, None, 7, {}, [7], [None], [[]])}


@pytest.mark.parametrize("name", CHANGEABLE)
def test_a_field_of_another_type_is_refused_in_one_line(name):
    for value in PROFILE_WRONG[type(getattr(MINI, name))]:
        with pytest.raises(InputError) as refused:
            MINI.changed({name: value})
        said = str(refused.value)
        assert said.startswith(f"changes: {name}: ") and "\n" not in said


def test_every_profile_may_be_said_again_field_by_field():
    for name in CHANGEABLE:
        assert MINI.changed({name: getattr(MINI, name)}) == MINI
    assert MINI.changed({"facets": " times , animals,"}).facets == ("times", "animals")
    assert {f.name for f in fields(Profile)} == {*CHANGEABLE, "name"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"max_images": -5},
            "changes: max_images: -5 is no whole number from 0 up (18",
        ),
        ({"facets": "times,colours"}, "changes: no facet 'colours'. Choose from"),
        ("[1]", "changes: '[1]' is no JSON object like"),
        ("{'facets': 'times'}", "is no JSON object like"),
        ("{" * 100_000, "is no JSON object like"),
        (["facets"], "changes: ['facets'] is no JSON object like"),
    ],
)
def test_changes_that_cannot_be(changes, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refused:
        workspace.open_workspace("mini", "a", 0, changes)
    assert words in str(refused.value) and len(str(refused.value)) < 400


@pytest.mark.parametrize("run", [True, 1.0, None, "", "../a", [], -1])
def test_what_is_no_run(run):
    with pytest.raises(InputError, match=r"^run: "):
        workspace.open_workspace("mini", run, 0)


def test_papermills_numbers_and_texts_mean_what_was_said(tmp_path, monkeypatch):
    """`-p run 1` is passed on as a number, `-p changes '{...}'` as text."""
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    opened = workspace.open_workspace("mini", 1, 0, '{"facets": "times"}')
    assert opened.run == "1" and opened.results == tmp_path / "results/mini/1"
    assert opened.profile.facets == ("times",)
    assert workspace.open_workspace("mini", "a", 0, "").profile == MINI


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from([*KINDS]), ANY)
def test_any_value_is_right_or_one_error(name, value):
    try:
        check({name: value})
    except InputError as error:
        assert str(error).startswith(f"{name}: ")
    else:
        assert json.loads(json.dumps(value)) == value


@given(ANY)
def test_any_run_and_changes_are_right_or_one_error(value):
    for door in (run_named, changes_in, lambda v: MINI.changed(changes_in(v))):
        try:
            door(value)
        except InputError as error:
            assert str(error).startswith(("run: ", "changes: "))


def test_under_plain_papermill(tmp_path):
    """The same through papermill's own command, in a notebook of two cells."""
    told = nbformat.v4.new_code_cell(
        "import cocofacet as cf\n"
        "opened = cf.open_workspace(profile, run, seed, changes, k=k)\n"
        "print(opened.run, opened.profile.facets)"
    )
    first = 'profile, run, seed, changes, k = "mini", "a", 0, {}, 1'
    tag = {"tags": ["parameters"]}
    cells = [nbformat.v4.new_code_cell(first, metadata=tag), told]
    kernel = {"kernelspec": make_notebooks.KERNEL | {"name": "python3"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, tmp_path / "in.ipynb")

    def papermill(*parameters):
        command = [sys.executable, "-m", "papermill", "--no-progress-bar"]
        command += ["--log-level", "ERROR", "--cwd", str(tmp_path), *parameters]
        command += [str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb")]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stderr + (tmp_path / "out.ipynb").read_text()

    changes = '{"facets": "times"}'
    status, said = papermill("-p", "run", "1", "-p", "changes", changes)
    assert status == 0 and "1 ('times',)" in said, said
    status, said = papermill("-p", "k", "True")
    assert status == 1 and "InputError: k: True is no whole number" in said, said


def embedding(**changed):
    given = {"retriever": Means(), "images_root": ".", "names": [], "prompts": [None]}
    return cf.embed_gallery(**given | {"store_dir": "."} | changed)


def ranking(**changed):
    benchmark, queries, images = small_world()
    given = {"benchmark": benchmark, "queries": queries, "images": {None: images}}
    return cf.rank_table(**given | {"modes": {"general": {"f": (None,)}}} | changed)


def shown(images):
    return {"images": {None: images}}


QUERIES, IMAGES = small_world()[1:]
RANKS = table_of([("times", "a", "a", 1)])
# A public function, arguments of it that are no use -> what is said.
NO_USE = [
    (embedding, {"retriever": 5}, "retriever: 5 is no retriever"),
    (embedding, {"images_root": None}, "images_root: None is no path"),
    (embedding, {"names": "a.jpg"}, "names: 'a.jpg' is one text"),
    (embedding, {"prompts": [5]}, "prompts: 5 is no text"),
    (embedding, {"store_dir": 5}, "store_dir: 5 is no path"),
    (embedding, {"chunk": 0}, "chunk: 0 is no whole number from 1"),
    (embedding, {"batch": 0}, "batch: 0 is no whole number from 1"),
    (embedding, {"batch": 1.5}, "batch: 1.5 is no whole number from 1"),
    (embedding, {"workers": -1}, "workers: -1 is no whole number from 0"),
    (embedding, {"workers": True}, "workers: True is no whole number from 0"),
    (embed_files, {"retriever": Means(), "works": [], "batch": 0}, "batch: 0 is no"),
    (ranking, {"benchmark": None}, "benchmark: None is no benchmark"),
    (ranking, {"queries": None}, "queries: None is no array of numbers"),
    (ranking, {"queries": QUERIES.tolist()}, "is no array of numbers"),
    (ranking, {"queries": QUERIES[0]}, "is no array of numbers in two dimensions"),
    (ranking, {"queries": QUERIES.astype(str)}, "is no array of numbers"),
    (ranking, {"queries": QUERIES.astype(object)}, "is no array of numbers"),
    (ranking, {"queries": QUERIES.astype(complex)}, "is no array of numbers"),
    (ranking, {"queries": QUERIES > 0}, "queries: array([[ True, "),
    (ranking, {"queries": QUERIES[:-1]}, "queries: 5 rows, and the benchmark has 6"),
    (ranking, {"queries": QUERIES[:, 1:]}, "images: 6 dimensions, and queries have 5"),
    (ranking, {"images": IMAGES}, "is no mapping"),
    (ranking, shown(None), "images: None is no array of numbers"),
    (ranking, shown(IMAGES[:-1]), "images: 399 rows, and the benchmark has 400"),
    (ranking, shown(np.concatenate([IMAGES, IMAGES])), "images: 800 rows, and the"),
    (ranking, {"images": {"a?": IMAGES}}, "images: none under the prompt None"),
    (ranking, {"modes": ["general"]}, "modes: ['general'] is no mapping"),
    (ranking, {"modes": {}}, "modes: none of them names a facet"),
    (cf.recall_at, {"ranks": [1], "k": 0}, "k: 0 is no whole number from 1"),
    (cf.recall_at, {"ranks": ["1"], "k": 1}, "rank: holds what is no rank"),
    (cf.recall_at, {"ranks": [1.5], "k": 1}, "rank: holds what is no rank"),
    (cf.recall_at, {"ranks": [[1], [1, 2]], "k": 1}, "rank: holds what is no rank"),
    (cf.averages, {"table": [1], "k": 1}, "table: [1] is no table of ranks"),
    (cf.averages, {"table": pd.DataFrame(), "k": 1}, "is no table of ranks"),
    (cf.averages, {"table": RANKS.drop(columns="text"), "k": 1}, "is no table of rank"),
    (cf.interval, {"table": None, "k": 1}, "table: None is no table of ranks"),
    (cf.interval, {"table": RANKS, "k": 1, "average": 5}, "average 5: choose one of"),
    (
        cf.interval,
        {"table": pd.concat([RANKS, RANKS.assign(run="b")]), "k": 1},
        "one group expected, 2 given: mini a r 0 general; mini b r 0 general.",
    ),
    (cf.paired_difference, {"table_a": RANKS, "table_b": 5, "k": 1}, "table_b: 5 is"),
    (cf.sign_flip, {"table_a": 5, "table_b": RANKS, "k": 1}, "table_a: 5 is no"),
    (
        cf.sign_flip,
        {"table_a": RANKS, "table_b": RANKS, "k": 1, "seed": -1},
        "seed: -1 is no whole number",
    ),
    (cf.load, {"folder": None}, "folder: None is no path"),
    (cf.build, {"files": []}, "files: [] is no mapping"),
    (cf.build, {"files": {}, "seed": 0.5}, "seed: 0.5 is no whole number"),
    (cf.build, {"files": {}, "facets": "times"}, "facets: 'times' is no list"),
    (cf.build, {"files": {}, "images": 5}, "images: 5 is no path or None"),
    (cf.load_retriever, {"name": 5}, "zoo: retriever: 5 is not known"),
    (cf.load_retriever, {"name": []}, "zoo: retriever: [] is not known"),
    (cf.load_retriever, {"name": "tiny-clip", "device": 5}, "device: 5 is no text"),
    (cf.load_retriever, {"name": "tiny-clip", "precision": 5}, "precision: 5 is no"),
    (cf.load_retriever, {"name": "tiny-clip", "checkpoint": 5}, "checkpoint: 5 is no"),
    (cf.load_retriever, {"name": "tiny-clip", "batch_size": 0}, "batch_size: 0 is no"),
    (cf.open_workspace, {"profile": 5, "run": "a", "seed": 0}, "profile: 5 is no text"),
    (
        cf.open_workspace,
        {"profile": "mini", "run": [], "seed": 0},
        "run: [] cannot name a",
    ),
    (cf.index, {"folder": 5}, "folder: 5 is no path"),
    (cf.index, {"folder": ".", "retriever": 5}, "retriever: 5 is no name of a ret"),
    (cf.index, {"folder": ".", "ask": 5}, "--ask: 5 is no text"),
    (cf.index, {"folder": ".", "batch": 0}, "batch: 0 is no whole number from 1"),
    (cf.search, {"folder": ".", "count": 0}, "count: 0 is no whole number from 1"),
    (cf.search, {"folder": ".", "how": []}, "--how: []: choose of"),
]


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [pytest.param(*case, id=f"{case[0].__name__} {case[2][:30]}") for case in NO_USE],
)
def test_an_argument_that_is_no_use_is_one_line(function, arguments, said):
    with pytest.raises(InputError) as caught:
        function(**arguments)
    line = str(caught.value)
    assert said in line and "\n" not in line


NO_WISH = {  # a wish -> what is said
    cf.Wish(5): "text: 5 is no text",
    cf.Wish("a", ask=5): "--ask: 5 is no text",
    cf.Wish("a", against=5): "against: 5 is no list",
    cf.Wish("a", like=5): "like: 5 is no path or None",
}


@pytest.mark.parametrize("wish", NO_WISH)
def test_a_wish_that_is_none_is_one_line(wish):
    with pytest.raises(InputError, match=NO_WISH[wish]):
        cf.search(".", wish)
