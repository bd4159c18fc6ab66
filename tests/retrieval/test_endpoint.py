"""One question to an endpoint: what it may answer, and how long and how large."""

import gzip
import json
import re
import socket
import time
import tracemalloc

import pytest
from chat_endpoint import FAILED, TEXTS, Stub, chat, kept_in, said

from cocofacet.io import InputError
from cocofacet.retrieval.choosing import choose
from cocofacet.retrieval.choosing_chat import ChatModel
from cocofacet.retrieval.endpoint import LONGEST, MODEL, MOST, URL


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
    why = "1,048,576 bytes" if status == 200 and len(body) > 100 else "no answer"
    with pytest.raises(InputError, match=why):
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
        # Shapes of other interfaces: an answer in parts, Ollama's own, Anthropic's,
        # OpenAI's responses, and a list of generations.
        (200, {"choices": [{"message": {"content": [{"text": "B"}]}}]}, {}),
        (200, {"model": "m", "message": {"content": "B"}, "done": True}, {}),
        (200, {"type": "message", "content": [{"type": "text", "text": "B"}]}, {}),
        (200, {"object": "response", "output": [{"content": [{"text": "B"}]}]}, {}),
        (200, [{"generated_text": "B"}], {}),
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
        ({"message": "\ud83d"}, "400 Bad Request)"),
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
