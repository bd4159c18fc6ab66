# %% [markdown]
# # What it costs
#
# *How long does it take, and how much is kept?*
#
# This page has two kinds of numbers, and each heading says which. Some were *measured*
# once, by the scripts in `benchmarks/`, on the device that is named. The others are
# *estimated*, by arithmetic, for devices on which nobody ran this.

# %% tags=["parameters"]
profile = "mini"  # or "colab": a T4, 7 GB to fetch; "full": 80 GB GPU, 230 GB
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn and of anchors
changes = {}  # of the profile, such as {"promptables": "e5-v"}
prompts = 9  # none and eight questions, for the estimates
images = 10_000  # photographs, for the estimates

# %% tags=["hide-input"]
from IPython.display import display

import cocofacet as cf
from cocofacet.chapters import cost as report
from cocofacet.io import COMMITTED
from cocofacet.retrievers import cost

workspace = cf.open_workspace(
    profile, run, seed, changes, prompts=prompts, images=images
)
measured = report.read(COMMITTED / "benchmarks")

# %% [markdown]
# ## One pass against many: measured
#
# All prompts over a picture in one pass, against a pass for each prompt. The two ways
# give the same embeddings up to rounding; the table has the smallest cosine between
# them. It holds for models that see the picture before the question.
#
# The pictures measured here have 640 × 480 pixels, and each model makes its own number
# of tokens of them. The chapter [Questions known beforehand](one_pass.ipynb) times
# pictures of its own profile, anew in each run, so its ratio is another one.

# %% tags=["hide-input"]
passes = report.passes(measured)
digits = dict.fromkeys(passes, "{:.3g}") | {"smallest cosine": "{:.5f}"}
display(
    cf.tables.shown(passes, "passes").format(digits, na_rep="not measured")
)
models = cf.tables.shown(report.models(measured), "models")
models.format(precision=1, na_rep="not known")

# %% [markdown]
# ## From files to store: measured
#
# Pictures are read from files, decoded, resized, embedded, and their vectors written. If
# all of this runs beside the model, the whole is as fast as the model alone.

# %% tags=["hide-input"]
pipelines = report.pipelines(measured)
cf.tables.shown(pipelines, "pipelines").format("{:.3g}")

# %% [markdown]
# ## Every retriever at its real size: measured
#
# Each retriever embeds one picture and one text, in its own precision. Its weights are
# random, and these compute as fast as trained ones. `make on-gpu` measures it; the first
# section names the device.
#
# Without a GPU it runs on the processor, and the models are cut. They keep their width,
# and have few words and only the layers that are named. (Of SigLIP only the half that
# reads texts is cut.) Memory is then that of the whole process and says nothing of a
# GPU, and times say little. Times measured beside other work are left out.

# %% tags=["hide-input"]
real = report.real_sizes(measured)
cf.tables.shown(real, "real-sizes").format(precision=3, na_rep="")

# %% [markdown]
# ## Ranking and approximating: measured
#
# How long ranking, the linear map and a search of one's own photographs take, each
# beside the obvious way to do it.

# %% tags=["hide-input"]
display(
    cf.tables.shown(report.ratios(measured), "ratios", "words").format(
        {"times faster": "{:.1f}", "times smaller": "{:.1f}"}, na_rep=""
    )
)
found = report.searches(measured)
cf.tables.shown(found, "searches").format("{:.3g}", na_rep="")

# %% [markdown]
# ## Ten thousand photographs: estimated
#
# An estimate counts two operations for each parameter and token, at a fixed share of a
# device's peak. *Passes* says how often a picture goes through the model: once where all
# prompts share a pass. The storage is no estimate: float32, with all prompts kept.

# %% tags=["hide-input"]
estimated = report.estimates(list(cf.ROWS.values()), prompts, images)
display(
    cf.tables.shown(estimated, "estimates").format(
        "{:.2g}", na_rep="does not fit"
    )
)
cf.prose(
    f"{images:,} photographs of 640 × 480 under {prompts} prompts; "
    f"{100 * cost.UTILISATION:.0f} % of the peak in the makers' data sheets ("
    + ", ".join(f"{d.name} {d.peak:g} TFLOPS" for d in cost.DEVICES)
    + ")."
)

# %% [markdown]
# ## The aims
#
# There are three, for a data-centre GPU. One pass for nine prompts should be seven
# times as fast as nine passes. The smallest cosine between the two ways should be
# 0.999, in bf16. And from files to store, 85 % of the model's own speed should be left.
# The first two tables say what was measured on each device. While all say *no GPU*,
# none of them is such a GPU.

# %% [markdown]
# ## What would change our mind
#
# A measurement on such a device. Attention grows with the square of a picture's tokens,
# and small batches leave a GPU idle. Both would make the estimates too low.
