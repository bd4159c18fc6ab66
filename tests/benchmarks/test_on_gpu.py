"""The run on a GPU, tried on the CPU with tiny models: what it writes, and failures."""

import json
import os
import time
from dataclasses import replace

import on_gpu
import pytest
import sizes

from cocofacet.retrievers.zoo import ROWS

HERE = {"device": "a CPU", "driver": None}


def together(seconds, function, *arguments):
    """`apart` in this process, whose threads do not outlive a fork."""
    try:
        return function(*arguments)
    except ValueError as error:
        return {"failed": str(error)}


@pytest.fixture
def tiny(monkeypatch):
    """Every size is the tiny checkpoint's, and the dimensions are as stated there."""
    for size in sizes.SIZES:
        monkeypatch.setitem(sizes.SIZES, size, sizes.Size("", {}))
    monkeypatch.setattr(on_gpu, "apart", together)
    settings = replace(on_gpu.CPU.settings, prompts=(3,), piped=(3,))
    return replace(on_gpu.CPU, settings=settings, vectors=500)


def test_all_parts_are_written_and_one_that_fails_stops_none(tiny, tmp_path):
    out = tmp_path / "on-gpu.json"
    fits = replace(ROWS["qwen3-vl-embedding-2b"], dim=32)
    rows = [
        ROWS["vlm2vec-v2.0"],  # of another size than it says
        fits,
        replace(fits, name="large", memory=1000.0),
    ]
    found = on_gpu.run(tiny, rows, {**HERE, "memory_bytes": 5e11}, out)
    assert json.loads(out.read_text()) == json.loads(json.dumps(found))
    assert found["one_pass"][0]["smallest_cosine"] > 0.99
    assert found["pipeline"][0]["share_of_forward"] > 0
    assert found["search"]["same_pictures"] == 1
    rows = found["rows"]
    assert rows[fits.name]["precision"] == "bf16"
    assert rows[fits.name]["seconds_a_picture"] > 0
    assert "not of 1536" in rows["vlm2vec-v2.0"]["failed"]
    assert "1000 GB" in rows["large"]["skipped"]


def test_every_size_comes_before_any_comes_again():
    rows = [ROWS[name] for name in ("e5-v", "mmret", "vlm2vec-llava-next")]
    names = [row.name for row in on_gpu.in_order(rows)]
    assert names == ["mmret", "e5-v", "vlm2vec-llava-next"]


def test_no_time_left(tiny, tmp_path):
    late = replace(tiny, minutes=0)
    out = tmp_path / "x.json"
    found = on_gpu.run(late, [ROWS["qwen3-vl-embedding-2b"]], HERE, out)
    said = [found["large"], found["search"], *found["rows"].values()]
    assert said == [{"skipped": "no time was left"}] * 3


@pytest.mark.parametrize(
    "function, seconds, said",
    [
        (lambda: {"a": 1}, 20, {"a": 1}),
        (lambda: {}["b"], 20, {"failed": "KeyError: 'b'"}),
        (
            lambda: time.sleep(60),
            0.2,
            {"skipped": "stopped when its time was up, 0 s"},
        ),
        (lambda: os._exit(9), 20, {"failed": "its process ended (9): memory, perhaps"}),
    ],
)
def test_a_part_apart(function, seconds, said):
    assert on_gpu.apart(seconds, function) == said


def test_a_record_of_a_gpu_is_not_overwritten_by_a_cpu(tmp_path, monkeypatch):
    out = tmp_path / "on-gpu.json"
    out.write_text(json.dumps({"device": "A GPU", "driver": "580.1"}))
    monkeypatch.setattr(on_gpu, "apart", lambda *_: HERE)
    monkeypatch.setattr("sys.argv", ["on_gpu.py", "--out", str(out)])
    with pytest.raises(SystemExit, match="holds what A GPU measured"):
        on_gpu.main()
    assert json.loads(out.read_text())["driver"] == "580.1"
