# %% [markdown]
# # Other pools, other bases
#
# *Claim: promptable image embeddings help across query types, image pools and base
# retrievers (abstract, E).*
#
# A gain seen with one model on one set of pictures may be due to that model, or to those
# pictures. So the same measurement is made again, with other pictures and another model.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
k = 1  # the cut-off of the figure and the findings

# %% tags=["hide-input"]
import pandas as pd

import cocofacet as cf
from cocofacet.chapters import pools

cf.use_style()
workspace = cf.open_workspace(profile, run, seed, changes, k=k)

# %% [markdown]
# ## The pools
#
# Here *pool* has its wider meaning, as in the paper: a set of pictures that is searched.
# The rendered world can be drawn in a second style: the same scenes, in ink on rough
# paper. No model saw that style in training. At full scale the other pools are those of
# the paper: SUN397, Places365 and Country211, taken from MMEB (E).

# %%
tried = {workspace.profile.shown_as: workspace}
for other in workspace.others:
    tried["the rebuilt queries"] = other
tried |= pools.there(workspace, workspace.profile.pools)

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Four pictures of each pool, with the labels that their queries ask for."}}
for number, (name, pool) in enumerate(tried.items()):
    first = {query.candidates[0]: query for query in pool.benchmark.queries}
    chosen = list(first.values())[:: max(1, len(first) // 4)][:4]
    cf.captioned(
        cf.figures.gallery(
            pool.images,
            [(q.candidates[0], q.label[:18]) for q in chosen],
            name,
        ),
        f"pool-{number}",
        f"Pictures of the pool “{name}”, each with the label its query asks for.",
    )

# %% [markdown]
# ## The gain by facet, pool and base
#
# Each dot is a difference: Recall with the facet's question less Recall without one,
# each query compared with itself. A *base* is the model that makes the embeddings. Each
# has a panel, and panels are not compared.

# %%
workspace.announce(
    *workspace.profile.promptables, prompts=1 + len(workspace.questions)
)
found, loaded, ranks = {}, [], []
_ = workspace.profile.promptable  # where none is left, the notebook ends here
for base in workspace.profile.promptables:
    retriever = workspace.retriever(base)
    loaded.append(retriever)
    for name, pool in tried.items():
        here = pool.ranks(retriever, ("general", "prompted"))
        ranks.append(here)
        found[base, name] = cf.tables.differences(
            cf.tables.of_mode(here, "prompted"),
            cf.tables.of_mode(here, "general"),
            k,
        )

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Dots with intervals around a zero line, one row for each facet, one panel for each base model, one colour for each pool of pictures: what the facet's question changes in recall."}}
pictures = workspace.profile.shown_as
count = sum(len(pool.benchmark.queries) for pool in tried.values())
cf.captioned(
    pools.gains(found, k, pictures),
    "gains",
    f"What the facet's question changes: Recall@{k} minus that of the general "
    "embedding, paired by query, for each facet, a colour for each pool of pictures and "
    f"a panel for each base model ({pictures}; {count:,} queries, pools of 100). "
    "Bars: 95 % interval over query texts. Dotted: no difference.",
    cf.made_with(
        workspace,
        f"paired difference in Recall@{k}, prompted minus general",
        "GPT-written", *loaded,
    ),
)  # fmt: skip

# %% [markdown]
# ## The numbers

# %% tags=["hide-input"]
grid = cf.tables.grid_of(found, "difference", sign=True)
cf.tables.shown(grid, "pools")

# %% [markdown]
# ## A control that asks for everything
#
# A whole caption asks for no single attribute. A question that brings one attribute
# forward should then cost something. The authors release such a control
# (Original_COCO_retrieval, E). Ours looks for each picture by its first caption, among
# 99 others.

# %%
captions = pools.there(workspace, ["captions"])
asked = {
    "general": {"captions": (None,)},
    "wrong": {"captions": tuple(workspace.questions.values())},
}
costs = {}
for retriever in loaded if captions else ():
    here = captions["captions"].ranks(retriever, asked)
    ranks.append(here)
    costs[retriever.name] = cf.tables.differences(
        cf.tables.of_mode(here, "general"),
        cf.tables.of_mode(here, "wrong"),
        k,
    )

# %% tags=["hide-input"]
count = sum(len(pool.benchmark.queries) for pool in captions.values())
metric = f"paired difference in Recall@{k}, general minus the mean over the facets' questions, {count} captions"
cf.made_with(workspace, metric, "GPT-written, all facets'", *loaded)

# %% [markdown]
# ## Findings

# %% tags=["hide-input"]
said = pools.findings_of(found, costs, k)
cf.conclude(workspace, "pools", said, pd.concat(ranks, ignore_index=True))

# %% [markdown]
# ## What would change our mind
#
# A base or a pool on which the question loses what it gains elsewhere.
#
# The two small models learnt from the same pictures, so they are no independent
# witnesses. If they agree, that says more about the training than about architectures.
# Photographs, and models trained by others, are the better test. They need full scale.
