"""Vectors of one's own: the ranks of a store's, and each fault in one line."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import save_file
from small_galleries import cats_and_dogs

from cocofacet.cli import main
from cocofacet.evaluation import runs, vectors
from cocofacet.evaluation.ranking import prompt_modes, rank_table
from cocofacet.io import InputError

BENCHMARK = cats_and_dogs()
QUESTION = "Which animals can be seen in this image?"
MODES = {
    mode: prompts
    for mode, prompts in prompt_modes({"animals": QUESTION}).items()
    if mode in ("general", "prompted")
}
TEXTS = sorted({query.text for query in BENCHMARK.queries})


def arrays():
    """Unit rows: texts (2, 5), images (2, N, 5)."""
    rng = np.random.default_rng(0)
    texts, images = rng.normal(size=(2, 5)), rng.normal(size=(2, 140, 5))
    return [
        (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
        for rows in (texts, images)
    ]


def parquet(path, change=lambda table: table):
    texts, images = arrays()
    rows = [("text", name, None, row) for name, row in zip(TEXTS, texts, strict=True)]
    for prompt, each in zip((None, QUESTION), images, strict=True):
        pairs = zip(BENCHMARK.images, each, strict=True)
        rows += [("image", name, prompt, row) for name, row in pairs]
    table = pd.DataFrame(rows, columns=vectors.COLUMNS)
    change(table).to_parquet(path)
    return path


def safetensors(path):
    texts, images = arrays()
    said = {
        "texts": TEXTS,
        "images": list(BENCHMARK.images),
        "prompts": [None, QUESTION],
    }
    tensors = {"texts": texts, "images": images}
    save_file(tensors, path, {"cocofacet": json.dumps(said)})
    return path


@pytest.mark.parametrize(
    ("write", "name"), [(parquet, "a.parquet"), (safetensors, "a.safetensors")]
)
def test_the_same_vectors_have_the_same_ranks(write, name, tmp_path):
    texts, images = arrays()
    queries = [texts[TEXTS.index(query.text)] for query in BENCHMARK.queries]
    by_prompt = dict(zip((None, QUESTION), images, strict=True))
    expected = rank_table(BENCHMARK, np.array(queries), by_prompt, MODES)
    found = vectors.read(write(tmp_path / name)).ranks(BENCHMARK, MODES)
    pd.testing.assert_frame_equal(found, expected)
    # By hand: 1 + the negatives that do not score below the positive.
    query, scores = BENCHMARK.queries[0], images[0].astype(float) @ queries[0]
    places = BENCHMARK.indices(query.candidates)
    assert found["rank"][0] == 1 + (scores[places[1:]] >= scores[places[0]]).sum()


@pytest.mark.parametrize("factor", [3, 1e-22, 1e-100, 1e30, 1e150])
def test_vectors_of_any_length_are_compared_by_cosine(factor, tmp_path):
    def longer(table):
        return table.assign(vector=[factor * row.astype(float) for row in table.vector])

    found = vectors.read(parquet(tmp_path / "a.parquet", longer))
    plain = vectors.read(parquet(tmp_path / "b.parquet"))
    key = (None, BENCHMARK.images[0])
    np.testing.assert_allclose(found.images[key], plain.images[key], rtol=1e-6)


def with_first(value):
    return lambda table: table.assign(vector=[value, *table.vector[1:]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.iloc[1:], "texts: 1 of 2 have no vector, such as 'Find me"),
        (lambda t: t.iloc[:-1], "images: 1 of 140 have no vector under the prompt"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "is there twice"),
        (with_first([1.0, 2.0]), "has the shape"),
        (with_first([np.nan] * 5), "no finite number"),
        (with_first([0.0] * 5), "is zero"),
        (lambda t: t.drop(columns="prompt"), "prompt: the column is missing"),
        (lambda t: t.assign(kind="picture"), "kind: 'picture'"),
        # None of these is the prompt None, or the name of something.
        (lambda t: t.assign(prompt=5), "images: a prompt is no text: '5'"),
        (lambda t: t.assign(prompt=b"What?"), "a prompt is no text: \"b'What"),
        (lambda t: t.assign(prompt=[["What?"]] * len(t)), "a prompt is no text"),
        (lambda t: t.assign(name=[["a"]] * len(t)), "texts: a name is no text"),
        (lambda t: t.assign(name=[None, *t.name[1:]]), "texts: a name is no text"),
        # What could be read as a number, and is none.
        (lambda t: t.assign(vector=[["1", "2"]] * len(t)), "is no list of numbers"),
        (lambda t: t.assign(vector=[[pd.Timestamp(0)]] * len(t)), "is no list of num"),
    ],
)
def test_each_fault_is_named_in_one_line(change, said, tmp_path):
    with pytest.raises(InputError, match=said) as caught:
        vectors.read(parquet(tmp_path / "a.parquet", change)).ranks(BENCHMARK, MODES)
    assert "\n" not in str(caught.value) and "a.parquet" in str(caught.value)


def test_a_pipe_and_a_folder_are_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "folder.parquet").mkdir()
    for name in ("pipe.safetensors", "folder.parquet"):
        with pytest.raises(InputError, match=f"{name}: file: is no plain file"):
            vectors.read(tmp_path / name)


@pytest.mark.parametrize(("field", "value"), [("texts", [5, 6]), ("prompts", [{}, 1])])
def test_names_in_metadata_are_texts(field, value, tmp_path):
    path = safetensors(tmp_path / "a.safetensors")
    said = {"texts": TEXTS, "images": list(BENCHMARK.images), "prompts": [None, "a"]}
    tensors = dict(zip(("texts", "images"), arrays(), strict=True))
    save_file(tensors, path, {"cocofacet": json.dumps(said | {field: value})})
    with pytest.raises(InputError, match="is no text: ") as refused:
        vectors.read(path)
    assert "\n" not in str(refused.value)


SAID = {"texts": TEXTS, "images": list(BENCHMARK.images), "prompts": [None, QUESTION]}
METADATA = {  # what a file says of its tensors -> what is said of it
    "nothing": (None, "metadata: cocofacet: is no JSON object with texts"),
    "no prompts": (
        {"texts": TEXTS, "images": list(BENCHMARK.images)},
        "metadata: cocofacet: is no JSON object with texts",
    ),
    "a text too few": (
        SAID | {"texts": TEXTS[1:]},
        r"texts: the tensor is \(2,\) by D, and the metadata names \(1,\)",
    ),
    "a prompt too few": (
        SAID | {"prompts": [None]},
        r"images: the tensor is \(2, 140\) by D, and the metadata names \(1, 140\)",
    ),
}


@pytest.mark.parametrize("kind", METADATA)
def test_metadata_fits_its_tensors(kind, tmp_path):
    said, expected = METADATA[kind]
    tensors = dict(zip(("texts", "images"), arrays(), strict=True))
    path = tmp_path / "a.safetensors"
    save_file(tensors, path, said and {"cocofacet": json.dumps(said)})
    with pytest.raises(InputError, match=expected):
        vectors.read(path)


def test_a_file_that_is_none(tmp_path):
    for name, said in (("a.npy", "neither"), ("a.parquet", "be read as parquet")):
        (tmp_path / name).write_bytes(b"no vectors")
        with pytest.raises(InputError, match=said):
            vectors.read(tmp_path / name)


class Mine:
    """The mean colour, which a text asks for by its length; no class of the zoo's."""

    name = "mine"

    def embed_texts(self, texts):
        return [[1.0, len(text), 0.0] for text in texts]

    def embed_images(self, pictures, prompts):
        means = [np.asarray(picture).mean((0, 1)) + 1 for picture in pictures]
        return [means for _ in prompts]


def test_any_object_and_the_command_appear_among_the_runs(
    tmp_path, monkeypatch, capsys
):
    for number, name in enumerate(BENCHMARK.images):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (number, 0, 0)).save(path, quality=95)
    found = vectors.embedded_by(Mine(), BENCHMARK, tmp_path / "images", MODES)
    table = found.ranks(BENCHMARK, MODES, retriever="mine", revision="1")
    made = {"profile": {"shown_as": "squares"}, "packages": {}}
    vectors.keep(table, tmp_path / "results/full/first", BENCHMARK, made)

    monkeypatch.chdir(tmp_path)
    BENCHMARK.save(tmp_path / "benchmark")
    file = parquet(tmp_path / "a.parquet")
    given = ["--benchmark", "benchmark", "--vectors", str(file), "--name", "given"]
    asked = ["evaluate", *given, "--modes", "general,prompted"]
    assert main([*asked, "--run", "full/first"]) == 0
    assert "kept: results/full/first/vectors-given.ranks.csv" in capsys.readouterr().out
    summary = runs.summary(runs.collect(tmp_path / "results", "full"))
    assert set(summary.index.get_level_values("retriever")) == {"mine", "given"}
    assert main([*asked, "--run", "first"]) == 2
    for wrong in (["--run", "full/.."], ["--run", "../x"], ["--name", "../x"]):
        assert main([*asked, *wrong]) == 2
        assert "cannot name a folder or a file" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"retriever: '\.\./x' cannot name"):
        vectors.keep(table.assign(retriever="../x"), tmp_path / "a/b", BENCHMARK, made)
    with pytest.raises(InputError, match=r"run: '\.\.' cannot name"):
        vectors.keep(table, tmp_path / "a/..", BENCHMARK, made)
    assert main(["evaluate", "--benchmark", "benchmark"]) == 2
    assert "--images: missing" in capsys.readouterr().err


def test_an_object_that_returns_another_shape_is_named(tmp_path):
    mine = Mine()
    mine.embed_texts = lambda texts: np.ones((1, 3))
    with pytest.raises(InputError, match=r"mine: embed_texts: returned \(1, 3\)"):
        vectors.embedded_by(mine, BENCHMARK, tmp_path, MODES)
