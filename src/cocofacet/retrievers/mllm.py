"""Promptable retrievers: multimodal language models, through transformers.

An image stands in a template with or without a question, and its embedding is the last
token's hidden state.
"""

from collections.abc import Mapping
from copy import copy
from types import MappingProxyType

import numpy as np
import torch
import transformers
from PIL import Image

from cocofacet.retrievers.base import Checkpoint, Retriever, fingerprint_of, unit_rows
from cocofacet.retrievers.checkpoints import (
    image_settings,
    load_model,
    load_processor,
    on_device,
)
from cocofacet.retrievers.packing import visible
from cocofacet.retrievers.preprocess import MllmInputs
from cocofacet.retrievers.zoo.row import Row

# Turns states into words: a checkpoint may hold it, and embedding needs none.
_UNUSED = ("lm_head.weight",)


class MllmRetriever(Retriever):
    """See `cocofacet.retrievers.base.Retriever`; templates come from the zoo's row.

    one_pass: all prompts of an image together (see `packing`), by default wherever that
    is exact: where attention is causal and the image comes first.
    """

    promptable = True
    inputs = MllmInputs
    settings: Mapping[str, object] = MappingProxyType({})  # as of `load_model`

    def __init__(
        self,
        row: Row,
        files: Checkpoint,
        batch_size: int = 16,
        one_pass: bool | None = None,
    ):
        super().__init__(row, files, batch_size)
        self.model = self.load_model(files)
        text_config = self.model.config.get_text_config()
        self.dim = getattr(text_config, "embedding_dim", text_config.hidden_size)
        self.processor = self.load_processor(row, files)
        # In a model whose tokens see only the latest ones, the mask of the packed
        # sequence would lift that window.
        windowed = getattr(text_config, "sliding_window", None) is not None
        packable = row.causal and row.prompt_after_image and not windowed
        if one_pass and not packable:
            raise ValueError(f"{row.name}: its templates do not allow one pass")
        self.one_pass = packable if one_pass is None else one_pass
        self.prepare = self.inputs(row, self.processor, packed=self.one_pass)
        if files.adapter:
            from cocofacet.retrievers.adapters import merge_adapter

            merge_adapter(self.model, files.adapter, self._embed_both)
        self.fingerprint = fingerprint_of(
            row,
            files,
            general=row.general,
            prompted=row.prompted,
            max_text=row.max_text or 0,
            resize=str(row.resize),
            plain_positions=int(row.plain_positions),
            pooling=row.pooling,
            precision=files.precision,
            **image_settings(self.processor),
            transformers=transformers.__version__,
        )
        if row.default_instruction:
            self.fingerprint["default_instruction"] = row.default_instruction

    def _embed_both(self) -> np.ndarray:
        """Embeddings of a text and of a picture of noise, (2, D)."""
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        picture = self.embed_images([Image.fromarray(noise)])[0]
        return np.concatenate([self.embed_texts(["a dog"]), picture])

    def load_model(self, files: Checkpoint) -> torch.nn.Module:
        """The model; a family whose files are not the library's builds its own."""
        return load_model(transformers.AutoModel, files, _UNUSED, **self.settings)

    def load_processor(self, row: Row, files: Checkpoint):
        """Its processor, once there is the model."""
        return load_processor(row, files, self.model, padding_side="right")

    def in_separate_passes(self) -> "MllmRetriever":
        """The same weights with a pass for each prompt."""
        apart = copy(self)
        apart.one_pass = False
        apart.prepare = self.inputs(self.row, self.processor, packed=False)
        return apart

    def query(self, text: str) -> str:
        """The whole text of a query, as `MllmInputs.query`; ValueError where empty."""
        text = self.prepare.query(text)
        if not text:
            raise ValueError("an empty text has no last token to pool")
        return text

    def embed_batch(self, texts: list[str]) -> np.ndarray:
        return self._pooled(self.prepare.tokens(texts), {}).numpy()

    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
        images = prepared["images"]
        if "packed" in prepared:
            found = self._one_pass(prepared["packed"], images)
        else:
            found = torch.stack([self._pooled(p, images) for p in prepared["passes"]])
        return unit_rows(found.numpy(), self.name)  # (P, B, D)

    @torch.inference_mode()
    def _pooled(self, tokens: dict, images: dict) -> torch.Tensor:
        """Hidden state of each text's last token -> (B, D) float32 on the CPU."""
        hidden = self._hidden(tokens, images)
        last = tokens["attention_mask"].sum(dim=1) - 1  # (B,): padding on the right
        return hidden[torch.arange(len(last)), last].float().cpu()

    def _hidden(self, tokens: dict, images: dict) -> torch.Tensor:
        """Last hidden states (B, L, D), in the model's precision and on its device."""
        inputs = on_device({**images, **tokens}, self.model)
        return self.model(**inputs, use_cache=False)[0]

    @torch.inference_mode()
    def _one_pass(self, packed: dict, images: dict) -> torch.Tensor:
        """Each image with all its prompts -> (P, B, D) float32 on the CPU."""
        positions = self._positions(packed, images)
        seen = visible(packed["seen_until"].to(self.device))  # (B, L, L)
        mask = torch.zeros(seen.shape, dtype=self.model.dtype, device=self.device)
        mask.masked_fill_(~seen, torch.finfo(mask.dtype).min)
        inputs = {
            **images,
            "input_ids": packed["ids"],
            "attention_mask": mask[:, None],  # (B, 1, L, L): used as it is
            "position_ids": positions,
        }
        inputs = on_device(inputs, self.model)
        hidden = self.model(**inputs, use_cache=False)[0]  # (B, L, D)
        ends = packed["ends"]  # (B, P)
        pooled = hidden[torch.arange(len(ends))[:, None], ends]  # (B, P, D)
        return pooled.transpose(0, 1).float().cpu()

    def _positions(self, packed: dict, images: dict) -> torch.Tensor:
        """Each token's position as if its own template were the only one.

        (B, L), or (3, B, L) where the model gives an image's tokens their time, height
        and width: then all text after the image moves by what the image saves.
        """
        ids, positions = packed["ids"], packed["positions"]  # (B, L)
        if not hasattr(self.model, "get_rope_index"):
            return positions
        # The library places the first template; the others follow from its end.
        length = packed["first_length"]  # (B,)
        inside = torch.arange(ids.shape[1]) < length[:, None]  # (B, L)
        places, _ = self.model.get_rope_index(
            ids,
            mm_token_type_ids=packed["types"],
            image_grid_thw=images["image_grid_thw"],
            attention_mask=inside.long(),
        )  # (3, B, L), meaningful in the first template
        after = places.masked_fill(~inside, 0).amax(dim=(0, 2)) + 1  # (B,)
        return torch.where(inside, places, positions + (after - length)[None, :, None])
