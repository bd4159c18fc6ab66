"""A mirror of the data: other addresses for the same files."""

import hashlib
import json

import pytest
from file_server import below, pictures, refused, server  # noqa: F401

from cocofacet.fetch import fetch
from cocofacet.fetch.catalog import ORIGINS, Origin, listing
from cocofacet.fetch.mirror import VARIABLE, origins
from cocofacet.io import InputError

OTHER = {"urls": ["http://127.0.0.1/other.zip"], "size": 7, "sha256": "0" * 64}


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    def put(content):
        path = tmp_path / "mirror.json"
        path.write_text(json.dumps(content))
        monkeypatch.setenv(VARIABLE, str(path))

    return put


def test_it_replaces_what_it_says_and_nothing_else(mirror):
    mirror({"val2017.zip": OTHER})
    files = {file.name: file for o in origins().values() for file in o.files}
    official = {file.name: file for o in ORIGINS.values() for file in o.files}
    changed = files.pop("val2017.zip")
    was = official.pop("val2017.zip")
    assert files == official
    assert changed.urls == tuple(OTHER["urls"])
    assert (changed.size, changed.sha256) == (7, "0" * 64)
    assert (changed.places, changed.unpacked) == (was.places, was.unpacked)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "top level"),
        ({"val2018.zip": {}}, "'val2018.zip' is no file of the catalogue"),
        ({"val2017.zip": []}, "val2017.zip: is not a JSON object"),
        ({"val2017.zip": {"places": {}}}, "'places' is no field of a file"),
        ({"val2017.zip": {"urls": []}}, "urls: [] is not a list of addresses"),
        ({"val2017.zip": {"urls": ["file:///x"]}}, "is not a list of addresses"),
        ({"val2017.zip": {"urls": ["http://["]}}, "is not a list of addresses"),
        ({"val2017.zip": {"urls": [["http://a"]]}}, "is not a list of addresses"),
        ({"val2017.zip": {"urls": ["ftp://me:secret@a"]}}, "ftp://...@a"),
        ({"val2017.zip": {"size": True}}, "size: True is not a number of bytes"),
        ({"val2017.zip": {"sha256": "f"}}, "sha256: 'f' is not 64 hexadecimal"),
    ],
)
def test_what_is_no_use_is_named(mirror, content, said):
    mirror(content)
    with pytest.raises(InputError) as caught:
        origins()
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_password_of_an_address_is_not_shown_or_kept(
    server,  # noqa: F811
    mirror,
    monkeypatch,
    tmp_path,
):
    file = pictures(server)
    monkeypatch.setitem(ORIGINS, "small", Origin("testing", "none", (file,)))
    place = server.url(file.name).replace("//", "//me:secr@t@")
    mirror({"val2017.zip": {"urls": [place]}})
    shown = [listing(origins())]
    server.cuts = [1000]
    server.statuses = [404]
    out = tmp_path / "out"
    shown.append(refused(out))
    fetch.fetch(["small"], out, tell=shown.append)
    records = [path.read_text() for path in out.rglob("*.json")]
    assert records and not any("secr" in text for text in shown + records)
    assert "//...@127.0.0.1" in shown[0]
    assert "//...@127.0.0.1" in shown[1]


def test_fetched_from_the_mirror_and_refused_without_it(
    server,  # noqa: F811
    mirror,
    monkeypatch,
    tmp_path,
):
    """The official sha256 refuses what the mirror's own accepts."""
    file = pictures(server, sha256="0" * 64)
    monkeypatch.setitem(ORIGINS, "small", Origin("testing", "none", (file,)))
    assert "sha256: is" in refused(tmp_path / "official")
    content = server.files["val2017.zip"]
    server.holds("elsewhere.zip", content)
    digest = hashlib.sha256(content).hexdigest()
    mirror({"val2017.zip": {"urls": [server.url("elsewhere.zip")], "sha256": digest}})
    fetch.fetch(["small"], tmp_path / "mirrored", tell=lambda line: None)
    assert len(below(tmp_path / "mirrored")) == 4
