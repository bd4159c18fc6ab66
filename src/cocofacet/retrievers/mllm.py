"""Promptable retrievers: multimodal language models, through transformers.

An image stands in a template with or without a question, and its embedding is the last
token's hidden state. Where attention is causal and the image comes first, all prompts
of an image are embedded in one pass, as `packing` describes; `one_pass=False` runs the
passes one by one, the obvious way.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image

from cocofacet.errors import InputError
from cocofacet.retrievers.base import embed_in_batches, unit_rows
from cocofacet.retrievers.inputs import MllmInputs
from cocofacet.retrievers.packing import visible

# Its bar "Loading weights" would otherwise be part of every notebook's output.
transformers.utils.logging.disable_progress_bar()

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# A checkpoint of the generating model ends in this and the embedding model has no use
# for it; anything else missing or left over means other weights than the name says.
_UNUSED = "lm_head.weight"


class MllmRetriever:
    """See `cocofacet.retrievers.base.Retriever`; templates come from the zoo's row."""

    promptable = True

    def __init__(
        self,
        row,
        directory: Path,
        weights: str,
        revision: str,
        device: str = "cpu",
        precision: str = "fp32",
        one_pass: bool | None = None,
        batch_size: int = 16,
    ):
        self.name, self.revision = row.name, revision
        self.row, self.device, self.batch_size = row, device, batch_size
        packable = row.causal and row.prompt_after_image
        if one_pass and not packable:
            raise ValueError(f"{row.name}: its templates do not allow one pass")
        self.one_pass = packable if one_pass is None else one_pass
        self.processor = transformers.AutoProcessor.from_pretrained(directory)
        self.processor.tokenizer.padding_side = "right"
        self.model, info = transformers.AutoModel.from_pretrained(
            directory,
            dtype=DTYPES[precision],
            attn_implementation="sdpa",
            output_loading_info=True,
        )
        wrong = {*info["missing_keys"], *info["unexpected_keys"]}
        wrong = {key for key in wrong if not key.endswith(_UNUSED)}
        if wrong or info["mismatched_keys"]:
            raise InputError(
                f"{directory}: weights: do not fit {type(self.model).__name__} "
                f"({len(wrong)} keys missing or left over, such as {sorted(wrong)[:3]})"
                ". Fetch the checkpoint again."
            )
        self.model.eval().to(device)
        self.dim = self.model.config.get_text_config().hidden_size
        self.prepare = MllmInputs(row, self.processor, packed=self.one_pass)
        image_settings = self.processor.image_processor.to_dict()
        self.fingerprint = {
            "retriever": row.name,
            "weights": weights,
            "text": row.text,
            "general": row.general,
            "prompted": row.prompted,
            "pooling": row.pooling,
            "precision": precision,
            "images": json.dumps(image_settings, sort_keys=True, default=str),
            "image_processor": type(self.processor.image_processor).__name__,
            "transformers": transformers.__version__,
            "torch": torch.__version__.split("+")[0],
        }

    def template(self, prompt: str | None) -> str:
        """The whole text that an image is shown in, its placeholder not expanded."""
        return self.prepare.template(prompt)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts -> (Q, D) float32, unit rows; ValueError for an empty text."""
        texts = [self.row.text.format(text=text) for text in texts]
        if not all(texts):
            raise ValueError("an empty text has no last token to pool")
        found = [np.empty((0, self.dim), np.float32)]
        for start in range(0, len(texts), self.batch_size):
            part = texts[start : start + self.batch_size]
            found.append(self._last(self.prepare.tokens(part), {}).numpy())
        return unit_rows(np.concatenate(found), self.name)

    def embed_images(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None] = (None,)
    ) -> np.ndarray:
        """Images under prompts -> (P, N, D) float32, unit rows."""
        return embed_in_batches(self, images, prompts)

    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
        """One batch from ``prepare`` -> (P, B, D) float32, unit rows."""
        images = prepared["images"]
        if "tree" in prepared:
            found = self._together(prepared["tree"], images)
        else:
            found = torch.stack([self._last(p, images) for p in prepared["passes"]])
        return unit_rows(found.numpy(), self.name)

    @torch.inference_mode()
    def _last(self, tokens: dict, images: dict) -> torch.Tensor:
        """Hidden state of each row's last token -> (B, D) float32 on the CPU."""
        ids, mask = tokens["input_ids"], tokens["attention_mask"]
        inputs = {**images, **tokens}
        if images and self._own_positions:
            inputs["mm_token_type_ids"] = self._is_image(ids)
        hidden = self.model(**self._on_device(inputs), use_cache=False)[0]
        last = mask.sum(dim=1) - 1  # padding is on the right
        return hidden[torch.arange(len(last)), last].float().cpu()

    @torch.inference_mode()
    def _together(self, tree: dict, images: dict) -> torch.Tensor:
        """All prompts of an image in one row -> (P, B, D) float32 on the CPU."""
        positions = self._positions(tree, images)
        seen = visible(tree["until"].to(self.device))  # (B, L, L)
        mask = torch.zeros(seen.shape, dtype=self.model.dtype, device=self.device)
        mask.masked_fill_(~seen, torch.finfo(mask.dtype).min)
        inputs = {
            **images,
            "input_ids": tree["ids"],
            "attention_mask": mask[:, None],  # 4-D: the library passes it through
            "position_ids": positions,
        }
        hidden = self.model(**self._on_device(inputs), use_cache=False)[0]
        ends = tree["ends"].to(self.device)  # (B, P)
        pooled = hidden[torch.arange(len(ends), device=self.device)[:, None], ends]
        return pooled.transpose(0, 1).float().cpu()

    @property
    def _own_positions(self) -> bool:
        """Whether the model has rotary positions of its own for images."""
        return hasattr(self.model, "get_rope_index")

    def _is_image(self, ids: torch.Tensor) -> torch.Tensor:
        return (ids == self.processor.image_token_id).int()

    def _positions(self, tree: dict, images: dict) -> torch.Tensor:
        """Each token's position as if its own template were the only one.

        (3, B, L) where the model has rotary positions of its own for images (time,
        height, width), else (B, L). The library places the template that opens the
        row; all text after an image lies at its depth plus what the image saves.
        """
        ids, depth, first = tree["ids"], tree["depth"], tree["first"]
        if not self._own_positions:
            return depth
        inside = torch.arange(ids.shape[1]) < first[:, None]  # (B, L)
        places, _ = self.model.get_rope_index(
            ids,
            mm_token_type_ids=self._is_image(ids),
            image_grid_thw=images["image_grid_thw"],
            attention_mask=inside.int(),
        )  # (3, B, L), meaningful in the first template
        after = places.masked_fill(~inside, 0).amax(dim=(0, 2)) + 1  # (B,)
        return torch.where(inside, places, depth + (after - first)[None, :, None])

    def _on_device(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {
            name: value.to(
                self.device,
                self.model.dtype if value.is_floating_point() else None,
                non_blocking=True,  # where the caller has pinned its memory
            )
            for name, value in inputs.items()
        }
