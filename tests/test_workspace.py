"""A run's folders, and the parameters that are refused before anything is made."""

import pytest

from cocofacet import workspace
from cocofacet.errors import InputError
from cocofacet.facets import FACETS
from cocofacet.profiles import PROFILES
from cocofacet.retrievers.zoo import ROWS
from facetworld.words import HELD_OUT


@pytest.mark.parametrize(
    ("profile", "run", "seed", "field"),
    [
        (
            "maxi",
            "a",
            0,
            "profile: there is no profile 'maxi'. Use one of: mini,",
        ),
        ("mini", "", 0, "run: ''"),
        ("mini", "../a", 0, "run: '../a'"),
        ("mini", ".a", 0, "run: '.a'"),
        ("mini", "a", -1, "seed: -1"),
        ("mini", "a", "0", "seed: '0'"),
    ],
)
def test_bad_parameters_are_named(profile, run, seed, field, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        workspace.open_workspace(profile, run, seed)
    assert str(error.value).startswith(field)
    assert list(tmp_path.iterdir()) == []


def test_home_is_the_repository_or_the_folder_one_is_in(tmp_path, monkeypatch):
    monkeypatch.delenv("COCOFACET_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert workspace.home() == tmp_path
    (tmp_path / "src/cocofacet").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "_toc.yml").touch()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert workspace.home() == tmp_path
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path / "src"))
    assert workspace.home() == tmp_path / "src"


def test_every_profile_names_rows_of_the_zoo_and_known_facets():
    for profile in PROFILES.values():
        assert set(profile.retrievers) <= set(ROWS)
        assert set(profile.unasked_facets) <= set(FACETS)
        assert bool(profile.unasked) == bool(profile.unasked_facets)


def test_the_facets_never_asked_about_are_those_of_the_training():
    assert PROFILES["mini"].unasked_facets == HELD_OUT
