"""Embeddings on disk, so that no image is embedded twice.

    STORE/<retriever>-<key>/<chunk>.safetensors

key stands for the retriever's fingerprint and one prompt, chunk for the names of up to
``chunk`` images in the order given. The header of each file repeats all of them in
full, with the sha256 of every image and of the embeddings. A file that exists and
checks is done; anything else is computed (again). There is no index and no lock:
files appear whole under their name, and two processes that write the same file write
the same thing.
"""

import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from tqdm import tqdm

from cocofacet.errors import InputError
from cocofacet.files import sha256_of, write_atomic
from cocofacet.retrievers.base import Retriever


def embed_gallery(
    retriever: Retriever,
    images_root: Path,
    names: Sequence[str],
    prompts: Sequence[str | None],
    store_dir: Path,
    chunk: int = 256,
    batch: int = 32,
) -> np.ndarray:
    """Embed images under prompts -> (P, N, D) float32, from the store where possible.

    names are paths under images_root; prompts as in `Retriever.embed_images`. All
    prompts that a chunk still lacks are asked for in one call, ``batch`` images at a
    time. Raises InputError for an image that is missing or unreadable and for a store
    that cannot be written.
    """
    images_root, store_dir = Path(images_root), Path(store_dir)
    names, prompts = list(names), list(prompts)
    hashes = [_image_hash(images_root / name) for name in names]
    found = np.empty((len(prompts), len(names), retriever.dim), dtype=np.float32)
    steps = range(0, len(names), chunk)
    # disable=None: a bar on a terminal, silence in a log.
    for start in tqdm(steps, desc=retriever.name, unit="chunk", disable=None):
        part = slice(start, start + chunk)
        files = {
            prompt: _chunk_file(store_dir, retriever, prompt, names[part])
            for prompt in prompts
        }
        headers = {
            prompt: _header(retriever, prompt, names[part], hashes[part])
            for prompt in files
        }
        kept = {prompt: _read(file, headers[prompt]) for prompt, file in files.items()}
        missing = [prompt for prompt, vectors in kept.items() if vectors is None]
        if missing:
            paths = [images_root / name for name in names[part]]
            computed = _embed(retriever, paths, missing, batch)
            for prompt, vectors in zip(missing, computed, strict=True):
                _write(files[prompt], headers[prompt], vectors)
                kept[prompt] = vectors
        for row, prompt in enumerate(prompts):
            found[row, part] = kept[prompt]
    return found


def embed_queries(retriever: Retriever, texts: Sequence[str]) -> np.ndarray:
    """Texts -> (Q, D) float32; equal texts are embedded once and get equal rows.

    COCO-Facet asks 9,112 queries with 263 distinct texts. Not stored: texts are cheap.
    """
    distinct = list(dict.fromkeys(texts))
    row = {text: index for index, text in enumerate(distinct)}
    return retriever.embed_texts(distinct)[[row[text] for text in texts]]


def open_image(path: Path) -> Image.Image:
    """Read and decode a picture; InputError, naming the file, when that fails."""
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except FileNotFoundError:
        raise _missing(path) from None
    # PIL reports broken files through all of these, by format.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{path}: image: cannot be read ({error}). Fetch the file again or leave "
            "it out with `cocofacet build --images`."
        ) from None


def _missing(path: Path) -> InputError:
    return InputError(
        f"{path}: image: not there. Point --images at the folder that holds the "
        "benchmark's images, or rebuild with `cocofacet build --images`."
    )


def _image_hash(path: Path) -> str:
    try:
        return sha256_of(path)
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise InputError(
            f"{path}: image: cannot be read ({error}). Check its permissions."
        ) from None


def _embed(
    retriever: Retriever, paths: list[Path], prompts: list[str | None], batch: int
) -> np.ndarray:
    parts = []
    for start in range(0, len(paths), batch):
        images = [open_image(path) for path in paths[start : start + batch]]
        parts.append(retriever.embed_images(images, prompts))
    return np.concatenate(parts, axis=1)  # (P, N, D)


def _short_hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _chunk_file(
    store_dir: Path, retriever: Retriever, prompt: str | None, names: list[str]
) -> Path:
    key = _short_hash([retriever.fingerprint, prompt])
    folder = f"{retriever.name}-{key}"
    return store_dir / folder / f"{_short_hash(names)}.safetensors"


def _header(
    retriever: Retriever, prompt: str | None, names: list[str], hashes: list[str]
) -> dict[str, str]:
    fields = {
        "fingerprint": retriever.fingerprint,
        "prompt": prompt,
        "names": names,
        "image_sha256": hashes,
    }
    return {name: json.dumps(value, sort_keys=True) for name, value in fields.items()}


def _digest(vectors: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()


def _write(file: Path, header: dict[str, str], vectors: np.ndarray) -> None:
    vectors = np.ascontiguousarray(vectors)
    header = {**header, "embeddings_sha256": _digest(vectors)}
    try:
        write_atomic(file, save({"embeddings": vectors}, metadata=header))
    except OSError as error:
        raise InputError(
            f"{file.parent}: store: cannot be written ({error.strerror}). Free some "
            "space or choose another folder with --store."
        ) from None


def _read(file: Path, header: dict[str, str]) -> np.ndarray | None:
    """The stored embeddings (n, D); None when absent, of other images, or damaged."""
    try:
        if not file.exists():
            return None
        with safe_open(file, framework="numpy") as stored:
            kept = dict(stored.metadata() or {})
            vectors = stored.get_tensor("embeddings")
    except (SafetensorError, OSError, ValueError) as error:
        warnings.warn(f"{file}: damaged ({error}); computing it again", stacklevel=3)
        return None
    digest = kept.pop("embeddings_sha256", None)
    if kept != header:  # another version of an image stands under the same name
        return None
    if digest != _digest(vectors):
        warnings.warn(f"{file}: damaged (sha256); computing it again", stacklevel=3)
        return None
    return vectors
