"""The key of the chat endpoint is in nothing that is shown or kept."""

import base64
import traceback
from urllib.parse import quote

import nbclient
import nbformat
import pytest
from chat_endpoint import SECRET, TEXTS, chat, said

from cocofacet.io import InputError
from cocofacet.retrieval.choosing_chat import ChatModel
from cocofacet.retrieval.endpoint import KEY, MODEL, URL, without_key

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
