"""The chat chooser against a stub on this machine: nothing else is ever reached."""

import json
import signal
import socket
import subprocess
import sys
import time

import pytest
from chat_endpoint import SECRET, TEXTS, chat, kept_in, said

from cocofacet.io import InputError
from cocofacet.retrieval import choosing
from cocofacet.retrieval.choosing import PROMPTS, Choice, choose, question_about
from cocofacet.retrieval.choosing_chat import ChatModel, chat_from_environment
from cocofacet.retrieval.endpoint import KEY, MODEL, URL


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
    """Processes of their own, ten of the texts asked by both."""
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
        for mine in (texts[:25], texts[15:])
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    asked = len(stub.requests)
    choose(texts, chat(stub, tmp_path))
    assert len(stub.requests) == asked and len(kept_in(tmp_path)) == 40


def test_a_folder_that_cannot_be_written_is_named(stub, tmp_path):
    (tmp_path / "choices").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="cannot be written"):
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
