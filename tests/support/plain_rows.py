"""Rows whose models are put together here, beside plain computations of them: what is
the same for each such row."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import torch
from changed_weights import changed, reconfigured
from PIL import Image

from cocofacet.io import InputError
from cocofacet.retrievers.base import BARE, Retriever
from cocofacet.retrievers.checkpoints import read_weights
from cocofacet.retrievers.load import load

PROMPTS = (None, BARE, "How many people are present in this image?")
TEXTS = ["Find me an image.\n", "hé 漢字", "  two  blanks", "a"]
WIDE, TALL, TINY = (640, 480), (300, 720), (60, 44)
STRIP, LARGE = (1200, 200), (2000, 1999)
OFFICIAL = Path(__file__).parents[3] / "shared/data/official_queries.json"


class Plain:
    """The official tensors and configuration, one sequence at a time. A subclass has
    ``ids(text, count)``, with ``count`` tokens for a picture; ``picture(image)``, its
    tokens (count, D); and ``embed(text, picture)`` (D,)."""

    def __init__(self, checkpoint: Path):
        self.checkpoint, self.weights = checkpoint, read_weights(checkpoint)
        self.config = json.loads((checkpoint / "config.json").read_text())

    def below(self, start: str) -> dict[str, torch.Tensor]:
        """The tensors whose names begin so, without that beginning."""
        found = self.weights.items()
        return {k.removeprefix(start): v for k, v in found if k.startswith(start)}

    def fields(self, *names: str) -> dict[str, object]:
        return {name: self.config[name] for name in names}

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def asked(self, text: str) -> str:
        """A query as the model reads it."""
        return text

    def query(self, text: str) -> np.ndarray:
        return self.embed(self.asked(text))


@dataclass
class Beside:
    """A row on a tiny checkpoint, and its plain computation, for pictures of some
    sizes."""

    name: str
    plain: Plain
    sizes: list[tuple[int, int]]

    @cached_property
    def retriever(self) -> Retriever:
        return self.load(self.plain.checkpoint, batch_size=4)

    def load(self, folder: Path, **options) -> Retriever:
        return load(self.name, checkpoint=folder, precision="fp32", **options)

    @cached_property
    def images(self) -> list[Image.Image]:
        rng, found = np.random.default_rng(0), []
        for width, height in self.sizes:
            shape = (height // 9 + 2, width // 9 + 2, 3)
            small = Image.fromarray(rng.integers(0, 256, shape, np.uint8))
            found.append(small.resize((width, height)))
        return found

    @cached_property
    def embedded(self) -> np.ndarray:
        """(P, N, D)"""
        return self.retriever.embed_images(self.images, PROMPTS)

    def ids(self, text: str) -> list[int]:
        return self.retriever.prepare.tokens([text])["input_ids"][0].tolist()

    @torch.inference_mode()
    def check_pictures(self) -> None:
        pictures = [self.plain.picture(image) for image in self.images]
        for prompt, vectors in zip(PROMPTS, self.embedded, strict=True):
            template = self.retriever.prepare.template(prompt)
            expected = [self.plain.embed(template, picture) for picture in pictures]
            _close(vectors, expected)

    def check_texts(self, texts: list[str]) -> None:
        for text in texts:
            asked = self.plain.asked(text)
            assert self.ids(self.retriever.query(text)) == self.plain.ids(asked)
        expected = [self.plain.query(text) for text in texts]
        _close(self.retriever.embed_texts(texts), expected)

    def check_official_texts(self) -> None:
        if not OFFICIAL.is_file():
            pytest.skip("shared/data is not there")
        read = json.loads(OFFICIAL.read_text())
        texts = sorted({row["text"] for rows in read.values() for row in rows})
        assert len(texts) == 263
        self.check_texts(texts)

    def check_batches(self) -> None:
        """Order, neighbours and passes do not matter; prompts and pictures do."""
        embed, some = self.retriever.embed_images, slice(1, 4)
        images, embedded = self.images[some], self.embedded[:, some]
        _close(embed(images[::-1], PROMPTS[::-1])[::-1, ::-1], embedded)
        _close(embed(images[:1], PROMPTS), embedded[:, :1])
        alone = [self.retriever.embed_texts([text])[0] for text in TEXTS]
        _close(self.retriever.embed_texts(TEXTS), alone)
        if self.retriever.one_pass:
            apart = self.retriever.in_separate_passes()
            assert "passes" in apart.prepare(images[:1], PROMPTS)
            _close(apart.embed_images(images, PROMPTS), embedded)
        assert abs(embedded[0] - embedded[2]).max() > 0.01
        assert abs(embedded[:, 0] - embedded[:, 1]).max() > 0.01

    def refuses(self, folder: Path, words: str) -> None:
        with pytest.raises(InputError, match=words):
            self.load(folder)

    def refuses_key(self, folder: Path, key: str, words: str) -> None:
        """Where a tensor is missing, or left over if the model has none of its name."""

        def change(weights):
            if weights.pop(key, None) is None:
                weights[key] = torch.zeros(1)

        self.refuses(changed(self.plain.checkpoint, folder, change), words)

    def refuses_field(self, folder: Path, field: str, value: object) -> None:
        """Where config.json says something else than the code here does."""
        self.refuses(
            reconfigured(self.plain.checkpoint, folder, {field: value}),
            f"{field}: is {re.escape(repr(value))} and not .* another model than",
        )


def _close(found, expected) -> None:
    np.testing.assert_allclose(found, expected, atol=1e-5)
