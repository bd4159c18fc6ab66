"""`cocofacet evaluate --vectors`: vectors that were made elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cocofacet import __version__
from cocofacet.benchmark.facets import FACETS
from cocofacet.io import InputError, check_output, checked_name

if TYPE_CHECKING:
    import pandas as pd

LAYOUTS = """\b
--vectors FILE ranks vectors made elsewhere, of all pictures and query texts:
  FILE.parquet      a row a vector: kind ("text" or "image"), name (the text,
                    or the picture's path in the benchmark), prompt (null for
                    none, else the facet's question), vector (a list)
  FILE.safetensors  tensors texts (T, D) and images (P, N, D); metadata
                    "cocofacet", a JSON object {"texts": [T], "images": [N],
                    "prompts": [P]}
They are compared by cosine."""


def ranked(
    file: Path, name: str, benchmark, chosen: Sequence[str], run: str | None
) -> "tuple[pd.DataFrame, str]":
    """The ranks of a file of vectors in the modes chosen, kept where ``run`` says so,
    and a line that says where."""
    from cocofacet.evaluation import vectors
    from cocofacet.evaluation.ranking import prompt_modes

    checked_name("--name", name)
    folder = _folder_of(run) if run else None
    if folder:
        check_output(folder, "--run", folder=True)
    questions = {facet: FACETS[facet].question for facet in benchmark.facets}
    modes = prompt_modes(questions, chosen)
    found = vectors.read(file)
    made = {"retriever": name, "revision": vectors.revision_of(file)}
    table = found.ranks(benchmark, modes, **made)
    if folder is None:
        return table, "--run PROFILE/RUN keeps the ranks for `cocofacet runs`"
    made_from = {
        "profile": {"shown_as": f"as given for {folder.parent.name}"},
        "packages": {"cocofacet": __version__},
    }
    return table, f"kept: {vectors.keep(table, folder, benchmark, made_from)}"


def _folder_of(run: str) -> Path:
    """results/PROFILE/RUN; ``InputError`` for a text that is not PROFILE/RUN."""
    parts = run.split("/")
    if len(parts) != 2:
        raise InputError(f"--run: {run!r} is not PROFILE/RUN, such as full/mine.")
    return Path("results", *(checked_name("--run", part) for part in parts))
