"""What embedding a run will take: downloads, memory, disk and hours, by retriever."""

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from cocofacet.ahead.needs import ANCHORS, GALLERY, Need, Run, needs
from cocofacet.benchmark.facets import FACETS
from cocofacet.io import InputError
from cocofacet.retrievers import cost
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.zoo.row import Row
from cocofacet.workspace import Workspace

# Where no annotations are here to count: about as many as COCO-Facet has.
ASSUMED = 10_000
_ANY = cost.Device("any", math.inf, 1.0)  # to compare retrievers


@dataclass(frozen=True)
class Job:
    """Pictures that a retriever embeds under the same prompts, in one go."""

    options: Mapping[str, object]
    pool: str
    pictures: str  #: `GALLERY` or `ANCHORS`
    prompts: tuple[str | None, ...]


@dataclass
class Planned:
    """All that one retriever has to do, and what that takes."""

    row: Row
    needs: list[Need]
    counts: Mapping[tuple[str, str], int]  #: (pool, pictures) -> how many there are
    ready: bool  #: whether its weights are here

    @property
    def jobs(self) -> list[Job]:
        asked: dict[str, list] = {}
        for need in self.needs:
            for pictures in need.pictures if need.prompts else ():
                key = repr((sorted(need.options.items()), need.pool, pictures))
                found = asked.setdefault(key, [need.options, need.pool, pictures, []])
                found[-1] += need.prompts
        return [Job(*rest, tuple(dict.fromkeys(ps))) for *rest, ps in asked.values()]

    @property
    def download(self) -> float:
        """GB."""
        return 0.0 if self.ready else self.row.download

    @property
    def embeddings(self) -> int:
        """Pictures times prompts, over all jobs."""
        return sum(self._count(job) * len(job.prompts) for job in self.jobs)

    @property
    def stored(self) -> int:
        """Bytes that the store holds in the end."""
        return self.embeddings * self.row.dim * 4

    def seconds(self, device: cost.Device) -> float | None:
        """Of computing, estimated; None where the row does not say its size, or does
        not fit."""
        found = [
            cost.estimate(self.row, device, self._count(job), len(job.prompts))
            for job in self.jobs
        ]
        return None if None in found else sum(each.seconds for each in found)

    def _count(self, job: Job) -> int:
        return self.counts.get((job.pool, job.pictures), 0)


@dataclass
class Plan:
    """What a run's retrievers have to do, the cheapest first."""

    workspace: Workspace
    run: Run
    retrievers: list[Planned]
    counted: bool  #: or the number of pictures is assumed
    devices: tuple[cost.Device, ...]  #: the one found, or all whose speed is known

    @classmethod
    def of(cls, workspace: Workspace, fetch: bool) -> "Plan":
        """The plan of a run; with ``fetch``, data that is missing is fetched first,
        else what cannot be counted is assumed."""
        there = workspace
        if not fetch:
            profile = replace(workspace.profile, fetch=())
            there = replace(workspace, profile=profile)
        try:
            run, counted = Run.of(there), True
        except InputError:
            if fetch:
                raise
            names = workspace.facets or tuple(FACETS)
            questions = {name: FACETS[name].question for name in names}
            run, counted = Run(there, questions, tuple(questions)), False
        by_name: dict[str, list[Need]] = {}
        for need in needs(run):
            by_name.setdefault(need.retriever, []).append(need)
        counts = _counts(run, counted)
        given = workspace.profile.checkpoints
        planned = [
            Planned(row, asked, counts, name in given or loading.missing(row) is None)
            for name, asked in by_name.items()
            for row in (loading.ROWS[name],)
        ]
        # One whose size is not said is a small one.
        planned.sort(key=lambda each: each.seconds(_ANY) or 0.0)
        device = cost.device_called(workspace.device_name)
        devices = (device,) if device else cost.DEVICES
        return cls(workspace, run, planned, counted, devices)

    def __getitem__(self, name: str) -> Planned:
        for each in self.retrievers:
            if each.row.name == name:
                return each
        known = ", ".join(each.row.name for each in self.retrievers)
        raise InputError(f"--retriever: {name!r} is none of the run's: {known}.")

    def check_disk(self) -> None:
        """InputError where the disk has no room for what is downloaded and stored."""
        downloads = sum(each.download for each in self.retrievers) * 1e9
        if self._no_room(downloads):  # the zoo's sizes are rounded, and bases shared
            given = self.workspace.profile.checkpoints
            rows = [e.row for e in self.retrievers if e.row.name not in given]
            exact = loading.to_come(rows)
            downloads = downloads if exact is None else exact
        if error := self._no_room(downloads):
            raise error

    def _no_room(self, downloads: float) -> InputError | None:
        """What to say where so many bytes to download and those to store don't fit."""
        store = self.workspace.store
        stored = sum(map(self._lacking, self.retrievers))
        asked = [(_cache(), downloads), (store, stored)]
        devices = {_existing(folder).stat().st_dev for folder, _ in asked}
        if len(devices) == 1:
            asked = [(store, sum(needed for _, needed in asked))]
        for folder, needed in asked:
            free = shutil.disk_usage(_existing(folder)).free
            if needed > free:
                return InputError(
                    f"{folder}: disk: about {needed / 1e9:.1f} GB are needed for "
                    f"weights and embeddings, and {free / 1e9:.1f} GB are free. Free "
                    "some, set HF_HOME to a larger disk, or name fewer retrievers "
                    "(-p promptables=...)."
                )
        return None

    def _lacking(self, planned: Planned) -> float:
        """Bytes to be stored yet, about."""
        kept = self.workspace.data.glob(f"store*/{planned.row.name}-*/*")
        return max(0.0, planned.stored - sum(file.stat().st_size for file in kept))

    def words(self) -> str:
        """The plan as text: a line a retriever, totals, and what one should know."""
        table = pd.DataFrame(map(self._line, self.retrievers))
        count = sum(_counts(self.run, self.counted).values())
        counted = cost.count(count, "picture")
        if not self.counted:
            counted += (
                ", assumed, as the annotations are not here yet, without other pools"
            )
        downloads = sum(each.download for each in self.retrievers)
        stored = sum(each.stored for each in self.retrievers)
        lines = [
            f"{self.workspace.profile.name}: {counted}; on {self._device()}",
            "",
            table.to_string(index=False),
            "",
            f"In all {downloads:.1f} GB of downloads and {_size(stored)} of embeddings."
            f" What is in the store already is not done again.",
            *filter(None, map(self._hours, self.devices)),
            *(each.row.caveat for each in self.retrievers if each.row.caveat),
        ]
        return "\n".join(lines)

    def _device(self) -> str:
        """The device, and why times are those of others where they are."""
        device = self.workspace.device_name
        if len(self.devices) == 1:
            return device
        gpu = device.startswith("cuda")  # and not a driver's name for one
        why = "but there is no GPU here" if gpu else "whose speed is not known"
        return f"{device}, {why}: times are those of others"

    def _line(self, planned: Planned) -> dict[str, str]:
        row = planned.row
        return {
            "retriever": row.name,
            "download": f"{planned.download:.1f} GB" if planned.download else "none",
            "memory": f"{row.memory:g} GB" if row.memory else "small",
            "embeddings": f"{planned.embeddings:,}",
            "store": _size(planned.stored),
        } | {each.name: _time(planned, each) for each in self.devices}

    def _hours(self, device: cost.Device) -> str:
        """The time in all of those that fit, and which takes most of it and why."""
        fit = [e for e in self.retrievers if e.row.memory <= device.memory]
        if not fit:
            return f"{device.name}: its memory is too small for all of them."
        known = {each.row: each.seconds(device) or 0.0 for each in fit}
        total = sum(known.values())
        if not total:
            return ""
        slowest = max(known, key=known.get)
        why = " and needs a pass for each prompt" if _in_passes(slowest) else ""
        share = 100 * known[slowest] / total
        count = len(self.retrievers)
        those = f" for those that fit ({len(fit)} of {count})" * (len(fit) < count)
        return (
            f"{device.name}: {cost.about(total)} (estimated){those}, of which "
            f"{slowest.name} takes {share:.0f} %{why}."
        )


def _time(planned: Planned, device: cost.Device) -> str:
    if planned.row.memory > device.memory:
        return "does not fit"
    seconds = planned.seconds(device)
    if seconds is None:
        return "not known" if planned.row.parameters else "short"
    return cost.duration(seconds)


def _in_passes(row: Row) -> bool:
    return row.promptable and not (row.causal and row.prompt_after_image)


def _counts(run: Run, counted: bool) -> dict[tuple[str, str], int]:
    """(pool, pictures) -> how many there are."""
    if not counted:
        limit = run.profile.max_images or ASSUMED
        return {("", GALLERY): min(limit, ASSUMED), ("", ANCHORS): run.profile.anchors}
    own = run.workspace
    found = {(name, GALLERY): len(p.benchmark.images) for name, p in run.pools.items()}
    found |= {("", GALLERY): len(own.pictures), ("", ANCHORS): len(own.anchors)}
    return found


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"


def _cache() -> Path:
    """The folder of the hub's client, which downloads the weights."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())
