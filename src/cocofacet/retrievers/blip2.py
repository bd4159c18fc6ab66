"""BLIP-2 as a dual encoder, through transformers.

BLIP-2 describes a picture by 32 query tokens and scores a text by the nearest of them.
Here the first alone is the embedding, so its recall is not the reference's.
"""

from functools import partial

import numpy as np
import torch
import transformers
from PIL import Image

from cocofacet.retrievers.base import Checkpoint, Retriever, fingerprint_of, unit_rows
from cocofacet.retrievers.checkpoints import auto_processor, image_settings, load_model
from cocofacet.retrievers.preprocess import DualInputs
from cocofacet.retrievers.zoo.row import Row


class Blip2Retriever(Retriever):
    """See `cocofacet.retrievers.base.Retriever`."""

    promptable = False

    def __init__(self, row: Row, files: Checkpoint, batch_size: int = 32):
        super().__init__(row, files, batch_size)
        self.model = load_model(transformers.Blip2ForImageTextRetrieval, files)
        processor = auto_processor(row, files)
        self.tokenizer = processor.tokenizer
        pixels = partial(_pixels, processor.image_processor)
        self.prepare = DualInputs(row.name, pixels)
        self.dim = self.model.config.image_text_hidden_size
        self.fingerprint = fingerprint_of(
            row,
            files,
            max_text=row.max_text or 0,
            pooling=row.pooling,
            precision=files.precision,
            **image_settings(processor),
            transformers=transformers.__version__,
        )

    @torch.inference_mode()
    def embed_batch(self, texts: list[str]) -> np.ndarray:
        tokens = self.tokenizer(
            texts,
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
        return self._project(self.model.text_projection, states)

    @torch.inference_mode()
    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
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
        return unit_rows(vectors, self.name)[None]  # (1, B, D)

    def _project(self, layer: torch.nn.Linear, states: torch.Tensor) -> np.ndarray:
        """States (B, n, width) -> the first one in the common space, (B, D) float32."""
        return layer(states[:, 0].to(layer.weight.dtype)).float().cpu().numpy()


def _pixels(image_processor, image: Image.Image) -> torch.Tensor:
    return image_processor(image, return_tensors="pt")["pixel_values"][0]  # (3, H, W)
