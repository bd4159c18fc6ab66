"""Embeddings on disk, so that no image and no set of texts is embedded twice.

    STORE/<retriever>-<key>/<chunk>.safetensors         n images under one prompt
    STORE/<retriever>-texts-<key>/<texts>.safetensors   T distinct texts

A file that exists and checks is done. There is no index and no lock: files appear
whole, and two processes that write one file write the same thing.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from tqdm import tqdm

from cocofacet import json_pieces
from cocofacet.benchmark.images import find
from cocofacet.io import InputError, sha256_of, write_atomic
from cocofacet.parameters import HOW, PATH, RETRIEVER, takes, whole
from cocofacet.program import ran_out
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.memory import too_little

_HEADER = "cocofacet"


@dataclass(frozen=True)
class Chunk:
    """n images whose embeddings share a file, from place ``start`` of the gallery on.

    sha256: of each image; fingerprint: of the retriever; files: one for each prompt.
    """

    start: int
    names: tuple[str, ...]
    paths: tuple[Path, ...]
    sha256: tuple[str, ...]
    fingerprint: dict[str, str | int | float]
    files: dict[str | None, Path]

    def header(self, prompt: str | None) -> dict[str, object]:
        return {
            "fingerprint": self.fingerprint,
            "prompt": prompt,
            "names": list(self.names),
            "image_sha256": list(self.sha256),
        }


@dataclass
class Gallery:
    """N images under P prompts: what the store holds of them, and what it lacks.

    embeddings (P, N, D) float32, whose rows mean nothing yet where a chunk is missing.
    """

    prompts: tuple[str | None, ...]
    embeddings: np.ndarray
    missing: list[Chunk]
    folders: tuple[Path, ...]

    def put(self, chunk: Chunk, found: dict[str | None, np.ndarray | None]) -> None:
        """Enter the embeddings (n, D) of a chunk by prompt, where there are any."""
        images = slice(chunk.start, chunk.start + len(chunk.names))
        for number, prompt in enumerate(self.prompts):
            if found.get(prompt) is not None:
                self.embeddings[number, images] = found[prompt]


@takes(
    retriever=RETRIEVER,
    images_root=PATH,
    store_dir=PATH,
    chunk=whole(1),
    **HOW,
)
def embed_gallery(
    retriever: Retriever,
    images_root: Path,
    names: Sequence[str],
    prompts: Sequence[str | None],
    store_dir: Path,
    chunk: int = 256,
    **how: int | None,
) -> np.ndarray:
    """Embed images under prompts -> (P, N, D) float32, from the store where possible.

    names are official paths, looked for under images_root as `images.find` does;
    prompts as in `Retriever.embed_images`; chunk: how many images share a file; how:
    batch and workers, as in `loader.embed_files`. Raises InputError for an image that
    is missing or unreadable and for a store that cannot be written.
    """
    gallery = look(retriever, images_root, names, prompts, store_dir, chunk)
    fill(retriever, gallery, **how)
    return gallery.embeddings


def embed_texts(
    retriever: Retriever, texts: Sequence[str], store_dir: Path | None = None
) -> np.ndarray:
    """Texts -> (Q, D) float32; equal texts are embedded once and get equal rows.

    COCO-Facet asks 9,112 queries with 263 distinct texts. store_dir: where their
    embeddings are kept, or None. Raises InputError for a store that cannot be written
    and for a lack of memory.
    """
    # A vector's last bit can depend on its batch. So the distinct texts are sorted, and
    # they are embedded, stored and read back as a whole: never some of them.
    _check_lists(texts=texts)
    distinct = sorted(set(texts))
    if store_dir is None or not distinct:
        vectors = _texts_embedded(retriever, distinct)
    else:
        shaping = getattr(retriever, "text_fingerprint", retriever.fingerprint)
        folder = f"{retriever.name}-texts-{_short_hash(shaping)}"
        file = Path(store_dir) / folder / f"{_short_hash(distinct)}.safetensors"
        header = {"fingerprint": shaping, "texts": distinct}
        vectors = _read(file, header)
        if vectors is None:
            vectors = _texts_embedded(retriever, distinct)
            with writing(file):
                write_atomic(file, _contents(header, vectors))
    place = {text: number for number, text in enumerate(distinct)}
    return vectors[[place[text] for text in texts]]


def _texts_embedded(retriever: Retriever, texts: list[str]) -> np.ndarray:
    """(T, D); a lack of memory is one line."""
    try:
        return retriever.embed_texts(texts)
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        doing = "embedding texts"
        lacking = too_little(retriever.row, retriever.device, doing)
        raise lacking from error.with_traceback(None)


def look(
    retriever: Retriever,
    images_root: Path,
    names: Sequence[str],
    prompts: Sequence[str | None],
    store_dir: Path,
    chunk: int = 256,
) -> Gallery:
    """Read what the store holds of a gallery; arguments as in `embed_gallery`."""
    _check_lists(names=names, prompts=prompts)
    names, prompts = tuple(names), tuple(prompts)
    paths = tuple(_path(Path(images_root), name) for name in names)
    with ThreadPoolExecutor() as pool:
        sha256 = tuple(pool.map(_image_hash, paths))
    store, name, shaping = Path(store_dir), retriever.name, retriever.fingerprint
    folders = {p: store / f"{name}-{_short_hash([shaping, p])}" for p in prompts}
    shape = (len(prompts), len(names), retriever.dim)
    gallery = Gallery(prompts, np.empty(shape, np.float32), [], tuple(folders.values()))
    for start in range(0, len(names), chunk):
        part = slice(start, start + chunk)
        file_name = f"{_short_hash(names[part])}.safetensors"
        files = {prompt: folder / file_name for prompt, folder in folders.items()}
        whole = Chunk(start, names[part], paths[part], sha256[part], shaping, files)
        kept = {prompt: _read(files[prompt], whole.header(prompt)) for prompt in files}
        lacks = {prompt: files[prompt] for prompt in files if kept[prompt] is None}
        if lacks:
            lacking = replace(whole, files=lacks)
            ready = _finish(lacking)
            if not ready:
                gallery.missing.append(lacking)
            kept |= ready
        gallery.put(whole, kept)
    return gallery


def fill(retriever: Retriever, gallery: Gallery, **how: int | None) -> None:
    """Embed what the gallery lacks, into the store and into its embeddings.

    how: batch and workers, as in `loader.embed_files`.
    """
    lacking = sum(len(chunk.names) for chunk in gallery.missing)
    total = gallery.embeddings.shape[1]
    # disable=None: a bar on a terminal, silence in a log.
    counts = {"total": total, "initial": total - lacking}
    with tqdm(desc=retriever.name, unit="image", disable=None, **counts) as bar:
        for chunk, found in embed_chunks(retriever, gallery.missing, **how):
            gallery.put(chunk, found)
            bar.update(len(chunk.names))
    gallery.missing = []
    for folder in gallery.folders:
        _sweep(folder)


def embed_chunks(
    retriever: Retriever, missing: Sequence[Chunk], **how: int | None
) -> Iterator[tuple[Chunk, dict[str | None, np.ndarray]]]:
    """Embed chunks and write their files; yields each with its embeddings by prompt."""
    if not missing:
        return
    from cocofacet.embeddings.loader import Work, embed_files  # it loads torch

    works = [Work(chunk.paths, tuple(chunk.files)) for chunk in missing]
    embedded = embed_files(retriever, works, **how)
    for chunk, vectors in zip(missing, embedded, strict=True):
        found = dict(zip(chunk.files, vectors, strict=True))
        _write(chunk, found)
        yield chunk, found


def _check_lists(**given: Sequence[str | None]) -> None:
    """InputError for what is no text, and for a single one, which would be taken for a
    list of its letters."""
    for what, texts in given.items():
        if isinstance(texts, str):
            raise InputError(f"{what}: {texts[:60]!r} is one text. Give a list.")
        for text in texts:
            if not isinstance(text, str | None):
                raise InputError(f"{what}: {text!r} is no text.")


def _path(images_root: Path, name: str) -> Path:
    path = find(images_root, name)
    if path is None:
        raise InputError(
            f"{images_root / name}: image: not there. Point --images at the folder of "
            "the benchmark's images, or rebuild with `cocofacet build --images`."
        )
    return path


def _image_hash(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise InputError(
            f"{path}: image: cannot be read ({error}). Check its permissions."
        ) from None


def _short_hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# All prompts that a chunk lacks are computed together, and a vector's last bit can
# depend on what it was computed with. So their files are first written under a name of
# their own, ``.<chunk>.safetensors.ready``, and renamed once all of them are there. A
# run that follows a killed one finds them all, and renames the rest, or it computes
# them all again: either way the store ends up the same, byte for byte.


def _ready(file: Path) -> Path:
    return file.with_name(f".{file.name}.ready")


def _write(chunk: Chunk, found: dict[str | None, np.ndarray]) -> None:
    for prompt, file in chunk.files.items():
        with writing(file):
            contents = _contents(chunk.header(prompt), found[prompt])
            write_atomic(_ready(file), contents)
    _rename(chunk)


def _finish(chunk: Chunk) -> dict[str | None, np.ndarray]:
    """Take up the embeddings (n, D) by prompt that a killed run had ready, or none if
    it hadn't all that the chunk lacks."""
    found = {}
    for prompt, file in chunk.files.items():
        found[prompt] = _read(_ready(file), chunk.header(prompt))
        if found[prompt] is None:
            return {}
    _rename(chunk)
    return found


def _rename(chunk: Chunk) -> None:
    for file in chunk.files.values():
        with writing(file):
            os.replace(_ready(file), file)


def _sweep(folder: Path) -> None:
    """Remove what killed runs left of files that are there by now."""
    for leftover in folder.glob(".*.safetensors.*"):
        chunk = leftover.name.lstrip(".").partition(".")[0]
        if (folder / f"{chunk}.safetensors").exists():
            with suppress(OSError):  # nobody's reading depends on it
                leftover.unlink(missing_ok=True)


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """InputError for a store that cannot be written."""
    try:
        yield
    except (OSError, InputError) as error:
        cause = error.__cause__ or error
        if not isinstance(cause, OSError):
            raise
        # Another process may have written the same file, and renamed what was ready.
        if isinstance(cause, FileNotFoundError) and file.exists():
            return
        raise InputError(
            f"{file.parent}: store: cannot be written ({cause.strerror}). Free some "
            "space or choose another folder with --store."
        ) from None


def _contents(header: dict[str, object], vectors: np.ndarray) -> bytes:
    """A safetensors file of embeddings (n, D), its header saying what they are."""
    # One JSON text: safetensors leaves the order of several to chance, and equal files
    # should be equal byte for byte.
    vectors = np.ascontiguousarray(vectors)
    header = {**header, "embeddings_sha256": _digest(vectors)}
    return save({"embeddings": vectors}, {_HEADER: json.dumps(header, sort_keys=True)})


def _read(file: Path, header: dict[str, object]) -> np.ndarray | None:
    """Stored embeddings (n, D); None when absent, of something else, or damaged."""
    try:
        if not file.exists():
            return None
        with safe_open(file, framework="numpy") as stored:
            kept = json_pieces.whole((stored.metadata() or {}).get(_HEADER, "{}"))
            if not isinstance(kept, dict):
                raise ValueError(f"its {_HEADER} is no JSON object")
            vectors = stored.get_tensor("embeddings")
    except (SafetensorError, OSError, ValueError) as error:
        warnings.warn(f"{file}: damaged ({error}); computing it again", stacklevel=3)
        return None
    digest = kept.pop("embeddings_sha256", None)
    if kept != header:  # such as another version of an image under the same name
        return None
    if digest != _digest(vectors):
        warnings.warn(f"{file}: damaged (sha256); computing it again", stacklevel=3)
        return None
    return vectors


def _digest(vectors: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()
