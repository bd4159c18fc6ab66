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
# # Is it the prompt?
#
# *Two controls that the paper's photographs cannot have, because there the training is
# not ours to change.*
#
# The tiny model was trained to answer questions about these very facets. So its gain
# may only show that training works. Two more models separate the prompt from the
# training. All three started from the same weights and saw the same pictures.

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
controls_from = (
    "mini"  # the profile that has the controls, if this one has none
)

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import Markdown

from cocofacet.report import figures, sentences, tables
from cocofacet.report.glue import glue
from cocofacet.report.provenance import made_with
from cocofacet.report.style import MODES, use_style
from cocofacet.workspace import open_workspace

use_style()
workspace = open_workspace(profile, run, seed, changes)
if not workspace.profile.unasked:
    print(
        "These models were not trained here; the controls are the small world's."
    )
    workspace = open_workspace(controls_from, run, seed)
names = workspace.profile
retriever, unasked, no_question = (
    workspace.retriever(name)
    for name in (names.promptable, names.unasked, names.no_question)
)

# %% [markdown]
# ## Two questions never asked
#
# The second model was never asked about two facets: times and materials. Its vision
# tower was trained to tell them apart, and captions named them. The six other questions
# taught it to listen to a prompt. Does asking help with these two as well?

# %%
ranks = workspace.ranks(retriever, ("general", "prompted"))
ranks_unasked = workspace.ranks(unasked, ("general", "prompted"))


def gain_of(table):
    prompted, general = (
        tables.of_mode(table, m) for m in ("prompted", "general")
    )
    return tables.differences(prompted, general, 1, seed)


gains = {
    "asked every question": gain_of(ranks),
    "not asked two": gain_of(ranks_unasked),
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals around a zero line: what the facet's question changes in Recall at 1, by facet, for the model that was asked every question and for the model that was never asked two of them."}}
figures.gains(
    {words: tables.facets_only(table) for words, table in gains.items()},
    1,
    workspace.profile.shown_as,
    {
        "asked every question": MODES["prompted"][1],
        "not asked two": "#4c7fd0",
    },
)

# %% tags=["hide-input"]
metric = "paired difference in Recall@1, prompted minus general"
made_with(workspace, metric, "GPT-written", retriever, unasked)

# %% [markdown]
# ## The answers without the questions
#
# The third model was trained on the same answers, but its *general* embedding was
# pulled towards all of them at once. After the common warm-up it never saw a question.
# If it does as well as the prompted embedding, then the answers in the training help,
# and not the prompt.

# %% mystnb={"image": {"alt": "Dots with intervals: Recall at 1 by facet of the general embedding, of the general embedding of a model trained on the same answers without questions, and with the facet's question."}}
answers = workspace.ranks(no_question, ("general",)).assign(mode="answers")
recalls = pd.concat(
    [tables.recalls(each, 1, seed) for each in (ranks, answers)]
)
figures.recall_by_facet(
    {"same start, same answers": tables.facets_only(recalls)},
    1,
    workspace.profile.shown_as,
    modes=("general", "answers", "prompted"),
)

# %% tags=["hide-input"]
made_with(
    workspace,
    "Recall@1 in pools of 100",
    "GPT-written, or none",
    retriever,
    no_question,
)

# %% [markdown]
# ## The numbers
#
# Beside each recall stands what is *expected* of it over all draws of the negatives
# (see "The luck of the draw").

# %% tags=["hide-input"]
modes = {mode: MODES[mode][0] for mode in ("general", "answers", "prompted")}
tables.shown(tables.recall_grid({1: recalls}, modes), "controls")

# %% [markdown]
# ## In short

# %% tags=["hide-input"]
prompted = tables.of_mode(ranks, "prompted")
over_answers = tables.differences(prompted, answers, 1, seed)
found = {
    "unasked": sentences.carried_over(
        gains["not asked two"],
        gains["asked every question"],
        names.unasked_facets,
        1,
    ),
    "answers": sentences.difference(
        tables.row_of(over_answers, "macro"),
        "With its questions the first model",
        "the model trained on the answers alone",
        1,
    ),
    "by_facet": "Against the model trained on the answers alone: "
    + sentences.by_facet(tables.facets_only(over_answers), 1),
}
for name, sentence in found.items():
    glue(f"sentence_{name}", sentence)
workspace.save_ranks("controls", pd.concat([ranks, ranks_unasked, answers]))
Markdown("\n\n".join(found.values()))

# %% [markdown]
# ## What would change our mind
#
# If the model that never heard a question did as well, the prompt would not be needed.
# If nothing is gained on the questions never asked, then what the rendered world shows
# is the training of these questions. Large models are asked more kinds of questions in
# their training than these, and how far *they* carry over is for photographs to say.
