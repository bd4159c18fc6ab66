# %% [markdown]
# # Beyond a hundred candidates
#
# *Do the methods keep their order when the whole gallery is searched? (Our question;
# the benchmark stops at pools of 100.)*
#
# Nobody searches just a hundred pictures, and few look for just one. Here each query
# text searches all pictures of which something is claimed, and should find each of those
# that carry its label.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
sizes = [50, 100, 200, 400, 800, 1600, 3200]  # and the whole gallery
draws = 5  # random orders of the gallery; a size takes the first pictures
k = 10  # the cut-off of recall and precision

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from IPython.display import display

import cocofacet as cf
from cocofacet.chapters import gallery
from cocofacet.evaluation import gallery as whole_gallery
from cocofacet.evaluation import truth
from cocofacet.io import COMMITTED, read_json
from cocofacet.report.style import MODES
from cocofacet.retrievers.base import unit_rows

cf.use_style()
# The released files do not say which images carry a label: what is built here does.
workspace = cf.open_workspace(
    profile, run, seed, changes, sizes=sizes, draws=draws, k=k
).rebuilt
benchmark, questions = workspace.benchmark, workspace.questions
retriever = workspace.retriever(workspace.profile.promptable)
dual = workspace.retriever(workspace.profile.dual)
sizes = whole_gallery.sizes_within(sizes, len(benchmark.images))

# %% [markdown]
# ## What counts as found
#
# **Positives** are all pictures whose annotations carry the label.
#
# **Negatives** are all pictures that may stand against it in a pool: annotated for the
# facet, with labels that the paper's exclusion tables allow.
#
# **The rest is left out.** A picture that nobody was asked about may show dusk or may
# not, and *evening* is too near to be wrong. Nothing is claimed of such pictures, so
# they count neither as hits nor as misses. A facet's ranking is therefore shorter than
# the gallery. The table below says by how much.
#
# Queries with one text want the same pictures, so each *text* counts once here. mAP is
# the mean over texts of average precision, and ties count against a positive. Smaller
# galleries are random parts of the whole, each inside the next larger one.

# %%
prompts = (None, *questions.values())
images = dict(
    zip(prompts, workspace.gallery(retriever, prompts), strict=True)
)
images["mean"] = unit_rows(np.mean(list(images.values()), axis=0), "mean")
modes = {
    "general": dict.fromkeys(questions),
    "prompted": questions,
    "average": dict.fromkeys(questions, "mean"),
}
queries = workspace.queries(retriever)
ways = (sizes, draws, (1, k), seed)
found = {
    retriever.name: whole_gallery.search_over_sizes(
        benchmark, queries, images, modes, *ways
    ),
    dual.name: whole_gallery.search_over_sizes(
        benchmark,
        workspace.queries(dual),
        {None: workspace.gallery(dual)[0]},
        {"general": modes["general"]},
        *ways,
    ),
}

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Lines against the number of pictures in the gallery: mAP, recall and precision, without a question, with the facet's, and for the mean over all prompts, between a random and a perfect order. The dual encoder has a row of panels of its own."}}
pictures = workspace.profile.shown_as
metric = f"mAP, Recall@{k} and Precision@{k}"
cf.captioned(
    gallery.over_sizes(found, k, sizes, pictures),
    "sizes",
    f"{metric} against the number of pictures searched, a row for each retriever "
    f"({pictures}, {len(benchmark.images):,} pictures; macro over facets, no "
    "intervals; below the whole gallery the mean "
    f"of {draws} random parts). Dotted: a random and a perfect order.",
    cf.made_with(workspace, metric, "GPT-written", retriever, dual),
)

# %% [markdown]
# Read each method between the dotted lines, which move too. In a larger gallery there
# is more to be found, and the first few pictures can hold only a smaller share of it.
# The mAP of a random order depends on the size as well. The two retrievers were trained
# apart, so they are not compared.
#
# ## The numbers
#
# mAP in the whole gallery, in percent. *Positives* and *ranked* are means over a facet's
# texts.

# %% tags=["hide-input"]
grid = gallery.by_facet(found)
cf.tables.shown(grid, "gallery").format(precision=1, na_rep="")

# %% [markdown]
# ## Pictures counted wrong that are right
#
# A negative that truly shows what was asked is a *false negative*: its annotations do
# not say so. How many there are can be counted only where the truth is known. The
# rendered world keeps it beside the annotations; for photographs nobody has it.
#
# Two kinds of pools are counted. The first are those of the benchmark. The second take
# silence for a no: their negatives come from *all* pictures that are not annotated with
# the label. The exclusion rules are there to prevent that.

# %%
known = truth.read_truth(workspace.annotations)
pools = {}
if known:
    truly = truth.true_labels(benchmark, known)
    pools = {
        "The benchmark's pools": benchmark,
        "Pools that take silence for a no": truth.closed_world(
            benchmark, seed
        ),
    }
counted = {
    name: gallery.false_negatives(
        pool,
        truth.false_negatives(pool, truly),
        queries,
        images,
        {mode: modes[mode] for mode in ("general", "prompted")},
    )
    for name, pool in pools.items()
}

# %% tags=["hide-input"]
kept = {}
shown = cf.markdown(
    "What these pictures truly show is not known beyond their annotations, so false "
    "negatives cannot be counted here."
)
if counted:
    by_way = {
        n: gallery.false_negative_recalls(t, 1) for n, t in counted.items()
    }
    kept["false_negatives"] = pd.concat(by_way, names=["pools"])
    grid = kept["false_negatives"].xs("macro", level="facet")
    grid = grid.rename(
        {mode: look[0] for mode, look in MODES.items()}, level="mode"
    )
    grid = grid.rename(columns={"false": "false negatives", **gallery.WAYS})
    shown = cf.tables.shown(grid, "false-negatives")
    shown = shown.format("{:.1f}").format(
        "{:.1%}", subset=[*gallery.WAYS.values()]
    )
shown

# %% [markdown]
# Recall@1 in pools of 100, macro over facets, and how many of a pool's 99 negatives are
# false. They are counted wrong (as in any benchmark), taken out of the pool, or counted
# right (the first picture that truly shows the label decides).
# `gallery.false_negatives.csv` has all facets.
#
# ## How large a gallery can be searched exactly
#
# All scores of a query are one matrix product. It is exact and needs no index. The
# times are for random vectors, measured once and not in this run:

# %% tags=["hide-input"]
measured = read_json(COMMITTED / "benchmarks/exact_search.json", dict)
what = "The {best} best of {queries} queries, {d} dimensions; {device}, {cores} cores"
display(cf.folded(what.format(**measured)))
shown = cf.tables.shown(gallery.speed(measured), "exact-search")
shown = shown.format(precision=1, thousands=",", na_rep="not measured")
shown.format_index("{:,}", level="vectors")

# %% [markdown]
# ## Findings
#
# They are about the whole gallery and the smallest. The figure has the sizes between.
# The last lines are about the pools that take silence for a no.

# %% tags=["hide-input"]
said = gallery.findings_of(found[retriever.name])
if counted:
    name, each = list(counted.items())[-1]
    said |= gallery.with_false_negatives(each, name, 1)
means = {n: whole_gallery.mean_over_draws(f) for n, f in found.items()}
kept[""] = pd.concat(means, names=["retriever"])
cf.conclude(workspace, "gallery", said, tables=kept)

# %% [markdown]
# ## What would change our mind
#
# If the methods changed places between a hundred pictures and all of them, pools of 100
# would mislead whoever builds a search. A few hundred pictures are no test of that; at
# full scale the curves go on. Positives that annotations miss are missing here, too. So
# where the truth is not known, precision in a large gallery is a lower bound.
