"""What can be fetched: a sound table, and its listing."""

import pytest

from cocofacet.benchmark.sources import OFFICIAL
from cocofacet.fetch.catalog import ORIGINS, listing
from cocofacet.io import readable


def test_the_table_is_sound():
    files = [file for origin in ORIGINS.values() for file in origin.files]
    assert len({file.name for file in files}) == len(files)
    places = [place for file in files for place in file.places.values()]
    one_file = [place for place in places if not place.endswith("/")]
    assert len(set(one_file)) == len(one_file)
    assert set(OFFICIAL.values()) <= set(places)
    for file in files:
        assert file.urls and all(url.startswith("http") for url in file.urls)
        assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32
        # Without a digest nobody can tell that it is the right file: that is said.
        assert file.sha256 or file.unconfirmed
        assert list(file.places) == [file.name] or file.name.endswith(".zip")


def test_the_list_shows_every_file_its_terms_and_what_is_unconfirmed():
    listed = listing(ORIGINS)
    lines = listed.splitlines()
    for name, origin in ORIGINS.items():
        assert origin.use in listed and origin.terms in listed
        assert any(line.startswith(f"{name}  (") for line in lines)
        for file in origin.files:
            row = next(i for i, line in enumerate(lines) if f"  {file.name} " in line)
            assert file.urls[0] in lines[row]
            assert readable(file.size) in lines[row]
            assert ("unconfirmed" in lines[row + 1]) == bool(file.unconfirmed)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (None, "?"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (31_600, "31.6 kB"),
        (815_585_330, "816 MB"),
        (1_700_000_000, "1.7 GB"),
    ],
)
def test_sizes_are_readable(size, words):
    assert readable(size) == words
