# %% [markdown]
# # Several attributes at once
#
# *"Two people sitting on a beach at dusk" names four attributes. Can embeddings that
# each heard one question answer it together? (Our question; the paper asks for one
# attribute at a time.)*
#
# If a question brings one attribute forward and lets the others go, no single prompted
# embedding holds a query of several. But scores can be added.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
together = [2, 3]  # how many attributes a query names
most = 40  # queries about each set of facets
k = 1  # the cut-off of recall

# %% tags=["hide-input"]
from functools import partial

import pandas as pd

import cocofacet as cf
from cocofacet.chapters import several
from cocofacet.retrieval.combine import long_question

cf.use_style()
# The released files do not say which images carry a label: what is built here does.
workspace = cf.open_workspace(
    profile, run, seed, changes, together=together, most=most, k=k
).rebuilt
benchmark, questions = workspace.benchmark, workspace.questions
retriever = workspace.retriever(workspace.profile.promptable)

# %% [markdown]
# ## Queries of several attributes
#
# The benchmark has none, so we make them by a rule of our own. The facets are taken in
# their order and cut into sets of neighbours, so nobody picks the sets that look well.
# A picture is drawn, and its labels are asked for in the benchmark's own phrases,
# joined by commas and *and*.
#
# Positives are all pictures that carry all the labels. A pool holds one of them, and 99
# pictures known to lack a label. Up to half of those lack just one: they are the hard
# ones.
#
# In the rendered world all labels of a picture are known. Elsewhere a picture is ranked
# only where its annotations speak of all facets of the query. Sets of facets that no
# pictures share are then left out, and what annotations miss counts as missing.

# %%
asked = several.asked_in(workspace, together, most)

# %% tags=["hide-input"]
cf.tables.shown(several.examples(asked), "several-asked").format(precision=1)

# %% [markdown]
# ## Six ways to search
#
# - **general**: the whole query, against the embedding without a question.
# - **no prompt, part by part**: each part of the query against it, and the scores
#   added. What does splitting do by itself?
# - **one long question**: the picture hears the facets' questions one after the other.
# - **each question, whole query**: the whole query against the embedding under each
#   question, and the scores added.
# - **each question, its own part**: each part against the embedding under its own
#   question, and the scores added.
# - **least score over the parts**: the same, with the least score in place of the sum.
#   A picture is then as good as its worst attribute.
#
# The embeddings under single questions are those of the other chapters. Only the long
# question needs a pass of its own over the pictures.

# %%
longs = [long_question(questions, facets) for facets in asked]
images = workspace.embedded(retriever, (None, *questions.values(), *longs))
parts = [
    several.ranked(
        queries,
        partial(workspace.texts, retriever),
        images,
        questions,
        benchmark.indices,
        **workspace.identity(retriever),
    )
    for queries in asked.values()
]
ranks, searched = (
    pd.concat(each, ignore_index=True) for each in zip(*parts, strict=True)
)

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Dots: recall in pools of 100, left, and mAP in the gallery, right, of six ways to search for several attributes, one colour for each number of attributes."}}
pictures = workspace.profile.shown_as
means = several.means(ranks, searched, k)
cf.captioned(
    several.recall_and_map(means, k, pictures),
    "ways",
    f"Recall@{k} in pools of 100 (left) and mAP in the gallery (right) of six ways "
    "to search for several attributes, a colour for each number of attributes "
    f"({pictures}; {retriever.name}; {cf.sample(ranks)}). Dots are means over "
    f"queries, without an interval. Dotted: chance, {k} %.",
    cf.made_with(
        workspace, f"Recall@{k} in pools of 100 and mAP in the gallery",
        "GPT-written, one a facet or joined", retriever,
    ),
)  # fmt: skip

# %% [markdown]
# ## The numbers
#
# In percent, means over queries.

# %% tags=["hide-input"]
grid = means.pivot_table("value", "mode", ["measure", "together"], sort=False)
grid = grid.rename_axis(index="way", columns=[None, None])
cf.tables.shown(grid, "several").format("{:.1f}")

# %% [markdown]
# ## Findings
#
# Each line is a difference, the first way less the second. *Each question, its own
# part* differs from no prompt in two things, asking and splitting. The ways of the
# other lines differ in one.

# %% tags=["hide-input"]
cf.glue("queries", str(ranks["text"].nunique()))
said = several.findings_of(ranks, k)
cf.conclude(workspace, "several", said, ranks, {"": searched})

# %% [markdown]
# ## What would change our mind
#
# If the long question did as well as the sum, one pass and one vector would do, and
# nobody would have to tell the facets apart. The rendered world is hard on it: the tiny
# model was never asked two things at once, and a large one may well answer both.
#
# The split is given, too, since we made the queries out of parts. Whoever types a query
# has to have it split, and a wrong split costs what a wrong question costs. In [“Seeing
# Is Not Addressing”](https://arxiv.org/abs/2609.37230) scores for shape, hue and
# pattern are added as well. But there no picture hears a question: the queries are
# moved.
