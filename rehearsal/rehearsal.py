"""A run of full scale, rehearsed: fetch, embed, every notebook, in an empty folder.

Official are the names, the files' layout and the notebooks; replaced are the hub and
the catalogue (a loopback server), the device, and some parameters by smaller ones.
"""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from pathlib import Path

from cocofacet.profiles import Profile, profile_named
from rehearsal import data, models
from rehearsal.hub import Hub
from rehearsal.installed import ROOT
from rehearsal.memory import Watch

RUN = "random-weights"  # in each row of ranks, and in every table of runs
STAMP = "rendered pictures, random weights"  # under every figure, beside every number
CHANGES = {
    "device": "cpu",
    "shown_as": STAMP,
    "pixels": "128 × 128 px",
    "longest": 4,  # tokens of an answer
}
# Little repetition: does it run?
PARAMETERS = {
    "draws": 2,
    "ratios": [0.25, 1.5],
    "timed_images": 4,
    "heard": 4,
    "sizes": [100, 400],
    "most": 5,
    "per_text": 1,
    "controls_from": "smoke",
}


@dataclass(frozen=True)
class Part:
    """What is rehearsed of one profile."""

    profile: str
    changes: dict[str, object] = field(default_factory=dict)
    notebooks: tuple[str, ...] = ()  #: all of them where empty
    #: Commands to run first; what they do, the notebooks do where they have not run.
    commands: tuple[str, ...] = ("fetch", "embed")

    @property
    def chosen(self) -> Profile:
        return profile_named(self.profile).changed(CHANGES | self.changes)


# On Colab one opens a notebook, and it fetches and embeds what it needs.
# A CPU emulates half precision, many times slower: the cut alone keeps its rows' own.
SINGLE = {"precision": "fp32"}
WHOLE = (Part("full", SINGLE), Part("colab", SINGLE, commands=()))
CUT = (
    Part(
        "full",
        {
            "duals": ["clip-vit-l-14-336"],
            "promptables": ["vlm2vec-v2.0"],
            "answerer": "",
            "pools": [],
            "facets": ["objects", "gestures", "scenes"],
        },
        ("benchmark", "general", "prompted"),
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook, or of one command."""

    profile: str
    name: str
    ok: bool
    seconds: float = 0.0
    peak: int = 0  #: bytes, of the kernel and its children
    began: float = inf
    reason: str = ""  #: why it failed, one line


@dataclass(frozen=True)
class Rehearsal:
    """The installed package, a hub that offers all, and a place for what is made."""

    place: Path  #: empty, or where an earlier run was interrupted
    python: Path
    hub: Hub
    catalogue: Path

    @classmethod
    def prepare(cls, folder: Path, python: Path, hub: Hub, parts: Sequence[Part]):
        """Write the checkpoints and archives that these parts download."""
        names = dict.fromkeys(name for part in parts for name in part.chosen.retrievers)
        models.offer(hub, names, folder / "models")
        catalogue = data.offer(hub, folder / "data")
        return cls(folder, python, hub, catalogue)

    def home(self, part: Part) -> Path:
        """Where the user is: data/ and results/ appear there."""
        home = self.place / part.profile
        home.mkdir(parents=True, exist_ok=True)
        return home

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("COCOFACET_")}
        kept.pop("PYTHONPATH", None)
        return kept | {
            "HF_ENDPOINT": self.hub.url(),
            "HF_HOME": str(self.place / "hugging-face"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "COCOFACET_CATALOG": str(self.catalogue),
            "NO_PROXY": "127.0.0.1,localhost",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(os.cpu_count())),
        }

    def arguments(self, part: Part) -> dict[str, list[str]]:
        """What each command is given."""
        changes = [f"{n}={json.dumps(v)}" for n, v in (CHANGES | part.changes).items()]
        named = ["--profile", part.profile, "--run", RUN]
        return {
            "fetch": [*part.chosen.fetch, "--out", "data/coco"],
            "embed": named + [word for pair in changes for word in ("-p", pair)],
        }

    def run(self, part: Part) -> list[Outcome]:
        """The commands, then the notebooks of a part."""
        given = self.arguments(part)
        done = [self.command(part, name, *given[name]) for name in part.commands]
        return done + self.notebooks(part)

    def notebooks(self, part: Part) -> list[Outcome]:
        """Run the notebooks of a part as a user would, in their order."""
        out = self.place / "executed" / part.profile
        sources = [str(ROOT / f"notebooks/{name}.py") for name in part.notebooks]
        command = [str(ROOT / "tools/execute.py"), *sources, "--profile", part.profile]
        command += ["--run", RUN, "--cwd", str(self.home(part)), "--out", str(out)]
        for name, value in {**CHANGES, **part.changes, **PARAMETERS}.items():
            command += ["-p", f"{name}={json.dumps(value)}"]
        process = self.start(part, "python", *command)
        with Watch(process.pid, itself=False) as watch:
            process.wait()
        names = part.notebooks or [path.stem for path in ROOT.glob("notebooks/*.py")]
        found = [read(out, part.profile, name, watch) for name in names]
        return sorted(found, key=lambda outcome: outcome.began)

    def start(self, part: Part, name: str, *given: str, **options) -> subprocess.Popen:
        """Start a command of the environment in the user's folder."""
        command = [str(self.python.with_name(name)), *given]
        environment = self.environment
        return subprocess.Popen(
            command, cwd=self.home(part), env=environment, text=True, **options
        )

    def command(self, part: Part, *command: str) -> Outcome:
        began = time.time()
        process = self.start(part, "cocofacet", *command, stderr=subprocess.PIPE)
        with Watch(process.pid) as watch:
            _, errors = process.communicate()
        ended = time.time()
        return Outcome(
            part.profile,
            f"cocofacet {command[0]}",
            process.returncode == 0,
            ended - began,
            watch.peak(began, ended),
            began,
            errors.strip().splitlines()[-1] if process.returncode and errors else "",
        )


def read(out: Path, profile: str, name: str, watch: Watch) -> Outcome:
    """What became of a notebook, from the copy that its run left."""
    for path in (out / f"{name}.ipynb", out / f"failed-{name}.ipynb"):
        if path.is_file():
            break
    else:
        return Outcome(profile, name, False, reason="left no copy")
    notebook = json.loads(path.read_text())
    about = notebook["metadata"]["papermill"]
    began, ended = (
        datetime.fromisoformat(about[key]).timestamp()
        for key in ("start_time", "end_time")
    )
    outputs = [out for cell in notebook["cells"] for out in cell.get("outputs", ())]
    errors = [out for out in outputs if out["output_type"] == "error"]
    reason = "; ".join(f"{e['ename']}: {e['evalue']}".split("\n")[0] for e in errors)
    ok = path.name == f"{name}.ipynb" and not errors
    peak = watch.peak(began, ended)
    return Outcome(profile, name, ok, ended - began, peak, began, reason)
