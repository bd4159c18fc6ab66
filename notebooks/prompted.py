# %% [markdown]
# # Prompted embeddings
#
# *Claim: "promptable image embeddings help across query types, image pools and base
# retrievers" (abstract, E). This chapter looks at query types.*
#
# The retriever now sees each picture together with a question, and makes an embedding
# for that question. We ask the facet's own question. As controls we ask wrong
# questions, and none at all.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import display

import cocofacet as cf
from cocofacet.benchmark.facets import CAPTIONED
from cocofacet.chapters.prompted import FIRST, first_found, most_gained
from cocofacet.report import findings
from cocofacet.report.style import MODES

cf.use_style()
workspace = cf.open_workspace(profile, run, seed, changes)
questions = {
    name: cf.FACETS[name].question for name in workspace.benchmark.facets
}
asked = pd.Series(questions, name="question shown with each picture")
cf.tables.shown(asked.to_frame(), "asked", "words")

# %% [markdown]
# ## Four ways to show a picture
#
# - **general**: without a question.
# - **bare instruction**: the frame of the prompt, with an empty question. If this
#   helps, it is the frame that helps.
# - **the facet's question**: the one that fits the query.
# - **wrong questions**: the other facets' questions in turn, and the mean over them. If
#   these help as well, any question would do.
#
# Where the question comes after the picture, as it does in the default run, all prompts
# go over a picture in one pass. The embeddings are those of separate passes, up to
# rounding.

# %%
name = workspace.profile.promptable
workspace.announce(name, prompts=2 + len(questions))
retriever = workspace.retriever(name)
ranks = workspace.ranks(retriever, ("general", "bare", "prompted", "wrong"))
modes = {
    mode: MODES[mode][0] for mode in ("general", "bare", "prompted", "wrong")
}
recalls = {k: cf.tables.recalls(ranks, k) for k in (1, 5)}

# %% [markdown]
# ## One text
#
# This is the text that gains most, of the facet that gains most. The upper row shows
# what it finds first without a question, the lower row with the facet's.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Two rows of four pictures: what one text finds first in the whole gallery, without a question and with the facet's question. Those that the text describes have a frame."}}
pictures = workspace.profile.shown_as
facet, text = most_gained(ranks)
place = [q.text for q in workspace.benchmark.queries].index(text)
query = workspace.benchmark.queries[place]
embedded = workspace.embedded(retriever, (None, questions[facet]))
vector = workspace.queries(retriever)[place]
found, right = first_found(
    workspace.benchmark, vector, embedded, facet, query.label
)
cf.captioned(
    cf.figures.gallery(
        workspace.images, found, pictures, columns=FIRST, marked=right
    ),
    "first",
    f"The first {FIRST} of {len(workspace.benchmark.images):,} pictures for “"
    f"{text.strip()}” ({retriever.name}; {pictures}): above, embedded without a "
    f"question, below with “{questions[facet]}” Under each stand its {facet}; "
    "frames mark those that the text describes.",
)
cf.glue("text", text.strip())
cf.glue("question", questions[facet])

# %% [markdown]
# ## Recall by facet

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals, one row for each facet: Recall at 1 without a question, with the bare instruction, with the facet's own question and with wrong questions."}}
over = f"{pictures}; {cf.sample(ranks)}, each in a pool of 100"
bars = "Bars: 95 % interval over query texts."
made = cf.made_with(
    workspace, "Recall@1 in pools of 100, each facet over its queries",
    "GPT-written", retriever,
)  # fmt: skip
cf.captioned(
    cf.figures.recall_by_facet(
        {retriever.name: cf.tables.facets_only(recalls[1])},
        1,
        pictures,
        modes=list(modes),
    ),
    "recall",
    f"Recall@1 of {retriever.name} for each facet, by what it was asked about "
    f"each picture ({over}). {bars} Dotted: chance, 1 %.",
    made,
)

# %% [markdown]
# ## What the question changes
#
# The same, as differences to no question. Each query is compared with itself.

# %%
over_general = cf.tables.differences_to(
    ranks, "general", ("prompted", "wrong", "bare"), 1
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals around a zero line, one row for each facet: what the facet's question, wrong questions and the bare instruction change in Recall at 1."}}
cf.captioned(
    cf.figures.gains(over_general, 1, pictures),
    "gains",
    "What being asked changes: Recall@1 minus that of the general embedding of "
    f"{retriever.name}, paired by query, for each facet ({over}). {bars} "
    "Dotted: no difference.",
    made,
)

# %% [markdown]
# ## Each question for each facet
#
# Here are the wrong questions one by one. On the diagonal stands the facet's own
# question. A square that is high off the diagonal belongs to a question that the model
# takes for another.

# %%
by_question = cf.tables.question_by_facet(ranks, questions, 1)

# %% tags=["hide-input"] mystnb={"image": {"alt": "A grid of numbers, darker for higher: Recall at 1 of each facet's queries, across, under each facet's question, down. The facet's own questions lie on the diagonal."}}
cf.captioned(
    cf.figures.cross(by_question, 1, pictures),
    "cross",
    f"Recall@1 in percent of {retriever.name}: each facet's queries (columns) under "
    f"each facet's question (rows), its own on the diagonal ({over}). Darker is "
    "higher; chance is 1 %.",
    made,
)

# %% [markdown]
# ## The numbers
#
# Beside each recall stands what is *expected* of it over all draws of the negatives
# (see [The luck of the draw](luck.ipynb)).

# %% tags=["hide-input"]
for k in (1, 5):
    grid = cf.tables.recall_grid({k: recalls[k]}, modes)
    display(cf.tables.shown(grid, f"prompted-{k}"))
cf.made_with(
    workspace, "Recall in percent [95 % interval]", "GPT-written", retriever
)

# %% [markdown]
# ## Findings
#
# Each line says that the first thing is higher than the second. It *holds* where the
# interval of the difference lies above zero, *fails* where it lies below, and is
# *undecided* where zero lies inside.
#
# An average over all facets hides that some may gain what others lose. So those that
# captions name first stand apart from the others.

# %% tags=["hide-input"]
asked, question = (
    over_general["prompted"],
    "the facet's question − no question",
)
five = cf.tables.differences_to(ranks, "general", ("prompted",), 5)[
    "prompted"
]
found = {
    **findings.of_gain("gain", question, asked, 1, ["macro", *questions]),
    **findings.of_gain("gain_5", question, five, 5),
    **findings.of_gain(
        "wrong", "wrong questions − no question", over_general["wrong"], 1
    ),
    **findings.of_gain(
        "bare", "the bare instruction − no question", over_general["bare"], 1
    ),
}
for side, named in {"named": True, "unnamed": False}.items():
    here = ranks[ranks.facet.isin(CAPTIONED) == named]
    facets = ", ".join(dict.fromkeys(here.facet))
    for mode in ("prompted", "wrong", "bare") if facets else ():
        pair = [cf.tables.of_mode(here, m) for m in (mode, "general")]
        found[f"{mode}_{side}"] = findings.finding(
            f"{modes[mode]} − no question: {facets}",
            "Recall@1, macro",
            cf.paired_difference(*pair, 1),
        )
others = [w.ranks(retriever, tuple(modes)) for w in workspace.others]
cf.conclude(workspace, "prompted", found, pd.concat([ranks, *others]))

# %% [markdown]
# ## What would change our mind
#
# If wrong questions helped as much as the right one, the prompt's content would not
# matter. And the gain may show only that training works, because the small models were
# trained to answer these very questions: see [Is it the prompt?](controls.ipynb).
#
# [ABC](https://arxiv.org/abs/2503.00329) has a benchmark for instructions, CtrlBench.
# There the instructed picture is what one searches with. Here it is what is searched.
