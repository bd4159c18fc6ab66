# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,-all
#     notebook_metadata_filter: kernelspec,jupytext,-all
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Status of this build
#
# Every number of this book was computed when the book was built. This page says on
# what, with which versions, and how long it took.

# %% tags=["remove-input"]
# On Colab, install this project; elsewhere this cell does nothing.
import os

REPOSITORY, COMMIT = "", "main"
if "COLAB_RELEASE_TAG" in os.environ:
    assert REPOSITORY, "Set REPOSITORY to this project's public address."
    # %pip install -q "cocofacet @ git+{REPOSITORY}@{COMMIT}"

# %% tags=["parameters", "remove-input"]
profile = "mini"
run = "default"
seed = 0

# %% [markdown]
# ## Machine and versions

# %% tags=["remove-input"]
import platform
from importlib.metadata import PackageNotFoundError, version

import pandas as pd
import torch


def version_of(package):
    try:
        return version(package).split("+")[0]
    except PackageNotFoundError:
        return "not installed"


PACKAGES = (
    "cocofacet torch torchvision transformers open_clip_torch safetensors pycocotools "
    "numpy pandas matplotlib seaborn jupytext papermill jupyter-book Sphinx "
    "sphinx-book-theme myst-nb"
)
machine = {
    "system": f"{platform.system()} on {platform.machine()}",
    "cores": os.cpu_count(),
    "accelerator": torch.cuda.get_device_name()
    if torch.cuda.is_available()
    else "no",
    "Python": platform.python_version(),
}
versions = {package: version_of(package) for package in PACKAGES.split()}
pd.DataFrame({"": machine | versions}).style

# %% [markdown]
# ## Run times
#
# One row a notebook: how long its last execution took, and with which parameters.

# %% tags=["remove-input"]
import json
from pathlib import Path

from IPython.display import display

rows = []
for path in sorted(
    Path("../_build/executed", profile, run).glob("[0-9]*.ipynb")
):
    record = json.loads(path.read_text())["metadata"]["papermill"]
    if path.stem != "90_status":
        rows.append(
            {
                "notebook": path.stem,
                "seconds": round(record["duration"]),
                "executed (UTC)": record["end_time"][:16].replace("T", " "),
                "parameters changed": ", ".join(record["parameters"])
                or "none",
            }
        )
if rows:
    display(pd.DataFrame(rows).set_index("notebook").style)
else:
    print("No other notebook has been executed for this profile and run yet.")
print(f"profile {profile}, run {run}, seed {seed}")
