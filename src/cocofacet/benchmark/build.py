"""Build the benchmark from annotations: 1 positive and 99 negatives for each query."""

import hashlib
import os
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from tqdm import tqdm

from cocofacet import __version__
from cocofacet.benchmark.dataset import Benchmark
from cocofacet.benchmark.facets import FACETS, Facet
from cocofacet.benchmark.images import by_hash, find
from cocofacet.benchmark.labels import Labelled
from cocofacet.benchmark.near_duplicates import repetitions
from cocofacet.benchmark.query import POOL, Query
from cocofacet.benchmark.sources import OFFICIAL, READERS
from cocofacet.io import InputError, sha256_of
from cocofacet.parameters import MAPPING, PATH, TEXT, listed, optional, takes, whole


@takes(
    files=MAPPING,
    seed=whole(0),
    images=optional(PATH),
    facets=optional(listed(TEXT, least=0)),
    most_images=optional(whole(0)),
)
def build(
    files: Mapping[str, Path],
    seed: int = 0,
    images: Path | None = None,
    facets: Sequence[str] | None = None,
    allow_missing: bool = False,
    most_images: int | None = None,
) -> Benchmark:
    """Build the benchmark from annotation files.

    Args:
        files: source name (a key of ``sources.OFFICIAL``) -> annotation file.
        seed: of the negatives; each query has its own draw.
        images: folder of the pictures; only pictures that are there are used.
        facets: names of the facets to build; all eight by default.
        allow_missing: skip facets that cannot be built instead of raising; the
            manifest says which and why.
        most_images: use at most so many pictures, chosen by the hashes of their names:
            always the same, whatever the seed.

    Raises:
        InputError: an unknown facet or source, a source that is missing or cannot be
            read, a facet without a single query.
    """
    for path in map(Path, files.values()):
        # It is read twice: once for its labels, once for its sha256.
        if os.path.exists(path) and not os.path.isfile(path):
            raise InputError(f"{path}: file: is no plain file. Save it as one.")
    chosen = _chosen(facets)
    skipped = _without_source(chosen, files, allow_missing)
    chosen = [facet for facet in chosen if facet.name not in skipped]
    if images is not None and not Path(images).is_dir():
        raise InputError(f"{images}: images: no such folder. Check the path.")
    wanted = [
        name
        for name in OFFICIAL
        if name in files and any(name in f.sources + f.helpers for f in chosen)
    ]
    remarks = {name: Counter() for name in wanted}
    sources = {name: READERS[name](Path(files[name]), remarks[name]) for name in wanted}
    usable = _usable(sources, images, most_images)
    queries: list[Query] = []
    labels: dict[str, dict[str, tuple[str, ...]]] = {}
    reports = {}
    # disable=None: a bar on a terminal, silence in a log.
    for facet in tqdm(chosen, desc="facets", disable=None, leave=False):
        labelled = facet.rule(sources)
        report = _clean(facet, labelled, images, usable)
        built = _queries(facet, labelled, seed)
        if built:
            queries += built
            labels[facet.name] = labelled.by_image()
            reports[facet.name] = _report(facet, built, labelled) | report
        elif allow_missing:
            skipped[facet.name] = _why_none(labelled, images)
        else:
            raise InputError(
                f"{', '.join(str(files[name]) for name in facet.sources)}: "
                f"{facet.name}: {_why_none(labelled, images)}. Give the full "
                "annotations, leave the facet out with --facets, or skip it with "
                "--allow-missing."
            )
    if not queries:
        raise InputError(f"facets: none can be built: {skipped}. Give more sources.")
    manifest = {
        "package": "cocofacet",
        "version": __version__,
        "seed": seed,
        "options": {
            "facets": [facet.name for facet in _chosen(facets)],
            "allow_missing": allow_missing,
            "only_pictures_on_disk": images is not None,
            "most_images": most_images,
        },
        "sources": {
            name: {"file": Path(files[name]).name, "sha256": sha256_of(files[name])}
            | _remarks(remarks[name])
            for name in wanted
        },
        "near_duplicates_checked": images is not None,
        "facets": reports,
        "skipped": skipped,
    }
    return Benchmark(tuple(queries), manifest, labels)


def _remarks(counted: Counter[str]) -> dict[str, dict[str, int]]:
    """What looked wrong, for the manifest; nothing where all is well."""
    found = {what: number for what, number in counted.items() if number}
    return {"remarks": found} if found else {}


def summary(benchmark: Benchmark) -> str:
    """What was built and left out: a line a facet; then what looked wrong."""
    lines = [f"{'facet':<10}{'queries':>9}{'texts':>7}{'dropped':>9}"]
    for name, report in benchmark.manifest["facets"].items():
        dropped = sum(len(what) for what in report["dropped"].values())
        numbers = f"{report['queries']:>9,}{report['texts']:>7,}{dropped:>9,}"
        lines.append(f"{name:<10}{numbers}")
    for name, reason in benchmark.manifest["skipped"].items():
        lines.append(f"{name:<10}  skipped: {reason}")
    checked = benchmark.manifest["near_duplicates_checked"]
    how = "checked" if checked else "not checked (needs --images)"
    lines.append(f"near-duplicate pictures: {how}")
    for kind in ("sources", "facets"):
        for name, report in benchmark.manifest[kind].items():
            counted = dict(report.get("remarks", {}))
            counted["images are not on disk"] = report.get("pictures_not_on_disk", 0)
            lines += [f"{name}: {n:,} {what}" for what, n in counted.items() if n]
    return "\n".join(lines)


def _chosen(names: Sequence[str] | None) -> list[Facet]:
    if names is None:
        return list(FACETS.values())
    unknown = [name for name in names if name not in FACETS]
    if unknown or not names:
        raise InputError(
            f"facets: unknown: {', '.join(unknown) or 'none given'}. Choose from "
            f"{', '.join(FACETS)}."
        )
    return [facet for facet in FACETS.values() if facet.name in names]


def _without_source(
    chosen: Sequence[Facet], files: Mapping[str, Path], allow_missing: bool
) -> dict[str, str]:
    """Facets that lack a source -> why they are skipped."""
    unknown = [name for name in files if name not in OFFICIAL]
    if unknown:
        raise InputError(
            f"sources: unknown: {', '.join(unknown)}. Choose from "
            f"{', '.join(OFFICIAL)}."
        )
    lacking = {
        facet.name: [name for name in facet.sources if name not in files]
        for facet in chosen
        if not set(files).issuperset(facet.sources)
    }
    if lacking and not allow_missing:
        costs = "; ".join(
            f"without {name} ({official}) no "
            + ", ".join(facet for facet, names in lacking.items() if name in names)
            for name, official in OFFICIAL.items()
            if any(name in names for names in lacking.values())
        )
        options = sorted({f"--{name}" for names in lacking.values() for name in names})
        raise InputError(
            f"sources: missing: {costs}. Give {', '.join(options)}, or leave those "
            "facets out with --allow-missing."
        )
    return {
        facet: f"source not given: {', '.join(names)}"
        for facet, names in lacking.items()
    }


def _usable(
    sources: Mapping[str, Mapping], images: Path | None, most: int | None
) -> set[str] | None:
    """The images that may be used where their number is limited; None for no limit."""
    if most is None:
        return None
    names = sorted(set().union(*sources.values()), key=by_hash)
    if images is not None:
        names = [name for name in names if find(images, name)]
    return set(names[:most])


def _clean(
    facet: Facet, labelled: Labelled, images: Path | None, usable: set[str] | None
) -> dict[str, object]:
    """Drop images over the limit or not on disk, near duplicates, and those whose
    labels exclude each other -> what the manifest says about the pictures."""
    report: dict[str, object] = {}
    repeats: dict[str, str] = {}
    if usable is not None:
        labelled.drop(labelled.labels.keys() - usable)
    if images is not None:
        files = {name: find(images, name) for name in sorted(labelled.labels)}
        absent = {name for name, path in files.items() if path is None}
        labelled.drop(absent)  # perhaps thousands: counted, not listed
        report["pictures_not_on_disk"] = len(absent)
        repeats = repetitions(labelled, files)
    # The annotations of a near duplicate are true of the picture that is kept.
    looked_for: dict[str, set[str]] = {}
    for image, label in labelled.positives:
        looked_for.setdefault(repeats.get(image, image), set()).add(label)
    for image, earlier in repeats.items():
        labelled.labels[earlier] |= labelled.labels[image]
    labelled.drop(repeats, "near-duplicate of a picture of another source")
    if facet.exclusive:
        labelled.drop(
            {image for image, here in looked_for.items() if facet.excluding(here)},
            "labels that exclude each other",
        )
    return report


def _queries(facet: Facet, labelled: Labelled, seed: int) -> list[Query]:
    """All queries of a facet: in the facet's order of labels, then by image."""
    by_label: dict[str, list[str]] = {label: [] for label in facet.labels or ()}
    for image, label in sorted(labelled.positives):
        by_label.setdefault(label, []).append(image)
    if facet.labels is None:
        by_label = dict(sorted(by_label.items()))
    queries: list[Query] = []
    gallery = dict(sorted(labelled.labels.items()))
    for label, positives in by_label.items():
        if not positives:
            labelled.dropped["label without a positive image"].add(label)
            continue
        eligible = facet.may_be_negatives(label, gallery)
        if len(eligible) < POOL - 1:
            what = f"{label} ({len(positives)} positive, {len(eligible)} negatives)"
            labelled.dropped[f"fewer than {POOL - 1} negatives"].add(what)
            continue
        for positive in positives:
            drawn = negatives(eligible, seed, facet, positive, label)
            name, text = f"{facet.stem}:{len(queries)}", facet.wording(label)
            pool = (positive, *drawn)
            queries.append(Query(name, facet.name, label, text, pool))
    return queries


def _report(
    facet: Facet, queries: Sequence[Query], labelled: Labelled
) -> dict[str, object]:
    """What the manifest says of one facet."""
    return {
        "file": f"{facet.stem}.json",
        "queries": len(queries),
        "texts": len({query.text for query in queries}),
        "images_to_draw_from": len(labelled.labels),
        "labels_carried": sum(map(len, labelled.labels.values())),
        "queries_per_label": dict(Counter(query.label for query in queries)),
        "dropped": {
            reason: sorted(what) for reason, what in labelled.dropped.items() if what
        },
        "notes": labelled.notes,
        **_remarks(labelled.remarks),
    }


def _why_none(labelled: Labelled, images: Path | None) -> str:
    if labelled.positives:
        return f"no label leaves {POOL - 1} negatives to draw from"
    if images is not None:
        return f"no annotation gives a label to a picture in {Path(images).name}"
    return "no annotation gives a label"


def draw(items: Sequence[str], number: int, key: tuple) -> list[str]:
    """``number`` items without replacement, decided by ``key`` alone.

    The key's SHA-256 is the seed, so that a query's draw does not depend on another's,
    on the order of queries or on Python's hashing of strings. Only ``Random.random`` is
    used: Python promises not to change what it returns.
    """
    digest = hashlib.sha256("\n".join(map(str, key)).encode()).digest()
    generator = random.Random(int.from_bytes(digest, "big"))
    uniform, count = generator.random, len(items)
    others = [place + int(uniform() * (count - place)) for place in range(number)]
    if len(set(others)) < number:  # else no swap (Fisher-Yates) changes what is chosen
        moved: dict[int, int] = {}  # position -> the position swapped there
        for place, other in enumerate(others):
            others[place] = moved.get(other, other)
            moved[other] = moved.get(place, place)
    return [items[other] for other in others]


def negatives(
    eligible: Sequence[str], seed: int, facet: Facet, positive: str, label: str
) -> list[str]:
    """The 99 negatives of one query, decided by the seed and the query alone.

    eligible: the images that may be its negatives, sorted.
    """
    return draw(eligible, POOL - 1, (seed, facet.stem, positive, label))


def resampled(benchmark: Benchmark, seed: int) -> Benchmark:
    """The same queries with negatives of another seed, as `build` would draw them.

    Raises:
        InputError: the labels of the images are not known (released files).
    """
    unknown = [facet for facet in benchmark.facets if facet not in benchmark.labels]
    if unknown:
        raise InputError(
            f"benchmark: {unknown[0]}: the labels of its images are not known, so no "
            "negatives can be drawn. Build the benchmark with `cocofacet build`."
        )
    eligible = cache(benchmark.eligible)
    queries = []
    for query in benchmark.queries:
        positive, facet = query.candidates[0], FACETS[query.facet]
        images = eligible(query.facet, query.label)
        drawn = negatives(images, seed, facet, positive, query.label)
        queries.append(replace(query, candidates=(positive, *drawn)))
    manifest = {**benchmark.manifest, "seed": seed}
    return Benchmark(tuple(queries), manifest, benchmark.labels)
