"""The line under a number that says what made it."""

import os
from datetime import UTC, datetime
from importlib.metadata import version

from IPython.display import Markdown

from cocofacet.retrievers.base import Retriever
from cocofacet.workspace import Workspace

PACKAGES = ("cocofacet", "torch", "transformers", "open_clip_torch")


def today() -> str:
    """The date of the run, or of the commit where ``SOURCE_DATE_EPOCH`` says so."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.date().isoformat()


def made_with(
    workspace: Workspace, metric: str, prompts: str, *retrievers: Retriever
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
        f"pictures: {workspace.profile.shown_as}, {workspace.profile.pixels}",
        ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        f"profile {workspace.profile.name}, run {workspace.run}, seed {workspace.seed}",
        today(),
    )
    line = " · ".join(part for part in parts if part)
    return Markdown(f"<small class='made-with'>{line}</small>")
