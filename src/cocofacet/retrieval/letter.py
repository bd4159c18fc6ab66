"""The question put to a language model that chooses the prompt, and its answer.

The authors gave GPT-4o the lettered prompts and the query, and took one letter back.
The wording of the question here is ours, not theirs.
"""

import re
from collections.abc import Mapping
from string import ascii_uppercase

from cocofacet.retrieval.choosing import Choice

MOST_TOKENS = 8  # room for "The answer is B."
QUERY = "{query}"  # where the query's text goes in the question


def question(prompts: Mapping[str | None, str]) -> str:
    """The whole question, with `QUERY` in the place of the query's text.

    prompts: name -> prompt, lettered in this order. Everything that a model is told
    is in this text.
    """
    options = "\n".join(
        f"{letter}. {prompt}"
        for letter, prompt in zip(ascii_uppercase, prompts.values(), strict=False)
    )
    return (
        "A search engine for pictures can look at every picture with one of these "
        f"prompts in mind:\n\n{options}\n\n"
        f"Somebody searches with this query:\n\n{QUERY}\n\n"
        "Which prompt brings out what the query asks for? Answer with the letter of "
        "one prompt and nothing else."
    )


def asked(text: str, prompts: Mapping[str | None, str]) -> str:
    """The question about one query text."""
    return question(prompts).replace(QUERY, text.strip())


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


def letter_in(answer: str) -> str | None:
    """The one letter that an answer names, upper case; None when it names none.

    >>> letter_in("B"), letter_in("The answer is B."), letter_in("A picture of a dog")
    ('B', 'B', None)
    """
    for form in _FORMS:
        found = form.match(answer)
        if found:
            return found[1].upper()
    return None


def choice_of(
    answer: str, prompts: Mapping[str | None, str], seconds: float | None = None
) -> Choice:
    """The prompt that an answer names. One that names none, or a letter that no prompt
    has, counts as no prompt and is marked as not readable."""
    names = dict(zip(ascii_uppercase, prompts, strict=False))
    letter = letter_in(answer)
    return Choice(names.get(letter), readable=letter in names, seconds=seconds)
