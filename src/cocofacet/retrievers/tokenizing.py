"""Texts -> ids, for models whose own code sets tokens in a way of its own."""

from collections.abc import Sequence
from pathlib import Path

import torch
import transformers

from cocofacet.retrievers.checkpoints import check_tokenizer, quietly


class OwnTokens:
    """A checkpoint's tokenizer, called as transformers' are; ``ids`` says which tokens
    stand around and between those of the text."""

    def __init__(self, directory: Path):
        with quietly():  # the library may not know the type in config.json
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(
                directory, trust_remote_code=False
            )
        check_tokenizer(self.tokenizer)
        if self.tokenizer.pad_token is None:  # any token will do: it is masked
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.pad_token_id = self.tokenizer.pad_token_id

    def ids(self, text: str) -> list[int]:
        """All ids of one text, its image placeholders as many as the picture takes."""
        raise NotImplementedError

    def __call__(self, texts: str | Sequence[str], padding: bool = False, **rest):
        """Texts -> input_ids as lists, or padded on the right, with attention_mask, as
        tensors; one text -> what the tokenizer itself says of it."""
        if isinstance(texts, str):
            return self.tokenizer(texts, **rest)
        found = [self.ids(text) for text in texts]
        if not padding:
            return {"input_ids": found}
        shape = len(found), max(map(len, found))
        padded = torch.full(shape, self.pad_token_id)
        mask = torch.zeros(shape, dtype=torch.long)
        for row, ids in enumerate(found):
            padded[row, : len(ids)] = torch.tensor(ids)
            mask[row, : len(ids)] = 1
        return {"input_ids": padded, "attention_mask": mask}
