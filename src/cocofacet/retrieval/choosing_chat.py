"""Choosing the prompt with a chat model behind an OpenAI-compatible endpoint. The query
texts leave the machine, once each, and only where `URL` *and* `MODEL` are set in the
environment."""

import hashlib
import json
import math
import os
import re
import time
from pathlib import Path

from cocofacet.io import InputError, read_json, write_json
from cocofacet.retrieval import choosing, endpoint
from cocofacet.retrieval.endpoint import KEY, MODEL, URL


def chat_from_environment(cache: Path) -> "ChatModel":
    """The chooser that the environment's three variables describe.

    Raises InputError, before anything is sent, when address or model is missing.
    """
    url, model = (os.environ.get(name, "").strip() for name in (URL, MODEL))
    for name, value in ((URL, url), (MODEL, model)):
        if not value:
            raise InputError(
                f"{name}: is not set, so nothing is sent. Set {URL} to an "
                f"OpenAI-compatible endpoint (such as http://localhost:8000/v1) and "
                f"{MODEL} to its model, or leave out the chooser chat."
            )
    return ChatModel(url, model, cache)


class ChatModel:
    """See `choosing.Chooser`: a chat endpoint answers with a letter, at temperature 0.

    Answers are kept under ``cache``: a folder for all that shapes an answer but the
    query's text, in it one file an answer, so that a job that dies goes on where it
    was, and several may run at once. The key is read where it is sent.
    """

    def __init__(
        self, url: str, model: str, cache: Path, timeout: float = 60, retries: int = 4
    ):
        """timeout, in seconds, and retries: as in `endpoint.ask`."""
        self.url, self.model = url.rstrip("/"), model
        endpoint.check(self.url, model)
        self.patience = {"timeout": timeout, "retries": retries}
        self.settings = {"temperature": 0, "max_tokens": choosing.MOST_TOKENS}
        self.shaping = {
            "url": self.url,
            "model": model,
            "question": choosing.question(),
            **self.settings,
        }
        text = json.dumps(self.shaping, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        slug = re.sub(r"[^\w.-]+", "-", model)[:80]
        self.folder = Path(cache) / f"{slug}-{digest}"
        # Earlier versions kept all answers in one file of the same form.
        files = [self.folder.with_name(f"{self.folder.name}.json")]
        files += sorted(self.folder.glob("*.json"))
        self.answers = {}
        for file in files:
            self.answers |= self._kept(file)

    @property
    def maker(self) -> str:
        """The model, and the versions by which the endpoint called itself."""
        served = {answer["model"] for answer in self.answers.values()}
        versions = sorted(served - {self.model, ""})
        return f"{self.model} ({', '.join(versions)})" if versions else self.model

    def __call__(self, text: str) -> choosing.Choice:
        if text not in self.answers:
            file = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
            # Another process may have asked since this one began.
            self.answers |= self._kept(file)
            if text not in self.answers:
                self.answers[text] = self._ask(text)
                answers = {text: self.answers[text]}
                write_json(file, {"asked": self.shaping, "answers": answers})
        found = self.answers[text]
        return choosing.choice_of(found["answer"], found["seconds"])

    def _ask(self, text: str) -> dict[str, str | float]:
        """One answer with the seconds it took, waits included, and who gave it."""
        message = {"role": "user", "content": choosing.question_about(text)}
        body = {"model": self.model, "messages": [message], **self.settings}
        start = time.perf_counter()
        try:
            answer = endpoint.ask(self.url, body, **self.patience)
        except endpoint.Failed as failure:
            reason = str(failure)
        else:
            return {**answer, "seconds": round(time.perf_counter() - start, 3)}
        raise InputError(
            f"{self.url}: chat: {self.model} gave no answer ({reason}). Check {URL}, "
            f"{MODEL} and {KEY}, then run again: {len(self.answers)} answers are kept "
            f"in {self.folder} and are not asked for twice."
        )

    def _kept(self, file: Path) -> dict[str, dict]:
        """The answers in a file; none where it is not there, and no empty one."""
        try:
            if not file.exists():
                return {}
            kept = read_json(file, dict)
            if kept.get("asked") != self.shaping:
                raise ValueError("it belongs to another question")
            if not all(map(_is_answer, kept["answers"].values())):
                raise ValueError("one has another form")
        except (OSError, ValueError, KeyError, AttributeError) as error:
            reason = str(error).removeprefix(f"{file}: ")
            raise InputError(
                f"{file}: answers: cannot be read ({reason}). Delete the file, and the "
                "endpoint is asked again."
            ) from None
        return {t: one for t, one in kept["answers"].items() if one["answer"].strip()}


def _is_answer(kept: object) -> bool:
    if not isinstance(kept, dict):
        return False
    answer, seconds, model = (kept.get(name) for name in ("answer", "seconds", "model"))
    number = type(seconds) in (int, float) and 0 <= seconds < math.inf
    return isinstance(answer, str) and isinstance(model, str) and number
