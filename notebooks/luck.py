# %% [markdown]
# # The luck of the draw
#
# *A pool is one random draw of 99 negatives. How much of a recall is due to the draw?
# (Our question; the released files hold one draw.)*
#
# Draw other negatives, and the same embeddings get another recall. But the draw can be
# taken out altogether. Count how many pictures could have been negatives, and how many
# of these outrank the positive: from the two numbers follows the recall to be expected
# over *all* draws.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
draws = 20  # how often the negatives are drawn, with seeds 0, 1, 2, ...

# %% tags=["hide-input"]

import cocofacet as cf
from cocofacet.chapters import luck
from cocofacet.evaluation.ranking import prompt_modes
from cocofacet.report import findings
from cocofacet.report.style import MODES

cf.use_style()
# The released files do not say which images were eligible: what is built here does.
workspace = cf.open_workspace(
    profile, run, seed, changes, draws=draws
).rebuilt
retriever = workspace.retriever(workspace.profile.promptable)
modes = ("general", "prompted")

# %% [markdown]
# ## Draw again
#
# Of the *E* pictures that may be negatives of a query, *A* do not score below its
# positive. A pool takes 99 of the *E*. The positive ranks among the first *k* when at
# most *k* − 1 of the *A* are drawn. How many are drawn is hypergeometric:
#
# expected Recall@*k* = P(H ≤ *k* − 1), with H ~ Hypergeometric(*E*, *A*, 99).
#
# No picture is embedded again for this, and no pool is drawn. Below, the pools *are*
# drawn again, to see how far single draws lie from the expectation. Each dot is one
# draw.

# %%
ranks = workspace.ranks(retriever, modes)
shown = prompt_modes(workspace.questions, modes)
drawn = luck.recalls_of_draws(
    workspace.benchmark,
    workspace.queries(retriever),
    workspace.embedded(retriever, shown),
    shown,
    seeds=range(draws),
    ks=(1, 5),
)
around = {k: luck.beside_expectation(drawn, ranks, k) for k in (1, 5)}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots around a zero line, one row for each facet: how far Recall at 1 of each draw of negatives lies from the expectation over all draws, without a question and with the facet's."}}
cf.captioned(
    luck.scatter(drawn, around[1], 1, workspace.profile.shown_as),
    "draws",
    f"How far Recall@1 of each of {draws} draws of the negatives lies from its "
    "expectation over all draws, for each facet, without a question and with the "
    f"facet's question ({retriever.name}; {workspace.profile.shown_as}; "
    f"{cf.sample(ranks)}, pools of 100). A dot is one draw; there are no intervals.",
    cf.made_with(
        workspace,
        f"Recall@1 in pools of 100, {draws} draws of the negatives (seeds 0 to "
        f"{draws - 1}) and their expectation",
        "GPT-written", retriever,
    ),
)  # fmt: skip

# %% [markdown]
# ## The numbers
#
# The expectation in percent, with the lowest and the highest draw in brackets.

# %% tags=["hide-input"]
by_mode = {
    (MODES[mode][0], f"R@{k}"): cf.tables.of_mode(table, mode)
    for mode in modes
    for k, table in around.items()
}
cf.tables.shown(cf.tables.grid_of(by_mode, "expected"), "luck")

# %% [markdown]
# How much is that, beside the luck of the texts? The table is about the macro average of
# Recall@1, in points. *Spread* is the standard deviation of the draws. *Predicted* is
# what the formula says it is. Each query draws by itself and is a hit with probability
# *p*, its expected recall. So the mean over *n* queries has the variance
# Σ *p* (1 − *p*) / *n*².

# %% tags=["hide-input"]
beside = luck.beside_texts(around[1], ranks, 1)
cf.tables.shown(beside, "beside-texts").format("{:.2f}")

# %% [markdown]
# ## How far an interval can be trusted
#
# The other luck is that of the texts. The intervals over query texts say how far an
# average might move if other texts were asked. Some facets have few texts. Can an
# interval know that from four or five?
#
# Here is a test. Take the texts at hand for all there are, so that the truth is known.
# Draw as many from them, with replacement, each with its queries. Does the interval
# of that draw hold the truth? Repeat it 4,000 times: it should in 95 % of them.
#
# Texts are all that these intervals know of. A model trained again, from other first
# weights, may lie far outside: [claims](claims.ipynb) has the intervals that allow for
# that, and counts how far they can be trusted.
#
# An interval can fall short where nearly all texts agree. A draw that misses the one text that
# differs sees no spread at all. The last column says how large a gain would have to be,
# in points, for its interval to leave out zero in eight cases of ten. The others are in
# percent.

# %% tags=["hide-input"]
trusted = luck.trust(ranks, 1, "prompted", "general")
cf.tables.shown(trusted, "trust").format("{:.1f}").format(
    "{:.0f}", subset="texts"
)

# %% [markdown]
# ## Findings

# %% tags=["hide-input"]
pair = [cf.tables.of_mode(ranks, mode) for mode in ("prompted", "general")]
expected = cf.paired_difference(*pair, 1, expected=True)
contrast = "the facet's question − no question, expected over draws"
found = {"gain": findings.finding(contrast, "Recall@1, macro", expected)}
cf.conclude(workspace, "luck", found, ranks, {"": drawn})

# %% [markdown]
# ## What would change our mind
#
# If draws scattered further than the formula says, the negatives of different queries
# would not be drawn independently. In the released people file they are not: all
# queries of one count share one draw (E).
#
# The expectation takes away the luck of the negatives and nothing else. The positives
# and the texts stay as they are; for these there are the intervals over query texts.
# And where annotations leave a picture's label out, the picture may be drawn in error.
# No number of draws mends that.
