# %% [markdown]
# # How the tiny models were trained
#
# *No photograph, and no downloaded weight. The models of the default run learnt from
# drawn scenes, on one processor core each, by the commands at the end of this page.*
#
# There are two kinds of retriever. The CLIP is open_clip's class, with 1.9 million
# weights. The promptable ones are transformers' Qwen2-VL and LLaVA, with 2.6 million
# each. For search through words there are a Qwen2-VL that answers, and a text embedder
# of sentence-transformers with 0.1 million. The same code loads them as loads the large
# ones.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors

# %% tags=["hide-input"]
import cocofacet as cf
from cocofacet.chapters import training
from cocofacet.evaluation import seeds
from cocofacet.io import COMMITTED, read_table
from cocofacet.parameters import check

check({"profile": profile, "seed": seed})
cf.use_style()
folder = COMMITTED / "training"
records = training.read_records(folder)
print(f"{len(records)} records of trainings in cocofacet/results/training")

# %% [markdown]
# ## The recipe
#
# **The CLIP** sees pictures with captions that imitate COCO's. They name the main
# subject and the place always. The other facets they name about as often as the
# captions of val2017 do.

# %% tags=["hide-input"]
named = read_table(folder / "caption_rates.csv", ["facet"], numbers=["share"])
for row in named.itertuples():
    cf.glue(f"rate_{row.facet}", f"{100 * row.share:.1f}")
said = ", ".join(
    f"{row.facet} {100 * row.share:.1f} %" for row in named.itertuples()
)
cf.markdown(
    "Share of captions that name a facet: {}. They were counted on "
    "the official file with `python -m training.captions FILE`.",
    said,
)

# %% [markdown]
# **The Qwen2-VL** begins with a warm-up. Contrast from random weights sits on a plateau,
# and real models do not start from random weights either. First the vision tower learns
# to tell all labels apart. Then the whole model learns to write down everything in a
# picture, and to answer questions about six facets. The warm-up never asks about *times*
# and *materials*.
#
# **Three branches** start from the same warm-up. Each learns by contrast, against the
# other texts and pictures of its batch.
#
# - `tiny-qwen2vl`: without a question, the embedding is matched to captions. Under a
#   question about one of the eight facets, it is matched to the answer.
# - `tiny-qwen2vl-unasked`: the same, but no question about times and materials.
# - `tiny-qwen2vl-noquestion`: no questions. The embedding without one is matched to the
#   captions and to the answers of all eight facets.
#
# **A second base.** `tiny-llava` is trained like `tiny-qwen2vl`: the same scenes, the
# same objective, a language model of the same size. It sees the picture through CLIP's
# kind of tower. It counts image tokens like words, where Qwen2-VL gives them rows and
# columns. Its tower learnt more slowly, so the tower's phase is longer.
#
# **For search through words**, `tiny-qwen2vl-answers` goes on from the warm-up until it
# answers questions about all eight facets. Without a question it writes a caption.
# `tiny-text`, a bag of token vectors, learns which answers go with which queries and
# captions. It knows the words of this world alone.
#
# ## Where this differs from real models
#
# The vision tower is first taught the very labels that are measured later. A real tower
# has seen millions of captions instead. The questions of training ask about the same
# eight facets as the evaluation, in other words. The model that was never asked about
# two facets still saw them: the tower was taught their labels, and the long captions of
# the warm-up name them. And a scene has at most one animal, one object and one
# material.
#
# Training never sees the evaluation's scenes, its questions, its queries or their
# templates. A test compares the texts.
#
# ## While training
#
# The number of steps was fixed beforehand, and the last state was kept. The curves show
# recall on *tune* scenes, with a question and a wording of their own. These scenes
# belong to neither training nor evaluation. They chose no step, but they did shape the
# recipe. First trials showed that the tower needs a phase of its own. A first model
# misread questions in new words; now the branches' questions are put together from
# parts, in many wordings. The tune questions were changed once, too. The evaluation had
# no part.
#
# In the answerer's phase it had one. A first version was asked the evaluation's
# questions on tune scenes. It took the one about material for one about objects, and
# often the one about location for one about the time. Now the phase also asks questions
# that mention the things of other facets. None of them is a question of the evaluation.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Small panels, one for each model: Recall at 1 on tune scenes against training steps, without a question and with the facet's."}}
curves = training.curves(records)
cf.captioned(
    cf.figures.learning_curves(curves, 1, "rendered world, tune scenes"),
    "curves",
    "Recall@1 on tune scenes against training steps, macro over facets, without a "
    "question and with the facet's, a panel for each model (rendered world; "
    "recorded when the models were trained; one run a model, no intervals).",
)

# %% [markdown]
# ## Answers in words
#
# Of the models that answer: how many of a hundred tune scenes get an answer that says
# the label, under the tune question. Of the text embedder: how many of a hundred
# answers are nearest to the tune query of their own label.

# %% tags=["hide-input"]
shares = training.last_shares(records)
cf.tables.shown(shares, "answers").format("{:.0f}")

# %% [markdown]
# ## If captions said more
#
# For each of two seeds, five more CLIPs were trained. They differ in one thing: how
# often a caption names each of the facets that COCO's captions name rarely. They read
# 32 tokens, so that no caption is cut, and have fewer steps than `tiny-clip`. A caption
# that counts its people has room for one thing beside them, and never says that nobody
# is there. What came of it stands in [Why](why.ipynb).

# %% [markdown]
# ## Settings and time

# %% tags=["hide-input"]
shown = cf.tables.shown(training.settings(records), "settings")
shown.format({"learning rate": "{:g}", "scenes": "{:,}", "minutes": "{:.1f}"})

# %% [markdown]
# The processor was shared with other work, so the minutes say little. Each training had
# one thread. Two warm-ups were run a second time, on another processor: processors round
# differently, and their losses ended a little higher. From `warmup-answers`, of seed 0,
# start the answerer and the successor below; from `warmup-controls`, of seed 2, all of
# that seed but `tiny-qwen2vl`.
#
# ## Other seeds
#
# One training is one throw of the dice. The shipped seed is 0. It was named before any
# was ranked, and it stays although another may do better. The weights of other seeds are
# not shipped. How many queries of each text they find is, in
# `cocofacet/results/training`. Recall is in percent, macro over facets; *prompted* is
# under the released question.

# %% tags=["hide-input"]
found = training.of_seeds(seeds.read(folder / "seeds.hits.csv"))
cf.tables.shown(found, "seeds").format("{:.1f}")

# %% [markdown]
# ## A successor, and the rule by which it is judged
#
# The shipped model takes some questions in new words for others: see
# [ways to ask](wordings.ipynb). So a successor, `tiny-qwen2vl-worded`, is asked each
# question in at least thirty forms. None of them is among those evaluated. It has twice
# the steps, 1,200, so that its embedding without a question learns from more captions.
#
# The rule was written here before its first evaluation. Macro Recall@1 varies over three
# seeds, ten wordings and the query texts. Of this variance (the squares of the spreads in
# [ways to ask](wordings.ipynb), but the draw's), take the share due to seeds, to wordings
# and to both together. The model with the smaller share is shipped, and not the one with
# the higher recall. The successor is shipped only if its embedding without a question is
# above chance on more than three facets: there the interval over seeds and texts lies
# above the one in a hundred that guessing finds. In that case the numbers of the old one
# stay on this page.

# %% tags=["hide-input"]
judged = training.by_rule(
    seeds.read(folder / "seeds.hits.csv"),
    ("tiny-qwen2vl", "tiny-qwen2vl-worded"),
)
cf.tables.shown(judged, "successor").format("{:.1f}")

# %% [markdown]
# By the rule the old model stays: of the successor's variance a larger share is due to
# seeds and wordings. The rule turned out to say little. An average over 78 texts hardly
# moves when the texts do, so both shares are near a hundred. In points the successor
# moves less, and it finds more. That was seen afterwards, so here it decides nothing;
# whoever judges the next one should take the spread in points. Which wordings fail is
# in [ways to ask](wordings.ipynb).

# %% [markdown]
# ## Remake them
#
# ```bash
# python -m training clip --out checkpoints/tiny-clip
# python -m training warmup --out checkpoints/warmup
# for variant in tiny-qwen2vl tiny-qwen2vl-unasked tiny-qwen2vl-noquestion; do
#     python -m training contrast --variant $variant \
#         --warmup checkpoints/warmup --out checkpoints/$variant
# done
# python -m training answers \
#     --warmup checkpoints/warmup --out checkpoints/tiny-qwen2vl-answers
# python -m training text --out checkpoints/tiny-text
# python -m training warmup --base llava --out checkpoints/llava-warmup
# python -m training contrast --variant tiny-llava \
#     --warmup checkpoints/llava-warmup --out checkpoints/tiny-llava
# python -m training caption-rates --out checkpoints/caption-rates
# ```
#
# `make studies` does all of it, with the models of [Why](why.ipynb), and ranks them.
# `--help` explains every option. A retriever is loaded from another folder with
# `cf.load_retriever("tiny-qwen2vl", checkpoint=FOLDER)`.
