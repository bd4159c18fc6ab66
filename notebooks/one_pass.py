# %% [markdown]
# # Questions known beforehand
#
# *Claim: prompted embeddings made beforehand gain 15 % Recall@5 when the prompts are
# known (abstract, E).*
#
# If the questions are known, each picture can be embedded under all of them before
# anybody searches. At query time one only chooses which embeddings to look at. What a
# question gains is the matter of [Prompted embeddings](prompted.ipynb). Here we look at
# the price.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
timed_images = 48  # pictures embedded for each measured time

# %% tags=["hide-input"]
import pandas as pd

import cocofacet as cf
from cocofacet.chapters.one_pass import time_prompts
from cocofacet.picture import open_image
from cocofacet.report import findings

cf.use_style()
workspace = cf.open_workspace(
    profile, run, seed, changes, timed_images=timed_images
)
questions = list(workspace.questions.values())
workspace.announce(workspace.profile.promptable, prompts=1 + len(questions))
retriever = workspace.retriever(workspace.profile.promptable)

# %% [markdown]
# ## All questions in one pass
#
# In many models the picture stands before the question, and attention looks only
# backwards. Then the picture's part is the same under all questions. It is computed
# once, and the questions follow it in one row, each blind to the others.
#
# This is no approximation. The embeddings are those of separate passes, up to rounding.
# A model that reads the question first needs a pass for each.

# %%
prompts = (None, *questions)
names = workspace.benchmark.images[:timed_images]
pictures = [open_image(workspace.path(name)) for name in names]
separate = retriever.in_separate_passes()
ways = {"one pass": retriever, "separate passes": separate}
counts = sorted({1, 3, len(prompts)})
times, largest = time_prompts(ways, pictures, prompts, counts)
print(f"largest difference between any two numbers: {largest:.1e}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two lines against the number of prompts: milliseconds to embed a picture in one pass, and in separate passes."}}
cf.captioned(
    cf.figures.cost(times, workspace.profile.shown_as),
    "cost",
    "Milliseconds to embed one picture under a number of prompts, in one pass for all "
    f"and in a pass each ({retriever.name}; {workspace.profile.shown_as}; best of "
    f"three times over {len(pictures)} pictures, on the machine of this run).",
    cf.made_with(
        workspace, f"best of three times, {len(pictures)} pictures, on this machine",
        "none and the GPT-written questions", retriever,
    ),
)  # fmt: skip

# %% [markdown]
# How much one pass saves depends on the picture: the larger its share of the tokens,
# the more there is to share. A drawn picture makes few tokens, a photograph in a large
# model several hundred. [What it costs](cost.ipynb) has both.
#
# ## What it costs to keep
#
# Each question takes as much room as the general embeddings.

# %% tags=["hide-input"]
count, dimension = len(workspace.benchmark.images), retriever.dim
numbers = {
    "general embeddings": count * dimension,
    f"and under {len(questions)} questions": len(prompts) * count * dimension,
}
sizes = pd.DataFrame(
    {"MB as float32": {k: 4 * n / 1e6 for k, n in numbers.items()}}
)
cf.tables.shown(sizes, "storage").format("{:.2f}")

# %% [markdown]
# ## What it buys

# %% tags=["hide-input"]
ranks = workspace.ranks(retriever, ("general", "prompted"))
by_mode = [cf.tables.of_mode(ranks, mode) for mode in ("prompted", "general")]
gains = cf.tables.differences(*by_mode, 5)
last = times[times.prompts == len(prompts)].set_index("way").milliseconds
cf.glue("times_as_long", f"{last['separate passes'] / last['one pass']:.1f}")
cf.glue("largest_difference", f"{largest:.0e}")
found = findings.of_gain(
    "beforehand",
    "the facet's question, made beforehand − no question",
    gains,
    5,
)
cf.conclude(workspace, "one_pass", found, ranks)

# %% [markdown]
# The paper's 15 % is on photographs, with another model. There the authors let GPT-4o
# choose the prompt from the query (E). Here the right one is chosen each time.
#
# ## What would change our mind
#
# A difference larger than rounding would mean that the questions in a row see each
# other. A test compares one pass with separate passes, for each architecture that
# allows it.
