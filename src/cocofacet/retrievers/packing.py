"""Many templates as one row of tokens, in which equal beginnings stand once.

Because attention is causal and the image comes first, a token's state depends only on
the tokens before it. What the templates of an image share at their start (the image;
for all questions also the instruction) need therefore be computed only once. One row
holds the templates as a tree of tokens:

    <image> -+- Represent the given image.
             +- \\n Represent ... following question: -+- How many people ...? \\n
                                                     +- What is the weather ...? \\n

A mask lets each token see its ancestors and itself, at the positions that it has in its
own template. This gives every template's last state exactly as a pass of its own would,
up to rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Packed:
    """One row of L tokens for P templates, parents before their children.

    ids (L,) int64; depth (L,) int64, a token's place in its template; until (L,) int64,
    where the last token below it lies (itself, where none is); first: how many tokens
    the template has that opens the row; ends (P,) int64, where each template's last
    token lies.
    """

    ids: torch.Tensor
    depth: torch.Tensor
    until: torch.Tensor
    first: int
    ends: torch.Tensor


def pack(sequences: Sequence[list[int]]) -> Packed:
    """Pack P token sequences into one row.

    Compared are token ids, not strings: templates differ in white space right after
    the image, and tokens may merge across a seam. The row follows the sequences in
    sorted order, so that all tokens below another one stand right behind it.
    """
    ids, depth, until, ends = [], [], [], [0] * len(sequences)
    path: list[int] = []  # where the tokens of the sequence before lie
    order = sorted(range(len(sequences)), key=lambda number: sequences[number])
    before = sequences[order[0]]
    for number in order:
        sequence = sequences[number]
        shared = min(_shared(before, sequence), len(path))
        del path[shared:]
        for token in sequence[shared:]:
            depth.append(len(path))
            path.append(len(ids))
            ids.append(token)
            until.append(0)
        for place in path:
            until[place] = len(ids) - 1
        ends[number] = path[-1]
        before = sequence
    return Packed(
        ids=torch.tensor(ids),
        depth=torch.tensor(depth),
        until=torch.tensor(until),
        first=len(sequences[order[0]]),
        ends=torch.tensor(ends),
    )


def visible(until: torch.Tensor) -> torch.Tensor:
    """Who sees whom: (..., L) as in `Packed` -> (..., L, L) bool, row i what i sees.

    A token is seen by itself and by those below it, which stand right behind it.
    """
    place = torch.arange(until.shape[-1], device=until.device)
    return (place <= place[:, None]) & (place[:, None] <= until[..., None, :])


def _shared(a: list[int], b: list[int]) -> int:
    """How many tokens two sequences have in common at their start."""
    for place, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return place
    return min(len(a), len(b))
