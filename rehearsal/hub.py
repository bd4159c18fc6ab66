"""A loopback hub: repositories and plain files, to the real client of Hugging Face.

    with Hub() as hub:
        hub.offer("timm/vit_tiny", folder)           # as revision "main"
        hub.hold("zips/val2017.zip", file)           # hub.url("zips/val2017.zip")
        hub.fail("timm/vit_tiny", "gated")           # a name or a file's path, how
        os.environ["HF_ENDPOINT"] = hub.url()        # before its client is imported

It answers as https://huggingface.co does: a revision's commit, the tree of its files,
weights through a redirect with their sha256, everything else with its git hash, parts
of files on Range. `whole` counts how often each file was sent to its end.
"""

import functools
import hashlib
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cocofacet.io import sha256_of

PIECE = 1 << 16  # bytes sent at a time
SLOW = 0.05  # seconds before each piece of a slow answer
_LFS = {".safetensors", ".bin", ".model"}
_COMMIT = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True)
class Fault:
    """An answer in place of the right one; ``what`` says to which requests: "all",
    "revision" (the commit behind a name, and its tree) or "file"."""

    what: str
    status: int = 200
    code: str = ""  #: X-Error-Code, which the client goes by
    message: str = ""  #: X-Error-Message, which it shows
    body: str = "whole"  #: or "half" and closed, "slow", "wrong" bytes of equal number


FAULTS = {
    "no such repository": Fault("all", 404, "RepoNotFound", "Repository not found"),
    # What a private and, without a token, a missing repository answer.
    "unauthorized": Fault("all", 401, "", "Invalid username or password."),
    "wrong token": Fault("all", 401, "", "Invalid credentials in Authorization header"),
    "gated": Fault(
        "file",
        403,
        "GatedRepo",
        "Access to this model is restricted and you are not in the authorized list. "
        "Visit its page to ask for access.",
    ),
    "revision gone": Fault("revision", 404, "RevisionNotFound", "Invalid rev id"),
    "missing file": Fault("file", 404, "EntryNotFound", "Entry not found"),
    "too many requests": Fault("all", 429, "", "Too many requests"),
    "server error": Fault("all", 500, "", "Internal error"),
    "cut": Fault("file", body="half"),
    "slow": Fault("file", body="slow"),
    "wrong bytes": Fault("file", body="wrong"),
}


@dataclass
class Repository:
    folder: Path
    revisions: dict[str, str]  #: a branch's name, or a commit -> commit


@dataclass
class Hub:
    """What is offered, what goes wrong, and what was asked; see the module."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)  #: plain ones, by path
    #: repository or path of a file -> fault, and how often still (None: always)
    faults: dict[str, list] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  #: method, path
    whole: Counter = field(default_factory=Counter)  #: file's path -> times sent to end
    sent: Counter = field(default_factory=Counter)  #: file's path -> bytes
    lock: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0  #: 0 for any that is free

    def offer(self, name: str, folder: Path, *revisions: str) -> str:
        """Serve a folder as repository "OWNER/NAME" -> its commit.

        revisions: branches, or the one commit it is to have; "main" is always there,
        and a commit that is not given comes from the files' content."""
        given = [revision for revision in revisions if _COMMIT.fullmatch(revision)]
        commit = given[0] if given else _commit_of(folder)
        names = {"main", commit, *revisions}
        self.repositories[name] = Repository(Path(folder), dict.fromkeys(names, commit))
        return commit

    def hold(self, path: str, file: Path) -> str:
        """Serve a file by its path -> its address."""
        self.files[path] = Path(file)
        return self.url(path)

    def fail(self, name: str, how: str, times: int | None = None) -> None:
        """Let a repository, a file of one ("OWNER/NAME/model.safetensors") or a plain
        file answer by one of `FAULTS`, the next ``times`` requests or always."""
        with self.lock:
            self.faults[name] = [FAULTS[how], times]

    def mend(self, name: str) -> None:
        with self.lock:
            self.faults.pop(name, None)

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}" + (f"/{quote(path)}" if path else "")

    def __enter__(self):
        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), _Handler)
        self._http.daemon_threads = True
        self._http.hub, self.port = self, self._http.server_address[1]
        serve = functools.partial(self._http.serve_forever, poll_interval=0.02)
        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def fault(self, what: str, *names: str) -> Fault:
        """The fault to answer a request by, and one fewer of it to come."""
        with self.lock:
            for name in names:
                fault, times = self.faults.get(name, (None, 0))
                if fault is None or fault.what not in ("all", what) or times == 0:
                    continue
                if times is not None:
                    self.faults[name][1] -= 1
                return fault
        return Fault(what)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)[1:]
        with hub.lock:
            hub.asked.append((self.command, path))
        found = re.fullmatch(r"api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)", path)
        if found:
            self._describe(*found.groups())
        elif found := re.fullmatch(r"([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(*found.groups())
        elif found := re.fullmatch(r"cdn/([^/]+/[^/]+)/(.+)", path):
            name, inside = found.groups()
            file = hub.repositories[name].folder / inside
            self._send(file, f"{name}/{inside}", hub.fault("file"), {})
        elif path in hub.files:
            self._send(hub.files[path], path, hub.fault("file", path), {})
        else:
            self._refuse(Fault("all", 404, "RepoNotFound", "Repository not found"))

    def _repository(self, name: str, revision: str):
        """The repository and the commit asked for; None once an error was sent."""
        hub = self.server.hub
        repository = hub.repositories.get(name)
        fault = hub.fault("revision", name)
        if repository is None:
            fault = FAULTS["no such repository"]
        elif fault.status == 200 and revision not in repository.revisions:
            fault = FAULTS["revision gone"]
        if fault.status != 200:
            self._refuse(fault)
            return None
        return repository, repository.revisions[revision]

    def _describe(self, name: str, kind: str, revision: str) -> None:
        if not (found := self._repository(name, revision)):
            return
        repository, commit = found
        tree = [
            _entry(file, file.relative_to(repository.folder).as_posix())
            for file in sorted(repository.folder.rglob("*"))
            if file.is_file()
        ]
        about = {
            "id": name,
            "sha": commit,
            "private": False,
            "gated": False,
            "tags": [],
            "downloads": 0,
            "siblings": [{"rfilename": entry["path"]} for entry in tree],
        }
        self._json(tree if kind == "tree" else about)

    def _resolve(self, name: str, revision: str, inside: str) -> None:
        if not (found := self._repository(name, revision)):
            return
        repository, commit = found
        file, path = repository.folder / inside, f"{name}/{inside}"
        fault = self.server.hub.fault("file", path, name)
        if fault.status == 200 and not file.is_file():
            fault = FAULTS["missing file"]
        if fault.status != 200:
            self._refuse(fault)
            return
        headers = {"X-Repo-Commit": commit}
        if _is_lfs(file) and fault.body == "whole":
            headers["X-Linked-Etag"] = _etag(file)
            headers["X-Linked-Size"] = str(file.stat().st_size)
            # By another host, as on the real one: there the client stops and reads
            # the headers above.
            elsewhere = self.server.hub.url(f"cdn/{path}")
            headers["Location"] = elsewhere.replace("127.0.0.1", "localhost")
            self._head(302, 0, headers)
        else:
            self._send(file, path, fault, headers)

    def _send(self, file: Path, path: str, fault: Fault, headers: dict) -> None:
        """The file from where Range says; of a fault, less, slower or other bytes."""
        if fault.status != 200:
            self._refuse(fault)
            return
        size, tag = file.stat().st_size, _etag(file)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, end, status = 0, size, 200
        if wanted and self.headers.get("If-Range", tag) == tag:
            start = int(wanted[1])
            end = min(size, int(wanted[2]) + 1) if wanted[2] else size
            if start >= size:
                self._head(416, 0, {"Content-Range": f"bytes */{size}"})
                return
            status = 206
            headers = headers | {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
        headers = headers | {"ETag": tag, "Accept-Ranges": "bytes"}
        self._head(status, end - start, headers)
        if self.command == "GET":
            self._body(file, path, start, end, fault.body)

    def _body(self, file: Path, path: str, start: int, end: int, how: str) -> None:
        stop = start + (end - start) // 2 if how == "half" else end
        with open(file, "rb") as source:
            source.seek(start)
            at = start
            while at < stop:
                piece = source.read(min(PIECE, stop - at))
                if how == "slow":
                    time.sleep(SLOW)
                if how == "wrong":
                    piece = bytes(255 - byte for byte in piece)
                try:
                    self.wfile.write(piece)
                except ConnectionError:  # the client was killed
                    self.close_connection = True
                    return
                at += len(piece)
                with self.server.hub.lock:
                    self.server.hub.sent[path] += len(piece)
        if how == "half":
            self.close_connection = True
            return
        if end == file.stat().st_size:
            with self.server.hub.lock:
                self.server.hub.whole[path] += 1

    def _refuse(self, fault: Fault) -> None:
        headers = {"X-Error-Message": fault.message}
        if fault.code:
            headers["X-Error-Code"] = fault.code
        self._json({"error": fault.message}, fault.status, headers)

    def _json(self, content, status: int = 200, headers: dict | None = None) -> None:
        body = json.dumps(content).encode()
        kind = {"Content-Type": "application/json"}
        self._head(status, len(body), kind | (headers or {}))
        if self.command == "GET":
            self.wfile.write(body)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


def _is_lfs(file: Path) -> bool:
    return file.suffix in _LFS


@functools.cache
def _hash(file: Path, changed: int) -> str:
    if _is_lfs(file):
        return sha256_of(file)
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _etag(file: Path) -> str:
    """In quotes: sha256 of what lies in LFS on the hub, else git's own hash."""
    return f'"{_hash(file, file.stat().st_mtime_ns)}"'


def _entry(file: Path, inside: str) -> dict[str, object]:
    """A file as the hub's tree lists it."""
    size, oid = file.stat().st_size, _etag(file).strip('"')
    entry = {"type": "file", "path": inside, "size": size, "oid": oid}
    if _is_lfs(file):
        entry["oid"] = hashlib.sha1(oid.encode()).hexdigest()  # of its pointer
        entry["lfs"] = {"oid": oid, "size": size, "pointerSize": 134}
    return entry


def _commit_of(folder: Path) -> str:
    """A commit that other files of the folder would not have."""
    found = sorted(file for file in Path(folder).rglob("*") if file.is_file())
    lines = [f"{file.relative_to(folder).as_posix()} {_etag(file)}" for file in found]
    return hashlib.sha1("\n".join(lines).encode()).hexdigest()
