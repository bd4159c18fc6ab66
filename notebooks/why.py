# %% [markdown]
# # Why
#
# *Does the embedding without a question **lose** the attribute, or does the query text
# fail to **reach** it? The paper suspects the first (abstract, E). "Seeing Is Not
# Addressing" ([2609.37230](https://arxiv.org/abs/2609.37230)) and an [earlier study of
# CLIP](https://arxiv.org/abs/2411.05195) argue for the second.*

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn, and of the folds
changes = {}  # of the profile, such as {"promptables": "e5-v"}
k = 1  # the cut-off of the figures and the findings

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import display

import cocofacet as cf
from cocofacet.chapters.why import caption_rates, kinds, over_seeds, reached
from cocofacet.evaluation import seeds as by_seed
from cocofacet.evaluation.ranking import prompt_modes, prompts_of
from cocofacet.io import COMMITTED

cf.use_style()
# The released files do not say which labels images carry: what is built here does.
workspace = cf.open_workspace(profile, run, seed, changes, k=k).rebuilt
dual, promptable = workspace.profile.dual, workspace.profile.promptable

# %% [markdown]
# ## Ways to ask
#
# - **There: a linear probe.** A linear discriminant on the embeddings as they are. It
#   learns from four fifths of the pictures and ranks the rest, five times over. All
#   classes weigh the same. How far it is shrunk is chosen among the pictures that
#   teach, by balanced accuracy. A picture is ranked by the log probability of the
#   query's label.
# - **From pictures.** The mean of the *other* pictures that carry the label.
# - **Grounded.** The mean of the ten *other* pictures that the text finds first in the
#   gallery. No label is used. (It is known as pseudo-relevance feedback. "Seeing Is Not
#   Addressing" moves the text's vector instead, by what labelled pictures show.)
# - **From words.** The text, as everywhere in this book.
#
# No picture is scored by anything that learnt from it. In a query's pool only the
# positive carries its label, so the mean of pictures does without that one.
#
# Labels that no pool sets against each other, such as "stone" and "brick", are one
# class. A picture with several labels counts for each with a share. One with none is a
# class of its own, and one of which nothing is claimed teaches nothing. In the rendered
# world the truth is known, so all pictures teach, those held out as well.

# %%
asked = {dual: ("general",), promptable: ("general", "prompted")}
found, levels, loaded = {}, {}, []
for name, modes in asked.items():
    ways = prompt_modes(workspace.questions, modes)
    workspace.announce(name, prompts=len(prompts_of(ways)))
    retriever = workspace.retriever(name)
    loaded.append(retriever)
    found[name] = reached.measure(workspace, retriever, ways, curves=True)
    levels[name] = reached.levels(found[name].ranks, modes, k)
panels = reached.by_embedding(levels)
seeds = over_seeds.read(COMMITTED / "training/levels.csv", k)
seeds = seeds[seeds.who.isin(panels) & (seeds.seed > 0)]

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Dots with intervals, one panel for each embedding, one row for each facet: recall when the query is a linear probe, the mean of other pictures, the mean of pictures that the text finds, and the text. Rings beside them: other training seeds."}}
pictures = workspace.profile.shown_as
cf.captioned(
    reached.figure(panels, k, pictures, seeds),
    "reached",
    f"Recall@{k} in pools of 100 for each facet, by what stands for the query, a "
    f"panel for each embedding ({pictures}; {len(workspace.benchmark.queries):,} "
    "queries). Bars: 95 % interval over query texts. Dotted: chance. Rings: other "
    "training seeds of the rendered world's retrievers, measured beforehand.",
    cf.made_with(workspace, f"Recall@{k}", "none; GPT-written", *loaded),
)

# %% [markdown]
# ## Not there, or too few pictures to learn it
#
# A probe at chance may have had too few pictures. So it is taught by 50, 100, 200 and
# more. Where its line stays at chance, nothing shows that the attribute is there. Where
# it still rises at its end, more pictures would find more.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Small panels, one for each facet: balanced accuracy of the probe against the number of pictures that teach it, a line with its band for each embedding, chance dotted."}}
curve = {name: each.curve for name, each in found.items()}
cf.captioned(
    reached.curves(reached.by_embedding(curve), pictures),
    "learning",
    "How often the probe names a picture's class (balanced accuracy), by how many "
    f"pictures teach it, a panel for each facet ({pictures}). Bands: 95 % interval over "
    "the pictures named. Dotted: chance.",
)

# %% [markdown]
# ## What that says of each facet
#
# Each training seed of the small retrievers gives another model. Behind each word
# stands how often the probe names the facet rightly: in percent, with all classes
# counting alike. `studies/rank_levels.py` measured the other seeds beforehand.

# %% tags=["hide-input"]
here = over_seeds.here(found, panels, k)
verdicts = over_seeds.verdicts(pd.concat([here, seeds]))
display(cf.tables.shown(verdicts, "verdicts"))
words = pd.DataFrame({"means": reached.VERDICTS})
cf.tables.shown(words, "verdict-words", "words")

# %% [markdown]
# ## The controlled answer
#
# Photographs cannot say *why* an embedding lacks something, because nobody can change
# what their captions named. Here we can. Small CLIPs learn from the same pictures,
# under five kinds of captions. These name times, weathers, materials, people and
# gestures in 0, 3, 10, 30 or 100 % of cases (COCO's annotators: in 1 to 22 %).
#
# The weights are not shipped; their ranks are. They were ranked with an older probe,
# tuned by plain accuracy, so its levels are lower bounds.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Small panels, one for each facet: recall of the probe, of other pictures, of words and of grounded queries against the share of training captions that name the facet."}}
rates = caption_rates.read(COMMITTED / "training/caption-rates")
by_rate = caption_rates.levels(rates, k)
cf.captioned(
    caption_rates.curves(by_rate, rates.varied, k, "rendered world"),
    "rates",
    f"Recall@{k} in pools of 100 of CLIPs trained on captions that name a facet more "
    "or less often, a panel for each facet (rendered world; trained beforehand). "
    "Bands: 95 % interval over query texts.",
    cf.folded(
        "python -m training caption-rates; studies/rank_caption_rates.py; settings: "
        "cocofacet/results/training/caption-rates/made.json"
    ),
)

# %% [markdown]
# The first table has the changes from the lowest rate to the highest, in points. Where
# words gain and the probe does not, only the way there was missing. Where the probe gains
# too, captions put the attribute there, as the paper suspects. The second table has
# each rate and training seed, in percent, macro over the facets that were varied.

# %% tags=["hide-input"]
display(cf.tables.shown(caption_rates.changes(rates, k), "rates-changes"))
shown = cf.tables.shown(caption_rates.by_seed(rates, k), "rates-seeds")
shown.format("{:.1f}").format_index("{:.0%}", level="rate")

# %% [markdown]
# Would longer training help the words? Where a line has flattened, it would not.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "One panel for each seed: Recall@1 of words on the tune scenes against training steps, a line for each share of captions that name the facets."}}
steps = caption_rates.while_training(COMMITTED / "training", rates.varied)
cf.captioned(
    caption_rates.over_steps(steps, "rendered world"),
    "steps",
    "Recall@1 of the text on the tune scenes while training, mean over the facets "
    "whose rate was varied, a panel for each seed (rendered world; no intervals).",
)

# %% [markdown]
# ## What one vector can hold, and questions never trained
#
# Three models built like `tiny-qwen2vl` saw captions of the facets and were never asked
# about them. The first learnt from captions that say much: subject and place, each
# other facet in 30 %. Of the second's captions half say one thing alone, such as "it is
# night". From there, the third was asked 32 other kinds of question, such as the colour
# of a coat. Before anything bigger was trained, three quarters of the 32 had to be
# *learnt*: right for a quarter of the pictures that the most frequent answer misses.
# The last table needs no text: a probe, and how far pictures of a class lie together.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Dots with intervals, one row for each facet and a panel for each model: Recall without a question, under the facet's question, which was never trained, and under those of other facets."}}
trained = by_seed.read(COMMITTED / "training/kinds.hits.csv")
cf.captioned(
    kinds.figure(trained, 1, "rendered world"),
    "kinds",
    "Recall@1 in pools of 100 without a question and under questions never trained, by "
    "what the model learnt from (rendered world; one training each, trained beforehand). "
    "Bars: 95 % interval over ten wordings and query texts. Dotted: chance.",
    cf.folded(
        "studies/kinds.py; studies/rank_kinds.py; cocofacet/results/training"
    ),
)

# %% tags=["hide-input"]
asked_kinds = kinds.learnt(COMMITTED / "training/kinds/gate.json")
cf.glue("kinds_learnt", asked_kinds.kinds["learnt"])
display(cf.tables.shown(asked_kinds, "kinds-learnt", "words"))
sides = kinds.sides(COMMITTED / "training/kinds.pictures.csv")
for name, value in kinds.told(sides).items():
    cf.glue(name, value)
cf.tables.shown(sides, "kinds-pictures").format("{:.0f}")

# %% [markdown]
# ## Findings
#
# Contrasts of the promptable model, then of the models of the section above.

# %% tags=["hide-input"]
ranks = found[promptable].ranks
named = found[promptable].named
named = named[named["mode"] == "general"]
short = reached.contrasts(ranks, k) | reached.there(named)
short |= kinds.findings_of(trained, 1)
ranks = pd.concat([each.ranks for each in found.values()], ignore_index=True)
measured = {name: each.named for name, each in found.items()}
kept = {"": levels, "named": measured, "curve": curve}
kept = {k: pd.concat(v, names=["retriever"]) for k, v in kept.items()}
cf.conclude(workspace, "why", short, ranks, kept)

# %% [markdown]
# ## What would change our mind
#
# A probe is linear and taught by few pictures. What it misses, more pictures or a
# deeper probe may find: "lost" means lost to *this* probe. And what it finds, perhaps
# no sentence can say.
#
# The caption rates speak for small CLIPs, trained briefly on drawn pictures. That the
# captions of photographs did it to CLIP remains the paper's suspicion. The probe at
# full scale would test it.
