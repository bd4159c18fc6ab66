"""One run: from a collection and its retrievers to ranks, and where they are kept.

    data/<profile>/store/                 embeddings, shared by all runs
    results/<profile>/<run>/              ranks, tables, and what made them

A notebook asks the workspace for what it needs. What an earlier notebook saved is
loaded, what is missing is computed: so notebooks run alone, in any order, and side by
side.
"""

import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet.benchmark import pools as companions
from cocofacet.benchmark.facets import FACETS
from cocofacet.collection import Collection
from cocofacet.embeddings import store
from cocofacet.evaluation import metrics as evaluate
from cocofacet.io import InputError, write_atomic, write_json
from cocofacet.profiles import profile_named
from cocofacet.retrievers import cost
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import Retriever

# A library's remark that its progress bar could be prettier, in every notebook.
warnings.filterwarnings("ignore", message="IProgress not found")

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


@dataclass(frozen=True)
class Workspace(Collection):
    """One run of one profile: ``run`` names it, ``loaded`` remembers which weights."""

    run: str = "default"
    loaded: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @property
    def results(self) -> Path:
        return self.root / "results" / self.profile.name / self.run

    def retriever(self, name: str, **options) -> Retriever:
        """A row of the zoo, loaded on the profile's device; ``options`` as in
        ``loading.load``."""
        weights = self.profile.checkpoints
        settings = {
            "device": self.profile.device,
            "precision": self.profile.precision or None,
            "checkpoint": weights.get(name),
            "base_checkpoint": weights.get(f"{name}.base"),
            "text_checkpoint": weights.get(f"{name}.text"),
        }
        retriever = loading.load(name, **(settings | options))
        self.loaded[name] = {
            "revision": retriever.revision,
            "precision": str(retriever.fingerprint["precision"]),
        }
        return retriever

    def announce(self, *names: str, prompts: int) -> None:
        """Print what is about to be downloaded, embedded and kept, and how long that
        may take; nothing for retrievers that are small and there."""
        for name in names:
            row = loading.ROWS[name]
            ready = name in self.profile.checkpoints or loading.missing(row) is None
            device = cost.device_called(self.device_name)
            images = len(self.benchmark.images)
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
        """Query embeddings (Q, D), each distinct text embedded once."""
        texts = [query.text for query in self.benchmark.queries]
        distinct = sorted(set(texts))
        rows = {text: row for row, text in enumerate(distinct)}
        return retriever.embed_texts(distinct)[[rows[text] for text in texts]]

    def gallery(
        self, retriever: Retriever, prompts: tuple[str | None, ...] = (None,)
    ) -> np.ndarray:
        """Embeddings (P, N, D) of ``benchmark.images``, from the store or into it."""
        return self._embedded(retriever, prompts, self.benchmark.images)

    def anchor_gallery(
        self, retriever: Retriever, prompts: tuple[str | None, ...] = (None,)
    ) -> np.ndarray:
        """Embeddings (P, A, D) of the anchors, in the order of ``anchors``."""
        return self._embedded(retriever, prompts, self.anchors)

    def _embedded(self, retriever, prompts, names) -> np.ndarray:
        folder = self.data / "store"
        return store.embed_gallery(retriever, self.images, names, prompts, folder)

    @property
    def questions(self) -> dict[str, str]:
        """facet -> its GPT-written question, for the facets of this benchmark."""
        known = FACETS | companions.COMPANIONS
        return {name: known[name].question for name in self.benchmark.facets}

    def embedded(
        self, retriever: Retriever, modes: Mapping[str, Mapping]
    ) -> dict[str | None, np.ndarray]:
        """prompt -> embeddings (N, D) of the gallery, for all prompts of the modes
        (mode -> facet -> prompts), which go over the images together."""
        shown = (
            p for way in modes.values() for prompts in way.values() for p in prompts
        )
        prompts = tuple(dict.fromkeys(shown))
        return dict(zip(prompts, self.gallery(retriever, prompts), strict=True))

    def ranks(
        self, retriever: Retriever, modes: tuple[str, ...] | Mapping[str, Mapping]
    ) -> pd.DataFrame:
        """The tidy table of one retriever: every query in every mode asked for.

        ``modes`` are names of `evaluate.prompt_modes`, or such modes themselves.
        """
        if not isinstance(modes, Mapping):
            known = evaluate.prompt_modes(self.questions)
            modes = {mode: known[mode] for mode in modes}
        return evaluate.rank_table(
            self.benchmark,
            self.queries(retriever),
            self.embedded(retriever, modes),
            modes,
            **self.identity(retriever),
        )

    def identity(self, retriever: Retriever) -> dict[str, str]:
        """The columns that say, in each row of ranks, what made it."""
        other = self.companion or self.other_style
        return {
            "profile": f"{self.profile.name}+{other}" if other else self.profile.name,
            "run": self.run,
            "retriever": retriever.name,
            "revision": retriever.revision,
        }

    def save_ranks(self, notebook: str, ranks: pd.DataFrame) -> Path:
        """Write the notebook's part of the tidy table, and beside it what made it.

        ``evaluate.COLUMNS`` and ``LUCK`` in order, sorted, so that two equal runs give
        equal bytes.
        """
        path = self.results / f"{notebook}.ranks.csv"
        columns = [*evaluate.COLUMNS, *evaluate.LUCK]
        ordered = ranks.reindex(columns=columns).sort_values(
            ["retriever", "mode", "prompt", "query"], kind="stable"
        )
        write_atomic(path, ordered.to_csv(index=False))
        self.save_json(f"{notebook}.manifest", self.made_from)
        return path

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
            "packages": {name: version(name).split("+")[0] for name in PACKAGES},
        }

    def save_table(self, name: str, table: pd.DataFrame) -> Path:
        """A table derived from ranks, as plain CSV."""
        path = self.results / f"{name}.csv"
        write_atomic(path, table.to_csv())
        return path

    def save_json(self, name: str, content: object) -> Path:
        path = self.results / f"{name}.json"
        write_json(path, content)
        return path


def open_workspace(
    profile: str, run: str, seed: int, changes: Mapping[str, object] | None = None
) -> Workspace:
    """The workspace of a notebook's parameters.

    Raises ``InputError`` for an unknown profile, a change of a field that it does not
    have, a run name that is no plain folder name, or a seed that is no whole number
    from 0.
    """
    if not run or run != Path(run).name or run.startswith("."):
        raise InputError(
            f"run: {run!r} cannot name a folder of results. Use letters, digits and -."
        )
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed: {seed!r} is not a whole number from 0 upwards.")
    chosen = profile_named(profile).changed(changes or {})
    return Workspace(chosen, seed, home(), run=run)
