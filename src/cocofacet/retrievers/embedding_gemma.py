"""EmbeddingGemma 2, through transformers' own class.

Its tokens see each other in both directions, so each prompt is a pass of its own, and
the embedding is the mean of all tokens, projected.
"""

from types import MappingProxyType

import torch
from PIL import Image

from cocofacet.retrievers.mllm import MllmRetriever
from cocofacet.retrievers.preprocess import MllmInputs


class EmbeddingGemmaInputs(MllmInputs):
    """See `MllmInputs`."""

    def _process(self, texts: list[str], images: list[Image.Image]) -> dict:
        # In a flat list, its processor would take all pictures for the first text's.
        return super()._process(texts, [[image] for image in images])


class EmbeddingGemmaRetriever(MllmRetriever):
    """See `cocofacet.retrievers.base.Retriever`."""

    inputs = EmbeddingGemmaInputs
    settings = MappingProxyType({"audio_config": None})  # sound is left out

    @torch.inference_mode()
    def _pooled(self, tokens: dict, images: dict) -> torch.Tensor:
        """Mean of each text's hidden states -> (B, D) float32 on the CPU."""
        hidden = self._hidden(tokens, images).float().cpu()  # (B, L, D)
        seen = tokens["attention_mask"][..., None]  # (B, L, 1)
        return (hidden * seen).sum(dim=1) / seen.sum(dim=1)
