"""`cocofacet check-load`: is a checkpoint loaded rightly? One public task of MMEB."""

from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet import paper
from cocofacet.benchmark.image_pools import rows_of
from cocofacet.benchmark.images import find
from cocofacet.embeddings import store
from cocofacet.evaluation.ranking import rank_of_positive
from cocofacet.io import InputError
from cocofacet.retrievers.load import load
from cocofacet.retrievers.zoo import ROWS
from cocofacet.retrievers.zoo.row import ASKED

DIFFERS = (
    "What differs from MMEB's own run: a tie counts against the right class, the "
    "question stands after the image as in this row's template, and the size of "
    "pictures is this row's."
)


def check(
    name: str, task: str, data: Path, folder: Path, limit: int | None, **how: object
) -> str:
    """hit@1 of one row of the zoo on one task, beside the published one.

    An image and the task's instruction ask for the right one of the row's own class
    names. data: as `cocofacet fetch pools` fills it; folder: the store; limit: take
    the first rows only; how: device, precision, checkpoint.
    """
    if task not in paper.MMEB:
        raise InputError(f"--task: {task!r} is none of {', '.join(paper.MMEB)}.")
    if name in ROWS and not ROWS[name].prompted:
        raise InputError(f"{name}: is a dual encoder; the task asks with a question.")
    rows = _rows(data, task)[:limit]
    options = {}
    if name in ROWS:
        options["prompted"] = ROWS[name].prompted.replace(ASKED, "{question}")
    retriever = load(name, **how, **options)
    found = hits(rows, retriever, data / "images", folder)
    ours, published = 100 * found.mean(), paper.MMEB[task].get(name)
    beside = "published: not known here"
    if published is not None:
        points = ours - published.value
        beside = f"published {published}, difference {points:+.1f} points"
    return f"{name}, {task}: hit@1 {ours:.1f}, {beside}, n = {len(found):,}\n{DIFFERS}"


def hits(rows: pd.DataFrame, retriever, images: Path, folder: Path) -> np.ndarray:
    """(rows,) bool: whether the right class, the first of ``tgt_text``, scores above
    all others of the row."""
    asked = [text.replace("<|image_1|>", "").strip() for text in rows.qry_text]
    names = sorted({text for texts in rows.tgt_text for text in texts})
    place = {text: number for number, text in enumerate(names)}
    classes = store.embed_texts(retriever, names, folder)
    found = np.zeros(len(rows), bool)
    for question in dict.fromkeys(asked):
        chosen = [n for n, text in enumerate(asked) if text == question]
        paths = [rows.qry_img_path.iloc[n] for n in chosen]
        (vectors,) = store.embed_gallery(retriever, images, paths, [question], folder)
        for n, vector in zip(chosen, vectors, strict=True):
            own = classes[[place[text] for text in rows.tgt_text.iloc[n]]]
            scores = np.einsum("cd,d->c", own.astype(float), vector.astype(float))
            found[n] = rank_of_positive(scores[None])[0] == 1
    return found


def _rows(data: Path, task: str) -> pd.DataFrame:
    """Columns qry_text, qry_img_path, tgt_text of a task whose pictures are there."""
    # With one class there is nothing to choose from.
    rows = rows_of(data / f"mmeb/{task}.parquet", "qry_text", least=2)
    absent = [name for name in rows.qry_img_path if not find(data / "images", name)]
    if absent:
        raise InputError(
            f"{data / 'images'}: {len(absent):,} pictures are not there, such as "
            f"{absent[0]}. Run `cocofacet fetch pools --out {data}`."
        )
    return rows
