"""Other ways to ask: whose words, whether it is a question at all, and where it stands.

If nonsense of the same length helps as much as the question, the question's meaning
does not matter. If the question helps on the query's side, the image need not hear it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from cocofacet.evaluation.metrics import prompt_modes, rank_table
from cocofacet.retrievers.base import unit_rows

GENERIC = "What is shown in this image?"
_LETTERS = ("bdfgklmnprstvz", "aeiou")

Modes = dict[str, dict[str, tuple[str | None, ...]]]


def nonsense(question: str) -> str:
    """Words of the same lengths that mean nothing; the same question, the same words.

    >>> [len(word) for word in nonsense("How many people?").split()]
    [3, 4, 7]
    """
    digest = hashlib.sha256(question.encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    made = ""
    place = 0  # in the word: consonants and vowels take turns
    for character in question:
        if not character.isalpha():
            made, place = made + character, 0
            continue
        letter = generator.choice(list(_LETTERS[place % 2]))
        made += letter.upper() if character.isupper() else letter
        place += 1
    return made


def ways(
    questions: Mapping[str, str],
    human: Mapping[str, str],
    own: Mapping[str, str] | None = None,
) -> Modes:
    """Every way to show an image, as mode -> facet -> prompts (see `prompt_modes`).

    questions are the GPT-written ones, human the human-written ones, own a reader's:
    each maps facet -> question. The mode "own" is there only for facets named in it.
    """
    known = prompt_modes(questions)
    more = {
        "human": {facet: (human[facet],) for facet in questions},
        "generic": {facet: (GENERIC,) for facet in questions},
        "nonsense": {facet: (nonsense(q),) for facet, q in questions.items()},
        "own": {facet: (q,) for facet, q in (own or {}).items() if facet in questions},
    }
    order = ("general", "bare", "prompted", "human", "own")
    order += ("generic", "nonsense", "wrong")
    return {mode: way for mode in order if (way := (known | more)[mode])}


def other_space(template: str) -> str | None:
    """A template with the white space before its instruction changed, blank for line
    feed and the other way round; None where it starts otherwise.

    The released templates differ in that as well as in content: the general one has a
    blank after the image, the prompted one a line feed.

    >>> other_space("<image> Represent the given image.")
    '<image>\\nRepresent the given image.'
    """
    blank, line_feed = " Represent", "\nRepresent"
    for found, instead in ((blank, line_feed), (line_feed, blank)):
        if found in template:
            return template.replace(found, instead, 1)
    return None


def ranks_of_average(
    benchmark,
    queries: np.ndarray,
    images: Mapping[str | None, np.ndarray],
    prompts: Sequence[str | None],
    **columns: str,
) -> pd.DataFrame:
    """One vector an image that is the mean of its embeddings under all ``prompts``,
    which takes no more room than the general one: mode "average"."""
    mean = unit_rows(np.mean([images[prompt] for prompt in prompts], axis=0), "average")
    modes = {"average": {facet: ("all of them",) for facet in benchmark.facets}}
    return rank_table(benchmark, queries, {"all of them": mean}, modes, **columns)


def ranks_of_query_side(
    benchmark,
    embed_texts: Callable[[Sequence[str]], np.ndarray],
    general: np.ndarray,
    questions: Mapping[str, str],
    **columns: str,
) -> pd.DataFrame:
    """The question stands in the query's text and the image hears nothing: mode
    "query". embed_texts is the retriever's, general (N, D) the images without a
    prompt."""
    texts = [f"{q.text.strip()} {questions[q.facet]}" for q in benchmark.queries]
    distinct = sorted(set(texts))
    rows = {text: row for row, text in enumerate(distinct)}
    queries = embed_texts(distinct)[[rows[text] for text in texts]]
    modes = {"query": {facet: (None,) for facet in benchmark.facets}}
    return rank_table(benchmark, queries, {None: general}, modes, **columns)
