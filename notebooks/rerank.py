# %% [markdown]
# # Rerank
#
# *Only the twenty pictures that are found first without a question are embedded under
# it. How much of the gain is left? (Our question. Search in two stages is common; the
# paper's two accelerations are compared with it.)*
#
# Embedding all pictures beforehand needs the question beforehand. The linear map needs
# a hundred pictures for each new question. Reranking needs a few for each query, and
# gets the model's own answer for those. On products,
# [MCMR](https://arxiv.org/abs/2603.01082) reports that rerankers which check each
# candidate help markedly. They judge query and candidate together, where ours compares
# two vectors.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
depth = 20  # how many pictures are reranked, in the findings
depths = [5, 10, 20, 50, 100, 200, 400]  # and in the curves
count = 100  # anchors K of the linear map
draws = 5  # random draws of them
k = 1  # the cut-off of recall in pools
gallery_k = 10  # the cut-off of precision in the gallery

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import display

import cocofacet as cf
from cocofacet.chapters import rerank
from cocofacet.retrieval.rerank import depths_within

cf.use_style()
# The released files do not say which images carry a label: what is built here does.
opened = cf.open_workspace(
    profile, run, seed, changes,
    depth=depth, depths=depths, count=count, draws=draws, k=k,
    gallery_k=gallery_k,
)  # fmt: skip
workspace = opened.rebuilt
benchmark, questions = workspace.benchmark, workspace.questions
retriever = workspace.retriever(workspace.profile.promptable)
total = len(benchmark.images)
(depth,) = depths_within([depth], total)
depths = depths_within([*depths, depth], total)

# %% [markdown]
# ## Two stages
#
# The general embedding puts all pictures in order. The first *n* of them are embedded
# under the question and put in a new order among themselves. All others stay behind
# them, as they were.
#
# In the gallery the first *n* are taken from all pictures, as a search would take them.
# Pictures of which nothing is claimed are left out afterwards, as in [Beyond a hundred
# candidates](gallery.ipynb). Ties count against a positive in both stages.
#
# The *bound* is a second stage that knows the answer. It shows what the first stage
# found.

# %%
prompts = (None, *questions.values())
images = workspace.embedded(retriever, prompts)
anchors = dict(
    zip(prompts, workspace.anchor_gallery(retriever, prompts), strict=True)
)
count = min(count, len(anchors[None]))
queries = workspace.queries(retriever)
identity = workspace.identity(retriever)
setting = benchmark, queries, images, questions, depths
ranks = rerank.in_pools(*setting, **identity)
searched, embedded = rerank.in_gallery(*setting, (gallery_k,))
mapped, searched_by_map = rerank.by_ridge(
    benchmark,
    queries,
    images,
    anchors,
    questions,
    count,
    draws,
    (gallery_k,),
    seed,
    **identity,
)
ranks = pd.concat([ranks, mapped], ignore_index=True)
searched = pd.concat([searched, searched_by_map], ignore_index=True)
found = rerank.curves(ranks, searched, k, gallery_k)

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Curves against the pictures embedded for a query: recall in pools, mAP and precision in the gallery, of reranking and of its bound, with level lines for no question, the linear map and the facet's question. A dotted upright line marks the linear map's anchors."}}
pictures = workspace.profile.shown_as
cf.captioned(
    rerank.against_cost(found, k, gallery_k, count, pictures),
    "cost",
    f"Recall@{k} in pools of 100, and mAP and Precision@{gallery_k} in the gallery, "
    "against the pictures embedded for one query, for reranking and for a reranker "
    "that knows the answer; level lines: no prompt, the linear map, the facet's "
    f"question ({retriever.name}; {pictures}; {cf.sample(ranks)}; macro over facets, "
    f"no intervals). Dotted and upright: the linear map's {count} anchors.",
    cf.made_with(
        workspace,
        f"Recall@{k}, mAP and Precision@{gallery_k}; linear map: ridge, K = {count}, "
        f"mean of {draws} draws",
        "GPT-written", retriever,
    ),
)  # fmt: skip

# %% [markdown]
# The upright line stands at the linear map's K. The map pays that for each new
# *question*, and nothing for a query. Reranking pays for each query.
#
# ## The numbers
#
# In percent.

# %% tags=["hide-input"]
grid = rerank.table(found, k, gallery_k)
cf.tables.shown(grid, "rerank").format("{:.1f}", na_rep="")

# %% tags=["hide-input"]
released = ranks.iloc[:0]
if opened is not workspace:  # ranking within released pools needs no labels
    embedded_too = opened.embedded(retriever, prompts)
    released = rerank.in_pools(
        opened.benchmark,
        opened.queries(retriever),
        embedded_too,
        opened.questions,
        [depth],
        **opened.identity(retriever),
    )
    display(cf.markdown("Within the released pools:"))
    modes = {mode: mode for mode in released["mode"].unique()}
    recalls = {k: cf.tables.recalls(released, k)}
    display(
        cf.tables.shown(cf.tables.recall_grid(recalls, modes), "released")
    )

# %% [markdown]
# ## What it costs
#
# Without a question nothing is embedded again. For a new question, the linear map
# embeds its anchors, and the exact way embeds the whole gallery. Reranking embeds some
# pictures for each query. The table counts them for all query texts together. A picture
# that several texts find counts once for each question. The share is of the whole
# gallery under all questions.

# %% tags=["hide-input"]
cost = embedded.to_frame("pictures").rename_axis("the first")
cost["share"] = cost.pictures / (total * len(questions))
cf.tables.shown(cost, "rerank-cost").format({"share": "{:.1%}"})

# %% [markdown]
# ## Findings

# %% tags=["hide-input"]
said = rerank.findings_of(ranks, searched, depth, k)
said["gain_5"] = rerank.findings_of(ranks, searched, depth, 5)["gain"]
kept = ["general", f"rerank-{depth}", "ridge", "prompted"]
every = pd.concat([ranks, released])
cf.conclude(
    workspace,
    "rerank",
    said,
    every[every["mode"].isin(kept)],
    {"": found.set_index("where"), "cost": cost},
)

# %% [markdown]
# ## What would change our mind
#
# If the general embedding found what was asked, only in the wrong order, twenty
# pictures would be enough. On facets that it does not hold, a positive may stand
# anywhere, and the depth that is needed grows with the gallery. So look at both scales:
# the same twenty are a fifth of a pool and a small part of a gallery. Nothing here says
# what depth a gallery of a million needs.
