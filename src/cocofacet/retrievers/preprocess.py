"""What a model is given: pictures and templates as tensors.

A picture is processed once, however many prompts there are.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Sequence

import torch
from PIL import Image

from cocofacet.io import InputError
from cocofacet.picture import as_rgb
from cocofacet.retrievers._torchvision import import_torchvision
from cocofacet.retrievers.base import UnfitText, refuse
from cocofacet.retrievers.packing import Packed, pack

# A worker process that starts afresh unpickles the libraries' processors after this.
import_torchvision()

# What a processor returns about texts; the rest of it is about the pictures.
_ABOUT_TEXTS = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")

# The instruction of a chat's system turn.
_INSTRUCTION = re.compile(r"(?<=<\|im_start\|>system\n).*?(?=<\|im_end\|>)", re.DOTALL)


class DualInputs:
    """See `cocofacet.retrievers.base.Prepare`; for a model that takes no prompt.

    preprocess: one picture, upright and RGB -> (3, H, W) float32, or ValueError.
    """

    def __init__(self, name: str, preprocess: Callable[[Image.Image], torch.Tensor]):
        self.name, self.preprocess = name, preprocess

    def __call__(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None] = (None,)
    ) -> dict[str, object]:
        """B images -> {"pixels": (B, 3, H, W)}; ValueError for any prompt."""
        refuse(prompts, self.name)
        return {"pixels": _processed(self._pixels, images, self.name)}

    def _pixels(self, images: Sequence[Image.Image]) -> torch.Tensor:
        return torch.stack([self.preprocess(as_rgb(image)) for image in images])


class MllmInputs:
    """See `cocofacet.retrievers.base.Prepare`; for a multimodal language model.

    row: of the zoo; processor: of transformers, with its tokenizer. packed: all
    prompts of an image in one sequence (see `packing`), or each in its own.
    """

    def __init__(self, row, processor, packed: bool):
        self.row, self.processor, self.packed = row, processor, packed
        self._known: dict[tuple, Packed] = {}

    def __call__(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None]
    ) -> dict[str, object]:
        """B images under P prompts -> {"images", and "packed" or "passes"}.

        "images": what the processor makes of the pictures. "packed": B sequences as
        `packing.Packed` says, padded to one length: ids, positions, seen_until and
        types (B, L), first_length (B,), ends (B, P), all int64. "passes": for each
        prompt the tokens of B templates, as the library takes them.
        """
        images, about_texts = _processed(self._pictures, images, self.row.name)
        is_image = about_texts["input_ids"] == self.processor.image_token_id  # (B, L)
        counts = is_image.sum(dim=1).tolist()  # image tokens of each picture
        if self.packed:
            sequences = [self._packed(tuple(prompts), count) for count in counts]
            return {"images": images, "packed": self._padded(sequences)}
        passes = []
        for prompt in prompts:
            tokens = self.tokens([self._expanded(prompt, count) for count in counts])
            if "mm_token_type_ids" in about_texts:
                tokens["mm_token_type_ids"] = self._types(tokens["input_ids"])
            passes.append(tokens)
        return {"images": images, "passes": passes}

    def template(self, prompt: str | None) -> str:
        """The whole text that an image is shown in, its placeholder not expanded."""
        if prompt is None:
            return self._instructed(self.row.general)
        return self._instructed(self.row.prompted.format(question=prompt))

    def query(self, text: str) -> str:
        """The whole text of a query, which is cut where it is longer than the row's
        max_text; the template around it stays, because its end is what is pooled."""
        if self.row.max_text is None:
            text = self._fitting(text)
        else:
            spans = self.processor.tokenizer(
                text, add_special_tokens=False, return_offsets_mapping=True
            )["offset_mapping"][: self.row.max_text]
            text = text[: spans[-1][1]] if spans else text
        return self._instructed(self.row.text).format(text=text)

    def _fitting(self, text: str) -> str:
        """The text, where it alone is not longer than what the model takes."""
        # Tokenizers that are not the library's say none.
        most = getattr(self.processor.tokenizer, "model_max_length", math.inf)
        if len(text.encode()) <= most:  # a token has a byte or more
            return text
        tokens = self.processor.tokenizer(text, verbose=False)["input_ids"]
        if len(tokens) > most:
            raise UnfitText(
                f"{self.row.name}: a text has {len(tokens):,} tokens, and the model "
                f"takes {most:,}. Shorten it."
            )
        return text

    def tokens(self, texts: list[str]) -> dict[str, torch.Tensor]:
        """Texts -> input_ids and attention_mask (B, L), padded to the longest."""
        found = self.processor.tokenizer(texts, padding=True, return_tensors="pt")
        return {key: found[key] for key in ("input_ids", "attention_mask")}

    def _pictures(self, images: Sequence[Image.Image]) -> tuple[dict, dict]:
        """What the processor makes of B pictures, and of as many placeholders."""
        images = [as_rgb(image) for image in images]
        if self.row.resize:
            images = [image.resize(self.row.resize) for image in images]
        texts = [self.processor.image_token] * len(images)
        found = self._process(texts, images)
        about_texts = {key: found.pop(key) for key in _ABOUT_TEXTS if key in found}
        return found, about_texts

    def _process(self, texts: list[str], images: list[Image.Image]) -> dict:
        """All that the processor returns for texts with a picture each."""
        return dict(
            self.processor(text=texts, images=images, padding=True, return_tensors="pt")
        )

    def _instructed(self, template: str) -> str:
        """The template, its instruction as the row's model had it: see the row's
        default_instruction."""
        default = self.row.default_instruction
        if not default:
            return template
        return _INSTRUCTION.sub(
            lambda found: _sentence(found[0]) or default, template, count=1
        )

    def _expanded(self, prompt: str | None, count: int) -> str:
        """The template with ``count`` placeholders, one for each image token."""
        self._fitting(prompt or "")
        token, template = self.processor.image_token, self.template(prompt)
        if template.count(token) != 1:
            raise UnfitText(
                f"{self.row.name}: a prompt holds the image placeholder {token}. Leave "
                "it out."
            )
        return template.replace(token, token * count)

    def _types(self, ids: torch.Tensor) -> torch.Tensor:
        """1 for a token that has its place in the image's rows and columns, else 0."""
        if self.row.plain_positions:
            return torch.zeros_like(ids)
        return (ids == self.processor.image_token_id).long()

    def _packed(self, prompts: tuple, count: int) -> Packed:
        """All templates of an image that takes ``count`` image tokens."""
        key = (prompts, count)
        if key not in self._known:
            texts = [self._expanded(prompt, count) for prompt in prompts]
            packed = pack(self.processor.tokenizer(texts)["input_ids"])
            if int((packed.ids == self.processor.image_token_id).sum()) != count:
                raise ValueError(
                    f"{self.row.name}: the image is not in the templates' common "
                    "beginning"
                )
            self._known[key] = packed
        return self._known[key]

    def _padded(self, sequences: list[Packed]) -> dict[str, torch.Tensor]:
        """B sequences as a batch, the shorter ones padded on the right."""
        shape = len(sequences), max(len(packed.ids) for packed in sequences)
        ids = torch.full(shape, self.processor.tokenizer.pad_token_id)  # (B, L)
        positions = torch.zeros_like(ids)  # (B, L)
        # Padding sees itself: the softmax over what a token sees must not be empty.
        seen_until = torch.arange(shape[1]).repeat(shape[0], 1)  # (B, L)
        for number, packed in enumerate(sequences):
            part = number, slice(len(packed.ids))
            ids[part], positions[part] = packed.ids, packed.positions
            seen_until[part] = packed.seen_until
        return {
            "ids": ids,
            "positions": positions,
            "seen_until": seen_until,
            "types": self._types(ids),
            "first_length": torch.tensor([each.first_length for each in sequences]),
            "ends": torch.stack([each.ends for each in sequences]),
        }


def _sentence(text: str) -> str:
    """The text stripped, a full stop after it where it does not end in punctuation."""
    text = text.strip()
    if text and not unicodedata.category(text[-1]).startswith("P"):
        text += "."
    return text


def _processed(
    process: Callable, images: Sequence[Image.Image], retriever: str
) -> object:
    """process(images); InputError that names the picture which it refuses."""
    try:
        return process(images)
    except ValueError:
        for image in images:
            try:
                process([image])
            except ValueError as error:
                name = getattr(image, "filename", "") or "a picture"
                raise InputError(
                    f"{name}: image: {image.width} x {image.height} pixels cannot be "
                    f"processed for {retriever} ({error}). Leave it out with "
                    "`cocofacet build --images`."
                ) from error
        raise
