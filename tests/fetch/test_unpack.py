"""Unpacking: only what is wanted, only below the folder, all of it or nothing."""

import errno
import os
import stat
import tarfile
import zipfile

import file_server
import pytest
from file_server import (
    IMAGES,
    PICTURES,
    below,
    contents,
    free,
    got,
    pictures,
    plain,
    refused,
    tarred,
    zipped,
)

from cocofacet.fetch import fetch, unpack

server, offer = file_server.server, file_server.offer  # fixtures


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("bad.zip", zipped(PICTURES | {"../out.jpg": b"x"}), "leads out of"),
        ("bad.zip", zipped(PICTURES | {"val2017/../../out.jpg": b"x"}), "leads out of"),
        ("bad.zip", zipped(PICTURES | {"/tmp/out.jpg": b"x"}), "leads out of"),
        ("bad.zip", zipped(PICTURES | {"C:out.jpg": b"x"}), "leads out of"),
        ("bad.zip", zipped(PICTURES | {"..\\out.jpg": b"x"}), "leads out of"),
        ("bad.zip", zipped(PICTURES | {link("val2017/l"): b"/etc"}), "is a link"),
        ("bad.tar", tarred(PICTURES | {"../out.jpg": b"x"}), "leads out of"),
        ("bad.tar", tarred(PICTURES | {"/tmp/out.jpg": b"x"}), "leads out of"),
        ("bad.tar", tarred(PICTURES, tarfile.SYMTYPE), "is a link"),
        ("bad.tar", tarred(PICTURES, tarfile.LNKTYPE), "is a link"),
        ("bad.tar", tarred(PICTURES, tarfile.CHRTYPE), "is a link or a device"),
        ("bad.tar", tarred(PICTURES, tarfile.FIFOTYPE), "is a link or a device"),
    ],
)
def test_an_escaping_archive_is_refused_before_anything_is_unpacked(
    server, offer, tmp_path, name, content, what
):
    """The bad member is the last one and is not even wanted."""
    folder = tmp_path / "in/here"
    offer(plain(server), pictures(server, name, content))
    message = refused(folder)
    assert f"{folder / 'downloads' / name}: member " in message
    assert what in message and "Nothing was unpacked" in message
    left = {"facet/rows.json": b"[1, 2]", f"downloads/{name}": content}
    assert below(folder) == left
    assert set(contents(tmp_path)) == {
        f"in/here/{path}" for path in (*left, fetch.RECORDS, fetch.FAILED)
    }
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize(
    "beside",
    ["__MACOSX/val2017/._1.jpg", "val2017/._1.jpg", "val2017/__MACOSX/1.jpg",
     "._val2017", ".DS_Store", "val2017/.DS_Store.jpg"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["val2017.zip", "val2017.tar.gz"])
def test_what_a_mac_packs_beside_the_files_is_passed_over(
    server, offer, tmp_path, beside, form
):
    make = zipped if form.endswith("zip") else tarred
    offer(pictures(server, form, make({beside: b"notes"} | PICTURES)))
    assert got(tmp_path) == IMAGES


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (zipped(PICTURES)[:-100], "damaged, cut short or no archive"),
        (b"no archive", "damaged, cut short or no archive"),
        (zipped({f"val2017/{'x' * 300}.jpg": b"a"}), "(File name too long)"),
        (zipped(PICTURES | {f"{p}/x.jpg": b"" for p in PICTURES}), "(Not a directory)"),
        (zipped({"other/a.jpg": b"a"}), "holds no 'val2017/*.jpg'"),
        (
            zipped({"val2017/a.jpg": b"a", "val2017/./a.jpg": b"b"}),
            "goes to 'images/val2017/a.jpg', as another does",
        ),
    ],
)
def test_a_useless_archive_is_reported_and_leaves_no_picture(
    server, offer, tmp_path, content, what
):
    offer(pictures(server, content=content))
    assert what in refused(tmp_path)
    assert below(tmp_path) == {"downloads/val2017.zip": content}


def test_a_damaged_member_leaves_no_picture(server, offer, tmp_path):
    content = zipped(PICTURES).replace(bytes([2]) * 5000, bytes([9]) * 5000)
    offer(pictures(server, content=content))
    assert "Bad CRC-32" in refused(tmp_path)
    assert below(tmp_path) == {"downloads/val2017.zip": content}


def test_another_picture_in_the_way_is_not_overwritten(server, offer, tmp_path):
    offer(pictures(server))
    mine = tmp_path / "images/val2017/000000000003.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    assert f"{mine}: file: is there already" in refused(tmp_path)
    assert below(tmp_path / "images") == {"val2017/000000000003.jpg": b"mine"}
    asked = len(server.asked)
    mine.unlink()
    assert got(tmp_path) == IMAGES
    assert len(server.asked) == asked  # the download was kept


def test_a_disk_that_fills_up_while_unpacking_leaves_no_picture(
    server, offer, tmp_path, monkeypatch
):
    offer(pictures(server))

    def copy(source, file, *_):
        file.write(source.read(100))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(unpack.shutil, "copyfileobj", copy)
        assert "No space left" in refused(tmp_path)
    assert set(below(tmp_path)) == {"downloads/val2017.zip"}
    asked = len(server.asked)
    assert got(tmp_path) == IMAGES
    assert len(server.asked) == asked


def test_a_disk_too_small_for_the_contents_is_noticed_before_unpacking(
    server, offer, tmp_path, monkeypatch
):
    content = tarred(PICTURES)  # 20,000 bytes that are sent as a few hundred
    offer(pictures(server, "val2017.tar.gz", content))
    free(monkeypatch, 19_999)
    assert "disk: 20 kB are needed, 20 kB are free" in refused(tmp_path)
    assert below(tmp_path) == {"downloads/val2017.tar.gz": content}
    free(monkeypatch, 20_000)
    assert got(tmp_path) == IMAGES
