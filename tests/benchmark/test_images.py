"""Finding pictures."""

from cocofacet.benchmark import images as pictures


def test_a_picture_is_found_under_its_official_path_or_directly(tmp_path):
    name = "val2017/000000000139.jpg"
    assert pictures.find(tmp_path, name) is None
    assert pictures.path_of(tmp_path, name) == tmp_path / name
    direct = tmp_path / "000000000139.jpg"
    direct.write_bytes(b"")
    assert pictures.find(tmp_path, name) == direct
    assert pictures.path_of(tmp_path, name) == direct
    official = tmp_path / name
    official.parent.mkdir()
    official.write_bytes(b"")
    assert pictures.find(tmp_path, name) == official
