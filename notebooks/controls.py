# %% [markdown]
# # Is it the prompt?
#
# *Two controls that photographs cannot have here, because the training of the large
# models is not ours to change.*
#
# The tiny model was trained to answer questions about these very facets. So its gain
# may show only that training works. Two more models help to tell the prompt from the
# training. All three started from the same weights and saw the same pictures.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
controls_from = (
    "mini"  # the profile that has the controls, if this one has none
)

# %% tags=["hide-input"]
import pandas as pd

import cocofacet as cf
from cocofacet.chapters import controls
from cocofacet.report import findings
from cocofacet.report.style import MODES

cf.use_style()
workspace = cf.open_workspace(
    profile, run, seed, changes, controls_from=controls_from
)
if not workspace.profile.unasked:
    print(
        "These models were not trained here; the controls are the small world's."
    )
    workspace = cf.open_workspace(controls_from, run, seed)
names = workspace.profile
retriever, unasked, no_question = (
    workspace.retriever(name)
    for name in (names.promptable, names.unasked, names.no_question)
)

# %% [markdown]
# ## Two questions never asked
#
# The second model was not asked about times and materials. Its vision tower was trained
# to tell them apart, and captions named them. The six other questions taught it to
# listen to a prompt. Does asking help with these two as well?

# %%
ranks = workspace.ranks(retriever, ("general", "prompted"))
ranks_unasked = workspace.ranks(unasked, ("general", "prompted"))


def gain_of(table):
    prompted, general = (
        cf.tables.of_mode(table, m) for m in ("prompted", "general")
    )
    return cf.tables.differences(prompted, general, 1)


gains = {
    "asked every question": gain_of(ranks),
    "not asked two": gain_of(ranks_unasked),
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals around a zero line, one row for each facet: what the facet's question changes in Recall at 1, for the model that was asked all questions and for the one that was never asked two of them."}}
pictures = workspace.profile.shown_as
over = f"{pictures}; {cf.sample(ranks)}, each in a pool of 100"
bars = "Bars: 95 % interval over query texts."
cf.captioned(
    cf.figures.gains(
        {mode: gains[MODES[mode][0]] for mode in ("asked", "unasked")},
        1,
        pictures,
    ),
    "gains",
    "What the facet's question changes, Recall@1 minus that of the general embedding, "
    "paired by query, for a model trained on every question and for one never asked "
    f"two of them ({over}). {bars} Dotted: no difference.",
    cf.made_with(workspace, "Recall@1", "GPT-written", retriever, unasked),
)

# %% [markdown]
# ## What the question does to pictures
#
# Recall needs a text, and a text that was not trained may fail where the pictures do
# not. So here are the pictures alone, for the two facets that the second model was not
# asked about. The table has both models, without the question and under it, in percent.
#
# - *between its classes*: how much of all the spread among pictures lies between the
#   classes of what is asked. *Between others*: the same for the other facets, on
#   average. A question that brings its attribute forward raises the first above the
#   second.
# - *probe*: balanced accuracy of a linear classifier, beside its chance. It is taught
#   by the gallery's annotated pictures alone. The one of [Why](why.ipynb) sees more
#   pictures, and the truth, and finds more.
# - *from pictures*: Recall@1 where the query is the mean of other pictures of a class.
# - *texts alike*: the mean cosine between the texts of different answers. Near 100 the
#   texts have become one, and recall from words can show nothing, for or against.

# %% tags=["hide-input"]
facets = [f for f in names.unasked_facets if f in workspace.benchmark.facets]
asked = {f: workspace.questions[f] for f in facets}
sides = {}
models = {"asked every question": retriever, "not asked two": unasked}
for words, model in models.items() if facets else ():
    prompts = (None, *asked.values())
    images = dict(
        zip(prompts, workspace.gallery(model, prompts), strict=True)
    )
    queries = workspace.queries(model)
    sides[words] = controls.image_side(
        workspace.benchmark, queries, images, asked, seed
    )
if sides:
    grid = pd.concat(sides, names=["model", "facet", "embedded with"])
    grid = grid.reorder_levels(["facet", "model", "embedded with"])
    grid = 100 * grid.sort_index(level="facet", sort_remaining=False)
    display(cf.tables.shown(grid, "controls-pictures").format("{:.0f}"))
else:
    print("Both of these facets are left out of this run.")

# %% [markdown]
# ## The answers without the questions
#
# The third model's embedding was trained on the first's answers, without a question.
# After the common warm-up, its embedding *without* a question was pulled towards all
# answers at once. If it does as well as the first model under a question, the gain
# comes from the answers in the training, and not from the prompt.

# %%
answers = workspace.ranks(no_question, ("general",)).assign(mode="answers")
recalls = pd.concat([cf.tables.recalls(each, 1) for each in (ranks, answers)])

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals, one row for each facet: Recall at 1 without a question, with the facet's, and without one in a model trained on the same answers without a question."}}
cf.captioned(
    cf.figures.recall_by_facet(
        {"same start, same answers": cf.tables.facets_only(recalls)},
        1,
        pictures,
        modes=("general", "answers", "prompted"),
    ),
    "answers",
    "Recall@1 for each facet without a question, with the facet's question, and "
    "without one in a model trained on the same answers without a question "
    f"({over}). {bars} Dotted: chance, 1 %.",
    cf.made_with(
        workspace, "Recall@1 in pools of 100", "GPT-written, or none",
        retriever, no_question,
    ),
)  # fmt: skip

# %% [markdown]
# ## The numbers
#
# Beside each recall stands what is *expected* of it over all draws of the negatives
# (see [The luck of the draw](luck.ipynb)).

# %% tags=["hide-input"]
modes = {mode: MODES[mode][0] for mode in ("general", "answers", "prompted")}
cf.tables.shown(cf.tables.recall_grid({1: recalls}, modes), "controls")

# %% [markdown]
# ## Findings

# %% tags=["hide-input"]
prompted = cf.tables.of_mode(ranks, "prompted")
over_answers = cf.tables.differences(prompted, answers, 1)
found = {
    **findings.of_gain(
        "unasked",
        "a question never trained − no question",
        gains["not asked two"],
        1,
        facets,
    ),
    **findings.of_gain(
        "answers",
        "asked − trained on the same answers without a question",
        over_answers,
        1,
        ["macro", *workspace.benchmark.facets],
    ),
}
ranks = pd.concat([ranks, ranks_unasked, answers])
cf.conclude(workspace, "controls", found, ranks)

# %% [markdown]
# ## What would change our mind
#
# If the model that was not asked did as well, the prompt would not be needed. If
# nothing is gained under the questions that were left out, then the rendered world
# shows the training of these questions. Large models are trained on more kinds of
# questions. How far *they* carry over is for photographs to say.
#
# Another control needs no training. [DIOR](https://arxiv.org/abs/2512.21860) takes a
# vision-language model as it is, and asks it for one word on a named respect. The last
# hidden state is the embedding. Its authors report better results than CLIP's for
# pictures that are alike in that respect.
