"""A live page of the rendered world, for the tests of its parts."""

import os
import shutil

import pytest
from live_page import HOSTILE, running

from cocofacet.photos import make
from cocofacet.photos.app import answers
from cocofacet.retrievers.on_demand import OnDemand
from facetworld.write import write_world


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, fraction=0.02)
    for name in (HOSTILE, os.fsdecode(b"latin-\xe9.jpg")):
        shutil.copy(min(folder.rglob("0*.jpg")), folder / "images" / name)
    return folder


@pytest.fixture(scope="session")
def opened(world, tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    asked = (world / "images", None, ["times", "people"], store)
    kept = make.index_folder(*asked, tell=lambda line: None)
    return answers.Answers(kept, OnDemand(kept.retriever, kept.place))


@pytest.fixture(scope="module")
def server(opened):
    with running(opened) as found:
        yield found
