"""The official archives under their official names, with rendered pictures in them.

    catalogue = offer(hub, folder)      # for COCOFACET_CATALOG

What facetworld draws and annotates is packed as the authors packed theirs: COCO's and
Visual7W's zips, VisDial's, the released queries, MMEB's image pools as parquet. What
differs from the official catalogue is addresses, sizes and sha256.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cocofacet.benchmark.build import build
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.image_pools import (
    CAPTIONS,
    IMAGE_POOLS,
    from_captions,
    from_rows,
)
from cocofacet.benchmark.query import text_of
from cocofacet.benchmark.sources import locate, read_captions
from cocofacet.fetch.catalog import ORIGINS, File
from cocofacet.io import sha256_of, write_json
from facetworld.write import write_world
from rehearsal.hub import Hub

FRACTION = 0.5  # of the rendered world: the fewest pictures that give 99 negatives
RELEASED_SEED = 7  # of the "released" queries: not one that a run builds with
ANCHORS = 120  # pictures of COCO that no query meets
POOL_PICTURES = 140
#: What `pack` writes the archives of; the others are the released queries and pools.
PACKED = ("coco-val2017", "annotations", "visual7w", "visdial")
COUNTRIES = ("Chile", "Ghana", "Japan", "Norway", "Peru")
#: MMEB's pool -> what a picture of it is looked for by, given its truth and number.
POOLS = {
    "SUN397": lambda truth, number: truth["place"],
    "Place365": lambda truth, number: f"{truth['place']}, {truth['time'] or 'inside'}",
    "Country211": lambda truth, number: COUNTRIES[number % len(COUNTRIES)],
}
_EPOCH = (2017, 9, 1, 0, 0, 0)  # in archives: equal content gives equal bytes


def write(folder: Path, fraction: float = FRACTION) -> dict[str, Path]:
    """Write all files of the catalogue -> name -> where it lies."""
    archives = folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    world, other = folder / "world", folder / "other-world"
    write_world(world, fraction=fraction)
    write_world(other, style="ink", fraction=fraction / 2, seed=1)
    pack(world, archives)
    for name, members in _of_pools(other, archives).items():
        _zip(archives / name, members)
    _released(world, archives)
    names = [file.name for origin in ORIGINS.values() for file in origin.files]
    return {name: archives / name for name in names}


def pack(world: Path, archives: Path) -> None:
    """Write the archives of COCO, Visual7W and VisDial."""
    for name, members in _of_coco(world).items():
        _zip(archives / name, members)


def _of_coco(world: Path) -> dict[str, dict[str, Path | bytes]]:
    """Archive -> member -> the file it is, or its content."""
    images, notes = world / "images", world / "annotations"
    coco = {f"val2017/{p.name}": p for p in images.glob("val2017/*.jpg")}
    # Pictures of COCO that no annotation names: they may be held out as anchors.
    held_out = sorted(images.glob("anchors/*.jpg"))[:ANCHORS]
    for number, path in enumerate(held_out):
        coco[f"val2017/{900_000 + number:012d}.jpg"] = path
    labels = {f"annotations/{kind}_val2017.json" for kind in ("instances", "captions")}
    telling = world / "visual7w/dataset.json"
    dialogs = world / "visdial/visdial_1.0_val.json"
    return {
        "val2017.zip": coco,
        "annotations_trainval2017.zip": {
            **{member: world / member for member in labels},
            "annotations/instances_train2017.json": b"{}",  # official, and not wanted
        },
        "stuff_annotations_trainval2017.zip": {
            "annotations/stuff_val2017.json": notes / "stuff_val2017.json",
            "annotations/stuff_val2017_pixelmaps.zip": b"",
        },
        "dataset_v7w_telling.zip": {"dataset_v7w_telling.json": telling},
        "visual7w_images.zip": {
            f"images/{path.name}": path for path in images.glob("v7w_*.jpg")
        },
        "visdial_1.0_val.zip": {"visdial_1.0_val.json": dialogs},
        "VisualDialog_val2018.zip": {
            f"VisualDialog_val2018/{path.name}": path
            for path in images.glob("VisualDialog_val2018_*.jpg")
        },
    }


def _of_pools(world: Path, archives: Path) -> dict[str, dict[str, Path]]:
    """MMEB's pools from another world: their zips' members; the rows are written."""
    truth = json.loads((world / "truth.json").read_text())
    truth |= json.loads((world / "anchors.json").read_text())
    pictures = sorted(truth)
    found = {}
    for pool, label in POOLS.items():
        chosen = [pictures.pop() for _ in range(POOL_PICTURES)]
        names = [f"{pool}/{number:06d}.jpg" for number in range(len(chosen))]
        labels = [label(truth[name], i) for i, name in enumerate(chosen)]
        others = sorted(set(labels))
        rows = pd.DataFrame(
            {
                "qry_text": "<|image_1|>\nIdentify what is shown in the image.",
                "qry_img_path": names,
                "tgt_text": [[own, *(o for o in others if o != own)] for own in labels],
            }
        )
        rows.to_parquet(archives / f"{pool}.parquet", index=False)
        found[f"{pool}.zip"] = {
            name: world / "images" / picture
            for name, picture in zip(names, chosen, strict=True)
        }
    return found


def _released(world: Path, archives: Path) -> None:
    """The "released" queries: another draw of negatives than a run would make."""
    files, seed = locate(world), RELEASED_SEED
    benchmark = build(files, seed=seed, images=world / "images")
    captions = read_captions(files["captions"])
    drawn = {
        CAPTIONS.stem: from_captions(captions, list(captions)[:POOL_PICTURES], seed),
        **{facet.stem: benchmark.of(name) for name, facet in FACETS.items()},
        **{
            pool.stem: from_rows(archives / Path(pool.rows).name, name, seed)
            for name, pool in IMAGE_POOLS.items()
            if pool.rows
        },
    }
    for stem, found in drawn.items():
        queries = getattr(found, "queries", found)
        (archives / f"{stem}.json").write_text(text_of(queries))


def _zip(path: Path, members: Mapping[str, Path | bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:  # JPEG does not shrink
        for member, source in sorted(members.items()):
            content = source if isinstance(source, bytes) else source.read_bytes()
            archive.writestr(zipfile.ZipInfo(member, _EPOCH), content)


def offer(hub: Hub, folder: Path, fraction: float = FRACTION) -> Path:
    """Write and offer all files -> the catalogue, for COCOFACET_CATALOG."""
    held = write(folder, fraction)
    catalogue = {
        file.name: _stated(hub, file, held[file.name])
        for origin in ORIGINS.values()
        for file in origin.files
    }
    path = folder / "catalogue.json"
    write_json(path, catalogue)
    return path


def _stated(hub: Hub, file: File, path: Path) -> dict[str, object]:
    return {
        "urls": [hub.hold(f"data/{file.name}", path)],
        "size": path.stat().st_size,
        "unpacked": path.stat().st_size if path.suffix == ".zip" else None,
        "sha256": sha256_of(path),
    }
