# %% [markdown]
# # Questions known too late
#
# *Claim: a linear approximation gains 8 % Recall@5 when the prompt is known only at
# inference (abstract, E).*
#
# A question that nobody foresaw comes with the query. To embed the gallery again under
# it would take hours. So a few pictures are embedded again, and what the question did
# to them is done to the query. Others train a network that makes such a map, from the
# query ([QuARI](https://arxiv.org/abs/2505.21647)) or from the attribute's name
# ([Fioresi et al.](https://arxiv.org/abs/2607.22919)); the paper's is least squares.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
draws = 10  # random draws of anchors
ratios = [0.03, 0.06, 0.125, 0.25, 0.52, 0.67, 1.0, 1.5, 4.0]  # K/d
counts = [100]  # K, whatever d is
variants = ["released", "linear", "centred", "ridge", "orthogonal",
            "dual-linear", "dual-ridge"]  # fmt: skip
anchors_from = ["held-out", "gallery"]  # where anchors are drawn from

# %% tags=["hide-input"]
import pandas as pd

import cocofacet as cf
from cocofacet.chapters.linear import anchors, figures, results
from cocofacet.embeddings.linear_map import VARIANTS

cf.use_style()
drawn = {"variants": variants, "anchors_from": anchors_from}
sizes = {"draws": draws, "ratios": ratios, "counts": counts}
workspace = cf.open_workspace(profile, run, seed, changes, **drawn, **sizes)
variants = anchors.checked(variants, VARIANTS, "variants")
sources = anchors.ANCHORS_FROM
anchors_from = anchors.checked(anchors_from, sources, "anchors_from")
retriever = workspace.retriever(workspace.profile.promptable)
dual = workspace.retriever(workspace.profile.dual)
questions = workspace.questions

# %% [markdown]
# ## A matrix in place of a question
#
# Take K pictures, the anchors, and embed them both ways: U without the question, V
# with it. The matrix W that best turns U into V stands in for the question. The
# gallery stays as it is, because ⟨q, W u⟩ = ⟨Wᵀq, u⟩: one changes the query instead.
#
# **The paper's** W is least squares, from K = 100 pictures at d = 3,072. That is
# K/d = 0.03. The released code draws them once, without a seed, from the gallery of
# the facet that is then tested, and its score leaves out 1/‖W u‖ (E).
#
# **Ours** are the seeded draws, the anchors held out from the evaluation (or drawn
# from the gallery of all facets), and the other variants:
#
# - *centred*: means are taken off before the fit and put back after it.
# - *ridge*: a penalty keeps W calm. Its strength is tuned on a fifth of the anchors.
# - *orthogonal*: W may only rotate. K anchors span at most K directions, and the others
#   are mapped to zero: W is then a part of a rotation.
# - *from the dual encoder*: U comes from another model's gallery. The query stays with
#   the promptable model, and Wᵀq lies in the dual encoder's space.
#
# **Unknown** is which source gave the published 8 %. The released script also carries
# leftovers of a map out of CLIP's space.

# %%
given = (retriever, dual, questions)
gallery = anchors.embedded(workspace.gallery, *given)
held_out = anchors.embedded(workspace.anchor_gallery, *given)
known = {"held-out": held_out, "gallery": gallery}
drawn_from = {name: known[name] for name in anchors_from}
dimension = retriever.dim
sizes = anchors.numbers_of_anchors(
    ratios, dimension, min(map(len, drawn_from.values())), counts
)
found = anchors.ranks_over_draws(
    workspace.benchmark,
    workspace.queries(retriever),
    gallery,
    drawn_from,
    variants,
    sizes,
    draws,
    seed,
)

# %%
modes = workspace.ranks(retriever, ("general", "prompted"))
general, prompted = (
    cf.tables.of_mode(modes, mode) for mode in ("general", "prompted")
)
gains = {
    k: cf.tables.row_of(cf.tables.differences(prompted, general, k), "macro")
    for k in (1, 5)
}
recalls = {k: found.recall(k) for k in (1, 5)}
levels = {"general": gains[1].reference, "prompted": gains[1].value}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Recall at 1 of each variant against anchors over dimensions, a panel for anchors held out and one for anchors from the gallery, with level lines for the general and the prompted embedding."}}
pictures = workspace.profile.shown_as
cf.captioned(
    figures.against_anchors(recalls[1], levels, 1, dimension, pictures),
    "anchors",
    f"Recall@1 of each linear map against the number of anchors K over dimensions d "
    f"({retriever.name}; {pictures}; {cf.sample(modes)}, pools of 100; macro over "
    f"facets). Line: mean of {draws} draws of anchors; band: their range.",
    cf.made_with(workspace, "Recall@1", "GPT-written", retriever, dual),
)

# %% [markdown]
# Where K comes near the number of dimensions, the anchors are barely enough to solve
# for W, and least squares fits their noise. The condition number says how much noise
# may grow. The dual encoder has a *d* of its own, and so a peak of its own.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Condition number of the anchors against anchors over dimensions, on a logarithmic scale."}}
cf.captioned(
    figures.condition(recalls[1], dimension, pictures),
    "condition",
    "Condition number of the anchors against K over d, on a logarithmic scale "
    f"({pictures}; {draws} draws of anchors).",
)

# %% [markdown]
# ## How much of the gap
#
# In percent: the mean over draws with its interval over query texts, the smallest and
# the largest draw, and how much of the way from general to prompted that is. First with
# the K whose K/d is nearest to the published one.

# %% tags=["hide-input"]
published, near_100, near_d = results.sizes_of_note(sizes, dimension)
best_sizes = results.best_sizes(recalls[1])
at_published, at_best = (
    results.summary(found, each, general, prompted, (1, 5))
    for each in (best_sizes * 0 + published, best_sizes)
)
cf.tables.shown(results.table(at_published, dimension), "published")

# %% [markdown]
# Then each variant with the K that serves its Recall@1 best. That K is chosen on these
# very queries, which flatters all of them.

# %% tags=["hide-input"]
cf.tables.shown(results.table(at_best, dimension), "best")

# %% [markdown]
# ## One change at a time
#
# Each row changes one thing and leaves the rest; differences are paired by query.

# %% tags=["hide-input"]
compared = results.comparisons(
    found, sorted({published, near_d, sizes[-1]}), 1
)
cf.tables.shown(results.compared(compared, 1, dimension), "compared", "long")

# %% [markdown]
# ## What it costs
#
# W has rank K at most, so two factors of K × d numbers hold all of it. One of them
# serves every question. A cosine also needs the length of each W u: one number for each
# picture of the gallery and question, and a pass over the gallery's vectors to get it.
# The K pictures have to be embedded under the new question in any case.

# %% tags=["hide-input"]
print(f"numbers, with K = {near_100}, gallery: {len(gallery)} pictures")
costs = results.costs(
    drawn_from[anchors_from[0]], variants, near_100, len(gallery)
)
cf.tables.shown(costs, "costs").format("{:,}")

# %% [markdown]
# ## In short

# %% tags=["hide-input"]
# By default: anchors held out, and the map as released.
said = results.in_short(
    recalls,
    gains[5],
    (at_published, at_best, compared),
    anchors_from[0],
    (anchors_from[-1], variants[0]),
    (published, near_100),
    dimension,
)
kept = {
    "": pd.concat(recalls, names=["k"]).droplevel(1),
    "compared": compared.set_index("comparison"),
}
cf.conclude(workspace, "linear", said, tables=kept)

# %% [markdown]
# The paper's 8 % is on photographs, with other models. In the rendered world d is 192:
# the published K/d means six pictures there, fewer than some attributes have values,
# and the published K means K/d = 0.52. And its dual encoder was trained apart. How well
# a map out of its space does says what this one encoder holds, not which source is
# better in general.
#
# ## What would change our mind
#
# The published setting stands if the map passes the general embedding on photographs
# with a hundred anchors, whatever the draw, and held out as well as from the gallery.
# If it needs about as many anchors as there are dimensions, the same time embeds a part
# of the gallery exactly. If least squares did not fall where the condition number
# peaks, noise would be the wrong explanation. And a map from the dual encoder that did
# better than one from the general embedding would say that the question is not what
# the map supplies.
