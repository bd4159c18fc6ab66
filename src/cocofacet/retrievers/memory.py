"""Out of memory, by whichever library, on whichever device: recognised and named."""

from cocofacet.io import InputError
from cocofacet.retrievers.zoo.row import Row

# What torch (its CPU allocator, CUDA, cuBLAS), safetensors and the system say.
_KINDS = {"MemoryError", "OutOfMemoryError"}
_WORDS = (
    "can't allocate memory",
    "cannot allocate memory",
    "out of memory",
    "alloc_failed",
)


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory ran out.

    >>> ran_out(OSError(12, "Cannot allocate memory")), ran_out(OSError("damaged"))
    (True, False)
    """
    said, kinds = str(error).lower(), {kind.__name__ for kind in type(error).__mro__}
    return not kinds.isdisjoint(_KINDS) or any(word in said for word in _WORDS)


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
