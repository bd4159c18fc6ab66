"""Companions of the benchmark: other queries and other image pools in the same format.

The authors' scripts name four: a control that asks for whole captions, and three image
pools of MMEB (SUN397, Places365, Country211). Their files have the benchmark's rows;
how their queries were drawn is not known here. So each can also be made by a rule of
ours, the control from captions and the pools from MMEB's rows, which say of each
picture what it shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cocofacet.benchmark.build import draw
from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import SCENES
from cocofacet.benchmark.query import POOL, Query, read_rows
from cocofacet.io import InputError


@dataclass(frozen=True)
class Companion:
    """One companion. It stands where a facet stands, but has no list of labels.

    Attributes:
        name: short name, also the facet in ranks.
        stem: stem of the released file.
        question: the GPT-written question that the authors prompt its images with
            (paper, section on image pools); None for the plain control.
        template: our query wording, with one {} for what a picture shows.
        rows: MMEB's file below the annotations, as `cocofacet fetch pools` places it.
    """

    name: str
    stem: str
    question: str | None
    template: str = "{}"
    rows: str = ""

    def label_of(self, text: str) -> str:
        """What a query asks for: its whole text."""
        return text.strip()


_SCENE = {
    "question": SCENES.question,
    "template": SCENES.template.replace("{}", "of {}"),
}
_COUNTRY = {
    "question": "Which country is shown in this image?",
    "template": "Find me an everyday image that is taken in the country {}.\n",
}
COMPANIONS: dict[str, Companion] = {
    companion.name: companion
    for companion in (
        Companion("captions", "Original_COCO_retrieval", None),
        Companion("sun397", "SUN397_retrieval", **_SCENE, rows="mmeb/SUN397.parquet"),
        Companion(
            "places365", "Place365_retrieval", **_SCENE, rows="mmeb/Place365.parquet"
        ),
        Companion(
            "country211",
            "Country211_retrieval",
            **_COUNTRY,
            rows="mmeb/Country211.parquet",
        ),
    )
}


def released(folder: Path, name: str) -> Benchmark | None:
    """One companion's released file, read; None where it is not there.

    Raises:
        InputError: it or a row cannot be used.
    """
    companion = COMPANIONS[name]
    # The authors' scripts spell one of the names both ways.
    for stem in (companion.stem, companion.stem.replace("retrieval", "retrival")):
        path = Path(folder) / f"{stem}.json"
        if path.is_file():
            return Benchmark(tuple(read_rows(path, companion)))
    return None


def from_captions(
    captions: Mapping[str, Sequence[str]], images: Sequence[str], seed: int
) -> Benchmark:
    """The caption control: each image is looked for by the first of its captions.

    captions maps image -> captions in the file's order (`sources.read_captions`);
    images are those that may be used. Negatives are drawn from the images that do not
    have the very same caption. Raises ``InputError`` where fewer than 99 are left.
    """
    shown = {image: captions[image][0] for image in images if captions.get(image)}
    carried = {image: set(captions[image]) for image in shown}
    return _drawn(COMPANIONS["captions"], shown, carried, seed)


def from_rows(path: Path, name: str, seed: int) -> Benchmark:
    """A pool made from MMEB's rows: each picture is looked for by what it shows.

    A row holds a picture (``qry_img_path``) and a list of class names of which the
    first is right (``tgt_text``). Negatives are drawn from pictures of other classes.

    Raises:
        InputError: the file is not there or has no such rows.
    """
    try:
        rows = pd.read_parquet(path, columns=["qry_img_path", "tgt_text"])
        shown = {row.qry_img_path: str(row.tgt_text[0]) for row in rows.itertuples()}
    except (OSError, ValueError, KeyError, IndexError, ImportError) as error:
        raise InputError(
            f"{path}: rows: cannot be read ({error}). Fetch them with `cocofacet fetch "
            "pools`; reading them needs the package pyarrow."
        ) from None
    return _drawn(
        COMPANIONS[name],
        shown,
        {image: {label} for image, label in shown.items()},
        seed,
    )


def _drawn(
    companion: Companion,
    shown: Mapping[str, str],
    carried: Mapping[str, set[str]],
    seed: int,
) -> Benchmark:
    """A query for each image and what it shows, with 99 images that do not carry it."""
    queries = []
    for number, (image, label) in enumerate(sorted(shown.items())):
        others = sorted(name for name in shown if label not in carried[name])
        if len(others) < POOL - 1:
            raise InputError(
                f"{companion.name}: {len(others)} images are left as negatives, "
                f"{POOL - 1} are needed. Use more images."
            )
        drawn = draw(others, POOL - 1, (seed, companion.stem, image))
        text = companion.template.format(label)
        queries.append(
            Query(
                f"{companion.stem}:{number}",
                companion.name,
                companion.label_of(text),
                text,
                (image, *drawn),
            )
        )
    return Benchmark(tuple(queries))
