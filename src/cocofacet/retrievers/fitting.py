"""Whether the parts of a loaded checkpoint fit each other: its weights as they are in
the files, its tokenizer and its table of embeddings, its templates and its tokenizer.

What the libraries would load without a word, and what would fail at the first text that
happens to meet it, is a ValueError here.
"""

import re
from collections.abc import Iterable, Iterator

import torch
from safetensors import safe_open

from cocofacet.retrievers.base import Checkpoint, Retriever

# What the libraries may cast: all else would lose what it means, as int8 its scale.
_FLOATS = {"F64", "F32", "F16", "BF16"}
_SPECIAL = re.compile(r"<\|[^|<>]+\|>")


def check(retriever: Retriever, files: Checkpoint) -> None:
    """ValueError for weights that are no finite floating-point numbers, and for a
    tokenizer that is another model's, as far as that shows."""
    modules = [v for v in vars(retriever).values() if isinstance(v, torch.nn.Module)]
    _check_weights(modules)
    _check_types(modules, files)
    for tokenizer, table in _texts(retriever):
        check_vocabulary(tokenizer, table)
    if hasattr(retriever, "processor"):
        _check_templates(retriever)


def _check_weights(modules: list[torch.nn.Module]) -> None:
    for module in modules:
        for name, weight in module.named_parameters():
            if not weight.isfinite().all():
                raise ValueError(
                    f"{name} holds what is no finite number in {weight.dtype}"
                )


def _check_types(modules: list[torch.nn.Module], files: Checkpoint) -> None:
    """Of tensors that become weights: others, such as positions, may be integers. The
    libraries rename layers, and not what a layer calls its weights."""
    named = (name for module in modules for name, _ in module.named_parameters())
    weights = {name.rpartition(".")[2] for name in named}
    for directory in filter(None, (files.directory, files.text)):
        for file in sorted(directory.rglob("*.safetensors")):
            with safe_open(file, framework="pt") as stored:
                for name in stored.keys():  # noqa: SIM118 - it is no mapping
                    kind = stored.get_slice(name).get_dtype()
                    if name.rpartition(".")[2] in weights and kind not in _FLOATS:
                        raise ValueError(
                            f"{name} in {file.name} is of type {kind}, and weights are "
                            "floating-point numbers"
                        )


def _texts(retriever: Retriever) -> Iterator[tuple[object, torch.nn.Module]]:
    """Each tokenizer with the table that turns its ids into vectors."""
    reads = getattr(retriever, "processor", retriever)
    if hasattr(reads, "tokenizer"):
        yield reads.tokenizer, _table(retriever.model)
    for part in getattr(retriever, "embedder", ()):
        table = _table(part)
        if table is not None:
            yield part.tokenizer, table


def _table(model: torch.nn.Module | None) -> torch.nn.Module | None:
    """Of transformers' models, of open_clip's and of sentence-transformers' parts."""
    if hasattr(model, "get_input_embeddings"):
        return model.get_input_embeddings()
    for name in ("token_embedding", "embedding"):
        if hasattr(model, name):
            return getattr(model, name)
    inner = ("text", "transformer", "model")  # where it is, one in the other
    found = (_table(getattr(model, name)) for name in inner if hasattr(model, name))
    return next(filter(None, found), None)


def check_vocabulary(tokenizer, table: torch.nn.Module) -> None:
    """ValueError for a tokenizer whose texts can hold an id that the table of
    embeddings has no row for. Special tokens aside: it need have none for one that is
    never looked up, such as a picture's place."""
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
    added = getattr(tokenizer, "added_tokens_decoder", {})
    special = {token.content for token in added.values() if token.special}
    # open_clip's own tokenizer has a dictionary.
    known = getattr(tokenizer, "encoder", None) or tokenizer.get_vocab()
    ids = {n for token, n in known.items() if token not in special}
    if callable(tokenizer) and added:  # what stands before and after a text
        ids.update(tokenizer("a dog")["input_ids"])
    _check_ids(ids, table)


def _check_ids(ids: Iterable[int], table: torch.nn.Module) -> None:
    largest, rows = max(ids, default=0), len(table.weight)
    if largest >= rows:
        raise ValueError(
            f"its tokenizer gives the id {largest}, and its table of embeddings has "
            f"{rows} rows: they are of two models"
        )


def _check_templates(retriever: Retriever) -> None:
    """Special tokens of the templates: each is one of the tokenizer's, with a row."""
    processor, model, row = retriever.processor, retriever.model, retriever.row
    image, place = processor.image_token, processor.image_token_id
    names = ("image_token_id", "image_token_index")
    expected = {getattr(model.config, name, None) for name in names} - {None}
    if expected and place not in expected:
        raise ValueError(
            f"{image} is token {place} of its tokenizer, and {min(expected)} in "
            "config.json: they are of two models"
        )
    texts = [row.general, row.prompted]
    if not hasattr(retriever, "embedder"):  # which reads texts with a tokenizer of its
        texts.append(row.text)
    tokenizer = getattr(processor.tokenizer, "tokenizer", processor.tokenizer)
    for token in set(_SPECIAL.findall("".join(texts))) - {image}:
        if tokenizer.convert_tokens_to_ids(token) in (None, tokenizer.unk_token_id):
            raise ValueError(f"its tokenizer has no {token}: it is another model's")
    ids = {n for each in processor.tokenizer(texts)["input_ids"] for n in each}
    ids.add(processor.tokenizer.pad_token_id)
    _check_ids(ids - {place}, model.get_input_embeddings())
