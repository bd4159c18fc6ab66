# %% [markdown]
# # Answered in words
#
# *The paper's other way: let a model answer the question about each picture in words,
# and search the words (released code, E). What it reached there is not known here.*
#
# If a model can say what the weather is, one need not embed the picture at all. The
# answer is text, and a text embedder takes care of the rest. What the answer leaves
# out is lost.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
heard = 96  # pictures of each facet whose answers are read aloud below
k = 1  # the cut-off of the figure and the sentences

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
# Each answer is embedded by a text embedder, and so is each query, reworded as an
# answer would be ("It is taken in a sunny day."). The released script shows the model
# pictures of 128 pixels, which is a handicap: it gets a row of its own. So does the
# query as it stands, and a plain description in place of an answer.

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

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals: Recall by facet when pictures are described without a question, when the question is answered in words, when it is answered from a small picture, and when the query is not rewritten."}}
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
# question. The table holds what was said most often of the pictures of each label.

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
# Answers in words stand beside prompted embeddings of other weights. That compares the
# two systems, and not the two ideas.

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
# Words would be the better way if they kept what the query asks for and a picture's
# embedding did not. A facet on which answers win, with a text embedder that never saw
# these pictures, would be such a case.
