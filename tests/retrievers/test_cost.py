"""Estimates by hand, and what is said before a long step."""

from dataclasses import replace

import pytest

from cocofacet.retrievers.cost import (
    DEVICES,
    UTILISATION,
    announcement,
    device_called,
    duration,
    estimate,
    parameters,
)
from cocofacet.retrievers.zoo import ROWS

T4, H100 = DEVICES[0], DEVICES[2]
ROW = replace(
    ROWS["tiny-qwen2vl"], name="x", parameters="2 B", image_tokens=400, dim=1000,
    memory=6.0, download=4.4,
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "number"), [("428 M", 428e6), ("7.1 + 7.2 B", 14.3e9), ("", 0)]
)
def test_parameters_are_read_from_words(words, number):
    assert parameters(replace(ROW, parameters=words)) == pytest.approx(number)


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_every_row_can_be_read(row):
    if not row.checkpoint.startswith("package:"):
        assert parameters(row) > 1e8
        assert row.image_tokens > 50


def test_one_pass_by_hand():
    """2 operations x 2e9 parameters x (400 + 9 x 20) tokens x 1000 images."""
    found = estimate(ROW, H100, images=1000, prompts=9)
    assert found.seconds == pytest.approx(2 * 2e9 * 580 * 1000 / (UTILISATION * 989e12))
    assert found.stored == 1000 * 9 * 1000 * 4
    assert found.passes == 1
    apart = estimate(replace(ROW, prompt_after_image=False), H100, 1000, 9)
    assert apart.passes == 9
    assert apart.seconds / found.seconds == pytest.approx((9 * 400 + 180) / 580)


def test_what_does_not_fit_or_is_not_known_is_not_estimated():
    assert estimate(replace(ROW, memory=20.0), T4, 1000, 9) is None
    assert estimate(replace(ROW, image_tokens=0), H100, 1000, 9) is None
    assert estimate(replace(ROW, parameters=""), H100, 1000, 9) is None


def test_devices_by_their_drivers_names():
    assert device_called("Tesla T4") == T4
    assert device_called("NVIDIA H100 80GB HBM3") == H100
    assert device_called("NVIDIA GeForce RTX 3090") is None


def test_what_is_said_before_a_long_step():
    said = announcement(ROW, T4, 2000, 3, ready=False)
    assert "downloads 4.4 GB" in said
    assert "2,000 pictures under 3 prompts for about" in said and "(estimated)" in said
    assert "keeps 24 MB" in said
    assert "1 picture under 1 prompt " in announcement(ROW, T4, 1, 1, ready=True)
    assert "downloads" not in announcement(ROW, T4, 2000, 3, ready=True)
    assert "not known" in announcement(ROW, None, 2000, 3, ready=True)
    assert announcement(ROWS["tiny-qwen2vl"], None, 900, 9, ready=True) == ""


def test_durations():
    assert [duration(s) for s in (1, 60, 89, 90, 5399, 5400)] == [
        "under a minute", "1 minute", "1 minute", "2 minutes", "90 minutes",
        "1.5 hours",
    ]  # fmt: skip
