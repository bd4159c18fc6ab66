# %% [markdown]
# # Results at full scale
#
# *What photographs and large models gave, run by run.*
#
# The other chapters run on drawn pictures, on any laptop. This page shows what was run
# on photographs. A run appears here once its ranks are committed under `results/full/`,
# with the manifest of what made them. To make the first, on a machine with a large GPU
# and the Hugging Face Hub:
#
# ```bash
# cocofacet fetch            # what there is, and how to place it
# make execute PROFILE=full RUN=first
# git add results/full/first && git commit
# ```
#
# Ranks and manifests are small, and the next build of the book shows them here.
# Embeddings stay where they are.

# %% tags=["parameters", "hide-input"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
shown_profile = "full"  # whose committed runs are shown

# %% tags=["hide-input"]
from IPython.display import display

import cocofacet as cf
from cocofacet.chapters.results import made_by, of_run
from cocofacet.evaluation import runs

workspace = cf.open_workspace(
    profile, run, seed, changes, shown_profile=shown_profile
)
results = workspace.root / "results"

# %% [markdown]
# ## Every run
#
# Recall in percent, averaged over facets (macro) and over queries (micro); the column
# *averaged* says which. *prompted* is under each facet's GPT-written question. Where two
# chapters made the same ranking, each has a row.

# %% tags=["hide-input"]
folders = runs.folders(results, shown_profile)
if folders:
    ranks = runs.collect(results, shown_profile)
    summary = runs.summary(ranks)
    display(cf.tables.shown(summary, "results").format(precision=1))
else:
    none = "**None yet**: no run of the profile `{}` is committed."
    display(cf.markdown(none, shown_profile))

# %% [markdown]
# ## Beside the paper's Table 1
#
# Each run has a table. It lists the retrievers of the paper, with their average Recall@5
# where that is known here (S). Beside it stands ours: macro, with its 95 % interval over
# query texts. The difference is in points. It says something on the released queries
# alone, and even there only roughly: whether the paper averages over facets or over
# queries is not known here.

# %% tags=["hide-input"]
for folder in folders:
    display(cf.markdown("**{}**", folder.name))
    beside = of_run(ranks, folder)
    display(cf.tables.shown(beside, f"table-1-{folder.name}"))

# %% [markdown]
# ## What made them
#
# Revision and precision of each retriever, the pictures, the seed and the versions.

# %% tags=["hide-input"]
made = made_by(results / shown_profile)
if made.empty:
    display(cf.markdown("No manifests yet."))
else:
    display(cf.tables.shown(made, "made"))

# %% [markdown]
# ## The paper's own
#
# Average Recall@5 on photographs, as quoted from the paper's Table 1 (S). Only the same
# retriever on the same queries may be set beside it.

# %% tags=["hide-input"]
for number in cf.paper.TABLE_1.values():
    display(cf.prose(f"- {number.what}: {number}"))
