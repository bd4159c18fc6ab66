"""Requests of any shape, and the pictures that are served."""

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from live_page import FREE, NIGHT, ask, port_of, running, search
from PIL import Image

from cocofacet.io import sha256_of
from cocofacet.photos import make
from cocofacet.photos import search as searching
from cocofacet.photos.app import answers
from cocofacet.photos.app.site import MOST
from cocofacet.retrievers.on_demand import OnDemand
from facetworld.write import write_world

WRONG = {
    "nothing": (b"", 400, "no JSON object"),
    "no JSON": (b"{", 400, "no JSON object"),
    "no UTF-8": (b'{"text": "\xff"}', 400, "no JSON object"),
    "a list": (b"[]", 400, "no JSON object"),
    "half a character": (b'{"text": "\\ud83d"}', 400, "no JSON object"),
    "brackets": (b"[" * 50_000, 400, "no JSON object"),
    "no text": (b"{}", 400, "text: is empty"),
    "blanks": (b'{"text": " \\n "}', 400, "text: is empty"),
    "a number": (b'{"text": 1}', 400, "text: is empty or no text"),
    "an object": (b'{"text": {"a": 1}}', 400, "text: is empty or no text"),
    "NUL": (b'{"text": "a\\u0000b"}', 400, "control character"),
    "long": (json.dumps({"text": "x" * 1001}), 400, "over 1,000 characters"),
    "a megabyte": (json.dumps({"text": "x" * 2**20}), 413, f"over {MOST:,} bytes"),
    "an unknown facet": (b'{"text": "a", "ask": "colours"}', 400, "ask: is none of"),
    "a list to ask": (b'{"text": "a", "ask": []}', 400, "ask: is none of"),
    "an empty question": (b'{"text": "a", "question": ""}', 400, "question: is empty"),
    "two questions": (b'{"text": "a", "question": "b", "ask": "times"}', 400, "beside"),
    "an unknown name": (b'{"text": "a", "like": "/etc/passwd"}', 400, "'like'"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_searches_are_one_plain_error(kind, server, capfd):
    body, expected, why = WRONG[kind]
    status, headers, content = ask(server, "POST", "/search", body)
    assert status == expected
    assert headers["Content-Type"] == "application/json"
    assert why in json.loads(content)["error"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/search", 405),
        ("DELETE", "/", 405),
        ("BREW", "/", 405),
        ("GET", "/search/", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "//evil.example/", 404),
    ],
)
def test_wrong_requests(method, path, expected, server):
    status, _, content = ask(server, method, path)
    assert status == expected and list(json.loads(content)) == ["error"]


POST = b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\n"
RAW = {
    "no HTTP": (b"\x16\x03\x01\x02garbage\r\n\r\n", b"400"),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n", b"400"),
    "no host": (b"GET / HTTP/1.0\r\n\r\n", b"403"),
    "a host in no letters": (b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", b"403"),
    "no chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
    "a sender who goes": (POST + b'Content-Length: 99\r\n\r\n{"text"', b""),
}


@pytest.mark.parametrize("kind", RAW)
def test_what_is_no_request(kind, server, capfd):
    sent, expected = RAW[kind]
    with socket.create_connection(("127.0.0.1", port_of(server)), 30) as connection:
        connection.sendall(sent)
        if expected:
            assert expected in connection.recv(100)
    assert ask(server)[0] == 200
    time.sleep(0.05)
    assert capfd.readouterr() == ("", "")


def test_one_embedding_at_a_time(opened, monkeypatch):
    at_once, most = [], []
    embed = searching.embed_files

    def counted(*what):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.05)
        yield from embed(*what)
        at_once.pop()

    monkeypatch.setattr(searching, "embed_files", counted)
    with running(opened) as server, ThreadPoolExecutor(4) as pool:
        texts = [f"a picture of {n}" for n in range(4)]
        found = pool.map(lambda text: search(server, text=text, question=FREE), texts)
        assert [status for status, _ in found] == [200] * 4
    assert most == [1] * 4


def test_what_fails_within_is_one_line(opened, monkeypatch, capfd):
    def fails(*what):
        raise ZeroDivisionError("of this test")

    with running(opened) as server:
        monkeypatch.setattr(answers, "answer", fails)
        status, found = search(server, text="never asked before")
        assert status == 500 and list(found) == ["error"]
    assert capfd.readouterr().err == "error: ZeroDivisionError: of this test\n"


def picture(server, sha256, size="small"):
    return ask(server, path=f"/picture/{sha256}/{size}")


@pytest.mark.parametrize("size", ["small", "large"])
def test_pictures_of_the_index(size, server, world):
    path = next((world / "images").rglob("*.jpg"))
    status, headers, content = picture(server, sha256_of(path), size)
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert headers["Cache-Control"] == "private, max-age=86400, immutable"
    made, own = Image.open(BytesIO(content)), Image.open(path)
    assert max(made.size) <= max(own.size)
    assert made.width / made.height == pytest.approx(own.width / own.height, rel=0.02)


def test_nothing_else_is_served(server, world):
    other = sha256_of(world / "truth.json")
    for name in (other, "0" * 64, "x" * 64, "0", "%00", "..%2f..%2fetc%2fpasswd"):
        assert picture(server, name)[0] == 404
    assert picture(server, other, "huge")[0] == 404


CHANGES = {
    "deleted": lambda path, world: path.unlink(),
    "another content": lambda path, world: path.write_bytes(b"x"),
    "a link to elsewhere": lambda path, world: (
        path.rename(world / "moved.jpg"),
        path.symlink_to(world / "moved.jpg"),
    ),
    "a pipe": lambda path, world: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_picture_that_changes_is_gone_and_the_page_goes_on(kind, tmp_path):
    write_world(tmp_path / "world", fraction=0.01)
    folder = tmp_path / "world/images"
    what = (folder, None, (), tmp_path / "store")
    kept = make.index_folder(*what, tell=lambda line: None)
    path = next(folder.rglob("*.jpg"))
    sha256 = sha256_of(path)
    mine = answers.Answers(kept, OnDemand(kept.retriever, kept.place))
    with running(mine) as server:
        assert picture(server, sha256)[0] == 200
        CHANGES[kind](path, tmp_path)
        status, headers, content = picture(server, sha256)
        assert (status, headers["Cache-Control"]) == (410, "no-store")
        assert "changed or deleted" in json.loads(content)["error"]
        for question in ({"ask": "none"}, {"question": FREE}):
            assert search(server, text=NIGHT, **question)[0] == 200
