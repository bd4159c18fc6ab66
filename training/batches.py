"""Pictures, prompts and texts as rows for a tiny model, and embeddings from them."""

from dataclasses import replace
from functools import lru_cache
from types import ModuleType

import numpy as np
import torch
import torch.nn.functional as F

from training import tiny_mllm
from training.packing import pack

TEXT_LENGTH = 28


class Strings:
    """Token ids of a base's templates in parts, as they stand in the whole ones."""

    def __init__(self, base: ModuleType, tokenizer):
        self.base = base
        # The library beneath: ten times faster for one short text.
        self.encode = tokenizer.backend_tokenizer.encode
        self.ids = lru_cache(maxsize=100_000)(self._ids)
        self.end = tokenizer.eos_token_id
        self.picture = base.picture_ids(tokenizer)
        # In a template, one placeholder stands for all image tokens.
        self.mark = len(self.picture) - base.PICTURE_TOKENS + 1
        self.general = self.ids(base.GENERAL)[self.mark :]
        self.stem = self.ids(base.STEM)

    def _ids(self, text: str) -> list[int]:
        return self.encode(text, add_special_tokens=False).ids

    def prompt(self, asked: str) -> list[int]:
        """What follows the stem when `asked` is the question."""
        whole = self.ids(self.base.PROMPTED.format(asked))[self.mark :]
        if whole[: len(self.stem)] != self.stem:
            raise ValueError(f"{asked!r} merges with the words before it")
        return whole[len(self.stem) :]


def passes(base: ModuleType, compiled: bool):
    """The model's two passes: `look` at pictures, `read` rows of tokens.

    Compiling takes half a minute and makes a step twice as fast.
    """
    layers = {"see": base.vision_layers, "read": tiny_mllm.language_layers}
    if compiled:
        layers = {k: torch.compile(v, dynamic=False) for k, v in layers.items()}

    def look(model, pictures: np.ndarray) -> torch.Tensor:
        return base.see(model, torch.from_numpy(np.array(pictures)), layers["see"])

    def read(model, packed, image_tokens=None) -> torch.Tensor:
        return tiny_mllm.read(base, model, packed, image_tokens, layers["read"])

    return look, read


def text_rows(texts: list[str], strings: Strings, length: int = TEXT_LENGTH):
    """Texts one a row, packed; `ends` (T, 1) tells where each is pooled.

    Positions and mask are the same for all rows and kept once: attention is causal and
    the padding comes last, so no token that counts ever sees it.
    """
    rows = [[(strings.ids(text), -1)] for text in texts]
    packed = pack(rows, strings.end, length)
    every = torch.arange(length)
    return replace(
        packed,
        positions=every.expand(3, 1, -1),
        visible=(every[:, None] >= every)[None, None],
    )


def picture_rows(rows: list, strings: Strings, length: int | None = None):
    """Rows of segments that begin with a picture, packed."""
    return pack(rows, strings.end, length, strings.base.picture_positions())


def prompt_row(asked: list[str], strings: Strings, length: int | None = None):
    """One row for any picture: general template, then the questions.

    Ends: 0 picture, 1 general, 2 stem, 3 and on the questions.
    """
    row = [(strings.picture, -1), (strings.general, 0), (strings.stem, 0)]
    row += [(strings.prompt(text), 2) for text in asked]
    return picture_rows([row], strings, length)


def pooled(states: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """States (B, L, D) at `columns`, (C,) of all rows or (B, C) of each -> unit rows
    (B, C, D)."""
    b = torch.arange(len(states))[:, None]
    return F.normalize(states[b, columns].float(), dim=-1)


@torch.no_grad()
def embed_pictures(model, strings, pictures, asked: list[str]) -> np.ndarray:
    """(1 + P, N, D) unit rows: general, then each question."""
    packed = prompt_row(asked, strings)
    columns = packed.ends[0][[1, *range(3, 3 + len(asked))]]
    look, read = passes(strings.base, compiled=False)
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
    read = passes(strings.base, compiled=False)[1]
    return pooled(read(model, packed), packed.ends)[:, 0].numpy()
