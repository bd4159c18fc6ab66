# %% [markdown]
# # Your own photographs
#
# *What does a question change when you search a folder of your own? And where should
# the list of what was found end?*
#
# Two pictures of the same light may have little else in common, and an embedding
# without a question holds a little of everything. Below, the same text finds pictures
# twice: without a question, and under one.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
photos = ""  # a folder of yours; without one, pictures of the rendered world
text = "an image taken at dusk"  # what to look for
ask = "times"  # a facet's name, or a question in words
against = ""  # other texts, with commas; without, all facets' labels
label = "dusk"  # what is right for this text, in the rendered world

# %% tags=["hide-input"]
import time
from pathlib import Path

from IPython.display import display

import cocofacet as cf
from cocofacet.chapters.your_photos import shown, study
from cocofacet.photos.search import ANCHORS, FIRST
from cocofacet.retrieval.scale import label_texts

cf.use_style()
label = str(label)  # papermill makes a number of "2"
own = {"photos": photos, "text": text, "ask": ask, "against": against}
workspace = cf.open_workspace(
    profile, run, seed, changes, not photos, label=label, **own
)
if not photos and not workspace.profile.world:
    cf.does_not_apply("No pictures: give the parameter photos a folder.")
workspace = shown.own(workspace) if photos else workspace

# %% [markdown]
# ## Index the folder
#
# Each picture is embedded once, without a question. In a second run only what is new or
# changed is embedded. From a terminal: `cocofacet index FOLDER`. The tiny models know
# drawn pictures alone. For photographs name a retriever in `changes`, and a device.

# %%
folder = Path(photos) if photos else workspace.images / shown.PART
place = {
    "store": shown.store_for(workspace, photos),
    "tell": shown.teller(workspace.root),
}
embedder = shown.embedder(workspace, photos)
kept = cf.index(folder, asking=True, **embedder, **place)
retriever = workspace.retriever(kept.retriever)

# %% [markdown]
# ## Search it, under a question and without
#
# The question was not known when the folder was indexed. There are three ways to ask it
# all the same:
#
# - **rerank**: the pictures found first without a question are embedded under it.
# - **linear**: a few pictures are embedded under it. A linear map fitted on them stands
#   in for the rest.
# - **full**: all pictures are embedded under it, and kept. The next search reads them.
#
# From a terminal: `cocofacet search FOLDER "an image taken at dusk" --ask times`.

# %%
more = place | {"tell": lambda line: None, "retriever": retriever}
more["count"] = min(len(kept), 1000)
others = shown.parts(against)
wish = cf.Wish(text, ask=ask, against=others)
plain = cf.Wish(text, against=others or tuple(label_texts()))
ways = {
    "no question": (plain, "full"),
    **{how: (wish, how) for how in ("rerank", "linear", "full")},
    "again": (wish, "full"),  # the question is indexed by now
}
found, seconds = {}, {}
for way, (each, how) in ways.items():
    began = time.perf_counter()
    found[way] = cf.search(folder, each, how=how, **more)
    seconds[way] = time.perf_counter() - began
asked, shown_as = found["full"], workspace.profile.shown_as
right = None if photos else shown.right_in(workspace, folder, ask, label)

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Two rows of small pictures: what a search finds first without a question, above, and under the question, below. Where it is known, right ones are marked."}}
question = asked.wishes[0].question or "none"
cf.glue("text", text)
cf.glue("pictures", str(len(kept)))
marks = "" if right is None else " Framed and marked ✓: truly right."
cf.captioned(
    shown.side_by_side(asked, right, shown_as),
    "first",
    f"The first for “{text}” of {len(kept):,} pictures, without a question (above) "
    f"and under it (below) ({shown_as}; {retriever.name}).{marks}",
    cf.made_with(workspace, f"The first for “{text}”", question, retriever),
)

# %% [markdown]
# ## Where the list ends
#
# A search ranks all pictures, and no score says where to stop: the same cosine is high
# for one text and low for another. So each picture is divided among the text and others
# that it might be instead. The text's *share* is its part of a softmax, at the
# temperature of the model's own training. A picture of which it has half or more
# *stands out*, and comes first. If none does, the search says so.

# %% tags=["hide-input"] mystnb={"image": {"classes": "panels", "alt": "Each picture's share by rank, without a question on the left and under it on the right; a level line at one half, and an upright line where the list ends."}}
if asked.standing_out is None:
    display(
        cf.markdown(
            "No picture has a share here. Either the retriever does not say at which "
            "temperature it was trained, or the question has no alternatives: name "
            "some in `against`."
        )
    )
else:
    searches = {
        "without a question": found["no question"],
        "under the question": asked,
    }
    cf.captioned(
        shown.where_it_ends(searches, right, shown_as),
        "share",
        f"The share of each of {len(kept):,} pictures for “{text}” by rank, without a "
        "question (left) and "
        f"under it (right) ({shown_as}; {retriever.name}). Level line: one half; "
        "upright: where the list ends.",
    )

# %% [markdown]
# ## The three ways, and what they cost
#
# How many pictures were *embedded* under the question for this one search, and the
# seconds it took here. *Stand out* is where the list ends. *Precision* is the part of
# it that is right, *recall* the part of what is right that is in it.

# %% tags=["hide-input"]
embedded = {"rerank": FIRST, "linear": ANCHORS, "full": len(kept)}
embedded = {way: min(most, len(kept)) for way, most in embedded.items()}
cf.tables.shown(
    shown.costs(found, seconds, embedded, right), "your-photos-cost"
)

# %% tags=["hide-input"]
if photos or not retriever.row.temperature:
    cf.does_not_apply(
        "Left out: all labels of all facets. That needs the truth, which is known of "
        "the rendered world alone, and a retriever whose temperature is known."
    )

# %% [markdown]
# ## Is it right? All labels of all facets
#
# In the rendered world it is known what each picture shows. So each label can be tried,
# in its released wording, on the whole gallery. The labels decide nothing: the
# temperature comes from the training, and texts with a cosine of 0.8 or more to the one
# that is asked do not compete with it.
#
# *Found* is the part of labels for which at least one right picture is listed. *Empty*
# is the other test: a label's own pictures are taken away, and then nothing should
# stand out.

# %%
tried = study.tried(workspace, retriever)
lists = study.lists(tried)

# %% tags=["hide-input"]
cf.tables.shown(study.by_facet(lists), "your-photos-facets").format(
    "{:.0f}", na_rep="nothing"
)

# %% [markdown]
# In percent. Where nothing is listed there is no precision.
#
# ## Other ways to end a list
#
# A *z-score* takes what lies two standard deviations above the mean of all pictures. A
# *fixed cosine* is the same for all texts. Here it is the best one, chosen by the
# truth, which nobody has who searches. Both see the same vectors. In percent, macro
# over facets.

# %% tags=["hide-input"]
rules = study.rules(tried)
cf.tables.shown(100 * rules, "your-photos-rules").format(
    "{:.0f}", na_rep="nothing"
)

# %% tags=["hide-input"]
metric = f"Lists of {len(lists) // 2} labels in {len(workspace.benchmark.images):,} pictures; temperature {retriever.row.temperature:g}"
cf.made_with(workspace, metric, "GPT-written", retriever)

# %% [markdown]
# ## Findings

# %% tags=["hide-input"]
said = study.findings_of(lists)
tables = {"": lists.set_index("facet"), "rules": rules}
cf.conclude(workspace, "your_photos", said, None, tables)

# %% [markdown]
# ## What would change our mind
#
# A share is no probability. It says which of the named texts a picture is nearest to,
# and a picture that shows none of them is still nearest to one. So the test to watch is
# the empty one. A rule that is right there and keeps its recall would be better.
#
# The rendered world has few labels, each drawn often. In a folder of photographs, most
# of what is shown has no name among the alternatives.
