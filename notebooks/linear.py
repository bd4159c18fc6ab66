# %% [markdown]
# # Questions known too late
#
# *Claim: a linear approximation gains 8 % Recall@5 when the prompt is known only at
# inference (abstract, E).*
#
# A question that nobody foresaw comes with the query. Embedding the gallery again may
# take hours. So K pictures, the *anchors*, are embedded without it (U) and under it
# (V). The matrix W that best turns U into V stands in for the question. The gallery
# stays as it is: ⟨q, W u⟩ = ⟨Wᵀq, u⟩, so one changes the query. Others train a network
# that makes such a map, from the query ([QuARI](https://arxiv.org/abs/2505.21647)) or
# from the attribute's name ([Fioresi et al.](https://arxiv.org/abs/2607.22919)).

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
count = 100  # anchors K, as published
draws = 10  # random draws of anchors
ratios = [0.03, 0.06, 0.125, 0.25, 0.52, 0.67, 1.0, 1.5, 4.0]  # K/d
variants = ["released", "linear", "centred", "ridge", "orthogonal",
            "dual-linear", "dual-ridge"]  # fmt: skip
anchors_from = ["facet", "held-out"]  # where anchors are drawn from

# %% tags=["hide-input"]
import numpy as np
import pandas as pd

import cocofacet as cf
from cocofacet.chapters.linear import anchors, figures, results
from cocofacet.report import findings

cf.use_style()
drawn = {"anchors_from": anchors_from, "draws": draws, "variants": variants}
sizes = {"ratios": ratios, "count": count}
workspace = cf.open_workspace(profile, run, seed, changes, **drawn, **sizes)
retriever = workspace.retriever(workspace.profile.promptable)
dual = workspace.retriever(workspace.profile.dual)
# Whatever is asked for, this page shows the released map and one of the dual encoder.
drawn["variants"] = [*variants, anchors.PUBLISHED, "dual-ridge"]
pictures, found = anchors.fitted(workspace, retriever, dual, drawn | sizes)
dimension, shown_as = retriever.dim, workspace.profile.shown_as
few, asked, square, most = results.sizes_of_note(found, dimension, count)
modes = workspace.ranks(retriever, ("general", "prompted"))
levels = [cf.tables.of_mode(modes, mode) for mode in ("general", "prompted")]

# %% [markdown]
# ## A hundred pictures, as in the paper
#
# K = 100, W by least squares, and the score ⟨Wᵀq, u⟩, which leaves out 1/‖W u‖ (E). The
# released code draws its anchors once, without a seed, from the pictures of the facet
# that is then tested (E). So a positive may be an anchor. Here anchors are drawn
# several times, from there (*facet*) and from pictures that no query meets
# (*held-out*).
#
# Whether the paper's Recall@5 is an average over facets (macro) or over queries (micro)
# is not known here; the figure has both.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dots with intervals, one row for each facet and each average: Recall at 5 without a question, through the linear map with anchors drawn as in the released code and with anchors held out, and with the facet's question."}}
where = f"{retriever.name}; {shown_as}; {cf.sample(modes)}, pools of 100"
how = f"Map: mean of {draws} draws of anchors"
made = cf.made_with(workspace, "Recall@5", "GPT-written", retriever, dual)
cf.captioned(
    figures.beside(found, asked, modes, 5, shown_as),
    "published",
    "Recall@5 of the linear map with the released score, between no prompt and the "
    f"facet's question ({where}). {how}; bars: 95 % interval over query texts.",
    made,
)

# %% [markdown]
# **A hundred is not the same in every model.** The paper's embeddings have d = 3,072
# numbers, so K/d = 0.03. Those of the default run have 192, so K/d = 0.52, and near K =
# d least squares does badly (see the curve below). So with 192 numbers, K = 100 is the
# paper's K, but not its K/d.
#
# ## The paper's K/d
#
# K/d decides how much noise least squares fits. At the paper's 0.03 the default run has
# six anchors. But W has rank K at most, and six directions are fewer than most
# attributes have values. The paper has a hundred. So in the default run neither setting
# is the paper's: the first keeps its number of directions, the second its ratio. The
# curve below marks both, and the findings at the end have what each gains.
#
# ## From few anchors to many
#
# Where K comes near d, the anchors are barely enough to solve for W, and least squares
# fits their noise. The condition number says how much noise may grow. The dual encoder
# has a d of its own, and so a dip of its own. The table has what the released map gains
# in Recall@5 over no prompt, in points, with a 95 % interval over draws of anchors.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Curves of Recall at 5 against anchors over dimensions, one curve for each map, one panel for each place that anchors come from. Level lines stand for no question and for the facet's; upright lines mark the published K, the published K over d, and K equal to d."}}
marked = {square: "K = d", few: f"K = {few}", asked: f"K = {asked}"}
cf.captioned(
    figures.against_anchors(found, modes, 5, dimension, marked, shown_as),
    "anchors",
    "Recall@5 of each linear map against the number of anchors K over dimensions d "
    f"({where}; macro over facets). {how}; band: their range.",
    made,
)

# %% tags=["hide-input"]
cf.tables.shown(results.at_each_size(found, levels[0], 5), "draws")

# %% [markdown]
# ## Other maps, another score
#
# All maps but the *released* one are scored by the cosine, as in the exact method.
# *Centred* takes means off before the fit and puts them back. *Ridge* keeps W small by
# a penalty, tuned on a fifth of the anchors. *Orthogonal* lets W only rotate, and maps
# a direction that no anchor spans to zero. The first table has the published K, in
# percent with a 95 % interval over query texts. The second changes one thing at a time,
# in points.

# %% tags=["hide-input"]
cf.tables.shown(results.variants(found, asked, 5), "maps")

# %% tags=["hide-input"]
ks = sorted({few, asked, most})
cf.tables.shown(results.comparisons(found, ks, 5, dimension), "one")

# %% [markdown]
# ## From a dual encoder's gallery
#
# U may come from another model. Then Wᵀq lies in *its* space. An index of CLIP that is
# already there could be searched under a question, for the price of K pictures. The
# released script holds leftovers of such a map, with CLIP's 768 numbers padded with
# zeros. (Padding changes no score, as zeros get no weight.) Which source gave the
# published 8 % is not known. The table has Recall@5 in the encoder's gallery: with its
# own text, then through a ridge map.

# %% tags=["hide-input"]
ranks = {"its own text": workspace.ranks(dual, ("general",))}
for source in found.fits.anchors_from.unique():
    words = f"K = {most}, {source}"
    ranks[words] = found.rows(source, "dual-ridge", most)
tables = {words: cf.tables.recalls(each, 5) for words, each in ranks.items()}
cf.tables.shown(cf.tables.grid_of(tables, "recall"), "dual")

# %% [markdown]
# **It can say** what is in the dual encoder's vectors. Where the map finds a facet that
# the encoder's own text does not, the attribute was there, in reach of a matrix. **It
# cannot say** that an attribute is lost where the map fails: more anchors or another
# map might reach it. Nor which source is better: the two models were trained apart, and
# one K is another K/d in each.
#
# ## What it costs
#
# K pictures are embedded under the new question. W is held by two factors of 2Kd
# numbers, which saves nothing from K = d/2 on. A cosine also needs ‖W u‖ of each
# picture.
#
# ## Try it
#
# The method is the line with `pinv` and the one below it. Here is one draw of anchors,
# held out:

# %%
gains = cf.tables.differences(*levels[::-1], 5).set_index("facet")
K, facet = asked, gains.difference.idxmax()  # whom its question helps most
(gallery, anchor), benchmark = pictures.values(), workspace.benchmark
order = np.random.default_rng(seed).permutation(len(anchor))[:K]
rows = [q.facet == facet for q in benchmark.queries]
q = workspace.queries(retriever)[rows]  # (Q, d) texts
u = gallery.galleries["general"]  # (N, d) all pictures, without the question
U = anchor.galleries["general"][order].T  # (d, K)
V = anchor.prompted[facet][order].T  # (d, K)
W = V @ np.linalg.pinv(U)  # (d, d)
scores = (q @ W) @ u.T  # (Q, N)
pool = benchmark.pool_indices()[rows]  # (Q, 100), the positive first
scores = np.take_along_axis(scores, pool, axis=1)
above = (scores[:, 1:] >= scores[:, :1]).sum(axis=1)
print(f"{facet}, K = {K}: Recall@5 {100 * np.mean(above < 5):.1f} %")

# %% [markdown]
# 1. Set `K = dimension`. Why can more anchors do worse?
#    <details><summary>Answer</summary>Each anchor is still mapped exactly onto V, noise
#    and all. At K = d only a large W can do that: it blows up directions in which U
#    hardly varies. That is the curve's dip.</details>
# 2. Divide `scores` (Q, N) by `np.linalg.norm(u @ W.T, axis=1)`. What changes?
#    <details><summary>Answer</summary>It is the exact method's cosine. Without it a
#    long W u helps a picture under every query. In one draw and facet either may win;
#    the first row of single changes has the mean over draws and facets.</details>
#
# ## Findings
#
# They are about the released map, in one training and one wording of each question. So
# a finding that holds here may be undecided in [what the paper claims](claims.ipynb),
# whose intervals allow for other trainings and wordings too.

# %% tags=["hide-input"]
said = {}
for source in found.fits.anchors_from.unique():
    for key, k in {"count": asked, "ratio": few}.items():
        name = f"{key}_{source}".replace("-", "_")
        map_ = found.rows(source, anchors.PUBLISHED, k)
        row = cf.tables.difference_row(map_, levels[0], 5)
        words = f"K = {k}, {source}: map − no question"
        said[name] = findings.finding(words, "Recall@5, macro", row)
        row = cf.tables.difference_row(levels[1], map_, 5)
        words = f"K = {k}, {source}: question − map"
        said[f"{name}_left"] = findings.finding(words, "Recall@5, macro", row)
recalls = pd.concat({k: found.recall(k) for k in (1, 5)}, names=["k"])
cf.conclude(workspace, "linear", said, tables={"": recalls.droplevel(1)})

# %% [markdown]
# ## What would change our mind
#
# The published setting stands if the map finds more than no prompt does, on
# photographs, with a hundred anchors. It should do so in any draw, and held out as well
# as from the tested pictures. If least squares did not fall where the condition number
# peaks, noise would be the wrong explanation.
