"""The pictures, annotations and queries that a run looks at.

    data/<profile>/world/                 a rendered world: pictures and annotations
    data/<folder>/                        official annotations and pictures
    data/<profile>/benchmark-seed<seed>-<key>/  the official files and the manifest

What is not there yet is rendered, fetched or built, as the profile says.
"""

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

from cocofacet.benchmark import build as benchmark
from cocofacet.benchmark import dataset as official
from cocofacet.benchmark import images as pictures
from cocofacet.benchmark import pools as companions
from cocofacet.benchmark import sources
from cocofacet.fetch import fetch
from cocofacet.io import InputError
from cocofacet.profiles import Profile

ANCHORS = "anchors/"  # a folder of pictures that no query ever sees
RELEASED = "coco-facet"  # below the annotations: the authors' query files


@dataclass(frozen=True)
class Collection:
    """What a profile and a seed look at. Nothing is made before it is asked for.

    Attributes:
        profile: where everything comes from.
        seed: of the negatives drawn.
        root: the folder that holds data/ and results/.
        companion: a row of `companions` in place of the facets; "" for the facets.
        other_style: of the world, where it is not the profile's own.
    """

    profile: Profile
    seed: int
    root: Path
    companion: str = ""
    other_style: str = ""

    @property
    def data(self) -> Path:
        return self.root / "data" / self.profile.name

    @property
    def images(self) -> Path:
        """The root under which candidate paths such as ``val2017/x.jpg`` lie."""
        return self.annotations / "images"

    def path(self, name: str) -> Path:
        """The file of a picture; where it would be, if it is not there."""
        return pictures.find(self.images, name) or self.images / name

    @cached_property
    def annotations(self) -> Path:
        """The folder of annotation files and pictures; rendered or fetched first
        where the profile says by what."""
        if self.profile.world:
            folder = self.data / self.profile.folder
            # A command and not an import: the two packages meet in files only.
            command = [sys.executable, "-m", self.profile.world, "write"]
            command += ["--fraction", str(self.profile.fraction)]
            command += ["--style", self.profile.style]
            subprocess.run(
                [*command, "--out", str(folder)],
                check=True,
                stdout=subprocess.DEVNULL,  # that it is there already
            )
            return folder
        folder = self.root / "data" / self.profile.folder
        if self.profile.fetch:
            fetch.fetch(self.profile.fetch, folder)
        if not folder.is_dir():
            raise InputError(
                f"{folder}: the folder of annotations and images is missing. Put the "
                "official files there; `cocofacet build --help` lists their names."
            )
        return folder

    @cached_property
    def benchmark(self) -> official.Benchmark:
        """COCO-Facet: the released files, or built with this run's seed.

        What is built is also saved in the official files, in a folder named after its
        content: other annotations or another version of the rules make another one.
        """
        if self.companion:
            return self._companion()
        if self.profile.released:
            return official.load(self.annotations / RELEASED)
        built = benchmark.build(
            sources.locate(self.annotations),
            seed=self.seed,
            images=self.images,
            facets=self.profile.facets or None,
            allow_missing=not self.profile.world,
            most_images=self.profile.max_images or None,
        )
        manifest = json.dumps(built.manifest, sort_keys=True).encode()
        key = hashlib.sha256(manifest).hexdigest()[:8]
        built.save(self.data / f"benchmark-seed{self.seed}-{key}")
        return built

    def pool(self, name: str) -> Self:
        """The same run on another pool of images: a drawing style of the world, or a
        companion of the benchmark."""
        if name in companions.COMPANIONS:
            return replace(self, companion=name)
        folder = f"{self.profile.folder}-{name}"
        profile = replace(self.profile, style=name, folder=folder)
        return replace(self, profile=profile, other_style=name)

    def _companion(self) -> official.Benchmark:
        found = companions.released(self.annotations / RELEASED, self.companion)
        if found:
            return found
        rows = companions.COMPANIONS[self.companion].rows
        if rows:
            return companions.from_rows(
                self.annotations / rows, self.companion, self.seed
            )
        read = sources.read_captions(sources.locate(self.annotations)["captions"])
        usable = [name for name in read if pictures.find(self.images, name)]
        usable.sort(key=pictures.by_hash)
        limited = usable[: self.profile.max_images or None]
        return companions.from_captions(read, limited, self.seed)

    @cached_property
    def anchors(self) -> tuple[str, ...]:
        """Pictures held out from the evaluation, for the linear approximation: the
        world's own, else pictures that no query may meet, chosen by their names."""
        found = [path.relative_to(self.images) for path in self.images.rglob("*.jpg")]
        names = {path.as_posix() for path in found}
        held_out = sorted(name for name in names if name.startswith(ANCHORS))
        if not held_out:
            met = set(self.benchmark.images)
            met |= {Path(name).name for name in met}  # in a flat folder
            held_out = sorted(names - met, key=pictures.by_hash)
        return tuple(held_out[: self.profile.anchors])
