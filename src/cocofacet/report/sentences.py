"""Words and numbers as they stand in a line of the book."""

from collections.abc import Sequence


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def points(value: float) -> str:
    return f"{100 * value:+.1f} points".replace("-", "−")


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"; "none" for nothing."""
    *most, last = words or ["none"]
    return f"{', '.join(most)} and {last}" if most else last
