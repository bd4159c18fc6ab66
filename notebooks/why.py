# %% [markdown]
# # Why
#
# *Question: does the general embedding **lose** the attribute, or does the query text
# fail to **reach** it? The paper suspects the first: image embeddings "focus on global
# semantics and subjects while leaving out other details" (abstract, E). "Seeing Is Not
# Addressing" ([2609.37230](https://arxiv.org/abs/2609.37230)) argues for the second. So
# does an [earlier study of CLIP](https://arxiv.org/abs/2411.05195), two of whose authors
# also wrote the paper: the vision encoder often gathers what CLIP then fails to extract.*
#
# The same pools are ranked several times. What changes is where the query comes from: a
# classifier trained on labels, other images, images that the text finds, or the text
# alone.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn, and of the folds
changes = {}  # of the profile, such as {"promptables": "e5-v"}
k = 1  # the cut-off of the figures and the sentences

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import display

import cocofacet as cf
from cocofacet.chapters.why import caption_rates, reached
from cocofacet.evaluation.ranking import prompt_modes
from cocofacet.io import COMMITTED

cf.use_style()
# The released files do not say which labels images carry: what is built here does.
workspace = cf.open_workspace(profile, run, seed, changes, k=k).rebuilt
dual, promptable = workspace.profile.dual, workspace.profile.promptable

# %% [markdown]
# ## Ways to ask
#
# - **There: a linear probe.** Logistic regression on the embeddings, cross-fitted over
#   five folds of images, its regularisation chosen inside them. An image is ranked by
#   the log probability of the query's label. Beside it stands the same probe taught by
#   half as many images: if that is worse, more images would find more.
# - **From images.** The mean of the *other* images that carry the label.
# - **Grounded.** The mean of the ten *other* images that the text finds first in the
#   gallery. No label is used. This is ours (pseudo-relevance feedback); "Seeing Is Not
#   Addressing" moves the text's vector instead, by what labelled pictures show.
# - **From words.** The text, as everywhere in this book.
#
# No image is scored by anything that learnt from it. In the pool of a query only the
# positive carries its label, so the mean of images has to do without that one alone.
#
# The labels are those of the annotations. Labels that no pool sets against each other
# ("stone" and "brick", the wordings of one place) are one class. An image with several
# counts for each with a share; one with none is a class of its own; one of which nothing
# is claimed teaches nothing. In the rendered world the truth is known, so all pictures
# teach, and those held out from the gallery as well. What is ranked stays the same.

# %%
asked = {dual: ("general",), promptable: ("general", "prompted")}
known = prompt_modes(workspace.questions)
found, levels, loaded = {}, {}, []
for name, modes in asked.items():
    workspace.announce(name, prompts=1 + 8 * (len(modes) > 1))
    retriever = workspace.retriever(name)
    loaded.append(retriever)
    ways = {mode: known[mode] for mode in modes}
    found[name] = reached.measure(workspace, retriever, ways)
    levels[name] = reached.levels(found[name].ranks, modes, k)
panels = {
    f"{name}, {mode}": levels[name][levels[name]["mode"] == mode]
    for name, modes in asked.items()
    for mode in modes
}

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Dots with intervals, one panel for each embedding: Recall by facet when the query is a linear probe, its half, the mean of other images, the mean of images that the text finds, and the text."}}
pictures = workspace.profile.shown_as
cf.captioned(
    reached.figure(panels, k, pictures),
    "reached",
    f"Recall@{k} in pools of 100 for each facet, by what stands for the query, a "
    f"panel for each embedding ({pictures}; {len(workspace.benchmark.queries):,} "
    "queries). Bars: 95 % interval over query texts.",
    cf.made_with(workspace, f"Recall@{k}", "none; GPT-written", *loaded),
)

# %% [markdown]
# ## The numbers

# %% tags=["hide-input"]
cf.tables.shown(reached.grid(panels), "why")

# %% [markdown]
# How often the probe's first choice is right, in percent of images. *Balanced* is the
# mean over classes, with its interval over images. Beside it stands what needs no
# picture: always the most frequent class, or chance.

# %% tags=["hide-input"]
named = {
    f"{name}, {mode}": rows
    for name in asked
    for mode, rows in found[name].named.groupby("mode", sort=False)
}
cf.tables.shown(reached.naming_grid(named), "naming")

# %% [markdown]
# ## The controlled answer
#
# Photographs cannot say *why* an embedding lacks something: nobody can change what their
# captions named. Here we can. CLIPs learn from the same pictures, one for each of the
# rates 0, 3, 10, 30 and 100 % at which their captions name times, weathers, materials,
# people and gestures. (COCO's annotators name them in 1 to 22 % of captions.)
#
# The weights are not shipped; their ranks are, with the settings that made them.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Small panels, one for each facet: Recall of the probe, of other images and of words against the share of training captions that name the facet."}}
folder = COMMITTED / "training/caption-rates"
rates = caption_rates.read(folder)
if rates:
    by_rate = caption_rates.levels(rates, k)
    varied = rates.varied
    cf.captioned(
        caption_rates.curves(by_rate, varied, k, "rendered world"),
        "rates",
        f"Recall@{k} in pools of 100 of CLIPs trained on captions that name a facet more "
        "or less often, a panel for each facet (rendered world; trained beforehand). "
        "Bands and brackets: 95 % interval over query texts.",
        cf.folded(caption_rates.made_with(rates, k)),
    )
else:
    display(cf.markdown(caption_rates.MISSING))

# %% tags=["hide-input"]
if rates:
    said = caption_rates.verdicts(rates, by_rate, k)
    display(cf.tables.shown(caption_rates.grid(by_rate), "caption-rates"))
    display(cf.markdown(caption_rates.made_by(rates)))

# %% [markdown]
# ## In short

# %% tags=["hide-input"]
short = {}
for name, modes in asked.items():
    ranks = found[name].ranks
    for mode in modes:
        judged = reached.judged(
            ranks, levels[name], found[name].named, mode, k
        )
        who = f"{name}, {mode} embedding"
        short[f"{name}_{mode}"] = reached.concluded(judged, who, k)
ranks = found[promptable].ranks
short["missing"] = reached.missing(ranks, promptable, k)
short["brought_in"] = reached.brought_in(ranks, k)
names = {"general": "general embeddings", "prompted": "prompted ones"}
for way in ("images", "grounded"):
    short[way] = reached.asked_with_images(ranks, names, way, k)
if rates:
    short["by_rate"] = caption_rates.by_rate(said, varied)
    ends = caption_rates.changes(rates, rates.rates[-1], k)
    short["kept"] = caption_rates.kept(ends, rates, rates.rates[-1], k)
    best = caption_rates.furthest(by_rate, varied)
    there = caption_rates.changes(rates, best, k)
    short["explained"] = caption_rates.explained(there, rates, best, k)
    short["seeds"] = caption_rates.by_seed(rates, k)
    short["beyond"] = caption_rates.beyond(rates, best, k)
    short["price"] = caption_rates.price(there, rates, best, k)
ranks = pd.concat([each.ranks for each in found.values()], ignore_index=True)
named = {name: each.named for name, each in found.items()}
kept = {
    "": pd.concat(levels, names=["retriever"]),
    "named": pd.concat(named, names=["retriever"]),
}
cf.conclude(workspace, "why", short, ranks, kept)

# %% [markdown]
# ## What would change our mind
#
# A probe is linear and taught by few images. What it misses, more images or a deeper one
# may find: "lost" means lost to *this* probe. And what it finds, no sentence need be able
# to say. A mean of images carries whatever else these images share, so that it reaches
# nothing does not show that nothing can be reached.
#
# The caption rates answer for one small CLIP a rate and seed, trained briefly, and for
# drawn pictures. All five facets are named more often together, and such captions are
# longer: which facet's words did what is not separated. They show what captions *can*
# do to an embedding. That photographs' captions did it to CLIP is the paper's suspicion
# still, and the probe on its embeddings, at full scale, is the test of it.
