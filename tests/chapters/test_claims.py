"""The list of claims points at chapters that exist, and its status at what was run."""

from pathlib import Path

import pytest

from cocofacet.chapters.claims import _RUN, CLAIMS, Claim, status
from cocofacet.profiles import PROFILES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.what[:30])
def test_its_chapters_exist(claim):
    for chapter in claim.chapters:
        assert (ROOT / f"notebooks/{chapter}.py").is_file()


def test_every_profile_has_its_words():
    assert _RUN.keys() == PROFILES.keys()


def test_status_follows_what_was_run(tmp_path):
    claim = Claim("c", "abstract", ("general", "prompted"))
    assert status(claim, tmp_path) == "not run"
    (tmp_path / "mini/a").mkdir(parents=True)
    (tmp_path / "mini/a/prompted.ranks.csv").touch()
    assert status(claim, tmp_path) == "run in the rendered world only"
    (tmp_path / "colab/a").mkdir(parents=True)
    (tmp_path / "colab/a/general.ranks.csv").touch()
    assert status(claim, tmp_path) == "run on photographs of some facets only"
    (tmp_path / "full/b").mkdir(parents=True)
    (tmp_path / "full/b/wordings.ranks.csv").touch()
    assert status(claim, tmp_path) == "run on photographs of some facets only"
    (tmp_path / "full/b/general.ranks.csv").touch()
    assert status(claim, tmp_path) == "run at full scale"
    assert status(Claim("d", "the paper", ()), tmp_path) == "not run"
