# %% [markdown]
# # What the paper claims
#
# *Each claim of the paper, where it is tried here, and how far.*
#
# We read the paper's abstract and the authors' released code for this list. Of the
# paper's tables we know four numbers, quoted by a second party. The rest of the paper
# was not available when this was written. Where a cell says so,
# [the paper](https://arxiv.org/abs/2505.15877) itself has the answer.

# %% tags=["parameters", "hide-input"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}

# %% tags=["hide-input"]
import pandas as pd

import cocofacet as cf
from cocofacet.chapters.claims import became, brief, headlines, held, table
from cocofacet.evaluation import seeds
from cocofacet.io import COMMITTED

workspace = cf.open_workspace(profile, run, seed, changes)

# %% [markdown]
# ## Claim by claim
#
# For the rendered world the table has a word, and no number beside the paper's. The word
# is what the findings below say together: *holds* or *fails* where all of them do, else
# *undecided*. It is no evidence about photographs. For these the table says whether the
# chapters were run on them; the chapters have the numbers.

# %% tags=["hide-input"]
hits = seeds.read(COMMITTED / "training/seeds.hits.csv")
found = headlines(hits)
claims = became(found, workspace.root / "results")
cf.glue("verdicts", brief(claims))
table(claims)

# %% [markdown]
# ## What was found in the rendered world
#
# Each line says that the first thing is higher than the second. It *holds* where the
# interval of the difference lies above zero, *fails* where it lies below, and is
# *undecided* where zero lies inside. The interval counts chance of three kinds: another
# training of the model, another wording of the question, other query texts. Where it
# says *1 seed*, chance of the first kind is not in it, and it is too narrow. The models
# were trained on these eight questions, so the size of a difference says nothing about
# photographs.

# %% tags=["hide-input"]
cf.conclude(workspace, "claims", found)

# %% [markdown]
# How far can such an interval be trusted? Take the averages at hand for the truth, draw
# as many wordings and texts again, and see whether the interval of what was drawn holds
# it. In so many of a hundred draws it does; 95 are promised. Of seeds there are too few
# to draw from: their like are drawn from a normal with the same mean and spread. That is
# the kind case: if half of all trainings failed, every second pair would come out alike,
# show no spread, and miss. Where there is one seed, neither the interval nor this count
# knows of another training.

# %% tags=["hide-input"]
shares = held(hits)
trust = pd.DataFrame(
    {
        "draws in a hundred": {
            f"{each.contrast} ({each.metric})": f"{100 * shares[key]:.0f}"
            for key, each in found.items()
        }
    }
)
cf.tables.shown(trust.rename_axis("finding"), "trust", "words")

# %% [markdown]
# ## What the letters mean

# %% tags=["hide-input"]
letters = pd.Series(cf.paper.TRUST, name="how we know it").to_frame()
cf.tables.shown(letters, "letters", "words")
