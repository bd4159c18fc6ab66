"""Ten more ways to ask each facet's question, beside the two that the authors released.

They are ours, from whole sentences to single words, as people may type them. They were
written down before any of them was tried, and no training here has seen one (a test
compares). Each place in a facet's list has the same form of asking.
"""

from pathlib import Path

from cocofacet.benchmark.facets import FACETS
from cocofacet.io import read_json

FILE = Path(__file__).with_suffix(".json")


def more_questions() -> dict[str, tuple[str, ...]]:
    """Facet -> ten questions."""
    asked = read_json(FILE, dict)
    return {facet: tuple(asked[facet]) for facet in FACETS}
