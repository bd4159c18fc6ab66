"""Downloading: what a cut, a kill, a change or a full disk leave behind."""

import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import time

import file_server
import pytest
from file_server import (
    IMAGES,
    PICTURES,
    below,
    free,
    got,
    leave_part,
    pictures,
    plain,
    refused,
    zipped,
)

from cocofacet.fetch import download
from cocofacet.fetch.catalog import File

server, offer = file_server.server, file_server.offer  # fixtures


def test_a_cut_connection_is_resumed(server, offer, tmp_path):
    file = pictures(server)
    offer(file)
    server.cuts = [7000, 3000]
    assert got(tmp_path) == IMAGES
    assert [wanted for _, wanted in server.asked] == [
        None,
        "bytes=7000-",
        "bytes=10000-",
    ]


def test_a_date_serves_where_there_is_no_etag(server, offer, tmp_path):
    file = pictures(server)
    offer(file)
    date = "Mon, 01 Sep 2017 10:00:00 GMT"
    server.holds("val2017.zip", server.files["val2017.zip"], date)
    server.cuts = [7000]
    assert got(tmp_path) == IMAGES
    assert [wanted for _, wanted in server.asked] == [None, "bytes=7000-"]


def test_what_too_many_cuts_leave_is_resumed_by_the_next_run(server, offer, tmp_path):
    offer(pictures(server))
    server.cuts = [7000] * 4
    server.ranges = False  # so that all four attempts end with 7,000 bytes
    message = refused(tmp_path)
    saved = tmp_path / "downloads/val2017.zip"
    assert "the connection was cut" in message
    assert f"by hand: save {server.url('val2017.zip')} as {saved}\n" in message
    whole = server.files["val2017.zip"]
    assert (saved.parent / "val2017.zip.part").read_bytes() == whole[:7000]
    server.ranges, server.asked = True, []
    assert got(tmp_path) == IMAGES
    assert server.asked == [("val2017.zip", "bytes=7000-")]


def test_a_killed_process_leaves_a_part_that_is_resumed(server, offer, tmp_path):
    """kill -9 while the server is in the middle of the file."""
    offer(pictures(server))
    whole = server.files["val2017.zip"]
    server.stalls = [7000]
    arguments = (server.url("val2017.zip"), str(tmp_path / "downloads/val2017.zip"))
    script = (
        "import sys; from pathlib import Path; from cocofacet.fetch import download; "
        "download.PIECE = 1000; "
        "download.download([sys.argv[1]], Path(sys.argv[2]), set())"
    )
    part = tmp_path / "downloads/val2017.zip.part"
    with subprocess.Popen([sys.executable, "-c", script, *arguments]) as process:
        end = time.monotonic() + 60
        while not (part.is_file() and part.stat().st_size) and time.monotonic() < end:
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    server.go.set()
    left = part.read_bytes()
    assert 0 < len(left) < len(whole) and whole.startswith(left)
    server.asked.clear()
    assert got(tmp_path) == IMAGES
    assert server.asked == [("val2017.zip", f"bytes={len(left)}-")]


def test_a_complete_part_is_only_verified(server, offer, tmp_path):
    offer(pictures(server))
    leave_part(server, tmp_path, None)
    assert got(tmp_path) == IMAGES
    assert server.asked == []


def test_a_server_without_ranges_sends_it_all_again(server, offer, tmp_path):
    offer(pictures(server))
    leave_part(server, tmp_path, 7000)
    server.ranges = False
    assert got(tmp_path) == IMAGES
    assert server.asked == [("val2017.zip", "bytes=7000-")]


@pytest.mark.parametrize(
    ("tag", "conditions", "added", "requests"),
    [
        ('"two"', True, b"", 1),  # the server itself sends it whole
        ('"two"', False, b"", 2),  # the ETag of its answer is another one
        ("", True, b"longer", 2),  # without an ETag, the length gives it away
        ('W/"weak"', True, b"longer", 2),
    ],
)
def test_a_file_changed_on_the_server_is_not_glued_to_the_old_part(
    server, offer, tmp_path, tag, conditions, added, requests
):
    offer(pictures(server))
    note = {} if tag == '"two"' else {"validator": None}
    leave_part(server, tmp_path, 7000, **note)
    new = {name: b"new" + content[3:] + added for name, content in PICTURES.items()}
    server.holds("val2017.zip", zipped(new | {"readme.txt": b"unwanted"}), tag)
    server.conditions = conditions
    assert got(tmp_path) == {f"images/{name}": c for name, c in new.items()}
    asked = [("val2017.zip", "bytes=7000-"), ("val2017.zip", None)]
    assert server.asked == asked[:requests]


@pytest.mark.parametrize(
    "note",
    [
        *("{", "[]", "null", '{"url": 1}', '["url", "validator", "total"]', "[" * 9999),
        '{"url": 1, "validator": "a", "total": 7000}',
        '{"url": "a", "validator": "a\\nb", "total": 7000}',
        '{"url": "a", "validator": "a", "total": "7000"}',
    ],
)
def test_a_part_of_unknown_origin_is_begun_anew(server, offer, tmp_path, note):
    offer(pictures(server))
    leave_part(server, tmp_path, 7000)
    (tmp_path / "downloads/val2017.zip.part").write_bytes(b"x" * 7000)
    (tmp_path / "downloads/val2017.zip.part.json").write_text(note)
    assert got(tmp_path) == IMAGES
    assert server.asked == [("val2017.zip", None)]


@pytest.mark.parametrize("length", ["many", "-5", "", "5_0", "9" * 30, "\u0661"])
def test_a_length_that_is_no_number_is_as_none(server, offer, tmp_path, length):
    offer(plain(server))
    server.odd = [{"Content-Length": length.encode().decode("latin-1")}]
    assert got(tmp_path) == {"facet/rows.json": b"[1, 2]"}


ODD = {  # what a server answers, where it is asked for a whole file -> what is said
    "a part": ({"status": 206}, "answers a part that was not asked for"),
    "a range": (
        {"status": 206, "Content-Range": "bytes 0-5/6"},
        "answers a part that was not asked for",
    ),
    "nothing": ({"status": 204}, "the server answers 204"),
    "no change": ({"status": 304}, "the server answers 304"),
    "no address": ({"status": 302, "Location": "http://["}, "Invalid IPv6 URL"),
    "another scheme": ({"status": 302, "Location": "file:///etc/passwd"}, "adapters"),
    "two lengths": ({"Content-Length": "6, 7"}, "Content-Length"),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_answer_that_is_no_file_is_one_line(server, offer, tmp_path, kind):
    answer, said = ODD[kind]
    rows = plain(server)
    offer(rows)
    server.odd = [answer]
    message = refused(tmp_path)
    failed = next(line for line in message.splitlines() if line.startswith("  rows"))
    assert rows.urls[0] in failed and said in failed
    assert below(tmp_path) == {}
    assert got(tmp_path) == {"facet/rows.json": b"[1, 2]"}, "and then it comes"


def test_another_part_than_the_missing_one_is_not_appended(server, offer, tmp_path):
    offer(pictures(server))
    leave_part(server, tmp_path, 7000)
    server.odd = [{"Content-Range": "bytes 0-9/10"}, {"status": 206}]
    assert "a part that was not asked for" in refused(tmp_path)
    assert got(tmp_path) == IMAGES


def test_a_passing_fault_is_tried_again_a_lasting_one_is_not(server, offer, tmp_path):
    offer(pictures(server))
    server.statuses = [503, 429]
    assert got(tmp_path) == IMAGES
    assert len(server.asked) == 3
    server.asked.clear()
    server.statuses = [403]
    other = tmp_path / "other"
    assert "the server answers 403 Forbidden" in refused(other)
    assert len(server.asked) == 1
    assert below(other) == {}


def test_the_second_url_serves_where_the_first_has_nothing(server, offer, tmp_path):
    rows = plain(server)
    urls = (server.url("nothing"), rows.urls[0])
    offer(File(rows.name, urls, rows.places))
    assert got(tmp_path) == {"facet/rows.json": b"[1, 2]"}


def test_a_part_from_one_url_goes_on_at_its_mirror(server, offer, tmp_path):
    """The same ETag at another address: the same file. Another ETag: anew."""
    first = pictures(server)
    server.holds("mirror.zip", server.files[first.name])
    urls = (first.urls[0], server.url("mirror.zip"))
    offer(File(first.name, urls, first.places))
    leave_part(server, tmp_path, 7000)
    server.statuses = [404]
    assert got(tmp_path) == IMAGES
    assert server.asked == [
        ("val2017.zip", "bytes=7000-"),
        ("mirror.zip", "bytes=7000-"),
    ]


def test_offline_says_what_to_do_by_hand(server, offer, tmp_path):
    offer(pictures(server))
    leave_part(server, tmp_path, 7000)
    closed = ("http://127.0.0.1:1/val2017.zip",)  # no one listens on port 1
    offer(File("val2017.zip", closed, {"val2017/*.jpg": "images/val2017/"}))
    before = below(tmp_path)
    message = refused(tmp_path)
    assert f"{closed[0]}: the server cannot be reached (offline?)" in message
    assert f"save {closed[0]} as {tmp_path / 'downloads/val2017.zip'}\n" in message
    assert below(tmp_path) == before


def test_a_wrong_sha256_is_an_error_and_the_file_does_not_stay(server, offer, tmp_path):
    offer(plain(server), pictures(server, sha256="0" * 64))
    message = refused(tmp_path)
    digest = hashlib.sha256(server.files["val2017.zip"]).hexdigest()
    assert f"sha256: is {digest}, not {'0' * 64} as published" in message
    assert below(tmp_path) == {"facet/rows.json": b"[1, 2]"}
    offer(pictures(server, sha256=digest))
    assert got(tmp_path) == IMAGES | {"facet/rows.json": b"[1, 2]"}


def test_a_web_page_instead_of_the_file_is_reported(server, offer, tmp_path):
    offer(pictures(server, content=b"\n<!DOCTYPE html><html>log in</html>"))
    assert "a web page came instead of the file" in refused(tmp_path)
    assert below(tmp_path) == {}


def test_the_servers_length_is_checked_where_the_table_has_none(
    server, offer, tmp_path, monkeypatch
):
    offer(pictures(server))
    free(monkeypatch, 1000)
    assert "are needed, 1 kB are free" in refused(tmp_path)
    assert set(below(tmp_path)) == {"downloads/val2017.zip.part.json"}


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "it goes on from there"), (errno.EROFS, "writable, or choose")],
)
def test_a_disk_that_fills_up_keeps_the_part(
    server, offer, tmp_path, monkeypatch, number, remedy
):
    offer(plain(server), pictures(server))
    whole = server.files["val2017.zip"]

    def small_disk(path, mode):
        """A disk on which 1,000 bytes of a part fit."""
        return open(path, mode) if mode != "ab" else Part(path, mode)

    class Part(io.FileIO):
        def write(self, data):
            if self.tell() + len(data) > 1000:
                raise OSError(number, os.strerror(number))
            return super().write(data)

    with monkeypatch.context() as patch:
        patch.setattr(download, "open", small_disk, raising=False)
        message = refused(tmp_path)
    assert f"cannot be written ({os.strerror(number)})" in message
    assert remedy in message
    left = below(tmp_path)
    assert left.pop("facet/rows.json") == b"[1, 2]"
    assert left.pop("downloads/val2017.zip.part") == whole[:1000]
    assert set(left) == {"downloads/val2017.zip.part.json"}
    server.asked.clear()
    assert got(tmp_path) == IMAGES | {"facet/rows.json": b"[1, 2]"}
    assert server.asked == [("val2017.zip", "bytes=1000-")]
