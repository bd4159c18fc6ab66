# %% [markdown]
# # Status of this build
#
# The chapters ran when this book was built. This page says on which machine, with which
# versions, and how long it took. What was computed beforehand, such as the studies of
# other training seeds, is named where it is shown.

# %% tags=["parameters", "remove-input"]
profile = "mini"
run = "default"
seed = 0
changes = {}  # of the profile, such as {"promptables": "e5-v"}

# %% [markdown]
# ## Machine and versions

# %% tags=["remove-input"]
import json
import os
import platform
from importlib.metadata import version

import pandas as pd
import torch
from IPython.display import display

import cocofacet as cf
from cocofacet.report.tables import shown

workspace = cf.open_workspace(profile, run, seed, changes)

PACKAGES = (
    "cocofacet torch torchvision transformers open_clip_torch safetensors "
    "pycocotools numpy pandas scipy scikit-learn peft sentence-transformers Pillow "
    "matplotlib seaborn"
)
gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
machine = {
    "system": f"{platform.system()}, {platform.machine()}",
    "cores": os.cpu_count(),
    "GPU": gpu,
    "Python": platform.python_version(),
}
packages = {name: version(name).split("+")[0] for name in PACKAGES.split()}
about = pd.DataFrame({"this build": machine | packages})
shown(about, "machine")

# %% [markdown]
# ## Run times and parameters
#
# When each notebook last ran, for how long, and with which parameters. A notebook loads
# what an earlier one computed, so these times depend on the order.

# %% tags=["remove-input"]
rows = []
executed = workspace.root / "_build/executed" / profile / workspace.run
for path in sorted(executed.glob("[!.]*.ipynb")):
    record = json.loads(path.read_text())["metadata"]["papermill"]
    changed = record["parameters"]
    if path.stem != "status" and not path.stem.startswith("failed-"):
        rows.append(
            {
                "notebook": path.stem,
                "seconds": round(record["duration"]),
                "ended (UTC)": record["end_time"][:16].replace("T", " "),
                "profile": changed.get("profile", profile),
                "run": changed.get("run", workspace.run),
                "seed": changed.get("seed", seed),
            }
        )
if rows:
    display(shown(pd.DataFrame(rows).set_index("notebook"), "times"))
else:
    display(
        cf.markdown("No other notebook of this profile and run lies here.")
    )

# %% [markdown]
# ## Sources
#
# The annotation files that the benchmark was built from, with their checksums. A file
# that differs in one byte has another checksum.

# %% tags=["remove-input"]
built = next(iter((*workspace.others, workspace))).benchmark
none = {"the released files alone": {"sha256": "not built here"}}
sources = pd.DataFrame(built.manifest.get("sources", none)).T
sources = sources.rename_axis("source")
shown(sources, "sources")
