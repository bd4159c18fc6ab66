"""Promptable retrievers: multimodal language models, through transformers.

An image stands in a template with or without a question, and its embedding is the last
token's hidden state. Because attention is causal and the image comes first, the tokens
up to where the templates part, image included, are the same for every prompt. One row

    [prefix][rest 1] ... [rest P]

with a block mask (a rest sees the prefix and itself) and positions that start again
after the prefix therefore holds all P prompts of an image, and the vision tower and
the prefix run once. `one_pass=False` runs each prompt by itself, the obvious way; the
two agree to rounding.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image

from cocofacet.errors import InputError
from cocofacet.retrievers.base import as_rgb, unit_rows

# Its bar "Loading weights" would otherwise be part of every notebook's output.
transformers.utils.logging.disable_progress_bar()

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# A checkpoint of the generating model ends in this and the embedding model has no use
# for it; anything else missing or left over means other weights than the name says.
_UNUSED = "lm_head.weight"


@dataclass(frozen=True)
class Packed:
    """One row of tokens for P templates: all fields int64 tensors.

    ids (L,); segment (L,), 0 in the prefix and p in rest p; offset (L,), the place
    within the rest; ends (P,), the index of each rest's last token.
    """

    ids: torch.Tensor
    segment: torch.Tensor
    offset: torch.Tensor
    ends: torch.Tensor


def pack(sequences: Sequence[Sequence[int]]) -> Packed:
    """Pack P token sequences into one row behind their longest common prefix.

    Compared are token ids, not strings: tokens may merge across a seam. The prefix
    stops one token short of the shortest sequence, so that each rest has an end of
    its own to pool.
    """
    shortest = min(len(sequence) for sequence in sequences)
    prefix = 0
    while prefix < shortest - 1 and len({s[prefix] for s in sequences}) == 1:
        prefix += 1
    rests = [list(sequence[prefix:]) for sequence in sequences]
    ids = [*sequences[0][:prefix], *(token for rest in rests for token in rest)]
    segment = [0] * prefix + [p for p, rest in enumerate(rests, 1) for _ in rest]
    offset = [0] * prefix + [place for rest in rests for place in range(len(rest))]
    ends = prefix - 1 + np.cumsum([len(rest) for rest in rests])
    return Packed(*(torch.tensor(field) for field in (ids, segment, offset, ends)))


def block_mask(segment: torch.Tensor) -> torch.Tensor:
    """Who may see whom: segment (B, L) -> (B, 1, L, L) bool, True where allowed.

    Causal, and only the prefix (segment 0) or one's own rest. Padding has segment -1:
    nothing else sees it, and it sees the prefix, so no row of the softmax is empty.
    """
    keys, queries = segment[:, None, :], segment[:, :, None]
    causal = torch.ones(segment.shape[1], segment.shape[1], dtype=torch.bool).tril()
    return (((keys == 0) | (keys == queries)) & causal.to(segment.device))[:, None]


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
        self._packed = lru_cache(maxsize=4096)(self._pack_templates)
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

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Texts -> (Q, D) float32, unit rows; ValueError for an empty text."""
        texts = [self.row.text.format(text=text) for text in texts]
        if not all(texts):
            raise ValueError("an empty text has no last token to pool")
        found = [np.empty((0, self.dim), np.float32)]
        for start in range(0, len(texts), self.batch_size):
            part = texts[start : start + self.batch_size]
            found.append(
                self._last(self.processor.tokenizer(part, padding=True), {}).numpy()
            )
        return unit_rows(np.concatenate(found), self.name)

    def embed_images(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None] = (None,)
    ) -> np.ndarray:
        """Images under prompts -> (P, N, D) float32, unit rows."""
        run = self._together if self.one_pass else self._apart
        prompts = tuple(prompts)
        found = [np.empty((len(prompts), 0, self.dim), np.float32)]
        for start in range(0, len(images) if prompts else 0, self.batch_size):
            part = [as_rgb(image) for image in images[start : start + self.batch_size]]
            found.append(run(part, prompts).numpy())
        return unit_rows(np.concatenate(found, axis=1), self.name)

    def template(self, prompt: str | None) -> str:
        """The whole text that an image is shown in, its placeholder not expanded."""
        if prompt is None:
            return self.row.general
        return self.row.prompted.format(question=prompt)

    def _apart(self, images: list[Image.Image], prompts: tuple) -> torch.Tensor:
        """Each prompt by itself -> (P, B, D)."""
        found = []
        for prompt in prompts:
            texts = [self.template(prompt)] * len(images)
            inputs = self.processor(
                text=texts, images=images, padding=True, return_tensors="pt"
            )
            found.append(self._last(inputs, dict(inputs)))
        return torch.stack(found)

    @torch.inference_mode()
    def _last(self, tokens: dict, inputs: dict) -> torch.Tensor:
        """Hidden state of each row's last token -> (B, D) float32 on the CPU."""
        ids, mask = (
            torch.as_tensor(tokens[key]) for key in ("input_ids", "attention_mask")
        )
        inputs = self._on_device({**inputs, "input_ids": ids, "attention_mask": mask})
        hidden = self.model(**inputs, use_cache=False).last_hidden_state
        last = mask.sum(dim=1) - 1  # padding is on the right
        return hidden[torch.arange(len(last)), last].float().cpu()

    @torch.inference_mode()
    def _together(self, images: list[Image.Image], prompts: tuple) -> torch.Tensor:
        """All prompts of an image in one row -> (P, B, D)."""
        vision = dict(
            self.processor(
                text=[self.template(prompts[0])] * len(images),
                images=images,
                padding=True,
                return_tensors="pt",
            )
        )
        found = vision.pop("input_ids")
        for key in ("attention_mask", "mm_token_type_ids"):
            vision.pop(key, None)
        counts = (found == self.processor.image_token_id).sum(dim=1)  # (B,)
        rows = [self._packed(prompts, int(count)) for count in counts]
        ids, segment, offset = (
            torch.nn.utils.rnn.pad_sequence(
                [getattr(row, field) for row in rows],
                batch_first=True,
                padding_value=padding,
            )
            for field, padding in (
                ("ids", self.processor.tokenizer.pad_token_id),
                ("segment", -1),
                ("offset", 0),
            )
        )  # (B, L) each
        dtype = self.model.dtype
        mask = torch.zeros(block_mask(segment).shape, dtype=dtype)
        mask.masked_fill_(~block_mask(segment), torch.finfo(dtype).min)
        inputs = {
            **vision,
            "input_ids": ids,
            "attention_mask": mask,  # (B, 1, L, L), passed through by the library
            "position_ids": self._positions(ids, segment, offset, vision),
        }
        inputs = self._on_device(inputs)
        hidden = self.model(**inputs, use_cache=False).last_hidden_state
        ends = torch.stack([row.ends for row in rows])  # (B, P)
        pooled = hidden[torch.arange(len(rows))[:, None], ends]  # (B, P, D)
        return pooled.transpose(0, 1).float().cpu()

    def _pack_templates(self, prompts: tuple, count: int) -> Packed:
        """Tokens of all templates of an image that takes ``count`` image tokens."""
        token, token_id = self.processor.image_token, self.processor.image_token_id
        texts = [self.template(p).replace(token, token * count) for p in prompts]
        packed = pack(self.processor.tokenizer(texts)["input_ids"])
        inside = (packed.ids == token_id) & (packed.segment == 0)
        if not int(inside.sum()) == int((packed.ids == token_id).sum()) == count:
            raise ValueError(
                f"{self.name}: the image is not in the templates' common prefix, or a "
                "prompt holds the image placeholder"
            )
        return packed

    def _positions(
        self,
        ids: torch.Tensor,
        segment: torch.Tensor,
        offset: torch.Tensor,
        vision: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Each token's position as if its own prompt were the only one.

        (3, B, L) where the model has rotary positions of its own for images (time,
        height, width), else (B, L). Every rest starts after the prefix's maximum.
        """
        prefix = segment == 0
        if not hasattr(self.model, "get_rope_index"):
            places = torch.arange(ids.shape[1]).expand_as(ids)
            return torch.where(prefix, places, prefix.sum(1, keepdim=True) + offset)
        places, _ = self.model.get_rope_index(
            ids,
            mm_token_type_ids=(ids == self.processor.image_token_id).int(),
            image_grid_thw=vision["image_grid_thw"],
            attention_mask=prefix.long(),
        )  # (3, B, L), meaningful in the prefix
        start = places.masked_fill(~prefix, 0).amax(dim=(0, 2)) + 1  # (B,)
        return torch.where(prefix, places, start[None, :, None] + offset)

    def _on_device(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {
            name: value.to(self.device, self.model.dtype)
            if value.is_floating_point()
            else value.to(self.device)
            for name, value in inputs.items()
        }
