"""The load check: MMEB's hit@1 by hand on three rows."""

import numpy as np
import pandas as pd
import pytest

from cocofacet import cli_load, paper
from cocofacet.benchmark.image_pools import rows_of
from cocofacet.cli import main
from cocofacet.io import InputError
from cocofacet.retrievers import zoo

ROWS = pd.DataFrame(
    {
        "qry_text": ["<|image_1|>\nWhich country?\n"] * 3,
        "qry_img_path": ["a.jpg", "b.jpg", "c.jpg"],
        "tgt_text": [["x", "y"], ["y", "x"], ["x", "z"]],  # the first is right
    }
)
TEXTS = {"x": [1.0, 0], "y": [0, 1.0], "z": [1.0, 0]}
IMAGES = {"a.jpg": [0.9, 0.1], "b.jpg": [0.8, 0.2], "c.jpg": [1.0, 0]}


def test_hits_by_hand(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        cli_load.store, "embed_texts",
        lambda retriever, texts, folder: np.array([TEXTS[text] for text in texts]),
    )  # fmt: skip
    monkeypatch.setattr(
        cli_load.store, "embed_gallery",
        lambda retriever, root, names, prompts, folder: (
            asked.extend(prompts), np.array([[IMAGES[name] for name in names]]))[1],
    )  # fmt: skip
    # a is right; b is nearer to x; c ties with z, which counts against it.
    found = cli_load.hits(ROWS, None, tmp_path, tmp_path)
    assert found.tolist() == [True, False, False]
    assert asked == ["Which country?"]


def test_the_published_number_stands_beside_ours_with_its_mark(monkeypatch, tmp_path):
    monkeypatch.setattr(cli_load, "_rows", lambda data, task: ROWS)
    monkeypatch.setattr(cli_load, "load", lambda name, **how: None)
    monkeypatch.setattr(cli_load, "hits", lambda *_: np.array([True, False, False]))
    said = cli_load.check("vlm2vec-v2.0", "SUN397", tmp_path, tmp_path, None)
    assert "hit@1 33.3, published 70.9 % (O), difference -37.6 points, n = 3" in said


def test_each_published_number_says_how_it_is_known():
    for numbers in paper.MMEB.values():
        assert numbers.keys() <= zoo.ROWS.keys()
        assert {number.trust for number in numbers.values()} == {"O"} <= {*paper.TRUST}


def test_pictures_that_are_not_there_are_counted(tmp_path):
    (tmp_path / "mmeb").mkdir()
    ROWS.to_parquet(tmp_path / "mmeb/SUN397.parquet")
    (tmp_path / "images").mkdir()
    (tmp_path / "images/b.jpg").touch()
    with pytest.raises(InputError, match=r"images: 2 pictures .* such as a\.jpg\. Run"):
        cli_load._rows(tmp_path, "SUN397")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("vlm2vec-v2.0", "--task", "ImageNet"), "--task"),
        (("clip-vit-l-14-336", "--task", "SUN397"), "is a dual encoder"),
        (("vlm2vec-v2.0", "--task", "SUN397"), "cocofacet fetch pools"),
    ],
)
def test_bad_input_is_one_line(arguments, said, tmp_path, capsys):
    folders = ("--data", str(tmp_path), "--store", str(tmp_path / "store"))
    assert main(["check-load", *arguments, *folders]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


WRONG = {  # of a table of rows -> what is said of the first
    "a text of classes": (
        lambda t: t.assign(tgt_text="abbey"),
        "tgt_text is no list",
    ),
    "one class": (
        lambda t: t.assign(tgt_text=[["x"]] * 3),
        "no list of 2 texts or more",
    ),
    "no classes": (lambda t: t.assign(tgt_text=[None] * 3), "row 0: "),
    "bytes": (lambda t: t.assign(tgt_text=[[b"x", b"y"]] * 3), "tgt_text is no"),
    "a class in a list": (lambda t: t.assign(tgt_text=[[["x"]]] * 3), "tgt_text is no"),
    "a class without a name": (
        lambda t: t.assign(tgt_text=[["", "x"]] * 3),
        "tgt_text",
    ),
    "no question": (lambda t: t.assign(qry_text=None), "qry_text is no text"),
    "a number of a picture": (lambda t: t.assign(qry_img_path=5), "qry_img_path is no"),
    "a path that leads out": (
        lambda t: t.assign(qry_img_path="../a"),
        "leaves the ima",
    ),
    "a long name": (lambda t: t.assign(qry_img_path="x" * 300), "is no path"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_rows_that_are_none_are_named(kind, tmp_path):
    change, said = WRONG[kind]
    path = tmp_path / "mmeb/SUN397.parquet"
    path.parent.mkdir()
    change(ROWS).to_parquet(path)
    with pytest.raises(InputError, match="row 0: ") as refused:
        rows_of(path, "qry_text", least=2)
    assert said in str(refused.value) and "\n" not in str(refused.value)
