# %% [markdown]
# # General embeddings
#
# *Claim: "CLIP-like retrievers are poor and imbalanced on attribute-focused queries"
# (abstract, E).*
#
# A general embedding is made once, before any question is known. It should hold
# whatever a query may ask for. Which facets does it hold?
# [GeneCIS](https://arxiv.org/abs/2306.07969) asks for pictures that are alike in a
# named respect, and reports that CLIP models struggle with that, too.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}

# %% tags=["hide-input"]
import pandas as pd

import cocofacet as cf
from cocofacet.benchmark.facets import CAPTIONED
from cocofacet.evaluation.statistics import between_facets
from cocofacet.report import findings

cf.use_style()
workspace = cf.open_workspace(profile, run, seed, changes)

# %% [markdown]
# ## Rank the pools
#
# Each retriever embeds each picture without a question, and each query text. A pool is
# sorted by the cosine between the two. A negative that ties with the positive is
# counted above it, so a retriever that cannot decide gets nothing.

# %%
names = (*workspace.profile.duals, *workspace.profile.promptables)
workspace.announce(*names, prompts=1)
ranks, loaded = [], []
for name in names:
    retriever = workspace.retriever(name)
    ranks.append(workspace.ranks(retriever, ("general",)))
    loaded.append(retriever)
ranks = pd.concat(ranks, ignore_index=True)
print(f"{len(ranks):,} ranks of {ranks['query'].nunique():,} queries")

# %% [markdown]
# ## Recall by facet
#
# Each retriever has a panel of its own. The retrievers were trained on different
# things, so if one finds more than another, that says nothing about their
# architectures. What counts is how *uneven* each of them is. The dotted line is chance.

# %%
recalls = {
    k: {
        name: cf.tables.recalls(ranks[ranks.retriever == name], k)
        for name in names
    }
    for k in (1, 5)
}

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Dots with intervals, one row for each facet and one panel for each retriever: Recall at 5 without a question, with a dotted line at chance."}}
pictures = workspace.profile.shown_as
cf.captioned(
    cf.figures.recall_by_facet(
        {
            name: cf.tables.facets_only(table)
            for name, table in recalls[5].items()
        },
        5,
        pictures,
    ),
    "recall",
    "Recall@5 of the general embedding (no prompt) for each facet, a panel for "
    f"each retriever ({pictures}; {cf.sample(ranks)}, each in a pool of 100). "
    "Bars: 95 % interval over query texts. Dotted: chance, 5 %.",
    cf.made_with(
        workspace, "Recall@5 in pools of 100, each facet over its queries",
        "none", *loaded,
    ),
)  # fmt: skip

# %% [markdown]
# ## The numbers
#
# Recall is in percent, with its 95 % interval over query texts. The last rows are
# averages: *macro* over the facets, *micro* over the queries, *balanced* over the
# labels inside a facet and then over the facets. Which of them the paper's averages are
# is not known here. The interval of a facet with few texts speaks of those texts only.
# Beside each recall stands what is *expected* of it over all draws of the negatives
# (see [The luck of the draw](luck.ipynb)).

# %% tags=["hide-input"]
for name in names:
    by_k = {k: recalls[k][name] for k in (1, 5)}
    grid = cf.tables.recall_grid(by_k, {"general": name})
    display(cf.tables.shown(grid, f"general-{name}"))
cf.made_with(workspace, "Recall@1 and Recall@5", "none", *loaded)

# %% [markdown]
# ## The paper's numbers
#
# They stand alone, because pictures, models and scale are others. Ours may be set
# beside them only for the same retriever on COCO-Facet: see [Results at full
# scale](results.ipynb).

# %% tags=["hide-input"]
cf.tables.shown(
    pd.DataFrame(
        {
            "published": {
                number.what: str(number)
                for number in cf.paper.TABLE_1.values()
            }
        }
    ),
    "paper",
)

# %% [markdown]
# ## Findings
#
# Is the unevenness what captions would make it? A short caption names its main subject
# and the place. Each line says that these facets are found better than the others. It
# *holds* where the interval of the difference lies above zero.

# %% tags=["hide-input"]
captioned = [name for name in CAPTIONED if name in workspace.benchmark.facets]
found = {}
if captioned and len(captioned) < len(workspace.benchmark.facets):
    contrast = f"{', '.join(captioned)} − the other facets"
    for name in names:
        own = ranks[ranks.retriever == name]
        found[name] = findings.finding(
            contrast,
            f"Recall@5, macro, {name}",
            between_facets(own, captioned, 5),
        )
others = [w.ranks(r, ("general",)) for w in workspace.others for r in loaded]
cf.conclude(workspace, "general", found, pd.concat([ranks, *others]))

# %% [markdown]
# ## What would change our mind
#
# If all facets came out level, there would be no imbalance to mend. If the low facets
# were low because *annotations* are wrong there, a better embedding would not help. In
# the rendered world that is excluded, because the truth is known.
