"""The chat chooser against a stub on this machine: nothing else is ever reached."""

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cocofacet.io import InputError
from cocofacet.retrieval import choosing
from cocofacet.retrieval.choosing import PROMPTS, Choice, choose, question_about
from cocofacet.retrieval.choosing_chat import (
    KEY,
    MODEL,
    URL,
    ChatModel,
    chat_from_environment,
)

TEXTS = ["any dog.\n", "any car.\n", "a sunny day.\n"]


class Stub:
    """An endpoint whose replies are a list; the last one stays for ever.

    A reply is (status, body, headers): a body of text is sent as it is, anything else
    as JSON; a status of None is no answer at all.
    """

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
                if not isinstance(body, str):
                    body = json.dumps(body)
                self.send_response(status)
                for name, value in {
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                    **headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

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


def said(content, model="stub-1"):
    message = {"role": "assistant", "content": content}
    return (
        200,
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
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
    options = {"key": "secret", "timeout": 5.0, **options}
    return ChatModel(stub.url, "stub", cache=folder, **options)


def test_an_answer_is_asked_for_plainly_and_read(stub, tmp_path):
    stub.replies = [said("B"), said("The answer is A."), said("**G**")]
    found = choose(TEXTS, chat(stub, tmp_path))
    assert [found[t].prompt for t in TEXTS] == ["animals", "objects", "weathers"]
    assert all(0 < choice.seconds < 5 for choice in found.values())
    path, headers, body = stub.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer secret"
    assert body == {
        "model": "stub",
        "messages": [{"role": "user", "content": question_about(TEXTS[0])}],
        "temperature": 0,
        "max_tokens": 8,
    }


@pytest.mark.parametrize("content", ["Z", "", None, "I cannot see pictures.", "B or C"])
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
    assert len(list(tmp_path.iterdir())) == 2


def test_another_model_or_address_is_asked_anew(stub, tmp_path):
    for url, model in ((stub.url, "a"), (stub.url, "b"), (f"{stub.url}/x", "a")):
        ChatModel(url, model, "", tmp_path)(TEXTS[0])
    assert len(stub.requests) == len(list(tmp_path.iterdir())) == 3


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
    assert f"2 answers are kept in {model.file}" in words
    assert len(stub.requests) == 2 + 1 + 3, "bounded"
    assert waits == sorted(waits) and len(waits) == 3, "longer each time"
    stub.replies = [said("G")]
    found = choose(TEXTS, chat(stub, tmp_path))
    assert [found[t].prompt for t in TEXTS] == ["animals", "objects", "weathers"]
    assert len(stub.requests) == 6 + 1, "only what was missing"


def test_no_answer_is_given_up_after_the_timeout(stub, tmp_path, waits):
    stub.replies = [(None, "", {}), (None, "", {}), said("B")]
    assert chat(stub, tmp_path, timeout=0.3)(TEXTS[0]).prompt == "animals"
    stub.replies = [(None, "", {})]
    with pytest.raises(InputError, match=r"gave no answer \(Request timed out"):
        chat(stub, tmp_path, timeout=0.2, retries=1)(TEXTS[1])
    assert len(stub.requests) == 3 + 2


@pytest.mark.parametrize(
    "reply",
    [
        (200, '{"choices": [', {}),
        (200, "", {}),
        (200, "<html>a login page</html>", {"Content-Type": "text/html"}),
        (200, {"choices": []}, {}),
        (200, {"choices": None}, {}),
        (200, {"choices": [{"message": None}]}, {}),
        (200, {"choices": [{"message": {"content": ["B"]}}]}, {}),
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
    assert list(tmp_path.iterdir()) == []


def test_a_refused_key_is_said_without_the_key(stub, tmp_path, waits):
    stub.replies = [(401, {"error": {"message": "wrong key: secret"}}, {})]
    with pytest.raises(InputError, match=KEY) as error:
        chat(stub, tmp_path)(TEXTS[0])
    assert "wrong key" in str(error.value) and "secret" not in str(error.value)
    assert len(stub.requests) == 1, "trying again would not help"


def test_nobody_there_is_an_error_too(tmp_path, waits):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(InputError, match=r"gave no answer \(Connection error"):
        ChatModel(url, "stub", "", tmp_path)(TEXTS[0])
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


def test_the_librarys_own_variables_reach_nobody(stub, tmp_path, monkeypatch):
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


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://"])
def test_an_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(InputError, match=f"{URL}: .* is no http address"):
        ChatModel(url, "stub", "", tmp_path)


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path):
    with pytest.raises(InputError, match=KEY) as error:
        ChatModel("http://me:hush@127.0.0.1/v1", "stub", "", tmp_path)
    assert "hush" not in str(error.value)


# -- the answers on disk ---------------------------------------------------------------


def test_no_key_is_written(stub, tmp_path):
    model = chat(stub, tmp_path)
    model(TEXTS[0])
    assert "secret" not in model.file.read_text()


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"answers": {}}', '{"asked": {"model": "x"}, "answers": {}}'],
)
def test_a_damaged_file_of_answers_is_named(stub, tmp_path, content):
    file = chat(stub, tmp_path).file
    file.write_text(content)
    with pytest.raises(InputError, match="answers: cannot be read") as error:
        chat(stub, tmp_path)
    assert str(error.value).startswith(str(file))
    assert stub.requests == []


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
        "model = ChatModel(sys.argv[1], 'stub', 'secret', Path(sys.argv[2]))\n"
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
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"], "no half a file"
