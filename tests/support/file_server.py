"""A small HTTP server on this machine, and what the tests of fetching share.

It holds files in memory, misbehaves as it is told, and remembers what it was asked.
No test contacts a real host.
"""

import functools
import io
import json
import shutil
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cocofacet.fetch import download, fetch, unpack
from cocofacet.fetch.catalog import ORIGINS, File, Origin
from cocofacet.io import InputError

PICTURES = {f"val2017/{n:012d}.jpg": bytes([n]) * 5000 for n in range(4)}
IMAGES = {f"images/{name}": content for name, content in PICTURES.items()}


class Server:
    """What is held, how answers go wrong, and what was asked.

    Attributes:
        files, tags: by name; a tag is an ETag, or a date for Last-Modified, or "".
        ranges: whether Range is obeyed; conditions: whether If-Range is.
        cuts: after how many bytes the next answers end too early.
        stalls: after how many bytes the next answers wait until ``go`` is set.
        statuses: errors that the next answers are.
        odd: what the next answers say in place of the truth: headers, and "status".
        asked: (name, Range) of every request.
    """

    def __init__(self, port):
        self.port, self.go = port, threading.Event()
        self.ranges = self.conditions = True
        self.files, self.tags = {}, {}
        self.cuts, self.stalls, self.statuses, self.asked = [], [], [], []
        self.odd = []

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def holds(self, name, content, tag='"one"'):
        self.files[name], self.tags[name] = content, tag


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        held, name = self.server.held, self.path[1:]
        wanted = self.headers.get("Range")
        held.asked.append((name, wanted))
        status = held.statuses.pop(0) if held.statuses else None
        if status or name not in held.files:
            self.send_error(status or 404)
            return
        whole, tag = held.files[name], held.tags[name]
        holds = not held.conditions or self.headers.get("If-Range", tag) == tag
        obeyed = held.ranges and wanted and holds
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if obeyed else 0
        body = whole[start:]
        if not body:
            self.send_error(416)
            return
        headers = {"status": 206 if obeyed else 200, "Content-Length": str(len(body))}
        if obeyed:
            headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        if tag:
            headers["ETag" if '"' in tag else "Last-Modified"] = tag
        headers |= held.odd.pop(0) if held.odd else {}
        self.send_response(headers.pop("status"))
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()
        if held.stalls:
            body = body[: held.stalls.pop(0)]
            self.wfile.write(body)
            held.go.wait(60)
        else:
            self.wfile.write(body[: held.cuts.pop(0)] if held.cuts else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSES", (0, 0, 0))
    monkeypatch.setattr(download, "PIECE", 1000)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.held = Server(http.server_address[1])
        serve = functools.partial(http.serve_forever, poll_interval=0.01)
        thread = threading.Thread(target=serve)
        thread.start()
        yield http.held
        http.held.go.set()
        http.shutdown()
        thread.join()


@pytest.fixture
def offer(server, monkeypatch):
    """``offer(File, ...)``: these files are what the name "small" stands for."""

    def put(*files):
        monkeypatch.setitem(ORIGINS, "small", Origin("testing", "none", files))

    return put


def zipped(members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            if isinstance(name, str):  # the same date, and bytes, whenever it is made
                name = zipfile.ZipInfo(name)
            archive.writestr(name, content)
    return made.getvalue()


def tarred(members, kind=None):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        if kind is not None:
            info = tarfile.TarInfo("val2017/odd.jpg")
            info.type, info.linkname = kind, "/etc/hostname"
            archive.addfile(info)
    return made.getvalue()


def pictures(server, name="val2017.zip", content=None, **rest):
    content = (
        zipped(PICTURES | {"readme.txt": b"unwanted"}) if content is None else content
    )
    server.holds(name, content)
    return File(name, (server.url(name),), {"val2017/*.jpg": "images/val2017/"}, **rest)


def plain(server, name="rows.json", content=b"[1, 2]", **rest):
    server.holds(name, content)
    places = {name: f"facet/{name}"}
    return File(name, (server.url(name),), places, **rest)


def leave_part(server, folder, count, **note):
    """A part of ``count`` bytes, as an earlier run would have left it."""
    name = "val2017.zip"
    (folder / "downloads").mkdir(parents=True)
    (folder / f"downloads/{name}.part").write_bytes(server.files[name][:count])
    whole = {
        "url": server.url(name),
        "validator": server.tags[name],
        "total": len(server.files[name]),
    }
    (folder / f"downloads/{name}.part.json").write_text(json.dumps(whole | note))


def free(monkeypatch, amount):
    usage = shutil._ntuple_diskusage(10**12, 10**12 - amount, amount)
    monkeypatch.setattr(unpack.shutil, "disk_usage", lambda path: usage)


def contents(folder):
    """Every file below a folder; two folders with equal contents are the same."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def below(folder):
    """What was fetched, without the records."""
    records = (fetch.RECORDS, fetch.FAILED)
    return {k: v for k, v in contents(folder).items() if k not in records}


def got(folder):
    fetch.fetch(["small"], folder, tell=lambda line: None)
    return below(folder)


def refused(folder):
    with pytest.raises(InputError) as caught:
        fetch.fetch(["small"], folder, tell=lambda line: None)
    return str(caught.value)
