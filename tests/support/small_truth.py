"""A benchmark small enough to see its false negatives, with what is true of it."""

from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import Query
from cocofacet.evaluation import truth

NAME = "v7w_{:d}.jpg".format


def scene(place="street", **rest):
    return dict.fromkeys(truth.FIELDS) | {"place": place} | rest


def beaches():
    """Three beaches annotated in three ways, a hundred kitchens, and pictures 200 to
    209 that nobody was asked about: beaches all."""
    labels = {NAME(n): ("in a kitchen",) for n in range(100, 200)}
    said = ("on a beach", "by the sea", "on a beach")
    labels |= {NAME(n): (label,) for n, label in enumerate(said)}
    label = "on a beach"
    pool = (NAME(0), *map(NAME, range(100, 199)))
    text = FACETS["scenes"].wording(label)
    query = Query("Visual7W_scene_retrieval:0", "scenes", label, text, pool)
    other = {NAME(n): () for n in range(200, 210)}
    known = {image: scene("kitchen") for image in labels}
    known |= {NAME(n): scene("beach") for n in (0, 1, 2, *range(200, 210))}
    # Some other facet keeps the unasked pictures in the gallery.
    return Benchmark((query,), {}, {"scenes": labels, "animals": other}), known
