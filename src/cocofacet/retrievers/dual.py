"""Dual encoders such as CLIP and SigLIP, through open_clip.

They take no prompt: asking for one is an error.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from cocofacet.retrievers.preprocess import DualInputs

# isort: split
import numpy as np
import open_clip
import torch
from PIL import Image

from cocofacet.retrievers.base import embed_in_batches, unit_rows


class DualRetriever:
    """See `cocofacet.retrievers.base.Retriever`.

    open_clip's tokenizers pad every text to the model's full length, as SigLIP and
    SigLIP2 were trained (a row's ``padding``), and cut what is longer.
    """

    promptable = False

    def __init__(
        self,
        row,
        directory: Path,
        weights: str,
        revision: str,
        device: str = "cpu",
        precision: str = "fp32",
        batch_size: int = 64,
    ):
        self.name, self.revision = row.name, revision
        self.row, self.device, self.batch_size = row, device, batch_size
        source = f"local-dir:{directory}"
        self.model, preprocess = open_clip.create_model_from_pretrained(
            source, precision=precision, device=device
        )
        self.prepare = DualInputs(row.name, preprocess)
        self.tokenizer = open_clip.get_tokenizer(source)
        self.model.eval()
        self.dtype = next(self.model.parameters()).dtype
        config = open_clip.get_model_config(source)
        self.dim = config["embed_dim"]
        preprocess_settings = open_clip.get_model_preprocess_cfg(self.model)
        self.fingerprint = {
            "retriever": row.name,
            "weights": weights,
            "text": row.text,
            "precision": precision,
            "model": json.dumps(config, sort_keys=True),
            "images": json.dumps(preprocess_settings, sort_keys=True, default=str),
            "open_clip": open_clip.__version__,
            "torch": torch.__version__.split("+")[0],
        }

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts -> (Q, D) float32, unit rows."""
        texts = [self.row.text.format(text=text) for text in texts]
        found = [np.empty((0, self.dim), np.float32)]
        for start in range(0, len(texts), self.batch_size):
            tokens = self.tokenizer(texts[start : start + self.batch_size])
            vectors = self.model.encode_text(tokens.to(self.device))  # (B, D)
            found.append(vectors.float().cpu().numpy())
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
        pixels = prepared["pixels"].to(self.device, non_blocking=True).to(self.dtype)
        vectors = self.model.encode_image(pixels).float().cpu().numpy()
        return unit_rows(vectors, self.name)[None]
