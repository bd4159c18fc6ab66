"""The live page: who may ask, what is answered, and how it looks to a reader."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

import browser
import hostile
import pytest
import stopped_runs
from mean_colours import Means
from PIL import Image
from small_photos import paint_all

from cocofacet.benchmark.facets import FACETS
from cocofacet.cli import main
from cocofacet.embeddings.loader import Work, embed_files
from cocofacet.io import InputError, sha256_of
from cocofacet.photos import make
from cocofacet.photos import search as searching
from cocofacet.photos.app import answers, serve
from cocofacet.photos.app.site import MOST, Site
from cocofacet.photos.search import Wish
from cocofacet.retrievers import on_demand
from cocofacet.retrievers.on_demand import OnDemand
from facetworld.write import write_world

NIGHT = "an image taken at night"
FREE = "Is there a lake in this image?"
HOSTILE = hostile.TEXTS["an image"] + ' "it\'s"\n.jpg'


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, fraction=0.02)
    for name in (HOSTILE, os.fsdecode(b"latin-\xe9.jpg")):
        shutil.copy(min(folder.rglob("0*.jpg")), folder / "images" / name)
    return folder


@pytest.fixture(scope="module")
def opened(world, tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    asked = (world / "images", None, ["times", "people"], store)
    kept = make.index_folder(*asked, tell=lambda line: None)
    return answers.Answers(kept, OnDemand(kept.retriever, kept.place))


@contextmanager
def running(opened, host="127.0.0.1"):
    """A server of it, in a thread of its own."""
    listener = serve.listening(host, 0)
    server = serve.Server(Site(opened, "photos"), host, listener)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def server(opened):
    with running(opened) as found:
        yield found


def port_of(server):
    return int(server.address.partition("?")[0].rstrip("/").rpartition(":")[2])


def ask(server, method="GET", path="/", body=None, **headers):
    """One request -> status, headers and content; names of headers with "_"."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def search(server, **said):
    status, _, content = ask(server, "POST", "/search", json.dumps(said))
    return status, json.loads(content)


# Who may ask.

PAGE = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
ALLOWED = {
    "this machine by its number": {},
    "by its name": {"Host": "localhost:1"},
    "in IPv6": {"Host": "[::1]:80"},
    "the page itself": {"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:1"},
    "a browser that says so": {"Sec_Fetch_Site": "same-origin"},
    "what was typed": {"Sec_Fetch_Site": "none"},
    "a link elsewhere to the page": PAGE,
}
REFUSED = {
    "a name by another's DNS": {"Host": "evil.example"},
    "a name that begins alike": {"Host": "127.0.0.1.evil.example:80"},
    "a user before a host": {"Host": "127.0.0.1@evil.example"},
    "another number": {"Host": "192.168.0.1"},
    "a short number": {"Host": "127.1"},
    "an empty name": {"Host": ""},
    "another page": {"Origin": "http://evil.example"},
    "another port's page": {"Host": "localhost:1", "Origin": "http://localhost:2"},
    "a page without an origin": {"Origin": "null"},
    "a picture within another page": {"Sec_Fetch_Site": "cross-site"},
    "another port's picture": {"Sec_Fetch_Site": "same-site"},
}


@pytest.mark.parametrize("kind", ALLOWED)
def test_who_may_ask(kind, server):
    assert ask(server, **ALLOWED[kind])[0] == 200


@pytest.mark.parametrize("path", ["/", "/page.js", "/search", "/nothing"])
@pytest.mark.parametrize("kind", REFUSED)
def test_who_may_not(kind, path, server):
    status, _, content = ask(server, path=path, **REFUSED[kind])
    assert status == 403 and list(json.loads(content)) == ["error"]


def test_only_the_page_is_led_to_from_elsewhere(server):
    status, *_ = ask(server, path="/picture/0/small", **PAGE)
    assert status == 403


def test_every_answer_is_for_this_page_alone(server):
    for path in ("/", "/page.css", "/nothing"):
        _, headers, _ = ask(server, path=path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_others_need_the_token(opened):
    with running(opened, "0.0.0.0") as server:
        token = server.address.partition("token=")[2]
        host = {"Host": "192.168.0.1:80"}  # a number: no DNS decides where it leads
        assert len(token) > 20
        for wrong in ("/", "/?token=", "/?token=x", "/?token=%00", "/page.js"):
            status, _, content = ask(server, path=wrong, **host)
            assert status == 403 and "token" in json.loads(content)["error"]
        assert ask(server, path=f"/page.js?token={token}", **host)[0] == 403
        status, headers, _ = ask(server, path=f"/?token={token}", **host)
        assert (status, headers["Location"]) == (303, "/")
        assert "httponly" in headers["Set-Cookie"].lower()
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert ask(server, Cookie=cookie, **host)[0] == 200
        assert ask(server, Cookie=f"{cookie}x", **host)[0] == 403
        assert ask(server, Cookie=cookie, Host="evil.example")[0] == 403


# What is answered.


def test_both_lists_and_the_moves_between_them(server, opened):
    status, found = search(server, text=NIGHT, ask="times")
    assert status == 200
    asked, general = found["asked"], found["general"]
    assert asked["question"] == FACETS["times"].question
    assert (asked["how"], found["chosen"]) == ("index", False)
    first = asked["first"]
    assert len(general) == len(first) == len(opened.kept) == found["pictures"]
    for mine, others in ((first, general), (general, first)):
        for one in mine:
            assert others[one["other"] - 1]["sha256"] == one["sha256"]
    out = asked["standing_out"]
    assert 0 < out < len(first)
    assert all((one["share"] >= 0.5) == (n < out) for n, one in enumerate(first))
    assert {one["share"] for one in general} == {None}


def test_the_lists_are_those_of_the_search(server, opened):
    _, found = search(server, text=NIGHT, ask="people")
    own = searching.answer(opened.kept, opened.retriever, Wish(NIGHT, "people"))
    assert [one["path"] for one in found["asked"]["first"]] == list(own.pictures.path)


ASKED = {
    "none": ({"ask": "none"}, None),
    "left out": ({}, None),
    "a facet": ({"ask": "weathers"}, "rerank"),
    "the nearest to the text": (
        {"ask": "auto", "text": FACETS["times"].wording("daytime")},
        "index",
    ),
    "one's own": ({"question": FREE}, "rerank"),
    "as long as may be": ({"text": "word " * 199, "ask": "times"}, "index"),
    "in any script": ({"text": "сумерки 夕暮れ 🌆"}, None),
}


@pytest.mark.parametrize("kind", ASKED)
def test_questions(kind, server):
    said, how = ASKED[kind]
    status, found = search(server, **{"text": NIGHT} | said)
    assert status == 200
    assert (found["asked"] and found["asked"]["how"]) == how
    if "question" in said:
        assert found["asked"]["standing_out"] is None


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


def test_it_stops_between_two_batches(tmp_path):
    folder = paint_all(tmp_path, range(3))
    means = Means()
    mine = answers.Retriever(means)
    works = [Work(tuple(sorted(folder.iterdir())), (None,))]
    assert len(list(embed_files(mine, works, batch=1))) == 1
    found = means.embed_prepared

    def then_stopped(prepared):
        mine.stop.set()
        return found(prepared)

    means.asked, means.embed_prepared = [], then_stopped
    with pytest.raises(answers.Stopped):
        list(embed_files(mine, works, batch=1))
    assert means.asked == [(1, (None,))]


def test_what_fails_within_is_one_line(opened, monkeypatch, capfd):
    def fails(*what):
        raise ZeroDivisionError("of this test")

    with running(opened) as server:
        monkeypatch.setattr(answers, "answer", fails)
        status, found = search(server, text="never asked before")
        assert status == 500 and list(found) == ["error"]
    assert capfd.readouterr().err == "error: ZeroDivisionError: of this test\n"


def test_a_dual_encoder_is_asked_no_question(world, tmp_path):
    what = (world / "images", "tiny-clip", (), tmp_path)
    kept = make.index_folder(*what, tell=lambda line: None)
    dual = answers.Answers(kept, OnDemand("tiny-clip", kept.place))
    assert len(dual(Wish(NIGHT))["general"]) == len(kept)
    with pytest.raises(InputError, match="takes no question"):
        dual(Wish(NIGHT, "times"))
    assert "How many people" not in Site(dual, "photos").content


# Pictures.


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


# The command.


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


# What a reader sees.


@pytest.fixture(scope="module")
def chromium():
    if browser.find_chromium() is None:
        pytest.skip("no Chromium: no page was opened")
    with browser.chromium() as found:
        yield found


@contextmanager
def reading(chromium, server, width=1280, scheme="light"):
    """A page of it -> page and what was wrong: requests elsewhere, errors."""
    wrong = []
    with browser.reader(chromium, width, scheme) as context:
        page = context.new_page()
        home = (server.address, "data:")
        page.on("request", lambda r: r.url.startswith(home) or wrong.append(r.url))
        page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.set_default_timeout(browser.PATIENCE)
        page.goto(server.address)
        yield page, wrong


def status_says(page, words):
    page.locator(".search-status", has_text=words).wait_for()


RENDERINGS = [
    pytest.param(
        *(width, scheme),
        marks=() if (width, scheme) == (390, "dark") else pytest.mark.more,
    )
    for width in browser.WIDTHS
    for scheme in browser.SCHEMES
]


@pytest.mark.parametrize(("width", "scheme"), RENDERINGS)
def test_a_reader_searches(width, scheme, chromium, server, opened):
    with reading(chromium, server, width, scheme) as (page, wrong):
        page.get_by_label("What a picture is to show").fill(NIGHT)
        page.get_by_label("Question asked of each picture").select_option("times")
        page.get_by_label("What a picture is to show").press("Enter")
        status_says(page, "stand out")
        assert "#text=an+image+taken+at+night&ask=times" in page.url
        panels = page.locator(".explorer-panel")
        assert panels.locator("h2").all_text_contents() == [
            "Asked: times",
            "In general",
        ]
        assert "from " in panels.first.locator("li").first.text_content()
        assert page.locator("li.beyond").count() == 1
        first, second = (each.bounding_box() for each in panels.locator("ol").all())
        assert first["y"] == second["y"] and first["x"] < second["x"]
        page.locator(".search-picture").first.click()
        large = page.locator("dialog img")
        large.wait_for()
        assert large.get_attribute("src").endswith("/large")
        page.keyboard.press("Escape")
        assert not large.is_visible()
        focused = "document.activeElement.className"
        assert page.evaluate(focused) == "search-picture"
        page.get_by_label("Question asked of each picture").select_option("own")
        page.get_by_label("Your question").fill(FREE)
        page.get_by_role("button", name="Search").click()
        status_says(page, "the list has no end")
        page.go_back()
        status_says(page, "stand out")
        assert page.get_by_label("Question asked").input_value() == "times"
        sideways = "document.scrollingElement.scrollWidth > innerWidth"
        assert not page.evaluate(sideways)
        assert wrong == []


def test_a_hostile_name_and_text_do_nothing(chromium, server, opened):
    with reading(chromium, server) as (page, wrong):
        page.get_by_label("Question asked").select_option("none")
        for text in hostile.TEXTS.values():
            if "\ud83d" in text or not text.isprintable():
                continue
            page.get_by_label("What a picture is to show").fill(text)
            page.get_by_role("button", name="Search").click()
            status_says(page, "pictures")
            page.wait_for_function("text => document.title.startsWith(text)", arg=text)
        page.get_by_label("Question asked").select_option("own")
        page.get_by_label("Your question").fill(hostile.TEXTS["an image"])
        page.get_by_role("button", name="Search").click()
        status_says(page, "the list has no end")
        found = page.locator(".search-picture[title*='<img src=x']")
        found.first.click()
        assert "<img src=x" in page.locator("dialog p").text_content()
        assert page.evaluate("window.ran ?? null") is None
        assert page.locator(hostile.ELEMENTS).count() == 0
        assert wrong == []


def test_a_link_holds_the_search_and_what_is_gone_is_said(chromium, server, opened):
    with reading(chromium, server) as (page, wrong):
        page.route("**/picture/**", lambda route: route.fulfill(status=410))
        page.get_by_role("link", name="night").click()
        page.get_by_text("changed or deleted").first.wait_for()
        assert page.get_by_label("What a picture").input_value().endswith("night.")
        assert all("410" in each for each in wrong)
