# %% [markdown]
# # Explorer

# %% tags=["remove-input"]
from IPython.display import HTML

from cocofacet.report.explorer import page

HTML(page.fragment("../_static/explorer"))

# %% [markdown]
# *What does a changed rank look like?* (Our question.)
#
# A recall is a mean over queries, and hides each one. Here are the queries themselves.
# Pick one, and compare what each method finds. A click enlarges a picture. The address
# bar holds what is shown, so that a case can be linked and gone back to.
#
# ## How to read it
#
# One picture of a hundred is looked for: the one with the frame. Each method sorts the
# hundred, and shows its first ten. A good one puts the frame first. Behind a dotted line
# stands the frame where it is not among the ten, with the place it got. The words under
# a picture are what annotations say of it in this facet, so that a near miss (dusk for
# sunrise) can be told from a plain one.
#
# It opens on the text that gains most: whose median rank falls most from no prompt to
# the facet's question, and of its pictures on the one whose rank falls most. That is a
# case chosen to teach, not a typical one. *Next picture* goes through the others of the
# same text. Further down stand the largest gains of all facets and the worst failures,
# chosen by rule as well.
#
# ## Try it
#
# 1. Facet *times*, “during the dusk”: compare no prompt with the question of people,
#    then with that of weathers. Which wrong question is nearly a right one, and why?
#    <details><summary>What we saw</summary>In the rendered world the question of people
#    leaves dusk where it was. That of weathers brings it to the front, first of the
#    hundred in half of the cases: time and weather are both read from the sky.</details>
# 2. Facet *objects*, any of them: it is found without a question. Ask for the time.
#    What has become of it?
#    <details><summary>What we saw</summary>In the rendered world it falls far back, often
#    behind half of the pool. A picture told to show its light keeps little else: what a
#    question brings to one attribute it takes from others.</details>

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
per_text = 20  # queries of each text on the page; 0 for all

# %% tags=["hide-input"]
import pandas as pd

import cocofacet as cf
from cocofacet.chapters import explorer
from cocofacet.report import findings
from cocofacet.report.explorer import data

workspace = cf.open_workspace(profile, run, seed, changes, per_text=per_text)
benchmark = workspace.benchmark

# %% [markdown]
# ## The methods
#
# Two retrievers. The promptable one sees each picture in two ways more than there are
# questions: without a prompt, with the facet's own question, with the bare instruction,
# and with the question of each other facet, which is then a wrong one. The dual encoder
# takes no prompt. The two were trained differently: compare methods of one retriever
# with each other, not the retrievers.

# %%
workspace.announce(
    workspace.profile.promptable, prompts=2 + len(workspace.questions)
)
workspace.announce(workspace.profile.dual, prompts=1)
promptable = workspace.retriever(workspace.profile.promptable)
dual = workspace.retriever(workspace.profile.dual)
loaded = {retriever.name: retriever for retriever in (promptable, dual)}
texts = {
    name: workspace.queries(retriever) for name, retriever in loaded.items()
}

ways = ("general", "bare", "prompted", "wrong")
ranks = workspace.ranks(promptable, ways)  # all prompts in one pass
methods = data.methods(workspace.questions, *loaded)
found = [
    data.find(
        benchmark,
        texts[method.retriever],
        workspace.embedded(loaded[method.retriever], method.shown),
        method.prompts,
    )
    for method in methods
]
general, prompted, *_ = found

# %% tags=["hide-input"]
cases = data.cases(benchmark, general, prompted)
chosen = data.first_of_each_text(cases, per_text)
made = cf.made_with(
    workspace,
    "Rank of the positive in its pool of 100, ties count against it",
    "GPT-written",
    *loaded.values(),
)
shown_as = workspace.profile.shown_as
opening, *others = data.by_gain(chosen)
content = data.content(benchmark, methods, found, chosen, shown_as, opening)
# The smallest form, for the front page: three texts that gain most, and of the facets'
# best the one that gains least; without a prompt and with the question.
few = cases.loc[[opening, *others[:2], *others[2:][-1:]]]
smallest = data.content(
    benchmark, methods[:2], found[:2], few, shown_as, opening
)
page.write(
    workspace.results / "explorer",
    content,
    workspace.images,
    made.data,
    smallest,
)
whole = "../notebooks/explorer.html"
cf.glue(
    "smallest",
    HTML(page.fragment("../_static/explorer", whole, "Figure 2.")),
)

# %% tags=["hide-input"]
made

# %% [markdown]
# ## The largest gains
#
# For each facet the query whose rank improves most from no prompt to the facet's
# question; of equals the first in the file. Beside its positive stand the pictures that
# were ranked above it *without* a prompt. A facet where no rank improves is left out.

# %% tags=["hide-input"]
explorer.gallery(
    benchmark,
    workspace.images,
    explorer.largest(cases, cases.before - cases.after, above=0),
    general,
    "Figure 2. The query of each facet that gains most: its positive, then the first "
    f"pictures ranked above it without a prompt. Pictures: {shown_as}, labels as "
    "annotated.",
    chosen.index,
)

# %% [markdown]
# ## The worst failures
#
# For each facet the query whose positive ranks last *with* the facet's question; of
# equals the first in the file. Beside it stand the pictures ranked above it with the
# question. A facet where every positive ranks first is left out.

# %% tags=["hide-input"]
explorer.gallery(
    benchmark,
    workspace.images,
    explorer.largest(cases, cases.after, above=1),
    prompted,
    "Figure 3. The query of each facet whose positive ranks last with the facet's "
    f"question, and the first pictures ranked above it. Pictures: {shown_as}, labels "
    "as annotated.",
    chosen.index,
)

# %% [markdown]
# ## The numbers
#
# How many positives rise, stay and fall when the facet's question is shown.

# %% tags=["hide-input"]
cf.tables.shown(explorer.moves(cases), "explore")

# %% tags=["hide-input"]
cf.made_with(
    workspace,
    f"Rank in pools of 100, {promptable.name}, no prompt against the facet's question",
    "GPT-written",
    promptable,
)

# %% [markdown]
# ## Findings

# %% tags=["hide-input"]
gains = cf.tables.differences(
    cf.tables.of_mode(ranks, "prompted"),
    cf.tables.of_mode(ranks, "general"),
    1,
)
said = findings.of_gain(
    "gain", "the facet's question − no question", gains, 1
)
ranks = pd.concat([ranks, workspace.ranks(dual, ("general",))])
cf.conclude(workspace, "explorer", said, ranks)

# %% [markdown]
# ## What would change our mind
#
# Extremes prove nothing about the mean: the largest of many differences is large even
# where the question does nothing. Read them for *how* a rank changes, and the recalls
# for how often. If what stands above a positive kept showing the attribute asked for,
# the annotations would be at fault and not the embedding.
