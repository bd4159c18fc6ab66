"""One run: its pictures, benchmark and retrievers, its embeddings and ranks.

    data/<profile>/store/                 embeddings, shared by all runs
    results/<profile>/<run>/              ranks, tables, and what made them

What is there is loaded; what is not is computed.
"""

import json
import os
import shlex
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet import parameters, process
from cocofacet.embeddings import store, words
from cocofacet.embeddings.record import Record
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.evaluation import ranking
from cocofacet.io import InputError, write_atomic, write_json
from cocofacet.profiles import profile_named
from cocofacet.retrievers import cost
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.on_demand import OnDemand
from cocofacet.run_data import RunData

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
class Workspace(RunData):
    """One run of one profile. Nothing is made before it is asked for."""

    run: str = "default"
    #: Retriever -> why it could not be embedded; the profile is without these.
    failed: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Which weights were loaded, by retriever.
    loaded: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @property
    def store(self) -> Path:
        """The folder of embeddings. Pictures of another style have the same names."""
        return self.data / "-".join(filter(None, ("store", self.other_style)))

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
        """The command that embeds all that this run's notebooks need, after the name
        of the program."""
        command = ["embed", "--profile", self.profile.name, "--run", self.run]
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

    def embedded(
        self, retriever: Retriever, shown: Mapping[str, Mapping] | Sequence[str | None]
    ) -> dict[str | None, np.ndarray]:
        """prompt -> embeddings (N, D) of the gallery, for prompts or for all those of
        modes (mode -> facet -> prompts), which go over the images together."""
        modes = isinstance(shown, Mapping)
        prompts = ranking.prompts_of(shown) if modes else tuple(shown)
        return dict(zip(prompts, self.gallery(retriever, prompts), strict=True))

    def ranks(
        self, retriever: Retriever, modes: tuple[str, ...] | Mapping[str, Mapping]
    ) -> pd.DataFrame:
        """The tidy table of one retriever: every query in every mode, given by its name
        in `ranking.prompt_modes` or as such a mode itself."""
        if not isinstance(modes, Mapping):
            modes = ranking.prompt_modes(self.questions, modes)
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
        write_json(self.results / f"{notebook}.manifest.json", made)

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


def open_workspace(
    profile: str,
    run: str,
    seed: int,
    changes: Mapping[str, object] | None = None,
    ahead: bool = True,
    **own: object,
) -> Workspace:
    """The workspace of a notebook's parameters; ``InputError`` where one is no use.

    run may be a whole number, and changes JSON, as papermill passes them; own: the
    notebook's other parameters, checked by `parameters.KINDS`.

    Where the profile says so, all that its notebooks need is embedded first, and what
    failed is left out. ahead: False for the stage that does it.
    """
    parameters.check({"profile": profile, "seed": seed, **own})
    run = parameters.run_named(run)
    chosen = profile_named(profile).changed(parameters.changes_in(changes or {}))
    workspace = Workspace(chosen, seed, home(), run=run)
    if not ahead:
        return workspace
    if chosen.ahead and not workspace.record.finished:
        _embed_ahead(workspace)
    failed = workspace.record.failed
    for name, why in failed.items():
        print(f"{name}: failed: {why}")
    return replace(workspace, profile=chosen.without(failed), failed=failed)


def _embed_ahead(workspace: Workspace) -> None:
    """Embed all that a run's notebooks need, in a process of its own; InputError where
    that cannot be begun, which is tried once for all of them."""
    why, said = workspace.record.refused, []

    def tell(line: str) -> None:
        if line.startswith("error: "):
            said.append(line.removeprefix("error: "))
        else:
            print(line)

    if not why:
        status = process.run([*process.PROGRAM, *workspace.embed_command], tell)
        if workspace.record.finished:
            return
        why = said[-1] if said else f"status {status}"
    again = shlex.join(["cocofacet", *workspace.embed_command])
    raise InputError(
        f"{workspace.results}: not all could be embedded: {why.rstrip('.')}. To try "
        f"again, run `{again}`: what is done is kept."
    )
