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

PICTURE_SIDE = 4  # merged image tokens along each side: 128 px / (16 * 2)
PICTURE_TOKENS = PICTURE_SIDE**2


@dataclass(frozen=True)
class Packed:
    """`rows` of equal `length`, ready for a Qwen2-VL language model.

    ids (B, L) int64; positions (3, B, L) int64 for time, height and width;
    visible (B, 1, L, L) bool, query by key; ends (B, S) int64, each segment's last
    token; starts (B, S) int64, its first.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    visible: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor


def picture_positions() -> np.ndarray:
    """Rotary positions (3, 18) of the root: start mark, 4 x 4 picture, end mark.

    The same that Qwen2-VL's `get_rope_index` gives; text goes on at the maximum + 1.
    """
    grid = np.indices((1, PICTURE_SIDE, PICTURE_SIDE)).reshape(3, -1) + 1
    start, end = np.zeros((3, 1), int), np.full((3, 1), PICTURE_SIDE + 1)
    return np.concatenate([start, grid, end], axis=1)


def pack(
    rows: list[list[tuple[list[int], int]]],
    pad: int,
    length: int | None = None,
    picture: bool = True,
) -> Packed:
    """Pack rows of (token ids, index of the parent segment or -1) into tensors.

    All rows must have the same number of segments. With `picture`, the first segment
    of each row is the picture's 18 tokens. `length` pads to a fixed length; it raises
    ValueError where a row is longer.
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
            if picture and s == 0:
                positions[:, b, at:end] = picture_positions()
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
