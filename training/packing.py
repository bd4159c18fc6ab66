"""Several texts about one picture in one row: a tree of token segments.

A row is a list of segments, each hanging on an earlier one: the picture first, the
words that all prompts share on it, each question on those, an answer on its question.
A token sees the segments on the way up to the root and, causally, its own; positions
go on from the parent's end. So every path down the tree gives the states that it would
give alone in a row of its own, and what paths share is computed once.
"""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Packed:
    """`rows` of equal `length`, ready for a language model.

    ids (B, L) int64; positions (3, B, L) int64 for time, height and width, the same
    three times where a model knows only one;
    visible (B, 1, L, L) bool, query by key; ends (B, S) int64, each segment's last
    token; starts (B, S) int64, its first.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    visible: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor


def pack(
    rows: list[list[tuple[list[int], int]]],
    pad: int,
    length: int | None = None,
    root: np.ndarray | None = None,
) -> Packed:
    """Pack rows of (token ids, index of the parent segment or -1) into tensors.

    All rows must have the same number of segments. `root` holds the positions (3, n)
    of the first segment where they are not 0, 1, 2 and so on: a picture's. `length`
    pads to a fixed length; it raises ValueError where a row is longer.
    """
    longest = max(sum(len(ids) for ids, _ in row) for row in rows)
    length = longest if length is None else length
    if longest > length:
        raise ValueError(f"A row of {longest} tokens does not fit in {length}.")
    shape = (len(rows), length)
    tokens = np.full(shape, pad, np.int64)
    positions = np.zeros((3, *shape), np.int64)
    visible = np.zeros((*shape, length), bool)
    visible[:, range(length), range(length)] = True  # padding sees itself: no NaN
    starts = np.zeros((len(rows), len(rows[0])), np.int64)
    ends = np.zeros_like(starts)
    causal = np.tri(length, dtype=bool)
    for b, row in enumerate(rows):
        at, ahead = 0, []  # first free column; each segment's next position
        for s, (ids, parent) in enumerate(row):
            n, end = len(ids), at + len(ids)
            tokens[b, at:end] = ids
            if root is not None and s == 0:
                positions[:, b, at:end] = root
            else:
                first = ahead[parent] if parent >= 0 else 0
                positions[:, b, at:end] = np.arange(first, first + n)
            visible[b, at:end, at:end] = causal[:n, :n]
            if parent >= 0:
                seen = visible[b, ends[b, parent]]
                visible[b, at:end] |= seen
            ahead.append(int(positions[0, b, end - 1]) + 1)
            starts[b, s], ends[b, s], at = at, end - 1, end
    return Packed(
        torch.from_numpy(tokens),
        torch.from_numpy(positions),
        torch.from_numpy(visible)[:, None],
        torch.from_numpy(starts),
        torch.from_numpy(ends),
    )
