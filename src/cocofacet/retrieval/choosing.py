"""Choosing the prompt at query time. Every picture is embedded under every prompt; a
chooser reads a query's text and names the one whose embeddings are searched."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Protocol

import numpy as np
import pandas as pd
from tqdm import tqdm

from cocofacet.benchmark.facets import FACETS
from cocofacet.evaluation.ranking import pools_of
from cocofacet.evaluation.scores import gallery_scores
from cocofacet.io import InputError
from cocofacet.retrievers.base import Retriever

# The authors let GPT-4o choose among ten prompts: the eight facets' questions, that of
# another image pool (Country211), and the plain instruction, which is no question. The
# order is fixed: a language model's answer may depend on it.
COUNTRY = "country"
PROMPTS: dict[str | None, str] = {
    **{name: facet.question for name, facet in FACETS.items()},
    COUNTRY: "Which country is shown in this image?",
    None: "Represent the given image.",
}
MOST_TOKENS = 8  # room for "The answer is B."
QUERY = "{query}"  # where the query's text goes in the question
# A letter that is the whole answer ("B", "(b)", "**B**"), one that opens it as in the
# list of options ("B. Which animals ..."), or one that the answer says it is. No other
# letter counts: "A" and "I" are also words.
_FORMS = (
    re.compile(r"\W*([A-Za-z])\W*$"),
    re.compile(r"\W*([A-Z])(?=[.):*]+\s|\s*\n)"),
    re.compile(
        r".*?\b(?i:answer|option|prompt|choice|letter)(?i:\s+is)?[\s:*(\"']+"
        r"([A-Z])(?=\W*$|[.,;:)*\"']|\s*\n)",
        re.DOTALL,
    ),
)
# A letter that may stand for an option: "A" and "I" only where they end a clause.
_ALONE = re.compile(r"\b([B-HJ]|[AI](?=\W*$|[.,;:)*\"'/]\W))\b")

Embed = Callable[[Sequence[str]], np.ndarray]  # texts -> (Q, D)


@dataclass(frozen=True)
class Choice:
    """What a chooser made of one query text.

    prompt: a key of `PROMPTS`; None is no prompt. readable: False where the chooser
    answered something that names no prompt, which counts as no prompt. seconds: how
    long it took to choose.
    """

    prompt: str | None
    readable: bool = True
    seconds: float | None = None

    @property
    def shown(self) -> str | None:
        """The question to show a picture with; None for the general template."""
        return None if self.prompt is None else PROMPTS[self.prompt]


class Chooser(Protocol):
    """Names a prompt for a query text; ``maker`` says which weights do."""

    maker: str

    def __call__(self, text: str) -> Choice: ...


class Oracle:
    """The query's own facet: what no chooser at query time can know."""

    maker = "the benchmark's own facets"

    def __init__(self, queries: Sequence):
        self.facets = {query.text: query.facet for query in queries}

    def __call__(self, text: str) -> Choice:
        return Choice(self.facets[text])


class Nearest:
    """The prompt whose text embedding has the largest cosine with the query's.

    It asks for no other model, and no time for embedding the query's text, which is
    searched with anyway. embed_texts: texts -> (Q, D); texts: all that it may be given.
    """

    def __init__(self, name: str, embed_texts: Embed, texts: Sequence[str]):
        self.maker, self.names = f"{name}, text embeddings", list(PROMPTS)
        self.prompts = embed_texts(list(PROMPTS.values()))  # (P, D)
        self.vectors = dict(zip(texts, embed_texts(texts), strict=True))

    def __call__(self, text: str) -> Choice:
        cosines = self.prompts @ self.vectors[text]  # (P,)
        return Choice(self.names[int(np.argmax(cosines))])


def question() -> str:
    """The whole question to a language model, `QUERY` in the place of a query's text.

    `PROMPTS` are lettered in their order. The authors gave GPT-4o lettered prompts and
    the query, and took one letter back; the wording here is ours.
    """
    lettered = zip(ascii_uppercase, PROMPTS.values(), strict=False)
    options = "\n".join(f"{letter}. {prompt}" for letter, prompt in lettered)
    return (
        "A search engine for pictures can look at every picture with one of these "
        f"prompts in mind:\n\n{options}\n\n"
        f"Somebody searches with this query:\n\n{QUERY}\n\n"
        "Which prompt brings out what the query asks for? Answer with the letter of "
        "one prompt and nothing else."
    )


def question_about(text: str) -> str:
    """The question about one query text."""
    return question().replace(QUERY, text.strip())


def letter_in(answer: str) -> str | None:
    """The one letter that an answer names, upper case; None when it names none, or
    more than one.

    >>> letter_in("B"), letter_in("The answer is B."), letter_in("B. or C.")
    ('B', 'B', None)
    """
    for form in _FORMS:
        if found := form.match(answer):
            letter = found[1].upper()
            return None if set(_ALONE.findall(answer)) - {letter} else letter
    return None


def choice_of(answer: str, seconds: float | None = None) -> Choice:
    """The prompt that an answer names. One that names none, or a letter that no prompt
    has, counts as no prompt and is marked as not readable."""
    names = dict(zip(ascii_uppercase, PROMPTS, strict=False))
    letter = letter_in(answer)
    return Choice(names.get(letter), readable=letter in names, seconds=seconds)


def choose(texts: Sequence[str], chooser: Chooser) -> dict[str, Choice]:
    """A choice for each distinct text, one after the other; timed here where the
    chooser does not say how long it took."""
    chosen = {}
    distinct = list(dict.fromkeys(texts))
    # disable=None: a bar on a terminal, nothing in a log.
    for text in tqdm(distinct, desc="choosing", unit="text", disable=None):
        start = time.perf_counter()
        choice = chooser(text)
        if choice.seconds is None:
            choice = replace(choice, seconds=time.perf_counter() - start)
        chosen[text] = choice
    return chosen


def chooser_named(
    name: str,
    queries: Sequence,
    retriever: Retriever,
    embed_texts: Embed,
    local_model: str,
    cache: Path,
) -> Chooser:
    """The chooser of a notebook's parameters: oracle, nearest, local or chat.

    embed_texts: as in `Nearest`. local_model: for local, a folder or a name on the
    Hugging Face Hub. cache: the folder for chat's answers; which endpoint and model is
    read from the environment.
    Raises InputError for another name, and for one whose settings are missing.
    """
    # The last two import a library that the others do without.
    if name == "local":
        from cocofacet.retrieval.choosing_local import LocalModel

        return LocalModel(local_model, device=retriever.device)
    if name == "chat":
        from cocofacet.retrieval.choosing_chat import chat_from_environment

        return chat_from_environment(cache)
    texts = [query.text for query in queries]
    ready = {
        "oracle": lambda: Oracle(queries),
        "nearest": lambda: Nearest(retriever.name, embed_texts, texts),
    }
    if name not in ready:
        raise InputError(
            f"choosers: {name!r} is not known. Use oracle, nearest, local or chat."
        )
    return ready[name]()


def rank_choices(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    choices: Mapping[str, Choice],
    mode: str,
    **columns: str,
) -> pd.DataFrame:
    """Rank every query of a benchmark under the prompt chosen for its text.

    queries (Q, D) in the order of ``benchmark.queries``, equal rows for equal texts;
    images maps the prompt shown (None for none) -> (N, D) in the order of
    ``benchmark.images``. One row a query; ``columns`` as in `ranking.rank_rows`.
    """
    parts = []
    for facet in benchmark.facets:
        pools = pools_of(benchmark, facet)
        shown = [choices[text].shown for text in pools.texts]
        vectors = queries[pools.first]  # (T, D)
        scores = [
            gallery_scores(vector[None], images[prompt])[0]
            for vector, prompt in zip(vectors, shown, strict=True)
        ]
        ranks = pools.ranks(np.stack(scores), mode, None, **columns)
        ranks["prompt"] = pd.Series([shown[t] for t in pools.text], dtype=object)
        parts.append(ranks)
    return pd.concat(parts, ignore_index=True)
