"""Embeddings on disk, so that no image is embedded twice.

    STORE/<retriever>-<key>/<chunk>.safetensors

key stands for the retriever's fingerprint and one prompt, chunk for the names of up to
``chunk`` images in the order given. A file that exists and checks is done; anything
else is computed (again). There is no index and no lock: files appear whole under their
name, and two processes that write the same file write the same thing. What a file
holds, and how a killed run's work is taken up, is in `chunks`.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cocofacet.benchmark.images import find
from cocofacet.embeddings import chunks
from cocofacet.embeddings.chunks import Chunk
from cocofacet.io import InputError, sha256_of
from cocofacet.retrievers.base import Retriever


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
        rows = slice(chunk.start, chunk.start + len(chunk.names))
        for number, prompt in enumerate(self.prompts):
            if found.get(prompt) is not None:
                self.embeddings[number, rows] = found[prompt]


def embed_gallery(
    retriever: Retriever,
    images_root: Path,
    names: Sequence[str],
    prompts: Sequence[str | None],
    store_dir: Path,
    chunk: int = 256,
    batch: int | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Embed images under prompts -> (P, N, D) float32, from the store where possible.

    names are official paths, looked for under images_root as `pictures.find` does;
    prompts as in `Retriever.embed_images`; batch and workers as in
    `loader.embed_files`. Raises InputError for an image that is missing or unreadable
    and for a store that cannot be written.
    """
    gallery = look(retriever, images_root, names, prompts, store_dir, chunk)
    fill(retriever, gallery, batch, workers)
    return gallery.embeddings


def look(
    retriever: Retriever,
    images_root: Path,
    names: Sequence[str],
    prompts: Sequence[str | None],
    store_dir: Path,
    chunk: int = 256,
) -> Gallery:
    """Read what the store holds of a gallery; arguments as in `embed_gallery`."""
    names, prompts = tuple(names), tuple(prompts)
    paths = tuple(_path(Path(images_root), name) for name in names)
    with ThreadPoolExecutor() as pool:
        sha256 = tuple(pool.map(_image_hash, paths))
    folders = {
        prompt: Path(store_dir)
        / f"{retriever.name}-{chunks.short_hash([retriever.fingerprint, prompt])}"
        for prompt in prompts
    }
    shape = (len(prompts), len(names), retriever.dim)
    gallery = Gallery(prompts, np.empty(shape, np.float32), [], tuple(folders.values()))
    for start in range(0, len(names), chunk):
        part = slice(start, start + chunk)
        shared = f"{chunks.short_hash(names[part])}.safetensors"
        files = {prompt: folder / shared for prompt, folder in folders.items()}
        whole = Chunk(
            start, names[part], paths[part], sha256[part], retriever.fingerprint, files
        )
        kept = {
            prompt: chunks.read(file, whole.header(prompt))
            for prompt, file in files.items()
        }
        lacks = {prompt: files[prompt] for prompt in files if kept[prompt] is None}
        if lacks:
            lacking = replace(whole, files=lacks)
            ready = chunks.finish(lacking)
            if ready is None:
                gallery.missing.append(lacking)
            else:
                kept |= ready
        gallery.put(whole, kept)
    return gallery


def fill(
    retriever: Retriever,
    gallery: Gallery,
    batch: int | None = None,
    workers: int | None = None,
) -> None:
    """Embed what the gallery lacks, into the store and into its embeddings."""
    lacking = sum(len(chunk.names) for chunk in gallery.missing)
    total = gallery.embeddings.shape[1]
    # disable=None: a bar on a terminal, silence in a log.
    with tqdm(
        desc=retriever.name,
        unit="image",
        total=total,
        initial=total - lacking,
        disable=None,
    ) as bar:
        for chunk, found in embed_chunks(retriever, gallery.missing, batch, workers):
            gallery.put(chunk, found)
            bar.update(len(chunk.names))
    gallery.missing = []
    for folder in gallery.folders:
        chunks.sweep(folder)


def embed_chunks(
    retriever: Retriever,
    missing: Sequence[Chunk],
    batch: int | None = None,
    workers: int | None = None,
) -> Iterator[tuple[Chunk, dict[str | None, np.ndarray]]]:
    """Embed chunks and write their files; yields each with its embeddings by prompt."""
    from cocofacet.embeddings.loader import Work, embed_files

    works = [Work(chunk.paths, tuple(chunk.files)) for chunk in missing]
    embedded = embed_files(retriever, works, batch, workers)
    for chunk, vectors in zip(missing, embedded, strict=True):
        found = dict(zip(chunk.files, vectors, strict=True))
        chunks.write(chunk, found)
        yield chunk, found


def embed_queries(retriever: Retriever, texts: Sequence[str]) -> np.ndarray:
    """Texts -> (Q, D) float32; equal texts are embedded once and get equal rows.

    COCO-Facet asks 9,112 queries with 263 distinct texts. Not stored: texts are cheap.
    """
    distinct = list(dict.fromkeys(texts))
    row = {text: index for index, text in enumerate(distinct)}
    return retriever.embed_texts(distinct)[[row[text] for text in texts]]


def _path(images_root: Path, name: str) -> Path:
    path = find(images_root, name)
    if path is None:
        raise InputError(
            f"{images_root / name}: image: not there. Point --images at the folder "
            "that holds the benchmark's images, or rebuild with `cocofacet build "
            "--images`."
        )
    return path


def _image_hash(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise InputError(
            f"{path}: image: cannot be read ({error}). Check its permissions."
        ) from None
