"""Where the annotations, pictures and released queries come from, as a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.sources import OFFICIAL
from cocofacet.escape import without_password
from cocofacet.io import readable


@dataclass(frozen=True)
class File:
    """One file to download, and where its contents go.

    Attributes:
        name: what it is saved as, unique in the table.
        urls: its addresses, tried in this order.
        places: for a zip or tar, from a pattern of member paths (``*`` crosses folders)
            to a folder (ends with ``/``) or a file below the folder fetched into; a
            member keeps its path below the pattern's fixed folders. For any other
            file, from its name to its place.
        size: bytes to download, rounded where only a rounded figure is published;
            None where unknown.
        unpacked: bytes of the wanted members of an archive, or None where unknown.
        sha256: of the download, where it is published.
        serves: the annotation sources whose labels or pictures it holds.
        use: what lacks without it, where it serves no source.
        unconfirmed: what of this entry could not be confirmed; empty if all could.
    """

    name: str
    urls: tuple[str, ...]
    places: Mapping[str, str]
    size: int | None = None
    unpacked: int | None = None
    sha256: str | None = None
    serves: tuple[str, ...] = ()
    use: str = ""
    unconfirmed: str = ""

    @property
    def lost(self) -> str:
        """The facets and pools that there are not, or not wholly, without it."""
        if not self.serves:
            return self.use
        served, is_labels = set(self.serves), set(self.places.values()) & _LABELS
        names = [
            name
            for name, facet in FACETS.items()
            if served & set(facet.sources)
            and (is_labels or served.issuperset(facet.sources))
        ]
        part = [
            f"part of {name}"
            for name, facet in FACETS.items()
            if name not in names and served & set(facet.sources)
        ]
        control = ["the pool of captions"] * ("captions" in served)
        return ", ".join(names + part + control)


@dataclass(frozen=True)
class Origin:
    """What one name of ``cocofacet fetch`` stands for."""

    use: str
    terms: str
    files: tuple[File, ...]


_LABELS = set(OFFICIAL.values())
# Addresses are those that a file's authors or several of its users give; COCO's sizes
# and sha256 are from the checksums of TensorFlow Datasets, the Hub's from its pages.
_FOOT = """
Sizes and sha256 are as others publish them: fetching was tested with files of the same
structure, not yet with the real ones."""
# images.cocodataset.org has no certificate of its own; the bucket behind it has one.
_COCO = (
    "https://s3.amazonaws.com/images.cocodataset.org",
    "http://images.cocodataset.org",
)
_STANFORD = "https://{}.stanford.edu/~yukez/papers/resources"
_HUB = "https://huggingface.co/datasets"
_FACET = f"{_HUB}/lst627/COCO-Facet/resolve/7dfc28f1c103421d5b3818da326b9369a6ed8385"
_OF_COCO = ("instances", "captions", "stuff")
_MMEB = f"{_HUB}/TIGER-Lab/MMEB-eval/resolve/101d09ca7a7818904b9f8d97a3114d9b24f04368"


def _in(folders: Iterable[str], name: str, places: Mapping[str, str], **rest) -> File:
    """A file that has its own name in each of these folders of the web."""
    return File(name, tuple(f"{folder}/{name}" for folder in folders), places, **rest)


def _labels_of(*sources: str) -> str:
    """The facets that these sources give all, or part of, the labels of."""
    given = set(sources)
    whole = [name for name, facet in FACETS.items() if given.issuperset(facet.sources)]
    part = [
        f"part of {name}"
        for name, facet in FACETS.items()
        if name not in whole and given.intersection(facet.sources)
    ]
    return " and ".join(", ".join(names) for names in (whole, part) if names)


def _released(stem: str, what: str) -> File:
    """A file of the released benchmark. The Hub holds its pictures too, but under
    which names is not known: they come from their sources."""
    name = f"{stem}.json"
    return _in(
        (_FACET, f"{_FACET}/benchmark"),
        name,
        {name: f"coco-facet/{name}"},
        use=f"the released queries of {what}",
        unconfirmed="its folder on the Hub; at the top or in benchmark/ is tried",
    )


def _pool(name: str, size: int, sha256: str, rows: int, rows_sha256: str):
    """An image pool of MMEB: its pictures, and the rows that name and label them."""
    table, use = f"{name}.parquet", f"the pool {name}"
    return (
        _in(
            (f"{_MMEB}/images_zip",),
            f"{name}.zip",
            {f"{name}/*": f"images/{name}/"},
            size=size,
            sha256=sha256,
            use=use,
            unconfirmed=f"that its pictures lie in a folder {name}/ of the archive",
        ),
        File(
            table,
            (f"{_MMEB}/{name}/test-00000-of-00001.parquet",),
            {table: f"mmeb/{table}"},
            size=rows,
            sha256=rows_sha256,
            use=use,
        ),
    )


ORIGINS: dict[str, Origin] = {
    "coco-val2017": Origin(
        f"pictures of {_labels_of(*_OF_COCO)}",
        "pictures under their Flickr authors' licences and Flickr's terms of use",
        (
            _in(
                [f"{host}/zips" for host in _COCO],
                "val2017.zip",
                {"val2017/*.jpg": "images/val2017/"},
                size=815_585_330,
                unpacked=815_585_330,  # JPEG hardly shrinks in a zip
                sha256="4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05",
                serves=_OF_COCO,
            ),
        ),
    ),
    "annotations": Origin(
        f"labels of {_labels_of(*_OF_COCO)}",
        "annotations CC BY 4.0; pictures under their Flickr authors' licences",
        (
            _in(
                [f"{host}/annotations" for host in _COCO],
                "annotations_trainval2017.zip",
                {
                    "annotations/instances_val2017.json": OFFICIAL["instances"],
                    "annotations/captions_val2017.json": OFFICIAL["captions"],
                },
                size=252_907_541,
                unpacked=19_987_840 + 3_872_473,
                sha256="113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
                serves=("instances", "captions"),
            ),
            _in(
                [f"{host}/annotations" for host in _COCO],
                "stuff_annotations_trainval2017.zip",
                {"*stuff_val2017.json": OFFICIAL["stuff"]},
                size=1_100_000_000,
                serves=("stuff",),
                unconfirmed="its exact size and sha256",
            ),
        ),
    ),
    "visual7w": Origin(
        f"labels and pictures of {_labels_of('visual7w')}",
        "toolkit MIT; no licence stated for the questions; pictures are COCO's, under "
        "their Flickr authors' licences",
        (
            _in(
                [_STANFORD.format(host) for host in ("ai", "web")],
                "dataset_v7w_telling.zip",
                {"*dataset_v7w_telling.json": OFFICIAL["visual7w"]},
                size=24_000_000,
                serves=("visual7w",),
                unconfirmed="its exact size and sha256",
            ),
            _in(
                ("http://vision.stanford.edu/yukezhu",),
                "visual7w_images.zip",
                {"images/v7w_*.jpg": "images/"},
                size=1_700_000_000,
                unpacked=1_700_000_000,
                serves=("visual7w",),
                unconfirmed="its exact size and sha256",
            ),
        ),
    ),
    "visdial": Origin(
        f"labels and pictures of {_labels_of('visdial')}",
        "CC BY 4.0 as a copy on the Hub states it (the dataset's own page could not be "
        "checked); pictures under their Flickr authors' licences",
        (
            File(
                "visdial_1.0_val.zip",
                ("https://www.dropbox.com/s/ibs3a0zhw74zisc/visdial_1.0_val.zip?dl=1",),
                {"*visdial_1.0_val.json": OFFICIAL["visdial"]},
                serves=("visdial",),
                unconfirmed="its size and sha256",
            ),
            File(
                "VisualDialog_val2018.zip",
                (
                    "https://www.dropbox.com/s/twmtutniktom7tu/"
                    "VisualDialog_val2018.zip?dl=1",
                ),
                {"VisualDialog_val2018/VisualDialog_val2018_*.jpg": "images/"},
                serves=("visdial",),
                unconfirmed="its size and sha256",
            ),
        ),
    ),
    "coco-facet": Origin(
        "the released queries, to evaluate on and to compare with rebuilt ones",
        "MIT",
        (
            *(_released(facet.stem, name) for name, facet in FACETS.items()),
            *(
                _released(f"{name}_retrieval", f"the pool {name}")
                for name in ("Original_COCO", "SUN397", "Place365", "Country211")
            ),
        ),
    ),
    "pools": Origin(
        "other image pools (MMEB): pictures, and the rows that label them",
        "rows Apache-2.0 (MMEB-eval); pictures under the terms of SUN397, Places365 "
        "and Country211",
        (
            *_pool(
                "SUN397",
                163_000_000,
                "76cd0f035449c3f7a4c1295ef4b214b09affad344ef2e2eaa35b10c9080957b1",
                118_000,
                "0373bf6e1aba6f21e88a6d0fee7d24fb09feac6922a2d582bba3c164f60c84f3",
            ),
            *_pool(
                "Place365",
                13_700_000,
                "33270a0ce42043a5e6772a611a358732ec5f52f72dae0b0f26383ce7f5732185",
                89_900,
                "fa303d697f5a88989d91508de11045647cc8855bb65ade1df225ff76a94b15b5",
            ),
            *_pool(
                "Country211",
                33_300_000,
                "d02dc1892d2a07838c2bb8a141e592b83a96c9d4b1a79dc8b418e265118a8924",
                31_600,
                "4f274602ff79f57efaa0033aa6769f8428c81bd2c72ebe60b511715861f911a1",
            ),
        ),
    ),
}


def listing(origins: Mapping[str, Origin]) -> str:
    """What there is to fetch: a block a name, a line a file."""
    lines = []
    for name, origin in origins.items():
        sizes = [file.size for file in origin.files if file.size is not None]
        more = " and more" if 0 < len(sizes) < len(origin.files) else ""
        lines += [
            f"{name}  ({readable(sum(sizes) or None)}{more})",
            f"  for    {origin.use}",
            f"  terms  {origin.terms}",
        ]
        for file in origin.files:
            place = without_password(file.urls[0])
            lines.append(f"  {file.name:<36}{readable(file.size):>8}  {place}")
            if file.unconfirmed:
                lines.append(f"    unconfirmed: {file.unconfirmed}")
        lines.append("")
    return "\n".join(lines) + _FOOT
