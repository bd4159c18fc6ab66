"""The text-based baseline: a model answers in words, and the words are embedded.

The paper's alternative to promptable embeddings: LLaVA-1.5 answers each question about
each image, a text embedder embeds the answer, and queries are reworded as answers.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from cocofacet.retrievers.preprocess import MllmInputs

# isort: split
import numpy as np
import sentence_transformers
import torch
import transformers
from PIL import Image
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling

from cocofacet.io import InputError
from cocofacet.retrievers.base import Checkpoint, Retriever, fingerprint_of, unit_rows
from cocofacet.retrievers.checkpoints import (
    DTYPES,
    image_settings,
    load_model,
    load_processor,
    on_device,
)
from cocofacet.retrievers.zoo.row import Row

# What a query starts with, and how an answer would say it. A rule of ours: of the
# authors' rewriting only the outcome is known ("It ...", "It shows ...").
_REWRITTEN = (
    (r"Find me an? (everyday )?image that contains (any )?", "It shows "),
    (r"Find me an? (everyday )?image that ", "It "),
    (r"Find me an? (everyday )?image (showing|with) ", "It shows "),
)


def rewrite(query: str) -> str:
    """A query worded as an answer; as it is, where no rule fits.

    >>> rewrite("Find me an everyday image that is taken in a sunny day.\\n")
    'It is taken in a sunny day.'
    """
    for start, answer in _REWRITTEN:
        if re.match(start, query):
            return re.sub(start, answer, query, count=1).strip()
    return query


class AnswerRetriever(Retriever):
    """See `cocofacet.retrievers.base.Retriever`; `answer` gives the words themselves.

    A query stands in the row's text template, an answer after its last line alone,
    which in GritLM's marks where the text begins. rewritten: whether queries are
    reworded as answers. image_side: squeeze pictures to so many pixels first (the
    released script does so at 128). max_new_tokens: how long an answer may be.
    """

    promptable = True

    def __init__(
        self,
        row: Row,
        files: Checkpoint,
        batch_size: int = 8,
        rewritten: bool = True,
        image_side: int | None = None,
        max_new_tokens: int = 100,
    ):
        if image_side is not None:
            row = replace(row, resize=(image_side, image_side))
        super().__init__(row, files, batch_size)
        self.rewritten, self.max_new_tokens = rewritten, max_new_tokens
        self.model = load_model(transformers.AutoModelForImageTextToText, files)
        # Padded on the left: an answer goes on where its question ends.
        self.processor = load_processor(row, files, self.model, padding_side="left")
        self.prepare = MllmInputs(row, self.processor, packed=False)
        self.embedder = _text_embedder(row, files)
        self.dim = self.embedder.get_embedding_dimension()
        self.fingerprint = fingerprint_of(
            row,
            files,
            max_text=row.max_text or 0,
            causal=int(row.causal),
            general=row.general,
            prompted=row.prompted,
            max_new_tokens=max_new_tokens,
            precision=files.precision,
            resize=str(row.resize),
            **image_settings(self.processor),
            sentence_transformers=sentence_transformers.__version__,
            transformers=transformers.__version__,
        )
        # A picture's vector does not depend on how queries are worded; a query's does.
        self.text_fingerprint = {**self.fingerprint, "rewritten": int(rewritten)}

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        texts = [rewrite(text) for text in texts] if self.rewritten else list(texts)
        before, _, after = self.row.text.partition("{text}")
        return self._embed([text + after for text in texts], prompt=before)

    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
        answers = self._answers(prepared)  # P lists of B
        return np.stack([self.embed_answers(part) for part in answers])  # (P, B, D)

    def embed_answers(self, answers: Sequence[str]) -> np.ndarray:
        """Answers in words -> (N, D) float32, unit rows."""
        lines = self.row.text.partition("{text}")[0].splitlines(keepends=True)
        return self._embed(list(answers), prompt=lines[-1] if len(lines) > 1 else "")

    def answer(
        self, images: Sequence[Image.Image], prompts: Sequence[str | None] = (None,)
    ) -> list[list[str]]:
        """What the model says about each image under each prompt: P lists of N."""
        prompts = tuple(prompts)
        found: list[list[str]] = [[] for _ in prompts]
        for start in range(0, len(images) if prompts else 0, self.batch_size):
            part = self.prepare(images[start : start + self.batch_size], prompts)
            for kept, answers in zip(found, self._answers(part), strict=True):
                kept += answers
        return found

    @torch.inference_mode()
    def _answers(self, prepared: dict[str, object]) -> list[list[str]]:
        found = []
        for tokens in prepared["passes"]:
            inputs = on_device({**prepared["images"], **tokens}, self.model)
            said = self.model.generate(
                **inputs, do_sample=False, max_new_tokens=self.max_new_tokens
            )
            said = said[:, inputs["input_ids"].shape[1] :]  # without the question
            words = self.processor.tokenizer.batch_decode(
                said, skip_special_tokens=True
            )
            found.append([text.strip() for text in words])
        return found

    def _embed(self, texts: list[str], prompt: str) -> np.ndarray:
        if not texts:
            return np.empty((0, self.dim), np.float32)
        vectors = self.embedder.encode(
            texts,
            prompt=prompt,
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_tensor=True,
        )
        return unit_rows(vectors.float().cpu().numpy(), self.name)


def _text_embedder(
    row: Row, files: Checkpoint
) -> sentence_transformers.SentenceTransformer:
    """What ``modules.json`` says; without one, such as GritLM, a language model whose
    last states are averaged over the text, its prompt left out."""
    directory, device = files.text, files.device
    settings = {"use_safetensors": True, "dtype": DTYPES[files.precision]}
    if (directory / "modules.json").exists():
        configs = directory.rglob("config.json")
        if any('"auto_map"' in file.read_text(encoding="utf-8") for file in configs):
            raise InputError(
                f"{directory}: text embedder: brings code of its own (auto_map), which "
                "is not run. Pass another one as text_checkpoint."
            )
        return sentence_transformers.SentenceTransformer(
            str(directory),
            device=device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs=settings,
        )

    class Strict(Transformer):
        """Loaded as the other models are: each key has its place."""

        def _load_model(self, *_, **__):
            # The head that turns states into words is not asked.
            head = ("lm_head.weight",)
            text = replace(files, directory=directory)
            return load_model(transformers.AutoModel, text, unused=head)

    words = Strict(str(directory), max_seq_length=row.max_text)
    # GritLM attends both ways by code of its own, which is not run.
    words.auto_model.config.is_causal = row.causal
    if words.tokenizer.pad_token is None:  # any token will do: it is masked
        words.tokenizer.pad_token = words.tokenizer.eos_token
    mean = Pooling(words.get_embedding_dimension(), include_prompt=False)
    return sentence_transformers.SentenceTransformer(
        modules=[words, mean], device=device
    )
