"""What a run is about: its pictures, and the queries that are asked of them.

    data/<profile>/world/                 a rendered world: pictures and annotations
    data/<folder>/                        official annotations and pictures
    data/<profile>/benchmark-seed<seed>-<key>/  the official files and the manifest

What is there is loaded; what is not is rendered, fetched or built.
"""

import hashlib
import json
import sys
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Self

from cocofacet import process
from cocofacet.benchmark import dataset, image_pools, images, sources
from cocofacet.benchmark.build import build
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import RELEASED
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.fetch.fetch import command, fetch_for_run
from cocofacet.io import InputError
from cocofacet.profiles import Profile

ANCHORS = "anchors/"  # a folder of pictures that no query ever sees


@cache  # once a process: the workspaces of pools share the folder
def _fetched(names: tuple[str, ...], facets: tuple[str, ...], folder: Path) -> None:
    if left_out := fetch_for_run(names, facets, folder):
        print(left_out)


@dataclass(frozen=True)
class RunData:
    """The pictures and queries of one run of one profile."""

    profile: Profile
    seed: int  #: of the negatives drawn
    root: Path  #: the folder that holds data/ and results/
    image_pool: str = ""  #: a key of `image_pools.IMAGE_POOLS` in place of the facets
    other_style: str = ""  #: of the world, where it is not the profile's own
    #: Pictures of the released queries, where this is the rebuilt benchmark beside.
    beside: tuple[str, ...] = field(default=(), repr=False)

    @property
    def data(self) -> Path:
        return self.root / "data" / self.profile.name

    @property
    def images(self) -> Path:
        """The root under which candidate paths such as ``val2017/x.jpg`` lie."""
        return self.annotations / "images"

    def path(self, name: str) -> Path:
        """The file of a picture; where it would be, if it is not there."""
        return images.path_of(self.images, name)

    @cached_property
    def annotations(self) -> Path:
        """The folder of annotation files and pictures; rendered or fetched first
        where the profile says by what."""
        if self.profile.world:
            folder = self.data / self.profile.folder
            # A command and not an import: the two packages meet in files only.
            command = [sys.executable, "-m", self.profile.world, "write"]
            command += ["--fraction", str(self.profile.fraction)]
            command += ["--style", self.profile.style, "--out", str(folder)]
            said: list[str] = []  # that the world is there already, or what went wrong
            if status := process.run(command, said.append):
                why = said[-1].removeprefix("error: ") if said else f"status {status}"
                raise InputError(f"{folder}: world: cannot be written: {why}")
            return folder
        folder = self.root / "data" / self.profile.folder
        if self.profile.fetch:
            _fetched(self.profile.fetch, self.profile.facets, folder)
        if not folder.is_dir():
            raise InputError(
                f"{folder}: the folder of annotations and images is missing. Put the "
                "official files there; `cocofacet build --help` lists their names."
            )
        return folder

    @property
    def facets(self) -> tuple[str, ...]:
        """The facets to build: the profile's, or those that its world draws; none for
        all of them."""
        if self.profile.facets or not self.profile.world:
            return self.profile.facets
        return tuple(f.name for f in FACETS.values() if f.world_field)

    @cached_property
    def benchmark(self) -> dataset.Benchmark:
        """COCO-Facet: the released queries where the profile takes them and they are
        there, else those of `rebuilt`."""
        if self.image_pool:
            return self._image_pool()
        return self._released or self._build()

    @cached_property
    def _released(self) -> dataset.Benchmark | None:
        """The authors' queries of the profile's facets whose pictures are all there;
        None where there are none. They can't be cut to fewer pictures."""
        folder = self.annotations / RELEASED
        if not self.profile.released or self.profile.max_images:
            return None
        stems = (facet.stem for facet in FACETS.values())
        if not any((folder / f"{stem}.json").is_file() for stem in stems):
            return None
        read, kept = dataset.load(folder), []
        for facet in read.facets:
            if self.profile.facets and facet not in self.profile.facets:
                continue
            names = {name for query in read.of(facet) for name in query.candidates}
            absent = [n for n in names if not images.find(self.images, n)]
            if absent:
                print(
                    f"{facet}: the released queries are left out: {len(absent):,} of "
                    f"{len(names):,} pictures are not there, such as {min(absent)}."
                )
            else:
                kept += read.of(facet)
        return dataset.Benchmark(tuple(kept)) if kept else None

    @cached_property
    def _rebuilt(self) -> Self:
        if self.image_pool or not self._released:
            return self
        profile = replace(self.profile, released=False)
        return replace(self, profile=profile, beside=self._released.images)

    @property
    def rebuilt(self) -> Self:
        """The same run on the benchmark built here, which knows the labels of all
        pictures; itself where no released queries are used."""
        if self._rebuilt is not self:
            print(
                "Queries and labels of the rebuilt benchmark: the released files don't "
                "say which pictures carry a label."
            )
        return self._rebuilt

    @property
    def others(self) -> tuple[Self, ...]:
        """The rebuilt benchmark where this one is released and there are sources to
        build from: what is ranked on both."""
        try:
            sources.locate(self.annotations)
        except InputError:
            return ()
        return () if self._rebuilt is self else (self._rebuilt,)

    @property
    def queries_are(self) -> str:
        """Whose the queries are, where the profile asks for the released ones."""
        if self.image_pool or not (self.beside or self.profile.released):
            return ""
        return "released queries" if self._released else "rebuilt queries"

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """All that the gallery embeds: of the released queries and of the rebuilt ones
        in one sorted list, as the store keeps embeddings by lists of names."""
        for other in self.others:
            return other.pictures
        return tuple(sorted({*self.beside, *self.benchmark.images}))

    def _build(self) -> dataset.Benchmark:
        """Built with this run's seed and saved as official files, in a folder named
        after its content."""
        built = build(
            sources.locate(self.annotations),
            seed=self.seed,
            images=self.images,
            facets=self.facets or None,
            allow_missing=not self.profile.world,
            most_images=self.profile.max_images or None,
        )
        manifest = json.dumps(built.manifest, sort_keys=True).encode()
        key = hashlib.sha256(manifest).hexdigest()[:8]
        built.save(self.data / f"benchmark-seed{self.seed}-{key}")
        return built

    def pool(self, name: str) -> Self:
        """The same run on other images: a drawing style of the world, or a row of
        `image_pools.IMAGE_POOLS`."""
        if name in image_pools.IMAGE_POOLS:
            return replace(self, image_pool=name)
        folder = f"{self.profile.folder}-{name}"
        profile = replace(self.profile, style=name, folder=folder)
        return replace(self, profile=profile, other_style=name)

    def _image_pool(self) -> dataset.Benchmark:
        found = image_pools.released(self.annotations / RELEASED, self.image_pool)
        rows = image_pools.IMAGE_POOLS[self.image_pool].rows
        if rows and not found:
            path = self.annotations / rows
            found = image_pools.from_rows(path, self.image_pool, self.seed)
        if found:
            absent = [n for n in found.images if not images.find(self.images, n)]
            if absent:
                raise InputError(
                    f"{self.images}: pool {self.image_pool}: {len(absent):,} of "
                    f"{len(found.images):,} pictures are not there, such as "
                    f"{absent[0]}. Run `{command(['pools'], self.annotations)}`."
                )
            return found
        files = sources.locate(self.annotations)
        if "captions" not in files:
            where = self.annotations / sources.OFFICIAL["captions"]
            again = command(["annotations"], self.annotations)
            raise InputError(f"{where}: captions: are not there. Run `{again}`.")
        read = sources.read_captions(files["captions"])
        usable = [name for name in read if images.find(self.images, name)]
        usable.sort(key=images.by_hash)
        limited = usable[: self.profile.max_images or None]
        return image_pools.from_captions(read, limited, self.seed)

    @cached_property
    def anchors(self) -> tuple[str, ...]:
        """Pictures held out from the evaluation, for the linear approximation: the
        world's own, else pictures of its sources that no query may meet, chosen by
        their names."""
        found = [path.relative_to(self.images) for path in self.images.rglob("*.jpg")]
        pools = {Path(pool.rows).stem for pool in image_pools.IMAGE_POOLS.values()}
        names = {path.as_posix() for path in found if path.parts[0] not in pools}
        held_out = sorted(name for name in names if name.startswith(ANCHORS))
        if not held_out:
            met = set(self.pictures)
            met |= {Path(name).name for name in met}  # in a flat folder
            held_out = sorted(names - met, key=images.by_hash)
        return tuple(held_out[: self.profile.anchors])

    @property
    def questions(self) -> dict[str, str]:
        """facet -> its GPT-written question, for the facets of this benchmark."""
        known = FACETS | image_pools.IMAGE_POOLS
        return {name: known[name].question for name in self.benchmark.facets}
