# %% [markdown]
# # Ways to ask
#
# *Claim: an embedding made with a prompt that names the attribute answers queries about
# it better (abstract, E). Is it the prompt's meaning that does it, or the mere presence
# of a text?*
#
# A question can be worded by a machine or by a person. It can be replaced by one about
# everything, by nonsense, or by another facet's. It can stand with the query instead of
# the picture. Each of these takes one thing away.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
my_questions = {}  # your own, such as {"times": "Is it dark outside?"}
k = 1  # the cut-off of the figures

# %% tags=["hide-input"]
import numpy as np
import pandas as pd

import cocofacet as cf
from cocofacet.chapters import wordings
from cocofacet.evaluation import seeds
from cocofacet.evaluation.ranking import rank_table
from cocofacet.io import COMMITTED
from cocofacet.report.style import MODES
from cocofacet.retrievers.base import unit_rows

cf.use_style()
workspace = cf.open_workspace(
    profile, run, seed, changes, my_questions=my_questions, k=k
)
questions = workspace.questions
human = {facet: cf.FACETS[facet].human_question for facet in questions}

# %% [markdown]
# ## The questions
#
# The first two columns are the authors' (E). The third has words as long as those of
# the first, and means nothing. Give `my_questions` a question of your own, and it is
# ranked beside them.

# %% tags=["hide-input"]
asked = pd.DataFrame(
    {
        "GPT-written": questions,
        "human-written": human,
        "nonsense": {f: wordings.nonsense(q) for f, q in questions.items()},
    }
)
cf.tables.shown(asked, "questions", "words")

# %% [markdown]
# ## What each way changes
#
# Each picture is embedded under all of these, in one pass where the model allows it.
# Two more rows change only white space. Without a prompt, the released template has a
# blank after the picture; with one, it has a line feed. So a part of a difference might
# be that.

# %%
name = workspace.profile.promptable
workspace.announce(name, prompts=3 * len(questions))
retriever = workspace.retriever(name)
modes = wordings.ways(questions, human, my_questions)
ranks = [workspace.ranks(retriever, modes)]

# The question stands with the query, and the image hears nothing.
images = workspace.embedded(retriever, modes)
given = workspace.identity(retriever)
texts = wordings.with_questions(workspace.benchmark, questions)
beside = {"query": dict.fromkeys(questions, (None,))}
queries = workspace.texts(retriever, texts)
ranks.append(
    rank_table(workspace.benchmark, queries, images, beside, **given)
)

# The mean over all prompts is one vector: no more room than the general one.
prompts = (None, *questions.values())
mean = np.mean([images[prompt] for prompt in prompts], axis=0)
images["all of them"] = unit_rows(mean, "average")
average = {"average": dict.fromkeys(questions, ("all of them",))}
queries = workspace.queries(retriever)
ranks.append(
    rank_table(workspace.benchmark, queries, images, average, **given)
)

# Only the white space before the instruction changes.
spaced = wordings.respaced(cf.ROWS[name])
if spaced:
    other = workspace.retriever(name, **spaced)
    renamed = workspace.ranks(other, ("general", "bare"))
    ranks.append(renamed.assign(mode=renamed["mode"] + "-space"))
ranks = pd.concat(ranks, ignore_index=True)

# %%
shown = [mode for mode in dict.fromkeys(ranks["mode"]) if mode != "general"]
found = cf.tables.differences_to(ranks, "general", shown, k)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals around a zero line: what each way to ask changes in macro recall against no question, one row for each way."}}
pictures = workspace.profile.shown_as
cf.captioned(
    wordings.figure(found, k, pictures),
    "ways",
    f"What each way to ask changes: Recall@{k} minus that of the general embedding of "
    f"{retriever.name}, paired by query, macro over facets ({pictures}; "
    f"{cf.sample(ranks)}, each in a pool of 100). Bars: 95 % interval over query "
    "texts. Dotted: no difference.",
    cf.made_with(
        workspace, f"paired difference in Recall@{k} to the general embedding",
        "as named in each row", retriever,
    ),
)  # fmt: skip

# %% [markdown]
# ## By facet
#
# Recall in percent.

# %% tags=["hide-input"]
grid = 100 * cf.averages(ranks, k).drop(columns=["micro", "balanced"])
ways = grid.index.get_level_values("mode").map(lambda mode: MODES[mode][0])
cf.tables.shown(grid.set_axis(ways), "ways").format("{:.1f}")

# %% [markdown]
# ## Could it be chance?
#
# Suppose a question changed nothing. Then the difference of each query text would be as
# likely to point one way as the other. So the signs are flipped, and p is the share of
# flips with a difference at least as large. A facet with few texts cannot have a small
# p, whatever its gain.

# %% tags=["hide-input"]
tests = wordings.sign_flips(
    ranks, [m for m in wordings.QUESTIONS if m in shown], k
)
cf.tables.shown(tests, "tests").format("{:.2g}")

# %% [markdown]
# ## Ten more wordings, and other trainings
#
# A recall under one wording, from one training, may be luck. So each facet is asked in
# ten more ways, from whole sentences to single words. They were written down before any
# was tried, and no training has seen one. And where there are weights of another
# training seed, with other first weights and other batches, they are asked as well.
# Elsewhere, too, the wording weighs. [PinPoint](https://arxiv.org/abs/2603.04598)
# searches with a picture and an instruction, and reports that the best models vary by
# 25.1 % over six paraphrases.
#
# This was computed beforehand, in the rendered world (`make studies`). The weights of
# all seeds are too large to ship; how many queries of each text they find is shipped. A
# dot is one wording and one seed. The line below the dots is their average, with its
# 95 % interval over seeds, wordings and texts at once. The cross is the released
# question. The model in the middle is a successor that was asked in more forms; [how the
# models were trained](training.ipynb) judges it.

# %%
hits = seeds.read(COMMITTED / "training/seeds.hits.csv")
names = ("tiny-qwen2vl", "tiny-qwen2vl-worded", "tiny-llava")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots, one row for each facet and one panel for each small model: Recall at 1 of each training seed and wording of the question; below them their average and its interval, beside them a cross for the released question."}}
cf.captioned(
    wordings.over_seeds(hits, names, 1, "rendered world"),
    "seeds",
    "Recall@1 with the facet's question, for each facet, a panel for each small model "
    "(rendered world, pools of 100; computed beforehand). A dot is one training seed "
    "and one wording; below them their average, its 95 % interval over seeds, wordings "
    "and texts at once; the cross is the released question.",
    cf.folded(
        "trained and ranked beforehand: `make studies`, seeds.hits.csv"
    ),
)

# %% tags=["hide-input"]
gains = wordings.gains_over_seeds(hits, names, 1)
cf.tables.shown(gains, "over-seeds")

# %% [markdown]
# The table has what a question gains over none, in points, over the same seeds,
# wordings and texts.
#
# How far does the macro average move with another training seed, another wording, other
# texts, or other negatives? The figure has standard deviations in points, with their
# 95 % intervals. *The two together* is what neither explains alone: which wordings work
# changes with the training. Three seeds say little about seeds: their bar may end only at
# 50, the most that is possible. For the texts it is a standard error. For the negatives
# it is calculated, and has no interval.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals, a row each for training seed, wording, the two together, query texts and draw of negatives: by how many points each of them moves the macro average, for three small models."}}
cf.captioned(
    wordings.spread_figure(hits, names, 1, "rendered world"),
    "spread",
    "By how many points the macro average of Recall@1 moves with each source of chance, "
    "for three small models (rendered world, pools of 100; computed beforehand). Dots: "
    "one standard deviation (of texts: a standard error). Bars: its 95 % interval.",
)

# %% [markdown]
# ## Findings
#
# Each line says that the first way finds more than the second.

# %% tags=["hide-input"]
cf.conclude(workspace, "wordings", wordings.findings_of(ranks, k), ranks)

# %% [markdown]
# ## What would change our mind
#
# If nonsense gained as much as the question, the prompt would work by its mere
# presence. An average may hide that: look at the facets that captions leave out, where
# any text costs nothing and may bring something. If the question gained as much beside the query, pictures would not have to
# be embedded again. A later study ([Seeing Is Not
# Addressing](https://arxiv.org/abs/2609.37230)) argues that the embedding holds the
# attribute, and the query fails to reach it.
