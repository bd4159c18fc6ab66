# %% [markdown]
# # The benchmark
#
# *What does it mean to search by attribute, and how is it measured?*
#
# Somebody looks for "a photo taken at dusk". One picture of a hundred fits. The other
# ninety-nine were chosen because their annotations say another time of day. A retriever
# sorts the hundred, and we look where the right one landed.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import display

import cocofacet as cf
from cocofacet.benchmark.query import RELEASED
from cocofacet.chapters.benchmark import beside_released

cf.use_style()
workspace = cf.open_workspace(profile, run, seed, changes).rebuilt
benchmark = workspace.benchmark

# %% [markdown]
# ## Eight facets
#
# A facet is one kind of attribute to ask for. The builder reads official annotation
# files. It writes one query for each picture and label that its rules find.

# %% mystnb={"image": {"alt": "Bars: the number of queries of each facet, with the number of distinct query texts written beside."}}
counts = pd.DataFrame(
    {
        "facet": facet,
        "queries": len(benchmark.of(facet)),
        "texts": len({query.text for query in benchmark.of(facet)}),
    }
    for facet in benchmark.facets
)
shown_as = workspace.profile.shown_as
cf.captioned(
    cf.figures.counts(counts, shown_as),
    "counts",
    f"Queries of each facet, with the number of distinct texts ({shown_as}; "
    f"{len(benchmark.queries):,} queries).",
    cf.made_with(workspace, "counts of queries", "none"),
)

# %% [markdown]
# Many queries share a text. "Find me an everyday image that is taken during the dusk."
# is asked once for each picture taken at dusk. So a facet has few texts, and a
# retriever that misreads one of them loses a whole group of queries. The intervals of
# recall in this book are therefore over texts, and not over queries.
#
# ## What each facet looks like
#
# The positives of the first labels of each facet, each with its label.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Four pictures of one facet, each with the label that its query asks for."}}
for facet in benchmark.facets:
    first = {}
    for query in benchmark.of(facet):
        first.setdefault(query.label, query)
    chosen = sorted(first.items())[:4]
    pictures = [(query.candidates[0], label) for label, query in chosen]
    cf.captioned(
        cf.figures.gallery(workspace.images, pictures, shown_as),
        facet,
        f"The positives of the first labels of {facet}, for queries such as "
        f"“{chosen[0][1].text.strip()}” ({shown_as}).",
    )

# %% [markdown]
# ## One query and its pool
#
# Below is a part of one pool: the positive in its frame, and the first negatives. No
# negative carries the label in any annotation that was read.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Twelve of a pool's hundred candidates. The first, in an orange frame, is the positive."}}
facet = "times" if "times" in benchmark.facets else benchmark.facets[0]
query = benchmark.of(facet)[0]
cf.glue("pool_text", query.text.strip().removesuffix("."))
names = ["positive", *[f"negative {n}" for n in range(1, 12)]]
cf.captioned(
    cf.figures.gallery(
        workspace.images,
        list(zip(query.candidates[:12], names, strict=True)),
        shown_as,
        marked=(0,),
    ),
    "pool",
    f"Twelve of the hundred candidates for “{query.text.strip()}” ({shown_as}). The "
    "framed one is the positive.",
)

# %% [markdown]
# ## What the builder left out
#
# A picture whose annotations contradict each other makes no query. A query without 99
# fitting negatives is dropped. The manifest beside the benchmark lists each case with
# its reason. The table has how many there are.

# %% tags=["hide-input"]
rows = [
    {"facet": facet, "reason": reason, "number": len(dropped)}
    for facet, report in benchmark.manifest.get("facets", {}).items()
    for reason, dropped in report["dropped"].items()
]
if rows:
    left_out = pd.DataFrame(rows).set_index(["facet", "reason"])
    display(cf.tables.shown(left_out, "dropped"))
for facet, reason in benchmark.manifest.get("skipped", {}).items():
    display(cf.prose(f"Not built: {facet} ({reason})."))

# %% [markdown]
# ## The released benchmark and this one
#
# The authors released their queries. A rebuilt benchmark cannot equal them: they
# cleaned up by hand, drew most negatives without a seed, and for gestures took captions
# where this one takes pictures. But what both ask, and which pictures answer, can be
# compared. The loader was tested on files of the form that the released notebooks
# write, and not yet on the originals.

# %% tags=["hide-input"]
for part in beside_released(workspace.annotations / RELEASED, benchmark):
    display(part)

# %% [markdown]
# ## What stands for what
#
# One thing has one colour, one marker and one name in the figures of this book.

# %% tags=["hide-input"] mystnb={"image": {"alt": "A list of every way to embed, to ask and to search that the book's figures show, each with its marker in its colour."}}
cf.captioned(
    cf.figures.looks(),
    "looks",
    "The markers, colours and names of all figures. Grey is no question, orange the "
    "facet's question.",
)

# %% [markdown]
# ## Counts

# %% tags=["hide-input"]
for name, number in {
    "queries": counts.queries.sum(),
    "texts": counts.texts.sum(),
    "pictures": len(benchmark.images),
}.items():
    cf.glue(name, str(number))
by_facet = counts.set_index("facet")
workspace.save_table("benchmark", by_facet)
cf.tables.shown(by_facet, "counts")
