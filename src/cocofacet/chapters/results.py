"""The page of results at full scale: what made each run, or how to make the first."""

import json
from pathlib import Path

import pandas as pd

from cocofacet.profiles import PROFILES


def made_by(folder: Path) -> pd.DataFrame:
    """One row for each (run, notebook, retriever) from the manifests beside the ranks,
    <folder>/<run>/<notebook>.manifest.json; empty where there are none."""
    rows = {}
    for path in sorted(Path(folder).glob("*/*.manifest.json")):
        made = json.loads(path.read_text())
        notebook = path.name.removesuffix(".manifest.json")
        for retriever, weights in made["retrievers"].items():
            rows[made["run"], notebook, retriever] = {
                "revision": weights["revision"][:12],
                "precision": weights["precision"],
                "queries": f"{made['queries']:,}",
                "pictures": made["profile"]["shown_as"],
                "seed": made["seed"],
                "versions": ", ".join(f"{k} {v}" for k, v in made["packages"].items()),
            }
    names = ["run", "notebook", "retriever"]
    index = pd.MultiIndex.from_tuples(list(rows), names=names)
    return pd.DataFrame(list(rows.values()), index)


def nothing_yet(profile: str) -> str:
    """What to say while no run is committed, and how to make one."""
    return (
        f"**There are none yet.** No run of the profile `{profile}` is committed, so "
        "nothing is shown: no number of this book is about photographs. To make one, "
        "on a machine with a large GPU and the Hugging Face Hub:\n\n"
        "```bash\n"
        f"cocofacet fetch {' '.join(PROFILES['full'].fetch)} --out data/coco\n"
        f"make execute PROFILE={profile} RUN=first\n"
        f"git add results/{profile}/first && git commit\n"
        "```\n\n"
        "Ranks and manifests are small; embeddings stay where they are. The next build "
        "of the book shows them here."
    )
