"""BLIP-2 as a dual encoder, through transformers.

BLIP-2 describes a picture by 32 query tokens and scores a text by the nearest of them.
Here the first one alone is the embedding: one vector an image, as for every other
retriever. Its recall is therefore not the reference's.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image

from cocofacet.retrievers.base import embed_in_batches, unit_rows
from cocofacet.retrievers.checkpoints import load_model
from cocofacet.retrievers.preprocess import DualInputs


class _Preprocess:
    """An image processor as a function of one picture -> (3, H, W)."""

    def __init__(self, image_processor):
        self.image_processor = image_processor

    def __call__(self, image: Image.Image) -> torch.Tensor:
        found = self.image_processor(image, return_tensors="pt")
        return found["pixel_values"][0]


class Blip2Retriever:
    """See `cocofacet.retrievers.base.Retriever`."""

    promptable = False

    def __init__(
        self,
        row,
        directory: Path,
        weights: str,
        revision: str,
        device: str = "cpu",
        precision: str = "fp32",
        batch_size: int = 32,
    ):
        self.name, self.revision = row.name, revision
        self.row, self.device, self.batch_size = row, device, batch_size
        kind = transformers.Blip2ForImageTextRetrieval
        self.model = load_model(kind, directory, precision).to(device)
        processor = transformers.AutoProcessor.from_pretrained(
            directory, trust_remote_code=False
        )
        self.tokenizer = processor.tokenizer
        self.prepare = DualInputs(row.name, _Preprocess(processor.image_processor))
        self.dim = self.model.config.image_text_hidden_size
        image_settings = processor.image_processor.to_dict()
        self.fingerprint = {
            "retriever": row.name,
            "weights": weights,
            "text": row.text,
            "max_text": row.max_text or 0,
            "pooling": row.pooling,
            "precision": precision,
            "images": json.dumps(image_settings, sort_keys=True, default=str),
            "transformers": transformers.__version__,
            "torch": torch.__version__.split("+")[0],
        }

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts -> (Q, D) float32, unit rows."""
        texts = [self.row.text.format(text=text) for text in texts]
        found = [np.empty((0, self.dim), np.float32)]
        for start in range(0, len(texts), self.batch_size):
            tokens = self.tokenizer(
                texts[start : start + self.batch_size],
                padding=self.row.padding,
                truncation=self.row.max_text is not None,
                max_length=self.row.max_text,
                return_tensors="pt",
            ).to(self.device)
            states = self.model.qformer(
                query_embeds=self.model.embeddings(input_ids=tokens["input_ids"]),
                query_length=0,
                attention_mask=tokens["attention_mask"],
            )[0]  # (B, L, width)
            found.append(self._project(self.model.text_projection, states))
        return unit_rows(np.concatenate(found), self.name)

    def embed_images(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None] = (None,)
    ) -> np.ndarray:
        """Images -> (1, N, D) float32, unit rows; ValueError for any prompt."""
        self.prepare.refuse(prompts)
        return embed_in_batches(self, images, prompts)

    @torch.inference_mode()
    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
        """One batch from ``prepare`` -> (1, B, D) float32, unit rows."""
        pixels = prepared["pixels"].to(self.device, non_blocking=True)
        pixels = pixels.to(self.model.dtype)
        patches = self.model.vision_model(pixel_values=pixels)[0]
        states = self.model.qformer(
            query_embeds=self.model.query_tokens.expand(len(pixels), -1, -1),
            encoder_hidden_states=patches,
            encoder_attention_mask=torch.ones(
                patches.shape[:2], dtype=torch.long, device=self.device
            ),
        )[0]  # (B, 32, width)
        vectors = self._project(self.model.vision_projection, states)
        return unit_rows(vectors, self.name)[None]

    def _project(self, layer: torch.nn.Linear, states: torch.Tensor) -> np.ndarray:
        """States (B, n, width) -> the first one in the common space, (B, D) float32."""
        return layer(states[:, 0].to(layer.weight.dtype)).float().cpu().numpy()
