"""Which pictures are found below a folder, and what the catalogue keeps of them."""

import os
import shutil
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_photos import paint, paint_all

from cocofacet.io import InputError
from cocofacet.photos import files, make


@pytest.fixture
def photos(tmp_path):
    return paint_all(tmp_path / "photos", range(3))


@pytest.fixture
def scan(photos, tmp_path):
    return lambda: files.scan(photos, tmp_path / "index/catalogue.arrow")


def found(scan):
    return [os.fsdecode(file.path) for file in scan.files]


FORMATS = {"jpg": "JPEG", "JPEG": "JPEG", "webp": "WEBP", "tif": "TIFF", "gif": "GIF"}


@pytest.mark.parametrize("ending", FORMATS)
def test_formats(ending, photos, scan):
    paint(photos / f"new.{ending}", 9, format=FORMATS[ending])
    (added,) = [file for file in scan().files if file.path.startswith(b"new")]
    assert added.unreadable == ""


NAMES = (
    "with blanks.png",
    "line\nfeed.png",
    "$(touch x); <b>&'\".png",
    "日本.png",
    "folder/below/it.png",
    os.fsdecode(b"latin-\xe9.png"),
    "-rf.png",
)


@pytest.mark.parametrize("name", NAMES)
def test_names(name, photos, scan, tmp_path):
    paint(photos / name, 9)
    assert name in found(scan())
    kept = files.read(tmp_path / "index/catalogue.arrow")
    (file,) = [file for file in kept if file.path == os.fsencode(name)]
    assert files.path_of(photos, file.path).is_file()
    said = files.shown(file.path)
    assert "\n" not in said and said.encode()  # no half of a surrogate pair
    assert scan().read == 0


PASSED_OVER = {
    "hidden": lambda f, other: paint(f / ".hidden.png", 9),
    "in a hidden folder": lambda f, other: paint(f / ".thumbnails/a.png", 9),
    "no picture's ending": lambda f, other: (f / "notes.txt").write_text("x"),
    "a folder with such a name": lambda f, other: (f / "a.png").mkdir(),
    "a link out": lambda f, other: (f / "a.png").symlink_to(other / "0000.png"),
    "a folder that is a link": lambda f, other: (f / "a").symlink_to(other),
    "a link to a link out": lambda f, other: (
        (f / ".b.png").symlink_to(other / "0000.png"),
        (f / "a.png").symlink_to(f / ".b.png"),
    ),
    "a link to nothing": lambda f, other: (f / "a.png").symlink_to(f / "none.png"),
    "a circle": lambda f, other: (f / "a").symlink_to(f),
    "a link to itself": lambda f, other: (f / "a.png").symlink_to("a.png"),
    "two links to each other": lambda f, other: (
        (f / "a.png").symlink_to("b.png"),
        (f / "b.png").symlink_to("a.png"),
    ),
    "a pipe": lambda f, other: os.mkfifo(f / "a.png"),
}


@pytest.mark.parametrize("kind", PASSED_OVER)
def test_passed_over(kind, photos, scan, tmp_path):
    other = paint_all(tmp_path / "other", range(5, 7))
    (other / "0000.png").symlink_to(other / "0005.png")
    PASSED_OVER[kind](photos, other)
    assert found(scan()) == ["0000.png", "0001.png", "0002.png"]


ATTRIBUTES = {
    "hidden on Windows": {"st_file_attributes": stat.FILE_ATTRIBUTE_HIDDEN},
    "hidden on macOS": {"st_flags": stat.UF_HIDDEN},
    "a junction": {"st_reparse_tag": 0xA0000003},
}


@pytest.mark.parametrize("name", ["a.png", "$RECYCLE.BIN/a.png"])
@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_passed_over_on_other_systems(kind, name, photos, scan, monkeypatch):
    """By what their lstat says, and that of this system does not."""
    there = Path.lstat
    marked = photos / Path(name).parts[0]

    class State:
        def __init__(self, path):
            self.found = there(path)
            if path == marked:
                vars(self).update(ATTRIBUTES[kind])

        def __getattr__(self, name):
            return getattr(self.found, name)

    paint(photos / name, 9)
    assert len(found(scan())) == 4
    monkeypatch.setattr(Path, "lstat", lambda path: State(path))
    assert found(scan()) == ["0000.png", "0001.png", "0002.png"]


@pytest.mark.parametrize("kind", ["proc", "sysfs"])
def test_what_the_system_shows_of_itself_is_passed_over(kind, photos, monkeypatch):
    """As below /, where each process has a folder that shows everything again."""
    paint(photos / "system/a.png", 9)
    paint(photos / "system/1/a.png", 9)
    before = list(files.find(photos))
    disk = SimpleNamespace(mountpoint=str(photos / "system"), fstype=kind)
    monkeypatch.setattr("psutil.disk_partitions", lambda all: [disk])
    found = [path for path, _ in files.find(photos)]
    assert len(found) == len(before) - 2
    assert not any(path.startswith(b"system/") for path in found)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system what is mapped")
def test_what_is_mapped_cannot_be_replaced_on_windows(scan, tmp_path, monkeypatch):
    scan()
    path = tmp_path / "index/catalogue.arrow"
    for system, mapped in (("linux", True), ("win32", False)):
        monkeypatch.setattr(sys, "platform", system)
        kept = files.table(path)
        assert (str(path) in Path("/proc/self/maps").read_text()) == mapped
        assert len(kept) == 3
        del kept


def test_a_link_within_the_folder_is_a_copy(photos, scan):
    (photos / "same.png").symlink_to(photos / "0000.png")
    first, *_, last = scan().files
    assert last.path == b"same.png" and last.sha256 == first.sha256


def test_only_what_changed_is_read_again(photos, scan):
    assert scan().read == 3
    assert scan().read == 0
    paint(photos / "0001.png", 77, side=16)
    (photos / "0002.png").unlink()
    again = scan()
    assert (again.read, again.gone) == (1, 1)


def test_heic_without_its_library_is_said_until_it_is_there(photos, scan, monkeypatch):
    scan()  # from here on it is registered, where it is installed
    monkeypatch.delitem(files.Image.OPEN, "HEIF", raising=False)
    known = [kind for kind in files.Image.ID if kind != "HEIF"]
    monkeypatch.setattr(files.Image, "ID", known)
    (photos / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    for _ in range(2):
        again = scan()
        assert again.files[-1].unreadable == files.NO_HEIF
        assert "pillow-heif" in files.NO_HEIF
    assert again.read == 1  # tried each time


def test_heic(photos, scan):
    pytest.importorskip("pillow_heif")
    assert scan()  # which registers it
    paint(photos / "phone.HEIC", 9, side=64, format="HEIF")
    assert scan().files[-1].unreadable == ""


def test_no_pictures(tmp_path, scan, photos):
    shutil.rmtree(photos)
    photos.mkdir()
    (photos / "notes.txt").write_text("x")
    with pytest.raises(InputError, match="pictures: none there"):
        scan()
    assert not (tmp_path / "index").exists()


NO_FOLDERS = {
    "nothing": lambda f: f / "a",
    "a file": lambda f: (f / "a").write_text("x") and f / "a",
    "a link to itself": lambda f: (f / "a").symlink_to("a") or f / "a",
    "a long name": lambda f: f / ("x" * 300),
    "a long path": lambda f: "/".join(["x" * 99] * 50),
    "NUL": lambda f: "a\0b",
    "no user's home": lambda f: "~nobody-of-this-name/photos",
}


@pytest.mark.parametrize("what", NO_FOLDERS)
def test_no_such_folder(what, tmp_path):
    folder = NO_FOLDERS[what](tmp_path)
    with pytest.raises(InputError, match="folder: not there"):
        files.existing(folder)
    with pytest.raises(InputError, match="index: there is none"):
        make.forget(folder.replace("\0", "") if what == "NUL" else folder, tmp_path)


DAMAGE = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "other": lambda content: b"x" * len(content),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_catalogue(kind, scan, tmp_path):
    scan()
    path = tmp_path / "index/catalogue.arrow"
    path.write_bytes(DAMAGE[kind](path.read_bytes()))
    with pytest.raises(InputError, match=r"catalogue: cannot be read .* Delete this"):
        scan()
