"""`cocofacet app`: where it listens, what it opens, how it ends."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import stopped_runs
from live_page import FREE, port_of

from cocofacet.cli import main
from cocofacet.photos.app import serve
from cocofacet.photos.search import Wish
from cocofacet.retrievers import on_demand


@contextmanager
def command(folder, store, *more, **how):
    """`cocofacet app`, until it says where it is open -> process and address."""
    start = "import sys; from cocofacet.__main__ import main; sys.exit(main())"
    words = ("app", str(folder), "--store", str(store), "--port", "0", *more)
    process = subprocess.Popen(
        [sys.executable, "-c", start, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": stopped_runs.PATH},
        **how,
    )
    try:
        lines = iter(process.stdout.readline, "")
        yield process, next(line for line in lines if line.startswith("open http"))
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.more)],
)
def test_a_signal_ends_it_in_one_line_whoever_waits(number, world, opened):
    store = opened.kept.place.parent
    # What a shell starts in the background has Ctrl-C ignored, tests included.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with command(world / "images", store, **heard) as (process, line):
        port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
        waiting = http.client.HTTPConnection("127.0.0.1", port)
        said = json.dumps({"text": "a house", "question": FREE})
        waiting.request("POST", "/search", said)  # and nobody reads the answer
        idle = socket.create_connection(("127.0.0.1", port))
        time.sleep(0.2)  # it embeds
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        idle.close()
        waiting.close()
    assert (process.returncode, err) == stopped_runs.SAID[number]


@pytest.mark.more
def test_a_signal_that_is_ignored_stays_so(world, opened):
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which it inherits
    try:
        with command(world / "images", opened.kept.place.parent) as (process, _):
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            assert process.returncode == 143
    finally:
        signal.signal(signal.SIGINT, ignored)


WRONG_COMMANDS = {
    "a port in use": (("--port", "{port}"), "cannot be listened at"),
    "no port": (("--port", "65536"), "is no port"),
    "a word for a port": (("--port", "x"), "no whole number"),
    "no such host": (("--host", "no.such.host.invalid"), "cannot be listened at"),
    "another's address": (("--host", "192.0.2.1"), "cannot be listened at"),
    "no such folder": (("nowhere",), "folder: not there"),
}


@pytest.mark.parametrize("kind", WRONG_COMMANDS)
def test_wrong_commands_are_one_line(kind, server, world, tmp_path, capsys):
    words, expected = WRONG_COMMANDS[kind]
    words = [word.format(port=port_of(server)) for word in words]
    if words[0] != "nowhere":
        words.insert(0, str(world / "images"))
    assert main(["app", *words, "--store", str(tmp_path / "store")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and expected in line
    assert not (tmp_path / "store").exists()


def test_the_weights_are_open_before_the_first_search(world, opened, monkeypatch):
    opened(Wish("a picture"))  # its vector is kept
    on_demand.close()
    found, said = [], []
    monkeypatch.setattr(
        serve.Server, "run", lambda self, sockets: found.append(len(on_demand._open))
    )
    what = {"store": opened.kept.place.parent, "host": "127.0.0.1", "port": 0}
    serve.serve(world / "images", **what, tell=said.append)
    assert found == [1] and said[-1].startswith("open http://127.0.0.1:")


def test_without_a_folder_it_is_the_rendered_world(tmp_path, monkeypatch):
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(serve, "SMALL", 0.01)
    said = []
    folder = serve.rendered(tmp_path / "store", said.append)
    assert folder.is_relative_to(tmp_path / "store") and any(folder.rglob("*.jpg"))
    assert serve.rendered(tmp_path / "store", said.append) == folder
    assert len(said) == 1 and not (tmp_path / "home").exists()
