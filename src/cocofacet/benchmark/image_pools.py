"""Four other pools of images that the authors' scripts name, read or made by our rule.

How the released queries of these pools were drawn is not known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cocofacet.benchmark.build import draw
from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import SCENES
from cocofacet.benchmark.images import official_name
from cocofacet.benchmark.query import POOL, Query, read_rows
from cocofacet.io import InputError


@dataclass(frozen=True)
class ImagePool:
    """One pool of images. It takes the place of a facet, but has no list of labels.

    Attributes:
        name: short name, also the facet in ranks.
        stem: stem of the released file.
        question: the GPT-written question that the authors prompt its images with
            (paper, section on image pools); None for the control with captions.
        template: our query wording, with one {} for what an image shows.
        rows: MMEB's file below the annotations, as `cocofacet fetch pools` places it.
        sources: annotation sources of its images; empty where they are not COCO's.
    """

    name: str
    stem: str
    question: str | None
    template: str = "{}"
    rows: str = ""
    sources: tuple[str, ...] = ()

    def label_of(self, text: str) -> str:
        """What a query asks for: its whole text."""
        return text.strip()


CAPTIONS = ImagePool("captions", "Original_COCO_retrieval", None, sources=("captions",))
_PLACE = (SCENES.question, SCENES.template.replace("{}", "of {}"))
_COUNTRY = (
    "Which country is shown in this image?",
    "Find me an everyday image that is taken in the country {}.\n",
)
IMAGE_POOLS: dict[str, ImagePool] = {
    pool.name: pool
    for pool in (
        CAPTIONS,
        ImagePool("sun397", "SUN397_retrieval", *_PLACE, "mmeb/SUN397.parquet"),
        ImagePool("places365", "Place365_retrieval", *_PLACE, "mmeb/Place365.parquet"),
        ImagePool(
            "country211", "Country211_retrieval", *_COUNTRY, "mmeb/Country211.parquet"
        ),
    )
}


def released(folder: Path, name: str) -> Benchmark | None:
    """The released file of one pool, read; None where it is not there.

    Raises:
        InputError: the file or a row cannot be used.
    """
    pool = IMAGE_POOLS[name]
    # The authors' scripts spell one of the names both ways.
    for stem in (pool.stem, pool.stem.replace("retrieval", "retrival")):
        path = Path(folder) / f"{stem}.json"
        if path.is_file():
            return Benchmark(tuple(read_rows(path, pool)))
    return None


def from_captions(
    captions: Mapping[str, Sequence[str]], images: Sequence[str], seed: int
) -> Benchmark:
    """The control with captions: each image is looked for by the first of its captions.

    captions maps image -> captions in the file's order (`sources.read_captions`);
    images are those that may be used. Negatives are drawn from the images that do not
    have the very same caption.

    Raises:
        InputError: fewer than 99 images are left for a query.
    """
    shown = {image: captions[image][0] for image in images if captions.get(image)}
    labels = {image: set(captions[image]) for image in shown}
    return _build(CAPTIONS, shown, labels, seed)


def from_rows(path: Path, name: str, seed: int) -> Benchmark:
    """A pool made from MMEB's rows: each image is looked for by what it shows.

    A row holds an image (``qry_img_path``) and a list of class names of which the
    first is right (``tgt_text``). Negatives are drawn from images of other classes; an
    image of two rows has both, and is looked for by the first.

    Raises:
        InputError: the file is not there or has no such rows, or fewer than 99 images
            are left for a query.
    """
    labels: dict[str, set[str]] = {}
    shown: dict[str, str] = {}
    for row in rows_of(path).itertuples():
        image, label = row.qry_img_path, row.tgt_text[0]
        labels.setdefault(image, set()).add(label)
        shown.setdefault(image, label)
    return _build(IMAGE_POOLS[name], shown, labels, seed)


def rows_of(path: Path, *texts: str, least: int = 1) -> pd.DataFrame:
    """MMEB's rows of a pool: ``qry_img_path`` as an `official_name`, ``tgt_text``, a
    list of ``least`` class names or more, and further columns of texts.

    Raises:
        InputError: the file cannot be read, or a row holds something else.
    """
    again = f"Run `cocofacet fetch pools --out {path.parent.parent}`."
    try:
        rows = pd.read_parquet(path, columns=[*texts, "qry_img_path", "tgt_text"])
    except (OSError, ValueError, TypeError, LookupError, ImportError) as error:
        raise InputError(f"{path}: rows: cannot be read ({error}). {again}") from None
    for number, row in enumerate(rows.itertuples()):
        try:
            for column in (*texts, "qry_img_path"):
                if not isinstance(getattr(row, column), str):
                    raise ValueError(f"{column} is no text")
            official_name(row.qry_img_path)
            # A text would be taken for the list of its letters.
            names = [] if isinstance(row.tgt_text, str | bytes) else list(row.tgt_text)
            if len(names) < least or not all(n and isinstance(n, str) for n in names):
                raise ValueError(f"tgt_text is no list of {least} texts or more")
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}: row {number}: {error}. {again}") from None
    return rows.assign(qry_img_path=rows.qry_img_path.map(official_name))


def _build(
    pool: ImagePool, shown: Mapping[str, str], labels: Mapping[str, set[str]], seed: int
) -> Benchmark:
    """One query for each image, with negatives from the images without its label.

    shown maps image -> the label it is looked for by; labels: image -> all its labels.
    """
    queries = []
    for number, (image, label) in enumerate(sorted(shown.items())):
        others = sorted(name for name in shown if label not in labels[name])
        if len(others) < POOL - 1:
            raise InputError(
                f"{pool.name}: {len(others)} images are left as negatives, "
                f"{POOL - 1} are needed. Use more images."
            )
        drawn = draw(others, POOL - 1, (seed, pool.stem, image))
        text = pool.template.format(label)
        queries.append(
            Query(
                f"{pool.stem}:{number}",
                pool.name,
                pool.label_of(text),
                text,
                candidates=(image, *drawn),
            )
        )
    return Benchmark(tuple(queries))
