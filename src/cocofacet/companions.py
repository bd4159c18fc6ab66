"""Companions of the benchmark: other queries and other image pools in the same format.

The authors release four: a control that asks for whole captions, and three image pools
of MMEB (SUN397, Places365, Country211). Their files have the benchmark's rows; what is
not known here is how their queries were drawn. The control can also be made from
captions, by a rule of ours, so that it exists for the rendered world as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cocofacet.benchmark import draw
from cocofacet.errors import InputError
from cocofacet.facets import FACETS
from cocofacet.official import Benchmark
from cocofacet.rows import POOL, Query, read_rows


@dataclass(frozen=True)
class Companion:
    """One companion. It stands where a facet stands, but has no list of labels.

    Attributes:
        name: short name, also the facet in ranks.
        stem: stem of the released file.
        question: the GPT-written question that the authors prompt its images with
            (paper, section on image pools); None for the plain control.
        sources: as a facet's; none for the pools of MMEB.
    """

    name: str
    stem: str
    question: str | None
    sources: tuple[str, ...] = ()

    def label_of(self, text: str) -> str:
        """What a query asks for: its whole text."""
        return text.strip()


_SCENE = FACETS["scenes"].question
_COUNTRY = "Which country is shown in this image?"
COMPANIONS: dict[str, Companion] = {
    companion.name: companion
    for companion in (
        Companion("captions", "Original_COCO_retrieval", None, ("captions",)),
        Companion("sun397", "SUN397_retrieval", _SCENE),
        Companion("places365", "Place365_retrieval", _SCENE),
        Companion(
            "country211",
            "Country211_retrieval",
            "Which country is shown in this image?",
        ),
    )
}


def load(folder: Path, name: str) -> Benchmark:
    """Read one companion's released file.

    Raises:
        InputError: it is not there, or it or a row cannot be used.
    """
    companion = COMPANIONS[name]
    # The released scripts spell one of the names both ways.
    stems = (companion.stem, companion.stem.replace("retrieval", "retrival"))
    files = [Path(folder) / f"{stem}.json" for stem in stems]
    path = next((file for file in files if file.is_file()), files[0])
    if not path.is_file():
        raise InputError(
            f"{path}: file: not there. The authors' scripts name it; whether they "
            "release it is not known here. Put it there by hand."
        )
    return Benchmark(tuple(read_rows(path, companion)))


def from_captions(
    captions: Mapping[str, Sequence[str]], images: Sequence[str], seed: int
) -> Benchmark:
    """The caption control: each image is looked for by the first of its captions.

    captions maps image -> captions in the file's order (`sources.read_captions`);
    images are those that may be used. Negatives are drawn from the images that do not
    have the very same caption. Raises ``InputError`` where fewer than 99 are left.
    """
    companion = COMPANIONS["captions"]
    first = {image: captions[image][0] for image in images if captions.get(image)}
    queries = []
    for number, (image, caption) in enumerate(sorted(first.items())):
        others = sorted(name for name in first if caption not in captions[name])
        if len(others) < POOL - 1:
            raise InputError(
                f"captions: {len(others)} images are left as negatives, {POOL - 1} are "
                "needed. Use more images."
            )
        drawn = draw(others, POOL - 1, (seed, companion.stem, image))
        queries.append(
            Query(
                f"{companion.stem}:{number}",
                companion.name,
                companion.label_of(caption),
                caption,
                (image, *drawn),
            )
        )
    return Benchmark(tuple(queries))
