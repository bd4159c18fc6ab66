"""A night at full scale that goes wrong: rehearsed whole, and with one thing missing.

Two dual encoders, two retrievers that take prompts, three notebooks; the package as
installed, its own commands, the real client of the hub.
"""

import json
import os
import signal
import time
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from cocofacet import paper
from cocofacet.chapters.results import made_by, of_run
from cocofacet.evaluation import runs
from rehearsal import hub as loopback
from rehearsal.hub import Hub
from rehearsal.installed import install
from rehearsal.rehearsal import RUN, STAMP, Part, Rehearsal

pytestmark = pytest.mark.more

DUAL, LOST_DUAL = "clip-vit-l-14-336", "siglip2-so400m-384"
PROMPTED, GATED = "vlm2vec-v2.0", "e5-v"
PART = Part(
    "full",
    {
        "duals": [DUAL, LOST_DUAL],
        "promptables": [PROMPTED, GATED],
        "answerer": "",
        "pools": [],
        "facets": ["objects", "gestures", "scenes"],
    },
    ("general", "prompted", "results"),
)


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """The night without a fault: its rehearsal, outcomes, and what the hub sent."""
    folder = tmp_path_factory.mktemp("night")
    with Hub() as hub:
        prepared = Rehearsal.prepare(folder, install(folder), hub, [PART])
        whole = replace(prepared, place=folder / "whole")
        outcomes = whole.run(PART)
        yield SimpleNamespace(
            rehearsal=whole, outcomes=outcomes, sent=Counter(hub.whole), hub=hub
        )


@pytest.fixture
def another(night, tmp_path):
    """The same in an empty place, the hub without faults and its counts at nothing."""
    night.hub.faults.clear()
    night.hub.whole.clear()
    night.hub.sent.clear()
    return replace(night.rehearsal, place=tmp_path)


def results(rehearsal):
    return rehearsal.place / "full/results/full" / RUN


def ranks(rehearsal):
    """Name of a notebook's ranks -> the table; revisions and all."""
    files = sorted(results(rehearsal).glob("*.ranks.csv"))
    return {file.name: pd.read_csv(file, dtype=str) for file in files}


def record(rehearsal):
    return json.loads((results(rehearsal) / "embedded.json").read_text())


def ok(outcomes):
    return {outcome.name: outcome.ok for outcome in outcomes}


def shown(rehearsal, notebook):
    return (rehearsal.place / f"executed/full/{notebook}.ipynb").read_text()


def test_it_runs_and_each_file_is_fetched_once(night):
    assert ok(night.outcomes) == {
        **{"cocofacet fetch": True, "cocofacet embed": True},
        **dict.fromkeys(PART.notebooks, True),
    }
    assert all(outcome.peak > 0 for outcome in night.outcomes)
    assert night.sent and set(night.sent.values()) == {1}
    states = {n: e["state"] for n, e in record(night.rehearsal)["retrievers"].items()}
    assert states == dict.fromkeys((DUAL, LOST_DUAL, PROMPTED, GATED), "done")


def test_the_results_chapter_is_stamped_and_comes_from_the_ranks(night):
    """Table 1: every cell of ours is counted again from the files of ranks."""
    folder = results(night.rehearsal)
    every = runs.collect(folder.parent.parent, "full")
    table, made = of_run(every, folder).sort_index(), made_by(folder.parent)
    assert set(table["pictures"]) == set(made["pictures"]) == {STAMP}
    keys = ["profile", "retriever", "mode", "query"]
    rows = pd.concat(ranks(night.rehearsal).values()).drop_duplicates(keys)
    ours = {paper.RETRIEVERS.get(name, name): name for name in table.index.levels[0]}
    counted = 0
    for profile, queries in {"full": "released", "full+rebuilt": "rebuilt"}.items():
        for mode in ("general", "prompted"):
            own = rows[(rows["profile"] == profile) & (rows["mode"] == mode)]
            for retriever, part in own.groupby("retriever"):
                (row,) = table.loc[ours[retriever], mode, queries].to_dict("records")
                for k in (1, 5):
                    hit = 100 * (part["rank"].astype(int) <= k)
                    by_facet = hit.groupby(part["facet"]).mean()
                    expected = {**by_facet, "macro": by_facet.mean()}
                    for what, value in {**expected, "micro": hit.mean()}.items():
                        assert row[f"{what} R@{k}"].split()[0] == f"{value:.1f}"
                        counted += 1
    # Four without a prompt and one with, on both benchmarks; ten cells.
    assert counted == 2 * (4 + 1) * 10
    for name in ("CLIP ViT-L/14-336", "SigLIP2"):
        row = table.loc[name, "general", "released"].iloc[0]
        assert row["paper R@5"] == str(paper.TABLE_1[name])
    page = shown(night.rehearsal, "results")
    assert page.count(STAMP) >= len(table) and RUN in page


def test_one_repository_missing_and_one_gated(night, another):
    night.hub.fail("timm/ViT-SO400M-16-SigLIP2-384", "no such repository")
    night.hub.fail("royokong/e5-v", "gated")
    found = ok(another.run(PART))
    assert found.pop("cocofacet embed") is False
    assert set(found.values()) == {True}
    failed = {
        name: each["reason"]
        for name, each in record(another)["retrievers"].items()
        if each["state"] == "failed"
    }
    assert failed.keys() == {LOST_DUAL, GATED}
    assert "there is no such repository" in failed[LOST_DUAL]
    assert "access has to be asked for" in failed[GATED]
    for reason in failed.values():
        assert "\n" not in reason
    for name, before in ranks(night.rehearsal).items():
        kept = before[before["retriever"].isin({DUAL, PROMPTED})]
        kept = kept.reset_index(drop=True)
        pd.testing.assert_frame_equal(ranks(another)[name], kept)
    for name in failed:
        assert f"{name}: failed: " in shown(another, "general")


def test_one_archive_dead(night, another):
    night.hub.fail("data/visual7w_images.zip", "no such repository")
    outcomes = another.run(PART)
    found = ok(outcomes)
    assert found.pop("cocofacet fetch") is False
    assert set(found.values()) == {True}
    left = set(pd.concat(ranks(another).values())["facet"])
    assert left == {"objects", "gestures"}
    assert "visual7w_images.zip" in shown(another, "general")


def kill_when(rehearsal, seen, *given):
    """Start a command and kill it, with all that it started, once something is seen."""
    process = rehearsal.start(PART, "cocofacet", *given, start_new_session=True)
    until = time.monotonic() + 120
    while not seen():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_twice_and_started_again(night, another, monkeypatch):
    """In a download and in an embedding: each file is sent to its end once, and the
    ranks are those of the night without a kill."""
    hub, archive = night.hub, "data/val2017.zip"
    monkeypatch.setattr(loopback, "SLOW", 0.2)
    hub.fail(archive, "slow")
    given = another.arguments(PART)

    def halfway():
        return hub.sent[archive] > 300_000

    kill_when(another, halfway, "fetch", *given["fetch"])
    hub.mend(archive)
    assert hub.whole[archive] == 0
    assert another.command(PART, "fetch", *given["fetch"]).ok
    size = hub.files[archive].stat().st_size
    assert hub.whole[archive] == 1 and hub.sent[archive] < 1.5 * size
    store = another.home(PART) / "data/full/store"

    def begun():
        return any(store.glob(f"{PROMPTED}-*/*.safetensors"))

    kill_when(another, begun, "embed", *given["embed"])
    assert not record(another)["finished"]
    assert set(ok(another.run(replace(PART, commands=("embed",)))).values()) == {True}
    assert set(hub.whole.values()) == {1}
    for name, table in ranks(night.rehearsal).items():
        pd.testing.assert_frame_equal(ranks(another)[name], table)
