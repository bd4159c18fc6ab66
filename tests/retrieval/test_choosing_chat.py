"""The chat chooser against a stub on this machine: nothing else is ever reached."""

import base64
import contextlib
import functools
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import nbclient
import nbformat
import pytest

from cocofacet.io import InputError
from cocofacet.retrieval import choosing
from cocofacet.retrieval.choosing import PROMPTS, Choice, choose, question_about
from cocofacet.retrieval.choosing_chat import ChatModel, chat_from_environment
from cocofacet.retrieval.endpoint import KEY, LONGEST, MODEL, MOST, URL, without_key

TEXTS = ["any dog.\n", "any car.\n", "a sunny day.\n"]
SECRET = "sk-S3cr3t/of+one=PERSON"


class Stub:
    """An endpoint whose replies are a list; the last one stays for ever.

    A reply is (status, body, headers): a body of text or bytes is sent as it is,
    anything else as JSON; a status of None is no answer at all. ``slow``: the part,
    headers or body, from which on a byte is sent every twentieth of a second.
    """

    slow = ""

    def __init__(self):
        self.replies, self.requests, self.stopped = [said("B")], [], threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                stub.requests.append(
                    (self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                )
                now = stub.replies
                status, body, headers = now.pop(0) if len(now) > 1 else now[0]
                if status is None:
                    stub.stopped.wait(20)
                    return
                if not isinstance(body, str | bytes):
                    body = json.dumps(body)
                body = body if isinstance(body, bytes) else body.encode()
                if stub.slow == "headers":
                    self.wfile = Slow(self.wfile, stub)
                self.send_response(status)
                for name, value in {
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                    **headers,
                }.items():
                    self.send_header(name, value)
                with contextlib.suppress(OSError):  # the reader may have gone
                    self.end_headers()
                    if stub.slow == "body":
                        self.wfile = Slow(self.wfile, stub)
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        serve = functools.partial(self.server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()

    def contents(self):
        return [body["messages"][0]["content"] for _, _, body in self.requests]

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


class Slow:
    """Writes a byte at a time."""

    def __init__(self, file, stub):
        self.file, self.stub = file, stub

    def write(self, data):
        for byte in data:
            self.file.write(bytes([byte]))
            self.file.flush()
            self.stub.stopped.wait(0.05)

    def __getattr__(self, name):
        return getattr(self.file, name)


def said(content, model="stub-1", finish="stop"):
    message = {"role": "assistant", "content": content}
    return (
        200,
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        },
        {},
    )


FAILED = (500, {"error": {"message": "out of order"}}, {})


@pytest.fixture
def stub():
    stub = Stub()
    yield stub
    stub.stop()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """No setting of whoever runs the tests, and no way out of this machine."""
    for name in [n for n in os.environ if n.startswith(("OPENAI_", "COCOFACET_CHAT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(KEY, SECRET)
    connect = socket.socket.connect

    def guarded(self, address):
        if isinstance(address, tuple) and address[0] != "127.0.0.1":
            raise AssertionError(f"reached out to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were to be waited between tries; none is."""
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def chat(stub, folder, **options):
    return ChatModel(stub.url, "stub", folder, **{"timeout": 5.0, **options})


def kept_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_an_answer_is_asked_for_plainly_and_read(stub, tmp_path):
    stub.replies = [said("B"), said("The answer is A."), said("**G**")]
    found = choose(TEXTS, chat(stub, tmp_path))
    assert [found[t].prompt for t in TEXTS] == ["animals", "objects", "weathers"]
    assert all(0 < choice.seconds < 5 for choice in found.values())
    path, headers, body = stub.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert body == {
        "model": "stub",
        "messages": [{"role": "user", "content": question_about(TEXTS[0])}],
        "temperature": 0,
        "max_tokens": 8,
    }


@pytest.mark.parametrize(
    "content", ["Z", "I cannot see pictures.", "B or C", "B. or C.", "<script>"]
)
def test_an_unreadable_answer_is_no_prompt_and_is_kept(stub, tmp_path, content):
    stub.replies = [said(content)]
    for _ in range(2):
        choice = chat(stub, tmp_path)(TEXTS[0])
        assert (choice.prompt, choice.readable) == (None, False)
    assert len(stub.requests) == 1


def test_what_was_answered_is_not_asked_again(stub, tmp_path):
    first = choose(TEXTS, chat(stub, tmp_path))
    stub.replies = [said("A")]
    again = chat(stub, tmp_path)
    assert choose(TEXTS, again) == first
    assert len(stub.requests) == len(TEXTS)
    assert again.maker == "stub (stub-1)", "the version the endpoint called itself"


def test_two_orders_of_the_options_never_mix(stub, tmp_path, monkeypatch):
    assert chat(stub, tmp_path)(TEXTS[0]).prompt == "animals"
    monkeypatch.setattr(choosing, "PROMPTS", dict(reversed(PROMPTS.items())))
    assert chat(stub, tmp_path)(TEXTS[0]).prompt == "country"
    assert len(stub.requests) == 2
    assert stub.contents()[0] != stub.contents()[1]
    assert len(kept_in(tmp_path)) == 2


def test_another_model_or_address_is_asked_anew(stub, tmp_path):
    for url, model in ((stub.url, "a"), (stub.url, "b"), (f"{stub.url}/x", "a")):
        ChatModel(url, model, tmp_path)(TEXTS[0])
    assert len(stub.requests) == len(kept_in(tmp_path)) == 3


def test_a_line_feed_of_a_text_is_not_another_text_to_the_model(stub, tmp_path):
    chat(stub, tmp_path)("any dog.\n")
    assert "\n\nany dog.\n\n" in stub.contents()[0]


def test_429_waits_as_told_and_then_succeeds(stub, tmp_path, waits):
    busy = (429, {"error": {"message": "slow down"}}, {"Retry-After": "7"})
    stub.replies = [busy, busy, said("B")]
    assert chat(stub, tmp_path)(TEXTS[0]).prompt == "animals"
    assert waits == [7.0, 7.0]
    assert len(stub.requests) == 3


def test_a_server_error_for_ever_ends_in_one_clear_error(stub, tmp_path, waits):
    stub.replies = [said("B"), said("A"), FAILED]
    model = chat(stub, tmp_path, retries=3)
    with pytest.raises(InputError) as error:
        choose(TEXTS, model)
    words = str(error.value)
    assert words.startswith(f"{stub.url}: chat: stub gave no answer (")
    assert "out of order" in words and URL in words and "\n" not in words
    assert f"2 answers are kept in {model.folder}" in words
    assert len(stub.requests) == 2 + 1 + 3, "bounded"
    assert waits == [0.5, 1, 2], "longer each time"
    stub.replies = [said("G")]
    found = choose(TEXTS, chat(stub, tmp_path))
    assert [found[t].prompt for t in TEXTS] == ["animals", "objects", "weathers"]
    assert len(stub.requests) == 6 + 1, "only what was missing"


def test_no_answer_is_given_up_after_the_timeout(stub, tmp_path, waits):
    stub.replies = [(None, "", {}), (None, "", {}), said("B")]
    assert chat(stub, tmp_path, timeout=0.3)(TEXTS[0]).prompt == "animals"
    stub.replies = [(None, "", {})]
    with pytest.raises(InputError, match=r"no answer \(it does not answer in time"):
        chat(stub, tmp_path, timeout=0.2, retries=1)(TEXTS[1])
    assert len(stub.requests) == 3 + 2


@pytest.mark.parametrize("place", ["headers", "body"])
def test_the_timeout_bounds_the_whole_answer_a_byte_at_a_time(stub, tmp_path, place):
    stub.slow, stub.replies = place, [(200, b" " * 400, {})]
    start = time.monotonic()
    with pytest.raises(InputError, match="it does not answer in time"):
        chat(stub, tmp_path, timeout=0.5, retries=0)(TEXTS[0])
    assert time.monotonic() - start < 2


PACKED = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b" " * (MOST + 1), {}),
        (gzip.compress(b" " * (50 * MOST)), PACKED),
        (gzip.compress(gzip.compress(b" " * MOST)), {"Content-Encoding": "gzip, gzip"}),
        (b"x" * 100, PACKED),
    ],
    ids=["large", "large once unpacked", "packed twice", "no gzip"],
)
@pytest.mark.parametrize("status", [200, 401])
def test_a_reply_is_bounded_also_unpacked(stub, tmp_path, status, body, headers):
    stub.replies = [(status, body, headers)]
    tracemalloc.start()
    with pytest.raises(InputError, match="gave no answer"):
        chat(stub, tmp_path)(TEXTS[0])
    assert tracemalloc.get_traced_memory()[1] < 8 * MOST
    tracemalloc.stop()
    assert kept_in(tmp_path) == []


def test_a_packed_reply_is_read(stub, tmp_path):
    status, body, _ = said("B")
    stub.replies = [(status, gzip.compress(json.dumps(body).encode()), PACKED)]
    assert chat(stub, tmp_path)(TEXTS[0]).prompt == "animals"
    assert stub.requests[0][1]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "reply",
    [
        (200, '{"choices": [', {}),
        (200, "", {}),
        (200, "<html>a login page</html>", {"Content-Type": "text/html"}),
        (200, {"choices": []}, {}),
        (200, {"choices": None}, {}),
        (200, {"choices": [{"message": None}]}, {}),
        *(
            said(content)
            for content in (None, "", " \n", 0, False, 1, [], ["B"], {"B": 1})
        ),
        *(
            said("B", finish=why)
            for why in ("length", "content_filter", "LENGTH", "max_tokens", "SAFETY")
        ),
        said("B" * (LONGEST + 1)),
        said("B \ud83d"),
        (200, {"choices": {"0": {"message": {"content": "B"}}}}, {}),
        (200, {"choices": "B"}, {}),
        (200, {"choices": [["B"]]}, {}),
        (200, {"choices": [{"message": "B"}]}, {}),
        (200, '{"choices": ' * 100_000, {}),
        (200, "[" * 100_000 + "]" * 100_000, {}),
        (200, '{"created": ' + "9" * 6_000 + "}", {}),
        (200, b"\xff\xfe\x00\xd8", {}),
        (204, "", {}),
        (200, [1, 2], {}),
        (200, {"error": "no such route"}, {}),
    ],
)
def test_a_reply_that_is_no_completion_is_an_error_and_not_an_answer(
    stub, tmp_path, reply
):
    stub.replies = [reply]
    with pytest.raises(InputError, match="gave no answer") as error:
        chat(stub, tmp_path)(TEXTS[0])
    assert "0 answers are kept" in str(error.value)
    assert "\n" not in str(error.value) and len(str(error.value)) < 1_000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"message": "one\ntwo"}, "400 Bad Request: one two"),
        ("as text", "400 Bad Request: as text"),
        ({"message": ["a", 1]}, "400 Bad Request: ['a', 1]"),
        ({"message": "\x1b[31mred\u202e"}, "400 Bad Request: ?[31mred?"),
        ({"message": "\ud83d"}, r"400 Bad Request: ?"),
        ({"code": 7}, "400 Bad Request)"),
        (None, "400 Bad Request)"),
        ([], "400 Bad Request)"),
        ({"message": "x" * 5_000}, "x" * 200 + ")"),
    ],
)
def test_what_an_endpoint_says_is_one_printable_line(stub, tmp_path, said, shown):
    stub.replies = [(400, {"error": said}, {})]
    with pytest.raises(InputError) as error:
        chat(stub, tmp_path)(TEXTS[0])
    words = str(error.value)
    assert shown in words and words.isprintable() and len(words) < 1_000


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({"Retry-After": value}, 0.5) for value in ("-1", "nan", "inf", "1e9", "soon")]
    + [({"Retry-After": "2.5"}, 2.5), ({}, 0.5)],
)
def test_an_endpoint_cannot_make_us_wait_for_ever(stub, tmp_path, waits, headers, wait):
    stub.replies = [(503, "", headers), said("B")]
    chat(stub, tmp_path)(TEXTS[0])
    assert waits == [wait]


# -- the key ---------------------------------------------------------------------------

FORMS = {
    "as it is": SECRET,
    "in an address": quote(SECRET, safe=""),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "hex": SECRET.encode().hex(),
}
ECHOES = FORMS | {
    "in upper case": SECRET.upper(),
    "a part of it": SECRET[3:15],
    "as a header": f"Authorization: Bearer {SECRET}",
}


def assert_unknown(text):
    """Nothing that a person could put the key together from."""
    for form in FORMS.values():
        for start in range(len(form) - 7):
            assert form[start : start + 8].lower() not in text.lower()


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_an_endpoint_that_repeats_the_key_is_quoted_without_it(stub, tmp_path, echo):
    stub.replies = [(401, {"error": {"message": f"wrong key: {echo} is bad"}}, {})]
    with pytest.raises(InputError, match=KEY) as error:
        chat(stub, tmp_path)(TEXTS[0])
    assert "wrong key: " in str(error.value) and " is bad" in str(error.value)
    assert_unknown(str(error.value))
    assert len(stub.requests) == 1, "trying again would not help"
    stub.replies = [said(f"The answer is B. {echo}", model=f"stub {echo}")]
    model = chat(stub, tmp_path)
    assert model(TEXTS[0]).prompt == "animals"
    (file,) = tmp_path.rglob("*.json")
    for text in (model.maker, file.read_text(), repr(vars(model)), repr(model)):
        assert_unknown(text)


def test_a_short_key_hides_only_itself(monkeypatch):
    monkeypatch.setenv(KEY, "ollama")
    assert without_key("ollama: no such model, olla") == "...: no such model, olla"
    monkeypatch.setenv(KEY, "")
    assert without_key("any") == "any"


FAILING = {
    "a 401 that repeats the key": (401, {"error": {"message": SECRET}}, {}),
    "no JSON": (200, SECRET, {}),
    "no completion": (200, {"choices": [SECRET]}, {}),
    "a redirection": (307, "", {"Location": f"http://127.0.0.1:1/{SECRET}"}),
    "a broken connection": (200, SECRET, {"Content-Length": "999"}),
}


@pytest.mark.parametrize("reply", FAILING.values(), ids=FAILING)
def test_no_traceback_holds_the_key(stub, tmp_path, waits, reply):
    """Not with the values of all variables, nor in what an error was raised from."""
    stub.replies = [reply]
    with pytest.raises(InputError) as error:
        chat(stub, tmp_path)(TEXTS[0])
    found = error.value
    assert found.__cause__ is None and found.__context__ is None
    # pytest's own frames hold the reply; the package's start at the third.
    frames = found.__traceback__.tb_next
    told = traceback.TracebackException(type(found), found, frames, capture_locals=True)
    text = "".join(told.format())
    assert "choosing_chat.py" in text and "self = " in text
    assert_unknown(text)


@pytest.mark.parametrize(
    "bad", ["two\nlines-of-a-key", "a blank-in-it", "kéy-of-letters", "bell\a-in-it"]
)
def test_a_key_that_no_header_carries_is_refused_unseen(
    stub, tmp_path, monkeypatch, bad
):
    monkeypatch.setenv(KEY, bad)
    with pytest.raises(InputError, match=f"^{KEY}: holds a blank, a line") as error:
        chat(stub, tmp_path)
    text = traceback.TracebackException.from_exception(
        error.value.with_traceback(error.tb.tb_next), capture_locals=True
    )
    assert bad not in "".join(text.format()) and error.value.__context__ is None
    assert stub.requests == []


@pytest.mark.parametrize("around", [" {}", "{}\n", "\t{}\r\n"])
def test_a_key_is_stripped(stub, tmp_path, monkeypatch, around):
    monkeypatch.setenv(KEY, around.format(SECRET))
    chat(stub, tmp_path)(TEXTS[0])
    assert stub.requests[0][1]["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("name", [URL, MODEL])
def test_a_key_in_the_wrong_place_is_refused(tmp_path, name):
    given = {URL: "http://127.0.0.1/v1", MODEL: "stub"}
    given[name] += f"/{SECRET}"
    with pytest.raises(InputError, match=f"^{name}: holds the key") as error:
        ChatModel(given[URL], given[MODEL], tmp_path)
    assert_unknown(str(error.value))


def test_a_failed_notebook_is_kept_without_the_key(stub, tmp_path, monkeypatch):
    """As papermill keeps it, with the traceback that shows all variables."""
    monkeypatch.setenv(URL, stub.url)
    monkeypatch.setenv(MODEL, "stub")
    stub.replies = [FAILING["a 401 that repeats the key"]]
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_code_cell(source)
        for source in (
            "%xmode Verbose",
            "from cocofacet.retrieval import choosing, choosing_chat\n"
            f"model = choosing_chat.chat_from_environment({str(tmp_path)!r})\n"
            "model.maker",
            "choosing.choose(['any dog.'], model)",
        )
    ]
    client = nbclient.NotebookClient(book, timeout=60, kernel_name="python3")
    with pytest.raises(nbclient.exceptions.CellExecutionError) as error:
        client.execute()
    assert "InputError" in str(error.value) and "401 Unauthorized" in str(error.value)
    assert_unknown(nbformat.writes(book) + str(error.value))


def test_nobody_there_is_an_error_too(tmp_path, waits):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(InputError, match=r"gave no answer \(no connection"):
        ChatModel(url, "stub", tmp_path)(TEXTS[0])
    assert len(waits) == 4


def test_a_redirection_is_not_followed(stub, tmp_path):
    elsewhere = Stub()
    stub.replies = [(307, "", {"Location": f"{elsewhere.url}/chat/completions"})]
    with pytest.raises(InputError, match="gave no answer"):
        chat(stub, tmp_path)(TEXTS[0])
    assert elsewhere.requests == []
    elsewhere.stop()


# -- what is needed before anything is sent --------------------------------------------


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, URL),
        ({URL: "{stub}"}, MODEL),
        ({MODEL: "stub"}, URL),
        ({URL: "", MODEL: "stub"}, URL),
        ({KEY: "secret"}, URL),
        ({URL: " ", MODEL: "stub"}, URL),
        ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "{stub}"}, URL),
    ],
)
def test_nothing_is_sent_unless_address_and_model_are_set(
    stub, tmp_path, monkeypatch, settings, missing
):
    def reached(*_):
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", reached)
    for name, value in settings.items():
        monkeypatch.setenv(name, value.format(stub=stub.url))
    with pytest.raises(InputError) as error:
        chat_from_environment(tmp_path)
    assert str(error.value).startswith(f"{missing}: is not set, so nothing is sent.")
    assert stub.requests == [] and list(tmp_path.iterdir()) == []


def test_setting_it_up_sends_nothing(stub, tmp_path, monkeypatch):
    monkeypatch.setenv(URL, stub.url)
    monkeypatch.setenv(MODEL, "stub")
    model = chat_from_environment(tmp_path)
    assert stub.requests == [] and list(tmp_path.iterdir()) == []
    assert model(TEXTS[0]).prompt == "animals"


def test_variables_and_files_of_others_reach_nobody(stub, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password not-this-key")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv(KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "not-this-key")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "nor-this")
    monkeypatch.setenv("OPENAI_ORG_ID", "my-organisation")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "my-project")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://192.0.2.1/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer not-this-key")
    monkeypatch.setenv(URL, stub.url)
    monkeypatch.setenv(MODEL, "stub")
    chat_from_environment(tmp_path)(TEXTS[0])
    _, headers, _ = stub.requests[0]
    sent = str(headers)
    for word in ("not-this-key", "nor-this", "my-organisation", "my-project"):
        assert word not in sent
    assert headers["authorization"] == "Bearer none"


@pytest.mark.parametrize(
    "url",
    [
        *("localhost:8000", "ftp://host/v1", "http://", "http://[::1", "http://h:x/v1"),
        *(
            "http://h:99999/v1",
            "http://h:0/v1",
            "http://a b/v1",
            "http://höst\u2028/v1",
        ),
        *(f"http://{'a' * 64}.de/v1", "http://a..b/v1", "http://*/v1", "http://h\n/v1"),
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(InputError) as error:
        ChatModel(url, "stub", tmp_path)(TEXTS[0])
    words = str(error.value)
    assert re.match(f"{URL}: (.* is no http address|holds a character)", words), words
    assert words.isprintable()


@pytest.mark.parametrize(
    "url",
    [
        *("http://me:hush@127.0.0.1/v1", "http://hush@127.0.0.1", "http://a:hush@[::1"),
        *("http://127.0.0.1/v1?key=hush", "http://127.0.0.1/v1#hush"),
    ],
)
def test_what_may_be_a_password_is_refused_and_not_repeated(tmp_path, url):
    with pytest.raises(InputError, match=f"^{URL}: holds a") as error:
        ChatModel(url, "stub", tmp_path)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("model", ["a\nb", "\x1b[2J", "half \udcff", "\u202eb"])
def test_a_model_that_cannot_be_shown_is_refused(stub, tmp_path, model):
    with pytest.raises(InputError, match=f"^{MODEL}: holds a character") as error:
        ChatModel(stub.url, model, tmp_path)
    assert str(error.value).isprintable()


def test_a_long_name_of_a_model_is_no_long_name_of_a_file(stub, tmp_path):
    model = ChatModel(stub.url, "m/" * 400, tmp_path)
    assert model(TEXTS[0]).prompt == "animals"


# -- the answers on disk ---------------------------------------------------------------


def written(stub, folder):
    """The file of one answer, and what it holds."""
    chat(stub, folder)(TEXTS[0])
    (file,) = folder.rglob("*.json")
    return file, json.loads(file.read_text())


def changed(content, path, value):
    *way, last = path
    part = content
    for name in way:
        part = part[name]
    part[last] = value
    return json.dumps(content)


ONE = ("answers", TEXTS[0])
MALFORMED = {
    "cut short": lambda content: json.dumps(content)[:-9],
    "empty": lambda content: "",
    "deep": lambda content: "[" * 100_000,
    "no text": lambda content: b"\xff\x00\xd8",
    "null": lambda content: "null",
    "a list": lambda content: "[]",
    "a number": lambda content: "9" * 6_000,
    "without the question": lambda content: '{"answers": {}}',
    "without answers": lambda content: changed(content, ["other"], content.pop(ONE[0])),
    "another question": lambda content: changed(content, ["asked", "model"], "x"),
    "answers as a list": lambda content: changed(content, ["answers"], []),
    "an answer as text": lambda content: changed(content, ONE, "B"),
    "an answer as null": lambda content: changed(content, ONE, None),
    "an empty answer's form": lambda content: changed(content, ONE, {}),
    "no text in it": lambda content: changed(content, [*ONE, "answer"], 0),
    "seconds as text": lambda content: changed(content, [*ONE, "seconds"], "1"),
    "seconds below 0": lambda content: changed(content, [*ONE, "seconds"], -1),
    "seconds NaN": lambda content: changed(content, [*ONE, "seconds"], float("nan")),
    "seconds true": lambda content: changed(content, [*ONE, "seconds"], True),
    "a model that is none": lambda content: changed(content, [*ONE, "model"], [1]),
}


@pytest.mark.parametrize("old", [False, True], ids=["file", "file of before"])
@pytest.mark.parametrize("damage", MALFORMED.values(), ids=MALFORMED)
def test_a_damaged_file_of_answers_is_named(stub, tmp_path, damage, old):
    file, content = written(stub, tmp_path)
    bad = damage(content)
    if old:
        file = file.unlink() or file.parent.with_suffix(".json")
    file.write_bytes(bad if isinstance(bad, bytes) else bad.encode())
    with pytest.raises(InputError, match="answers: cannot be read") as error:
        chat(stub, tmp_path)
    words = str(error.value)
    assert words.startswith(str(file)) and "\n" not in words and len(words) < 1_000
    assert len(stub.requests) == 1


def test_a_file_of_before_is_read_and_what_was_no_answer_is_asked_again(stub, tmp_path):
    file, content = written(stub, tmp_path)
    one = content["answers"][TEXTS[0]]
    content["answers"][TEXTS[1]] = {**one, "answer": ""}
    file.unlink()
    file.parent.with_suffix(".json").write_text(json.dumps(content))
    stub.replies = [said("A")]
    found = choose(TEXTS[:2], chat(stub, tmp_path))
    assert [found[t].prompt for t in TEXTS[:2]] == ["animals", "objects"]
    assert len(stub.requests) == 2, "only the one that was empty"


def test_several_that_write_at_once_lose_nothing(stub, tmp_path):
    """Processes of their own, half of the texts of each asked by another as well."""
    texts = [f"a dog and {n}.\n" for n in range(40)]
    code = (
        "import sys, json; from pathlib import Path\n"
        "from cocofacet.retrieval.choosing import choose\n"
        "from cocofacet.retrieval.choosing_chat import ChatModel\n"
        "model = ChatModel(sys.argv[1], 'stub', Path(sys.argv[2]))\n"
        "choose(json.loads(sys.argv[3]), model)\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, stub.url, str(tmp_path), json.dumps(mine)],
            stderr=subprocess.DEVNULL,
        )
        for mine in (texts[:20], texts[10:30], texts[20:])
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    asked = len(stub.requests)
    choose(texts, chat(stub, tmp_path))
    assert len(stub.requests) == asked and len(kept_in(tmp_path)) == 40


def test_a_folder_that_cannot_be_written_is_named(stub, tmp_path):
    (tmp_path / "choices").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="answers: cannot be"):
        chat(stub, tmp_path / "choices")(TEXTS[0])


def test_a_killed_run_goes_on_where_it_was(stub, tmp_path):
    """kill -9 while the third answer is awaited."""
    stub.replies = [said("B"), said("A"), (None, "", {})]
    code = (
        "import sys; from pathlib import Path\n"
        "from cocofacet.retrieval.choosing import choose\n"
        "from cocofacet.retrieval.choosing_chat import ChatModel\n"
        "model = ChatModel(sys.argv[1], 'stub', Path(sys.argv[2]))\n"
        f"choose({TEXTS!r}, model)\n"
    )
    command = [sys.executable, "-c", code, stub.url, str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 60
        while len(stub.requests) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert len(stub.requests) == 3
    stub.replies = [said("G")]
    found = choose(TEXTS, chat(stub, tmp_path))
    assert [found[t].prompt for t in TEXTS] == ["animals", "objects", "weathers"]
    assert len(stub.requests) == 4
    assert isinstance(found[TEXTS[0]], Choice)
    assert all(name.endswith(".json") for name in kept_in(tmp_path)), "no half a file"
