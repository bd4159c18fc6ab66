"""What became of each retriever of a run that was embedded before its notebooks.

    results/<profile>/<run>/embedded.json

holds the settings that it is about, whether all had their turn, in one line why none
could ("" else), and by retriever
{"state": "done" or "failed", "reason": one line, "seconds": ...}.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cocofacet.io import InputError, read_json, write_json

NAME = "embedded.json"
DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Record:
    """The record in a folder of results, of one run's settings alone: what was noted
    for others is not there."""

    folder: Path
    settings: Mapping[str, object]

    @property
    def retrievers(self) -> dict[str, dict[str, object]]:
        return self._read()["retrievers"]

    @property
    def finished(self) -> bool:
        """Whether every retriever had its turn, also those that failed."""
        return self._read()["finished"]

    @property
    def refused(self) -> str:
        """Why none could be begun, in one line; "" where they could."""
        return self._read()["refused"]

    @property
    def failed(self) -> dict[str, str]:
        """Retriever -> why, in one line."""
        found = self.retrievers.items()
        return {n: each["reason"] for n, each in found if each["state"] == FAILED}

    def note(self, retriever: str, state: str, **more: object) -> None:
        """Write down what became of a retriever."""
        known = self.retrievers | {retriever: {"state": state, **more}}
        self._write(known, finished=False)

    def begin(self) -> None:
        """Forget what failed: it is tried again."""
        done = {n: e for n, e in self.retrievers.items() if e["state"] == DONE}
        self._write(done, finished=False)

    def refuse(self, why: str) -> None:
        """Write down why none can be begun; what is done stays."""
        self._write(self.retrievers, finished=False, refused=why)

    def finish(self) -> None:
        """Write down that there are no further retrievers."""
        self._write(self.retrievers, finished=True)

    def _read(self) -> dict[str, object]:
        nothing = {"retrievers": {}, "finished": False, "refused": ""}
        try:
            found = read_json(self.folder / NAME, dict)
        except InputError:  # not there, or damaged: it is made again
            return nothing
        same = found.get("settings") == json.loads(json.dumps(self.settings))
        return nothing | found if same else nothing

    def _write(self, retrievers: Mapping, finished: bool, refused: str = "") -> None:
        content = {"settings": self.settings, "finished": finished}
        content["refused"] = refused
        write_json(self.folder / NAME, {**content, "retrievers": retrievers})
