"""`cocofacet embed` and `evaluate`, from the command line's arguments."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cocofacet.benchmark import dataset
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.cli import main
from cocofacet.embeddings import distribute, store
from cocofacet.retrievers import load as loading
from cocofacet.retrievers import zoo
from rehearsal.tiny_checkpoints import save_clip, save_qwen2vl


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A benchmark of two facets and 101 pictures of 28 x 28, and two checkpoints."""
    folder = tmp_path_factory.mktemp("commands")
    names = [f"val2017/{number:012d}.jpg" for number in range(101)]
    (folder / "images/val2017").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in names:
        pixels = rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / name)
    queries = []
    for facet, label in (("animals", "cat"), ("animals", "dog"), ("times", "night")):
        shown = FACETS[facet]
        row = sum(query.facet == facet for query in queries)
        candidates = tuple(names[len(queries) :] + names[: len(queries)])[:100]
        text = shown.wording(label)
        queries.append(Query(f"{shown.stem}:{row}", facet, label, text, candidates))
    dataset.Benchmark(tuple(queries)).save(folder / "benchmark")
    save_qwen2vl(folder / "qwen")
    save_clip(folder / "clip")
    return folder


@pytest.fixture
def command(folder, tmp_path):
    def run(name, *more, retriever="tiny-qwen2vl", checkpoint="qwen"):
        return main(
            [
                name,
                *("--benchmark", str(folder / "benchmark")),
                *("--images", str(folder / "images")),
                *("--store", str(tmp_path / "store")),
                *("--retriever", retriever),
                *("--checkpoint", str(folder / checkpoint)),
                *more,
            ]
        )

    return run


def test_embed_then_evaluate(command, tmp_path, capsys):
    assert command("embed", "--prompts", "all", "--batch", "8", "--workers", "1") == 0
    said = capsys.readouterr().out
    assert "101 images under 4 prompts" in said
    assert re.search(
        r"^101 images embedded in .* images/s; 0 were in the sto", said, re.M
    )
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.safetensors")}
    assert len(kept) == 4

    modes = "general,bare,prompted,wrong"
    out = tmp_path / "ranks.csv"
    assert command("evaluate", "--modes", modes, "--out", str(out)) == 0
    shown = capsys.readouterr().out
    assert "Recall@1 in percent, 3 queries" in shown
    assert "Recall@5 in percent" in shown
    for word in ("animals", "times", "macro", "micro", "balanced", "fp32"):
        assert word in shown
    assert shown.endswith("all images were in the store\n")
    ranks = pd.read_csv(out)
    assert ranks.groupby("mode").size().to_dict() == dict.fromkeys(modes.split(","), 3)
    assert ranks["rank"].between(1, 100).all()
    after = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.safetensors")}
    assert kept.items() <= after.items()  # evaluate found every image in the store
    (texts,) = after.keys() - kept.keys()
    assert texts.parent.name.startswith("tiny-qwen2vl-texts-")


def test_printed_recall_is_that_of_the_ranks(command, tmp_path, capsys):
    out = tmp_path / "ranks.csv"
    assert command("evaluate", "--out", str(out), "--k", "50") == 0
    ranks = pd.read_csv(out)["rank"]
    (micro,) = [
        line
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("micro")
    ]
    expected = 100 * sum(rank <= 50 for rank in ranks) / len(ranks)
    assert float(micro.split()[1]) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("given", ["--k 50 100", "--k 50 --k 100"])
def test_several_cut_offs(command, given, capsys):
    assert command("evaluate", *given.split(), "--batch", "64") == 0
    shown = capsys.readouterr().out
    assert [int(k) for k in re.findall(r"Recall@(\d+)", shown)] == [50, 100]


def test_what_is_unconfirmed_is_said_with_the_numbers(command, capsys):
    """A row in doubt, here run with small weights of its architecture."""
    row = zoo.ROWS["eva02-clip-l-14-336"]
    arguments = ("evaluate", "--modes", "general")
    assert command(*arguments, retriever=row.name, checkpoint="clip") == 0
    assert row.caveat and row.caveat in capsys.readouterr().err
    assert command(*arguments, retriever="tiny-clip", checkpoint="clip") == 0
    assert "confirmed" not in capsys.readouterr().err


def test_dual_encoder(command, capsys):
    clip = {"retriever": "tiny-clip", "checkpoint": "clip"}
    assert command("embed", **clip) == 0
    assert command("evaluate", **clip) == 0
    capsys.readouterr()
    for ask in (("embed", "--prompts", "facet"), ("evaluate", "--modes", "prompted")):
        assert command(*ask, **clip) == 2
        found = capsys.readouterr()
        assert found.err.startswith("error: tiny-clip: prompts: a dual encoder")
        assert found.out == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("embed --profile smoke --images a", "--images: not with --profile"),
        ("embed --profile smoke -p seed", "-p: 'seed': write it as FIELD=VALUE"),
        ("embed --profile smoke -p =1", "-p: '=1': write it as FIELD=VALUE"),
        ("embed --benchmark a --images a --retriever a", "--store: missing"),
        (
            "embed --benchmark a --images a --retriever a --store a -p a=1",
            "--change: needs --profile",
        ),
        ("evaluate --benchmark {} --retriever a --store a", "--images: missing"),
        ("evaluate --benchmark {} --images a --store a", "--retriever: missing"),
    ],
)
def test_options_that_do_not_go_together(given, said, folder, capsys):
    assert main(given.format(folder / "benchmark").split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and said in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--modes", "promted"), "--modes"),
        (("--k", "0"), "--k"),
        (("--k", "1", "0"), "--k"),
        (("--k", "1", "five"), "'five' is no whole number"),
        (("--batch", "0"), "--batch"),
        (("--workers", "-1"), "--workers"),
        (("--retriever", "tiny-clop"), "tiny-clop"),
        (("--benchmark", "nowhere"), "nowhere"),
        (("--images", "nowhere"), "nowhere"),
        (("--checkpoint", "nowhere"), "nowhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_one_line(command, capsys, arguments, said):
    assert command("evaluate", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert said in error


def test_ray_gets_what_was_asked(command, folder, tmp_path, monkeypatch, capsys):
    """What actors do is tested in test_distribute; here one stands in for them all."""
    asked = []

    def embed_missing(missing, load, actors, batch, workers):
        asked.append((load, actors, batch, workers))
        retriever = loading.load(**load)
        assert sum(len(chunk.names) for chunk in missing) == 101
        for _ in store.embed_chunks(retriever, missing, batch=batch, workers=workers):
            pass

    monkeypatch.setattr(distribute, "embed_missing", embed_missing)
    options = ("--ray", "--actors", "3", "--batch", "16", "--precision", "bf16")
    assert command("embed", *options) == 0
    load = {"name": "tiny-qwen2vl", "checkpoint": folder / "qwen", "device": "cpu"}
    assert asked == [({**load, "precision": "bf16"}, 3, 16, None)]
    assert "101 images embedded in" in capsys.readouterr().out
    assert command("embed", "--ray", "--actors", "0") == 2
    assert "'--actors': '0' is no whole number from 1 up" in capsys.readouterr().err


def test_a_single_facet_has_no_wrong_prompt(command, folder, tmp_path, capsys):
    alone = tmp_path / "alone"
    loaded = dataset.load(folder / "benchmark")
    dataset.Benchmark(loaded.of("times")).save(alone)
    arguments = ("--modes", "general,wrong", "--benchmark", str(alone))
    assert command("evaluate", *arguments) == 2
    assert "no wrong prompt" in capsys.readouterr().err
