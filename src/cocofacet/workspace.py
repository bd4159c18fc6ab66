"""One run: its pictures, benchmark and retrievers, its embeddings and ranks.

    data/<profile>/world/                 a rendered world: pictures and annotations
    data/<folder>/                        official annotations and pictures
    data/<profile>/benchmark-seed<seed>-<key>/  the official files and the manifest
    data/<profile>/store/                 embeddings, shared by all runs
    results/<profile>/<run>/              ranks, tables, and what made them

What is there is loaded; what is not is rendered, fetched, built or computed.
"""

import hashlib
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from cocofacet import process
from cocofacet.benchmark import dataset, image_pools, images, sources
from cocofacet.benchmark.build import build
from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.query import RELEASED
from cocofacet.embeddings import store, words
from cocofacet.embeddings.record import Record
from cocofacet.evaluation import ranking
from cocofacet.fetch.fetch import command, fetch_for_run
from cocofacet.io import InputError, checked_name, write_atomic, write_json
from cocofacet.profiles import Profile, profile_named
from cocofacet.retrievers import cost
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.on_demand import OnDemand

# A library's remark that its progress bar could be prettier, in every notebook.
warnings.filterwarnings("ignore", message="IProgress not found")

ANCHORS = "anchors/"  # a folder of pictures that no query ever sees
PACKAGES = ("cocofacet", "torch", "transformers", "open_clip_torch", "numpy")


def home() -> Path:
    """The repository's root when the notebook lies inside it, else the folder it
    runs in: ``COCOFACET_HOME`` overrides both."""
    if "COCOFACET_HOME" in os.environ:
        return Path(os.environ["COCOFACET_HOME"]).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "_toc.yml").is_file() and (folder / "src/cocofacet").is_dir():
            return folder
    return here


@cache  # once a process: the workspaces of pools share the folder
def _fetched(names: tuple[str, ...], facets: tuple[str, ...], folder: Path) -> None:
    if left_out := fetch_for_run(names, facets, folder):
        print(left_out)


@dataclass(frozen=True)
class Workspace:
    """One run of one profile. Nothing is made before it is asked for."""

    profile: Profile
    seed: int  #: of the negatives drawn
    root: Path  #: the folder that holds data/ and results/
    image_pool: str = ""  #: a key of `image_pools.IMAGE_POOLS` in place of the facets
    other_style: str = ""  #: of the world, where it is not the profile's own
    #: Pictures of the released queries, where this is the rebuilt benchmark beside.
    beside: tuple[str, ...] = field(default=(), repr=False)
    run: str = "default"
    #: Retriever -> why it could not be embedded; the profile is without these.
    failed: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Which weights were loaded, by retriever.
    loaded: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @property
    def data(self) -> Path:
        return self.root / "data" / self.profile.name

    @property
    def store(self) -> Path:
        """The folder of embeddings. Pictures of another style have the same names."""
        return self.data / "-".join(filter(None, ("store", self.other_style)))

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
            # It prints that the world is there already.
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
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
    def results(self) -> Path:
        return self.root / "results" / self.profile.name / self.run

    @property
    def record(self) -> Record:
        """What became of each retriever where all was embedded ahead."""
        profile = replace(self.profile, workers=-1)
        settings = asdict(profile) | {"seed": self.seed}
        return Record(self.results, settings)

    @property
    def embed_command(self) -> list[str]:
        """The command that embeds all that this run's notebooks need."""
        command = [sys.executable, "-m", "cocofacet.cli", "embed"]
        command += ["--profile", self.profile.name, "--run", self.run]
        command += ["--seed", str(self.seed)]
        for name, value in self.profile.changes.items():
            command += ["-p", f"{name}={json.dumps(value)}"]
        return command

    def retriever(self, name: str, **options) -> Retriever:
        """A row of the zoo for the profile's device, whose weights are opened when the
        store lacks something; ``options`` as in ``loading.load``."""
        weights = self.profile.checkpoints
        settings = {
            "device": self.profile.device,
            "precision": self.profile.precision or None,
            "checkpoint": weights.get(name),
            "base_checkpoint": weights.get(f"{name}.base"),
            "text_checkpoint": weights.get(f"{name}.text"),
        }
        retriever = OnDemand(name, self.store, **(settings | options))
        self.loaded[name] = {
            "revision": retriever.revision,
            "precision": str(retriever.fingerprint["precision"]),
        }
        return retriever

    def announce(self, *names: str, prompts: int) -> None:
        """Print what is about to be downloaded, embedded and kept, and how long that
        may take; nothing for retrievers that are small and there."""
        if self.profile.ahead:  # the stage said it
            return
        device = cost.device_called(self.device_name)
        images = len(self.pictures)
        for name in names:
            row = loading.ROWS[name]
            ready = name in self.profile.checkpoints or loading.missing(row) is None
            said = cost.announcement(row, device, images, prompts, ready)
            for line in filter(None, (said, row.caveat)):
                print(line)

    @property
    def device_name(self) -> str:
        """The device as its driver names it; "CPU" where there is none."""
        if not self.profile.device.startswith("cuda"):
            return self.profile.device.upper()
        import torch

        if not torch.cuda.is_available():
            return self.profile.device
        return torch.cuda.get_device_name(self.profile.device)

    def queries(self, retriever: Retriever) -> np.ndarray:
        """Query embeddings (Q, D), from the store or into it."""
        return self.texts(retriever, [query.text for query in self.benchmark.queries])

    def texts(self, retriever: Retriever, texts: Sequence[str]) -> np.ndarray:
        """Embeddings (Q, D) of any texts, from the store or into it."""
        return store.embed_texts(retriever, texts, self.store)

    def gallery(
        self, retriever: Retriever, prompts: tuple[str | None, ...] = (None,)
    ) -> np.ndarray:
        """Embeddings (P, N, D) of ``benchmark.images``, from the store or into it."""
        found = self._embedded(retriever, prompts, self.pictures)
        if self.pictures == self.benchmark.images:
            return found
        place = {name: number for number, name in enumerate(self.pictures)}
        return found[:, [place[name] for name in self.benchmark.images]]

    def anchor_gallery(
        self, retriever: Retriever, prompts: tuple[str | None, ...] = (None,)
    ) -> np.ndarray:
        """Embeddings (P, A, D) of the anchors, in the order of ``anchors``."""
        return self._embedded(retriever, prompts, self.anchors)

    def answers(
        self, retriever: Retriever, names: Sequence[str], prompt: str | None
    ) -> list[str]:
        """What a retriever that answers in words says of pictures, from the store or
        into it."""
        return words.answers(retriever, self.images, names, prompt, self.store)

    def _embedded(self, retriever, prompts, names) -> np.ndarray:
        workers = None if self.profile.workers < 0 else self.profile.workers
        what = (retriever, self.images, names, prompts, self.store)
        return store.embed_gallery(*what, workers=workers)

    @property
    def questions(self) -> dict[str, str]:
        """facet -> its GPT-written question, for the facets of this benchmark."""
        known = FACETS | image_pools.IMAGE_POOLS
        return {name: known[name].question for name in self.benchmark.facets}

    def embedded(
        self, retriever: Retriever, modes: Mapping[str, Mapping]
    ) -> dict[str | None, np.ndarray]:
        """prompt -> embeddings (N, D) of the gallery, for all prompts of the modes
        (mode -> facet -> prompts), which go over the images together."""
        prompts = ranking.prompts_of(modes)
        return dict(zip(prompts, self.gallery(retriever, prompts), strict=True))

    def ranks(
        self, retriever: Retriever, modes: tuple[str, ...] | Mapping[str, Mapping]
    ) -> pd.DataFrame:
        """The tidy table of one retriever: every query in every mode, given by its name
        in `ranking.prompt_modes` or as such a mode itself."""
        if not isinstance(modes, Mapping):
            known = ranking.prompt_modes(self.questions)
            modes = {mode: known[mode] for mode in modes}
        return ranking.rank_table(
            self.benchmark,
            self.queries(retriever),
            self.embedded(retriever, modes),
            modes,
            **self.identity(retriever),
        )

    def identity(self, retriever: Retriever) -> dict[str, str]:
        """The columns that say, in each row of ranks, what made it."""
        beside = "rebuilt" if self.beside else ""
        other = self.image_pool or self.other_style or beside
        return {
            "profile": f"{self.profile.name}+{other}" if other else self.profile.name,
            "run": self.run,
            "retriever": retriever.name,
            "revision": retriever.revision,
        }

    def save_ranks(self, notebook: str, ranks: pd.DataFrame) -> None:
        """Write the notebook's part of the tidy table, and beside it what made it;
        sorted, so that two equal runs give equal bytes."""
        ordered = ranks.reindex(columns=[*ranking.COLUMNS, *ranking.POOL_COLUMNS])
        keys = ["retriever", "mode", "prompt", "query"]
        ordered = ordered.sort_values(keys, kind="stable")
        text = ordered.to_csv(index=False)
        write_atomic(self.results / f"{notebook}.ranks.csv", text)
        made = {**self.made_from, "rows": len(ordered)}
        self.save_json(f"{notebook}.manifest", made)

    @property
    def made_from(self) -> dict[str, object]:
        """All that decides the ranks: settings, sources, versions, revisions."""
        manifest = self.benchmark.manifest
        return {
            "profile": asdict(self.profile),
            "run": self.run,
            "seed": self.seed,
            "sources": manifest.get("sources", "released files"),
            "queries": len(self.benchmark.queries),
            "device": self.device_name,
            "retrievers": dict(sorted(self.loaded.items())),
            **({"failed": dict(self.failed)} if self.failed else {}),
            "packages": {name: version(name).split("+")[0] for name in PACKAGES},
        }

    def save_table(self, name: str, table: pd.DataFrame) -> None:
        """A table derived from ranks, as plain CSV."""
        write_atomic(self.results / f"{name}.csv", table.to_csv())

    def save_json(self, name: str, content: object) -> None:
        """Whatever else a notebook keeps among its results."""
        write_json(self.results / f"{name}.json", content)


def open_workspace(
    profile: str,
    run: str,
    seed: int,
    changes: Mapping[str, object] | None = None,
    ahead: bool = True,
) -> Workspace:
    """The workspace of a notebook's parameters; ``InputError`` where one is no use.

    Where the profile says so, all that its notebooks need is embedded first, and what
    failed is left out. ahead: False for the stage that does it.
    """
    checked_name("run", run)
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed: {seed!r} is not a whole number from 0 upwards.")
    chosen = profile_named(profile).changed(changes or {})
    workspace = Workspace(chosen, seed, home(), run=run)
    if not ahead:
        return workspace
    if chosen.ahead and not workspace.record.finished:
        status = process.run(workspace.embed_command, tell=print)
        if not workspace.record.finished:
            raise InputError(
                f"{workspace.results}: not all could be embedded (status {status}; see "
                "above). Run it again, or `cocofacet embed --profile "
                f"{profile} --run {run}`: what is done is kept."
            )
    failed = workspace.record.failed
    for name, why in failed.items():
        print(f"{name}: failed: {why}")
    return replace(workspace, profile=chosen.without(failed), failed=failed)
