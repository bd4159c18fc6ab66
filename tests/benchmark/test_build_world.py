"""The rendered world goes through the same builder as COCO, facet by facet."""

import json
import subprocess
import sys

import pytest

from cocofacet.benchmark import build as benchmark
from cocofacet.benchmark import sources
from cocofacet.benchmark.facets import FACETS

# The book builds the same world from the same annotations.
pytestmark = pytest.mark.more


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "world"
    # A command and not an import: the two packages meet in files only.
    command = [sys.executable, "-m", "facetworld", "write", "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def built(world):
    return benchmark.build(sources.locate(world), images=world / "images")


@pytest.mark.parametrize("facet", FACETS)
def test_at_least_150_queries(facet, built):
    assert len(built.of(facet)) >= 150


def test_every_picture_is_there(world, built):
    assert all((world / "images" / name).is_file() for name in built.images)
    for report in built.manifest["facets"].values():
        assert report["pictures_not_on_disk"] == 0
    assert built.manifest["near_duplicates_checked"] is True


def test_no_anchor_is_a_candidate(built):
    assert not any(name.startswith("anchors/") for name in built.images)


def test_nearly_nothing_is_lost_on_the_way(built):
    """The world's annotations agree with each other: few drops, each with a reason."""
    for facet in FACETS:
        reasons = built.manifest["facets"][facet]["dropped"]
        dropped = sum(
            len(what)
            for reason, what in reasons.items()
            if reason != "label without a positive image"
        )
        assert dropped <= 0.05 * len(built.of(facet)), json.dumps(reasons)
