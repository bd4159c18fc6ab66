"""The line under a number that says what made it."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from IPython.display import Markdown

from cocofacet.retrievers.base import Retriever
from cocofacet.retrievers.zoo import ROWS
from cocofacet.workspace import Workspace

PACKAGES = ("cocofacet", "torch", "transformers", "open_clip_torch")


@dataclass(frozen=True)
class Weights:
    """What is said of a retriever under its numbers, when it is no longer loaded."""

    name: str
    revision: str
    dim: int
    fingerprint: dict[str, str]


def weights_of(retriever: Retriever) -> Weights:
    """Keep this instead of the retriever, so that the next one has the memory."""
    precision = {"precision": str(retriever.fingerprint["precision"])}
    return Weights(retriever.name, retriever.revision, retriever.dim, precision)


def today() -> str:
    """The date of the run, or of the commit where ``SOURCE_DATE_EPOCH`` says so."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.date().isoformat()


def made_with(
    workspace: Workspace, metric: str, prompts: str, *retrievers: Retriever | Weights
) -> Markdown:
    """Metric, average, prompt, checkpoint, image size, precision, versions, seed,
    profile and date, as one small paragraph."""
    checkpoints = "; ".join(
        f"{retriever.name} ({retriever.fingerprint['precision']}, "
        f"{retriever.dim} dimensions, revision "
        f"{retriever.revision[:12]})"
        for retriever in retrievers
    )
    parts = (
        metric,
        f"prompts: {prompts}",
        f"checkpoint: {checkpoints}" if checkpoints else "",
        *(ROWS[r.name].caveat for r in retrievers if r.name in ROWS),
        f"pictures: {workspace.profile.shown_as}, {workspace.profile.pixels}",
        ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        f"profile {workspace.profile.name}, run {workspace.run}, seed {workspace.seed}",
        today(),
    )
    line = " · ".join(part for part in parts if part)
    return Markdown(f"<small class='made-with'>{line}</small>")
