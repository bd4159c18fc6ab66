"""The same picture found twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cocofacet.benchmark.near_duplicates import NEAR, near_duplicates, perceptual_hash
from cocofacet.io import InputError


def noise(seed):
    """A smooth random picture, another for each seed."""
    cells = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(cells).resize((320, 240), Image.Resampling.BICUBIC)


def test_the_same_picture_at_another_size_and_quality_is_near(tmp_path):
    hashes = []
    for name, picture in (("a", noise(0)), ("b", noise(0).resize((224, 224)))):
        picture.save(tmp_path / f"{name}.jpg", quality=60 if name == "b" else 95)
        hashes.append(perceptual_hash(tmp_path / f"{name}.jpg"))
    noise(1).save(tmp_path / "c.jpg")
    other = perceptual_hash(tmp_path / "c.jpg")
    assert hashes[0].shape == (64,) and hashes[0].dtype == bool
    assert (hashes[0] != hashes[1]).sum() <= NEAR
    assert (hashes[0] != other).sum() > NEAR


def bits(*on):
    found = np.zeros(64, dtype=bool)
    found[list(on)] = True
    return found


def test_the_later_of_two_near_pictures_repeats_the_earlier():
    hashes = {
        "a": bits(),
        "b": bits(0, 1, 2, 3),  # 4 bits from a
        "c": bits(0, 1, 2, 3, 4),  # 5 bits from a, 1 from b: b stands for no other
        "d": bits(),  # the same source as a
    }
    origin = {"a": "visual7w", "b": "visdial", "c": "captions", "d": "visual7w"}
    assert near_duplicates(hashes, origin) == {"b": "a"}


def test_nothing_repeats_in_no_pictures():
    assert near_duplicates({}, {}) == {}


@given(
    st.lists(st.tuples(st.integers(0, 2**8 - 1), st.sampled_from("xyz")), max_size=12)
)
def test_near_duplicates_against_plain_loops(drawn):
    names = [f"{n:02d}" for n in range(len(drawn))]
    hashes = {
        name: bits(*(n for n in range(8) if code >> n & 1))
        for name, (code, _) in zip(names, drawn, strict=True)
    }
    origin = {n: source for n, (_, source) in zip(names, drawn, strict=True)}
    expected = {}
    for later in names:
        for earlier in names:
            if earlier >= later or earlier in expected:
                continue
            distance = sum(
                a != b for a, b in zip(hashes[later], hashes[earlier], strict=True)
            )
            if distance <= NEAR and origin[later] != origin[earlier]:
                expected[later] = earlier
                break
    assert near_duplicates(hashes, origin) == expected


@pytest.mark.parametrize("junk", [b"", b"no picture"])
def test_an_unreadable_picture_is_named(junk, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(junk)
    with pytest.raises(InputError, match=r"a.jpg: image: cannot be read"):
        perceptual_hash(path)


def test_a_picture_cut_short_is_named(tmp_path):
    path = tmp_path / "a.jpg"
    noise(0).save(path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError, match=r"a.jpg: image: cannot be read"):
        perceptual_hash(path)
