# %% [markdown]
# # What the paper claims
#
# *Each claim of the paper, where it is tried here, and how far.*
#
# The paper's abstract and the authors' released code were read for this list. Of the
# paper's tables, four numbers were quoted by a second party. Everything else that the
# paper holds was not available when this was written: such a cell says so, and
# [the paper](https://arxiv.org/abs/2505.15877) itself has the answer.

# %% tags=["parameters", "hide-input"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}

# %% tags=["hide-input"]
import pandas as pd

import cocofacet as cf
from cocofacet.chapters.claims import CLAIMS, status
from cocofacet.report.sentences import listed

workspace = cf.open_workspace(profile, run, seed, changes)

# %% [markdown]
# ## Claim by claim
#
# *Run in the rendered world only* means that the code ran, on drawn pictures and tiny
# models, and that its numbers are in the chapter. They are no evidence about
# photographs. *Run on photographs of some facets only* is the profile `colab`; *run at
# full scale* appears when results of the profile `full` are committed.

# %% tags=["hide-input"]
rows = {
    claim.what: {
        "in the paper": claim.where,
        "published": claim.known,
        "chapter": ", ".join(
            f'<a href="{chapter}.html">{chapter}</a>'
            for chapter in claim.chapters
        )
        or "none",
        "status": status(claim, workspace.root / "results"),
    }
    for claim in CLAIMS
}
claims = pd.DataFrame(rows).T.rename_axis("claim")
cf.tables.shown(claims, "claims", "words")

# %% [markdown]
# ## What the letters mean

# %% tags=["hide-input"]
letters = pd.Series(cf.paper.TRUST, name="how we know it").to_frame()
cf.tables.shown(letters, "letters", "words")

# %% [markdown]
# ## In short

# %% tags=["hide-input"]
counted = claims.status.value_counts()
parts = [f"{number} {words}" for words, number in counted.items()]
cf.prose(f"Of {len(claims)} claims and groups of tables, {listed(parts)}.")
