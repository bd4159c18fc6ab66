"""The labels that each image carries, kept beside the benchmark in ``labels.json``.

A pool of 100 is one draw. Whoever asks how another draw would have gone, or searches
the whole gallery, has to know of every image what the annotations say of it.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import leaves_the_folder
from cocofacet.io import InputError, read_json

LABELS = "labels.json"

# facet -> image -> the labels that any annotation gives it, sorted.
Carried = Mapping[str, Mapping[str, tuple[str, ...]]]


def read_labels(path: Path, present: Collection[str]) -> Carried:
    """Read ``labels.json``, for the facets that are present.

    A facet's file may have been taken away; its labels then say nothing of the gallery.

    Raises:
        InputError: the file is no such table; facet, image and remedy are named.
    """

    def fail(where: str, what: str) -> InputError:
        remedy = "Rebuild the folder with `cocofacet build`."
        return InputError(f"{path}: {where}: {what}. {remedy}")

    content = read_json(path, dict)
    for facet, images in content.items():
        if facet not in FACETS:
            raise fail(facet, "is no facet")
        if not isinstance(images, dict):
            raise fail(facet, "does not map images to labels")
        known = FACETS[facet].labels
        for image, labels in images.items():
            if leaves_the_folder(image):
                raise fail(facet, f"{image!r} leaves the images folder")
            if not isinstance(labels, list) or any(
                not isinstance(label, str) or (known and label not in known)
                for label in labels
            ):
                raise fail(f"{facet}: {image}", "holds something that is not a label")
    return {
        facet: {image: tuple(labels) for image, labels in images.items()}
        for facet, images in content.items()
        if facet in present
    }
