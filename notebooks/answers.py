# %% [markdown]
# # Answered in words
#
# *The paper has another way: a model answers the question about each picture in words,
# and the words are searched (released code, E). How well it does on photographs is not
# known here.*
#
# A model that can say what the weather is spares us an embedding of the picture. Its
# answer is a text, and a text embedder does the rest. What the answer leaves out is
# lost.
#
# **Trained for this, too.** The small model of the default run was trained to answer
# questions about these eight facets, in other words than those asked here. Its recipe
# was changed after a first version had been asked these very questions, on other
# pictures: see [the training](training.ipynb). So the default run says little about how
# well a model answers questions that nobody prepared it for.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
heard = 96  # pictures of each facet whose answers are listed below
k = 1  # the cut-off of the figure and the findings

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import display

import cocofacet as cf
from cocofacet.chapters import answers
from cocofacet.report import findings
from cocofacet.report.style import MODES

cf.use_style()
workspace = cf.open_workspace(profile, run, seed, changes, heard=heard, k=k)
name = workspace.profile.answerer
if not name:
    cf.does_not_apply(
        "This run has no model that answers in words. Give it one: "
        'changes = {"answerer": "answer-llava-1.5-7b"}'
    )
workspace.announce(name, prompts=1 + len(workspace.questions))
ways = answers.ways(workspace.profile)
answerer = workspace.retriever(name, **ways.pop("answered"))

# %% [markdown]
# ## What it finds
#
# Each answer is embedded by a text embedder. So is each query, reworded like an answer:
# "It is taken in a sunny day." Three rows of the figure change one thing each.
#
# - *described without a question*: the model says what it sees, and hears no question.
# - *from a small picture*: the released script shrinks pictures to 128 pixels.
# - *query not rewritten*: the query is embedded as it stands.

# %%
names = {"general": "described", "prompted": "answered"}
whole = workspace.ranks(answerer, tuple(names))
ranks = [whole.assign(mode=whole["mode"].map(names))]
for mode, options in ways.items():
    other = workspace.retriever(name, **options)
    ranks.append(workspace.ranks(other, ("prompted",)).assign(mode=mode))
ranks = pd.concat(ranks, ignore_index=True)

# %%
modes = list(dict.fromkeys(ranks["mode"]))
found = cf.tables.recalls(ranks, k)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals, one row for each facet: recall when pictures are described without a question, when the question is answered in words, when it is answered from a small picture, and when the query is not reworded."}}
pictures = workspace.profile.shown_as
cf.captioned(
    cf.figures.recall_by_facet(
        {name: cf.tables.facets_only(found)}, k, pictures, modes
    ),
    "recall",
    f"Recall@{k} of pictures described by {name} and found by text, for each "
    f"facet, by what it was asked ({pictures}; {cf.sample(ranks)}, each in a pool of "
    f"100). Bars: 95 % interval over query texts. Dotted: chance, {k} %.",
    cf.made_with(
        workspace, f"Recall@{k} in pools of 100",
        "GPT-written, answered in words", answerer,
    ),
)  # fmt: skip

# %% [markdown]
# ## The numbers

# %% tags=["hide-input"]
grid = cf.tables.recall_grid(
    {k: found}, {mode: MODES[mode][0] for mode in modes}
)
cf.tables.shown(grid, "answers")

# %% [markdown]
# ## What it says
#
# For each facet, the pictures of the first queries were shown with the facet's
# question. The tables list, for each label, what was said most often of its pictures.

# %%
for facet, question in workspace.questions.items():
    labels = answers.positives(workspace.benchmark, facet, heard)
    words = workspace.answers(answerer, tuple(labels), question)
    display(cf.markdown("**{}**: “{}”", facet, question))
    heard_of = answers.said(list(labels.values()), words)
    display(cf.tables.shown(heard_of, f"said-{facet}"))

# %% [markdown]
# ## Findings
#
# The answers and the prompted embeddings come from models of different weights. So the
# last rows compare two systems, and not two ideas.

# %% tags=["hide-input"]
answered = cf.tables.of_mode(ranks, "answered")
found = {}
for mode, contrast in answers.CONTRASTS.items():
    if mode in modes:
        other = cf.tables.of_mode(ranks, mode)
        change = cf.tables.differences(answered, other, k)
        found |= findings.of_gain(mode, contrast, change, k)
promptable = workspace.retriever(workspace.profile.promptable)
prompted = workspace.ranks(promptable, ("prompted",))
change = cf.tables.differences(answered, prompted, k)
contrast = "an answer in words − the prompted embedding"
facets = ["macro", *workspace.benchmark.facets]
found |= findings.of_gain("prompted", contrast, change, k, facets)
cf.conclude(workspace, "answers", found, ranks)

# %% [markdown]
# ## What would change our mind
#
# Words would be the better way if they kept what a query asks for and the embedding of
# the picture did not. A facet on which answers find more, with a text embedder that was
# not trained on this world's words, would be such a case.
