"""The rendered pictures that a rehearsal takes for photographs."""

from cocofacet.photos import files, weights
from rehearsal import photos


def test_they_count_as_photographs(tmp_path, monkeypatch):
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    folder = photos.pictures(tmp_path, count=3)
    found = files.scan(folder, tmp_path / "catalogue.arrow").files
    assert len(found) == 3 and not any(file.unreadable for file in found)
    assert weights.foreign(folder, found)
