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
# # Other pools, other bases
#
# *Claim: promptable image embeddings help across query types, image pools and base
# retrievers (abstract, E).*
#
# A gain seen with one model on one set of pictures may be that model's, or those
# pictures'. So the same measurement is made again with another of each.

# %% tags=["hide-input"]
# On Colab, install this project; elsewhere this cell does nothing.
import os

REPOSITORY, COMMIT = "", "main"
if "COLAB_RELEASE_TAG" in os.environ:
    assert REPOSITORY, "Set REPOSITORY to this project's public address."
    # %pip install -q "cocofacet @ git+{REPOSITORY}@{COMMIT}"

# %% tags=["parameters"]
profile = "mini"  # which pictures and retrievers: a row of cocofacet.profiles
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn, of anchors and of bootstrap samples
changes = {}  # of the profile, such as {"promptables": "e5-v"}
k = 1  # the cut-off of the figure and the sentences

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import Markdown, display

from cocofacet.chapters import pools as report
from cocofacet.io import InputError
from cocofacet.report import figures, tables
from cocofacet.report.glue import glue
from cocofacet.report.provenance import made_with
from cocofacet.report.style import use_style
from cocofacet.workspace import open_workspace

use_style()
workspace = open_workspace(profile, run, seed, changes)

# %% [markdown]
# ## The pools
#
# The rendered world can be drawn in a second style: the same scenes in ink on rough
# paper, which no model saw in training. At full scale the second pools are those of
# the paper: SUN397, Places365 and Country211, taken from MMEB (E).

# %%
pools = {workspace.profile.shown_as: workspace}
for name in workspace.profile.pools:
    pool = workspace.pool(name)
    try:
        pools[name] = pool if pool.benchmark.queries else None
    except InputError as error:
        print(f"left out: {error}")

# %% mystnb={"image": {"alt": "Six pictures of each pool, with the labels that their queries ask for."}}
for name, pool in pools.items():
    first = {query.candidates[0]: query for query in pool.benchmark.queries}
    chosen = list(first.values())[:: max(1, len(first) // 6)][:6]
    display(Markdown(f"**{name}**"))
    display(
        figures.gallery(
            pool.images,
            [(q.candidates[0], q.label[:18]) for q in chosen],
            name,
        )
    )

# %% [markdown]
# ## The gain by facet, pool and base
#
# Paired differences, prompted minus general. Each panel is one base and is read by
# itself.

# %%
workspace.announce(*workspace.profile.promptables, prompts=9)
found, loaded, ranks = {}, [], []
for base in workspace.profile.promptables:
    retriever = workspace.retriever(base)
    loaded.append(retriever)
    for name, pool in pools.items():
        here = pool.ranks(retriever, ("general", "prompted"))
        ranks.append(here)
        found[base, name] = tables.differences(
            tables.of_mode(here, "prompted"),
            tables.of_mode(here, "general"),
            k,
            seed,
        )

# %% mystnb={"image": {"classes": "panels", "alt": "Dots with intervals around a zero line: the difference that the facet's question makes in Recall, by facet, one panel for each base model, one colour for each pool of images."}}
report.gains(found, k, workspace.profile.shown_as)

# %% tags=["hide-input"]
metric = f"paired difference in Recall@{k}, prompted minus general; bars: 95 % bootstrap interval over query texts"
made_with(workspace, metric, "GPT-written", *loaded)

# %% [markdown]
# ## The numbers

# %% tags=["hide-input"]
tables.shown(report.grid(found), "pools")

# %% [markdown]
# ## A control that asks for everything
#
# A query that is a whole caption asks for no single attribute. A question that brings
# one attribute forward should then cost something. The authors release such a control
# (Original_COCO_retrieval, E); ours looks for each picture by its first caption, among
# ninety-nine others.

# %%
captions = workspace.pool("captions")
asked = {
    "general": {"captions": (None,)},
    "wrong": {"captions": tuple(workspace.questions.values())},
}
costs = {}
for retriever in loaded:
    here = captions.ranks(retriever, asked)
    ranks.append(here)
    costs[retriever.name] = tables.differences(
        tables.of_mode(here, "wrong"),
        tables.of_mode(here, "general"),
        k,
        seed,
    )

# %% tags=["hide-input"]
metric = f"paired difference in Recall@{k}, mean over the facets' questions minus general, {len(captions.benchmark.queries)} captions"
made_with(workspace, metric, "GPT-written, all facets'", *loaded)

# %% [markdown]
# ## In short

# %% tags=["hide-input"]
said = {
    "everywhere": report.everywhere(found, k),
    "unlike": report.unlike(found, k),
    "captions": report.captions(costs, k),
}
for key, sentence in said.items():
    glue(f"sentence_{key}", sentence)
workspace.save_ranks("pools", pd.concat(ranks, ignore_index=True))
Markdown("\n\n".join(said.values()))

# %% [markdown]
# ## What would change our mind
#
# A base or a pool on which the question loses what it gains elsewhere. Two models
# trained here on the same pictures are not independent witnesses: that the second one
# agrees says more about the training than about architectures. Photographs and models
# trained by others, at full scale, are the better test.
