"""Promptable retrievers: multimodal language models, through transformers.

An image stands in a template with or without a question, and its embedding is the last
token's hidden state. Because attention is causal and the image comes first, a token's
state depends only on the tokens before it, and what the templates share at their start
(the image; for all questions also the instruction) need be computed only once. One row
holds the templates as a tree of tokens:

    <image> -+- Represent the given image.
             +- \\n Represent ... following question: -+- How many people ...? \\n
                                                     +- What is the weather ...? \\n

A mask lets each token see its ancestors and itself, at the positions that it has in its
own template. This gives every prompt's embedding exactly as a pass of its own would, up
to rounding; `one_pass=False` does run the passes one by one, the obvious way.
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
    """One row of tokens for P templates.

    ids (L,) int64; depth (L,) int64, a token's place in its template; visible (L, L)
    bool, row i the tokens that token i sees; first: how many tokens the first template
    has, which open the row; ends (P,) int64, where each template's last token lies.
    """

    ids: torch.Tensor
    depth: torch.Tensor
    visible: torch.Tensor
    first: int
    ends: torch.Tensor


def pack(sequences: Sequence[Sequence[int]]) -> Packed:
    """Pack P token sequences into one row in which equal beginnings stand once.

    Compared are token ids, not strings: templates differ in white space right after
    the image, and tokens may merge across a seam.
    """
    ids, parents, ends = [], [], []
    known: dict[tuple[int, int], int] = {}  # (parent, token) -> place in the row
    for sequence in sequences:
        place = -1
        for token in sequence:
            if (place, token) not in known:
                known[place, token] = len(ids)
                ids.append(token)
                parents.append(place)
            place = known[place, token]
        ends.append(place)
    visible = torch.eye(len(ids), dtype=torch.bool)
    for place, parent in enumerate(parents):  # parents come before their children
        if parent >= 0:
            visible[place] |= visible[parent]
    return Packed(
        ids=torch.tensor(ids),
        depth=visible.sum(dim=1) - 1,
        visible=visible,
        first=len(sequences[0]),
        ends=torch.tensor(ends),
    )


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
        length = max(len(row.ids) for row in rows)
        shape, dtype = (len(rows), length), self.model.dtype
        ids = torch.full(shape, self.processor.tokenizer.pad_token_id)  # (B, L)
        # Padding sees itself, so that no row of the softmax is empty.
        visible = torch.eye(length, dtype=torch.bool).repeat(len(rows), 1, 1)
        for number, row in enumerate(rows):
            size = len(row.ids)
            ids[number, :size] = row.ids
            visible[number, :size, :size] = row.visible
        mask = torch.zeros(visible.shape, dtype=dtype)
        mask.masked_fill_(~visible, torch.finfo(dtype).min)
        inputs = {
            **vision,
            "input_ids": ids,
            "attention_mask": mask[:, None],  # 4-D: the library passes it through
            "position_ids": self._positions(ids, rows, vision),
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
        if int((packed.ids == token_id).sum()) != count:
            raise ValueError(
                f"{self.name}: the image is not in the templates' common beginning, or "
                "a prompt holds the image placeholder"
            )
        return packed

    def _positions(
        self,
        ids: torch.Tensor,
        rows: Sequence[Packed],
        vision: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """Each token's position as if its own template were the only one.

        (3, B, L) where the model has rotary positions of its own for images (time,
        height, width), else (B, L). The library places the first template; all text
        after an image lies at its depth plus what the image saves or costs.
        """
        depth, first = torch.zeros_like(ids), torch.zeros_like(ids)
        for number, row in enumerate(rows):
            depth[number, : len(row.ids)] = row.depth
            first[number, : row.first] = 1
        if not hasattr(self.model, "get_rope_index"):
            return depth
        places, _ = self.model.get_rope_index(
            ids,
            mm_token_type_ids=(ids == self.processor.image_token_id).int(),
            image_grid_thw=vision["image_grid_thw"],
            attention_mask=first,
        )  # (3, B, L), meaningful in the first template
        inside = first.bool()
        after = places.masked_fill(~inside, 0).amax(dim=(0, 2)) + 1  # (B,)
        shift = (after - first.sum(dim=1))[None, :, None]
        return torch.where(inside, places, depth + shift)

    def _on_device(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {
            name: value.to(self.device, self.model.dtype)
            if value.is_floating_point()
            else value.to(self.device)
            for name, value in inputs.items()
        }
