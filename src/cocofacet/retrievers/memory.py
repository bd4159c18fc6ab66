"""Out of memory, on whichever device: one line on what needs how much."""

from cocofacet.io import InputError
from cocofacet.retrievers.zoo.row import Row


def too_little(row: Row, device: str, doing: str) -> InputError:
    """One line on what needs how much memory, and what to do."""
    needs = ""
    if row.memory:
        needs = f" It needs about {row.memory:g} GB at {row.precision}."
    return InputError(
        f"{row.name}: memory: ran out on {device} while {doing}.{needs} Free some, or "
        "take a larger device or a smaller retriever: `cocofacet retrievers` says what "
        "each needs."
    )
