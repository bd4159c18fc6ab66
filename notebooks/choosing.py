# %% [markdown]
# # Choosing the question
#
# *In the paper, pictures are embedded under each predefined prompt. At query time
# GPT-4o reads the query and names one of ten (E). It names the right one for 236 of the
# 263 texts (C).*
#
# In the other chapters the right question is chosen each time, because the benchmark
# says which facet a query is about. A search engine is not told. It has the query's
# text and a list of prompts, and has to pick one. How often does it pick well, and what
# does a wrong pick cost?

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
choosers = ["nearest"]  # beside the oracle: nearest, local, chat
local_model = ""  # for local: a folder or hub name of an instruction model

# %% tags=["hide-input"]
from functools import partial

import pandas as pd

import cocofacet as cf
from cocofacet.benchmark.facets import CAPTIONED
from cocofacet.chapters import choosing
from cocofacet.report import findings
from cocofacet.report.style import MODES
from cocofacet.retrieval import choosing as asking

cf.use_style()
workspace = cf.open_workspace(
    profile, run, seed, changes, choosers=choosers, local_model=local_model
)
retriever = workspace.retriever(workspace.profile.promptable)
queries = workspace.benchmark.queries
named = {
    "no prompt" if k is None else k: text
    for k, text in asking.PROMPTS.items()
}
cf.tables.shown(
    pd.Series(named, name="the ten prompts, in this order").to_frame(),
    "prompts",
)

# %% [markdown]
# Eight are the facets' questions. One belongs to another pool of pictures, and fits no
# query here. The last is the plain instruction: whoever chooses it searches the general
# embeddings.
#
# ## Who chooses
#
# - **oracle**: told the query's facet, and takes its question.
# - **nearest**: takes the prompt whose text embedding is nearest to the query's. The
#   retriever itself makes both, and has to embed the query anyway.
# - **local**: an instruction model on this machine (`local_model`) gets the lettered
#   prompts and the query, and answers with one letter.
# - **chat**: the same, asked of an OpenAI-compatible address. Nothing is sent unless
#   `COCOFACET_CHAT_URL` and `COCOFACET_CHAT_MODEL` are both set; `COCOFACET_CHAT_KEY`
#   holds the key. Answers are kept on disk and not asked for twice.
#
# The instruction to the language models is worded by us, not by the authors. An answer
# that names no prompt counts as *no prompt*, and is counted.

# %%
embed_texts = partial(workspace.texts, retriever)
given = (queries, retriever, embed_texts, local_model)
who = {
    name: asking.chooser_named(name, *given, workspace.data / "choices")
    for name in ("oracle", *choosers)
}
texts = [query.text for query in queries]
choices = {name: asking.choose(texts, each) for name, each in who.items()}
table = choosing.choice_table(choices, queries)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Bars, one group for each facet: the share of query texts for which each chooser named the facet's own prompt, with the counts beside them."}}
pictures = workspace.profile.shown_as
makers = ", ".join(f"{name}: {one.maker}" for name, one in who.items())
cf.captioned(
    choosing.accuracy_by_facet(table, pictures),
    "accuracy",
    "The share of distinct query texts for which each chooser named the facet's own "
    f"prompt, with the counts ({pictures}; texts alone, no picture is looked at). "
    "Dotted: one pick in ten.",
    cf.made_with(
        workspace, "share of texts", f"ten, chosen by {makers}", retriever
    ),
)

# %% [markdown]
# What was chosen, in numbers of texts:

# %% tags=["hide-input"]
guessing = choosers or ["oracle"]
cf.tables.shown(choosing.chosen_instead(table, guessing), "chosen", "words")

# %% [markdown]
# ## What a wrong choice costs
#
# Each query is now searched among the embeddings of the prompt chosen for its text.
# Beside it stand two others: no prompt, and the mean over all wrong questions.

# %%
shown = {None, *(c.shown for each in choices.values() for c in each.values())}
images = workspace.embedded(retriever, (None, *sorted(shown - {None})))
vectors = workspace.queries(retriever)
made = workspace.identity(retriever)
by_chooser = [
    asking.rank_choices(
        workspace.benchmark, vectors, images, chosen, name, **made
    )
    for name, chosen in choices.items()
]
ranks = workspace.ranks(retriever, ("general", "wrong"))
ranks = pd.concat([ranks, *by_chooser])
modes = list(ranks["mode"].unique())
recalls = cf.tables.recalls(ranks, 1)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals, one row for each facet: Recall at 1 without a question, with wrong questions, with the facet's own, and with the prompt that each chooser named."}}
cf.captioned(
    cf.figures.recall_by_facet(
        {retriever.name: cf.tables.facets_only(recalls)}, 1, pictures, modes
    ),
    "recall",
    f"Recall@1 of {retriever.name} for each facet, by who chose the question "
    f"({pictures}; {cf.sample(ranks)}, each in a pool of 100). Bars: 95 % interval "
    "over query texts. Dotted: chance, 1 %.",
    cf.made_with(workspace, "Recall@1", f"chosen by {makers}", retriever),
)

# %% [markdown]
# ## The choosers side by side
#
# *Own prompt* counts the texts whose own facet's prompt was chosen, *of queries* counts
# each text as often as it is asked. *Unreadable* answers name no prompt. The time is the
# median over distinct texts, one at a time, on this machine or from the address, waiting
# included. For *nearest* it leaves out embedding the query, which a search needs anyway.
# The embeddings of all ten prompts have to be there, whichever is chosen.

# %% tags=["hide-input"]
compared = ranks[ranks["mode"] != "wrong"]
cf.tables.shown(choosing.summary(compared, table), "summary")

# %% [markdown]
# ## The paper's chooser
#
# The authors released what GPT-4o answered for each of the 263 texts. The counts are
# recomputed from those answers (C). They are about COCO-Facet's texts, and not to be
# compared with numbers from the rendered world. The last row counts each text of
# *scenes* as often as it is asked.

# %% tags=["hide-input"]
published = choosing.published_table(
    cf.paper.GPT4O_CHOICES, cf.paper.GPT4O_SCENES_BY_QUERY
)
cf.tables.shown(published, "published")

# %% [markdown]
# ## Findings
#
# An average over all facets hides that some may gain what others lose. So those that
# captions name first stand apart from the others.

# %% tags=["hide-input"]
said = choosing.findings_of(ranks, table, guessing, 1)
for side, there in {"named": True, "unnamed": False}.items():
    here = ranks[ranks.facet.isin(CAPTIONED) == there]
    facets = ", ".join(dict.fromkeys(here.facet))
    for chooser in guessing if facets else ():
        pair = [cf.tables.of_mode(here, m) for m in (chooser, "general")]
        said[f"{chooser}_{side}"] = findings.finding(
            f"{MODES[chooser][0]} − no prompt: {facets}",
            "Recall@1, macro",
            cf.paired_difference(*pair, 1),
        )
choices = table.drop(columns="seconds").set_index(["chooser", "facet"])
cf.conclude(workspace, "choosing", said, ranks, {"choices": choices})

# %% [markdown]
# ## What would change our mind
#
# If wrong questions cost nothing, it would not matter who chooses. And if the nearest
# prompt were as good as a language model, nobody would have to ask one. The rendered
# world cannot settle the second. Its tiny text side learnt captions and answers, and a
# question by itself is new to it. Run `full` with `choosers` set to all three.
#
# A list to choose from is not the only way. [QuARI](https://arxiv.org/abs/2505.21647)
# derives a linear map of the gallery from the query itself, without questions. [“Seeing
# Is Not Addressing”](https://arxiv.org/abs/2609.37230) leaves the pictures' embeddings
# alone and moves the query's, by what labelled pictures show.
