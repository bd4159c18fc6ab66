"""Many templates in one sequence of tokens, in which equal beginnings stand once.

Attention is causal, so a token's state depends only on the tokens before it, and what
the templates of an image have in common at their start is computed once:

    <image> -+- Represent the given image.
             +- \\n Represent ... following question: -+- How many people ...? \\n
                                                     +- What is the weather ...? \\n

Each token sees the earlier tokens of its own template alone, and has its position
there, so every template's last state is that of a pass of its own, up to rounding. The
mask is that of tree attention (SpecInfer, arXiv 2305.09781).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Packed:
    """P templates in one sequence of L tokens; all tensors int64.

    ids (L,): the tokens. positions (L,): each token's place in its own template.
    seen_until (L,): the last place whose token sees this one (its own, if no other
    does). first_length: how many tokens the template has that comes first. ends (P,):
    where each template's last token lies.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    seen_until: torch.Tensor
    first_length: int
    ends: torch.Tensor


def pack(templates: Sequence[list[int]]) -> Packed:
    """Pack the token ids of P templates.

    Compared are token ids, not strings: templates differ in white space right after
    the image, and tokens may merge across a seam.
    """
    # In sorted order, all templates that go on from a token stand right behind it.
    order = sorted(range(len(templates)), key=lambda number: templates[number])
    ids, positions, seen_until, ends = [], [], [], [0] * len(templates)
    path: list[int] = []  # where each token of the template before lies
    before = templates[order[0]]
    for number in order:
        template = templates[number]
        del path[min(_shared(before, template), len(path)) :]
        for token in template[len(path) :]:
            positions.append(len(path))
            path.append(len(ids))
            ids.append(token)
            seen_until.append(0)
        for place in path:
            seen_until[place] = len(ids) - 1
        ends[number] = path[-1]
        before = template
    return Packed(
        ids=torch.tensor(ids),
        positions=torch.tensor(positions),
        seen_until=torch.tensor(seen_until),
        first_length=len(templates[order[0]]),
        ends=torch.tensor(ends),
    )


def visible(seen_until: torch.Tensor) -> torch.Tensor:
    """Which token sees which: (..., L) as in `Packed` -> (..., L, L) bool, row i for
    what token i sees."""
    place = torch.arange(seen_until.shape[-1], device=seen_until.device)  # (L,)
    not_later = place <= place[:, None]  # (L, L)
    same_template = place[:, None] <= seen_until[..., None, :]  # (..., L, L)
    return not_later & same_template


def _shared(a: list[int], b: list[int]) -> int:
    """How many tokens two sequences have in common at their start."""
    for place, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return place
    return min(len(a), len(b))
