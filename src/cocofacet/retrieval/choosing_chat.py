"""Choosing the prompt with a chat model behind an OpenAI-compatible endpoint. The query
texts leave the machine, once each, and only where `URL` *and* `MODEL` are set in the
environment; the variables of the openai library itself start nothing here."""

import hashlib
import json
import os
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

from cocofacet.io import InputError, write_json
from cocofacet.retrieval import choosing

URL, MODEL, KEY = "COCOFACET_CHAT_URL", "COCOFACET_CHAT_MODEL", "COCOFACET_CHAT_KEY"


def chat_from_environment(cache: Path) -> "ChatModel":
    """The chooser that the environment's three variables describe.

    Raises InputError, before anything is sent, when address or model is missing.
    """
    url, model = os.environ.get(URL, ""), os.environ.get(MODEL, "")
    for name, value in ((URL, url), (MODEL, model)):
        if not value:
            raise InputError(
                f"{name}: is not set, so nothing is sent. Set {URL} to an "
                f"OpenAI-compatible endpoint (such as http://localhost:8000/v1) and "
                f"{MODEL} to its model, or leave out the chooser chat."
            )
    return ChatModel(url, model, os.environ.get(KEY, ""), cache)


class ChatModel:
    """See `choosing.Chooser`: a chat endpoint answers with a letter, at temperature 0.

    Answers are kept under ``cache``, one JSON file for all that shapes an answer but
    the query's text, so that a job that dies goes on where it was.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str,
        cache: Path,
        timeout: float = 60,
        retries: int = 4,
    ):
        """timeout: seconds for one answer. retries: how often a timeout, a broken
        connection, 429 or a server error is tried again, waiting as Retry-After says
        or twice as long each time."""
        self.url, self.model = url.rstrip("/"), model
        self.settings = {"temperature": 0, "max_tokens": choosing.MOST_TOKENS}
        self.client = _client(self.url, key, timeout, retries)
        self.shaping = {
            "url": self.url,
            "model": model,
            "question": choosing.question(),
            **self.settings,
        }
        text = json.dumps(self.shaping, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        slug = re.sub(r"[^\w.-]+", "-", model)
        self.file = Path(cache) / f"{slug}-{digest}.json"
        self.answers = self._kept()

    @property
    def maker(self) -> str:
        """The model, and the versions by which the endpoint called itself."""
        served = sorted({answer["model"] for answer in self.answers.values()})
        versions = [name for name in served if name != self.model]
        return f"{self.model} ({', '.join(versions)})" if versions else self.model

    def __call__(self, text: str) -> choosing.Choice:
        if text not in self.answers:
            self.answers[text] = self._ask(text)
            self._keep()
        found = self.answers[text]
        return choosing.choice_of(found["answer"], found["seconds"])

    def _ask(self, text: str) -> dict[str, str | float]:
        """One answer with the seconds it took, waits included, and who gave it."""
        import openai

        message = {"role": "user", "content": choosing.question_about(text)}
        start = time.perf_counter()
        try:
            reply = self.client.chat.completions.create(
                model=self.model, messages=[message], **self.settings
            )
            answer = reply.choices[0].message.content or ""
            if not isinstance(answer, str):
                raise TypeError("content is no text")
            model = str(reply.model or self.model)
        except openai.OpenAIError as error:
            raise self._failed(str(error)) from error
        # A reply that is no JSON, or JSON of another form.
        except (ValueError, AttributeError, IndexError, TypeError) as error:
            raise self._failed("the reply is no chat completion") from error
        seconds = round(time.perf_counter() - start, 3)
        return {"answer": answer, "seconds": seconds, "model": model}

    def _failed(self, reason: str) -> InputError:
        reason = reason.replace(self.client.api_key, "...").strip().split("\n")[0]
        return InputError(
            f"{self.url}: chat: {self.model} gave no answer ({reason[:200]}). Check "
            f"{URL}, {MODEL} and {KEY}, then run again: {len(self.answers)} answers "
            f"are kept in {self.file} and are not asked for twice."
        )

    def _kept(self) -> dict[str, dict]:
        """The answers on disk; none where there is no file."""
        try:
            kept = json.loads(self.file.read_text())
            if kept["asked"] != self.shaping:
                raise ValueError("it belongs to another question")
            return kept["answers"]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.file}: answers: cannot be read ({error}). Delete the file, and "
                "the endpoint is asked again."
            ) from error

    def _keep(self) -> None:
        try:
            write_json(self.file, {"asked": self.shaping, "answers": self.answers})
        except OSError as error:
            raise InputError(
                f"{self.file}: answers: cannot be written ({error.strerror}). Free "
                "some space, or make the folder writable."
            ) from error


def _client(url: str, key: str, timeout: float, retries: int):
    """The openai library's client, which left alone would add a key, an organisation
    and a project from variables of its own, and follow a redirection elsewhere."""
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise InputError(f"{URL}: {url!r} is no http address. Give the whole of it.")
    if address.username or address.password:
        raise InputError(f"{URL}: holds a password. Put what is secret into {KEY}.")
    try:
        import openai
    except ImportError:
        raise InputError(
            "choosers: chat needs the package openai. Install it: pip install openai."
        ) from None
    return openai.OpenAI(
        base_url=url,
        api_key=key or "none",  # a local server asks for none, the library does
        max_retries=retries,
        timeout=timeout,
        http_client=openai.DefaultHttpxClient(follow_redirects=False, timeout=timeout),
        default_headers={
            "Authorization": f"Bearer {key or 'none'}",
            "OpenAI-Organization": openai.omit,
            "OpenAI-Project": openai.omit,
        },
    )
