"""Pictures, prompts and texts as rows for a tiny Qwen2-VL, and embeddings from them."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

from facetworld import tiny_qwen
from facetworld.packing import PICTURE_TOKENS, pack

TEXT_LENGTH = 28


class Strings:
    """Token ids of the templates' parts, as they stand in the whole templates."""

    def __init__(self, tokenizer):
        # The library beneath: ten times faster for one short text.
        self.encode = tokenizer.backend_tokenizer.encode
        self.ids = lru_cache(maxsize=100_000)(self._ids)
        start, one, end = self.ids(tiny_qwen.GENERAL)[:3]
        self.end = tokenizer.eos_token_id
        self.picture = [start, *[one] * PICTURE_TOKENS, end]
        self.general = self.ids(tiny_qwen.GENERAL)[3:]
        self.stem = self.ids(tiny_qwen.STEM)

    def _ids(self, text: str) -> list[int]:
        return self.encode(text, add_special_tokens=False).ids

    def prompt(self, asked: str) -> list[int]:
        """What follows the stem when `asked` is the question."""
        whole = self.ids(tiny_qwen.PROMPTED.format(asked))[3:]
        if whole[: len(self.stem)] != self.stem:
            raise ValueError(f"{asked!r} merges with the words before it")
        return whole[len(self.stem) :]


def passes(compiled: bool):
    """The model's two passes: `look` at pictures, `read` rows of tokens.

    Compiling takes half a minute and makes a step twice as fast.
    """
    layers = {"see": tiny_qwen.vision_layers, "read": tiny_qwen.language_layers}
    if compiled:
        layers = {k: torch.compile(v, dynamic=False) for k, v in layers.items()}

    def look(model, pictures: np.ndarray) -> torch.Tensor:
        return tiny_qwen.see(model, torch.from_numpy(np.array(pictures)), layers["see"])

    def read(model, packed, image_tokens=None) -> torch.Tensor:
        return tiny_qwen.read(model, packed, image_tokens, layers["read"])

    return look, read


def text_rows(texts: list[str], strings: Strings, length: int = TEXT_LENGTH):
    """Texts one a row, packed; `ends` (T, 1) tells where each is pooled.

    Positions and mask are the same for all rows and kept once: attention is causal and
    the padding comes last, so no token that counts ever sees it.
    """
    rows = [[(strings.ids(text), -1)] for text in texts]
    packed = pack(rows, strings.end, length, picture=False)
    every = torch.arange(length)
    return replace(
        packed,
        positions=every.expand(3, 1, -1),
        visible=(every[:, None] >= every)[None, None],
    )


def prompt_row(asked: list[str], strings: Strings, length: int | None = None):
    """One row for any picture: general template, then the questions.

    Ends: 0 picture, 1 general, 2 stem, 3 and on the questions.
    """
    row = [(strings.picture, -1), (strings.general, 0), (strings.stem, 0)]
    row += [(strings.prompt(text), 2) for text in asked]
    return pack([row], strings.end, length)


def pooled(states: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """States (B, L, D) at `columns`, (C,) or (B, 1) -> unit rows (B, C, D)."""
    b = torch.arange(len(states))[:, None]
    return F.normalize(states[b, columns].float(), dim=-1)


@torch.no_grad()
def embed_pictures(model, strings, pictures, asked: list[str]) -> np.ndarray:
    """(1 + P, N, D) unit rows: general, then each question."""
    packed = prompt_row(asked, strings)
    columns = packed.ends[0][[1, *range(3, 3 + len(asked))]]
    look, read = passes(compiled=False)
    parts = []
    for i in range(0, len(pictures), 50):
        with torch.autocast("cpu", torch.bfloat16):
            states = read(model, packed, look(model, pictures[i : i + 50]))
        parts.append(pooled(states, columns))
    return torch.cat(parts).transpose(0, 1).numpy()


@torch.no_grad()
def embed_texts(model, strings, texts: list[str]) -> np.ndarray:
    """Texts -> (T, D) unit rows."""
    packed = text_rows(texts, strings)
    return pooled(passes(compiled=False)[1](model, packed), packed.ends)[:, 0].numpy()
