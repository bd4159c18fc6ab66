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
from cocofacet.chapters.claims import became, brief, headlines, table, trust
from cocofacet.evaluation import seeds
from cocofacet.io import COMMITTED

workspace = cf.open_workspace(profile, run, seed, changes)

# %% [markdown]
# ## Claim by claim
#
# For the rendered world the table has a word, and no number beside the paper's. The word
# is what the findings below say together: *holds* or *fails* where all of them do, else
# *undecided*; and *one training* where one of them rests on a single one. It is no
# evidence about photographs. For these the table says whether the chapters were run on
# them; the chapters have the numbers.

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
# *undecided* where zero lies inside. The interval allows for three kinds of chance:
# another training of the model, another wording of the question where one is asked, and
# other query texts. Where it says *1 seed*, the first kind is not in it, and it is too
# narrow. Most of the models were trained to answer these eight questions, so the size of a difference says nothing
# about photographs.

# %% tags=["hide-input"]
cf.conclude(workspace, "claims", found)

# %% [markdown]
# How far can such an interval be trusted? Take the averages at hand for the truth, and
# draw as many wordings and texts again. Does the interval of what was drawn hold the
# truth? The table says in how many of a hundred draws it does. It should be 95.
#
# There are too few seeds to draw from. So seeds are drawn from a normal distribution of
# the same mean and spread, and that is a kind case. If, say, half of all trainings
# failed wholly, two seeds would often be alike by luck, and the interval of such a pair
# would miss. Where there is one seed, neither the interval nor this count knows of
# another training. The last column says which claim's word a finding decides.

# %% tags=["hide-input"]
cf.tables.shown(trust(found, hits), "trust", "words")

# %% [markdown]
# ## What the letters mean

# %% tags=["hide-input"]
letters = pd.Series(cf.paper.TRUST, name="how we know it").to_frame()
cf.tables.shown(letters, "letters", "words")
