"""The words that name a label, and answers as numbers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocofacet.benchmark import keywords


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ("0.", "0"),
        ("None.", "0"),
        ("Zero people", "0"),
        ("No one.", "0"),
        ("There are no people in the picture.", "0"),
        ("One.", "1"),
        ("1 person.", "1"),
        ("Two people.", "2"),
        ("A couple.", "2"),
        ("Seven", "7"),
        ("10", "10"),
        ("Ten.", "10"),
        ("11", "over 10"),
        ("Over 10.", "over 10"),
        ("More than ten.", "over 10"),
        ("Twelve people.", "over 10"),
        ("Over 100.", "over 10"),
        pytest.param("1" * 5000, "over 10", id="thousands of digits"),
        # Not one number.
        ("A lot.", None),
        ("Two men and a woman.", None),
        ("Two or three.", None),
        ("More than 5.", None),
        ("About 10.", None),
        ("", None),
    ],
)
def test_answers_become_counts(answer, count):
    assert keywords.count_of(answer) == count


@given(st.integers(0, 500))
def test_any_number_is_a_count(number):
    expected = str(number) if number <= 10 else "over 10"
    assert keywords.count_of(f"{number} people.") == expected


@given(st.text(alphabet="dayDAY snow-.é1", max_size=20))
def test_words_are_what_a_word_boundary_pattern_finds(text):
    for word in ("day", "snow", "a", "no"):
        found = word in keywords.words_in(text)
        assert found == bool(re.search(rf"\b{word}\b", text.lower()))
