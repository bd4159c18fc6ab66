# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,-all
#     notebook_metadata_filter: kernelspec,jupytext,-all
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What it costs
#
# *How long does it take, and how much is kept?*
#
# Two kinds of numbers stand on this page, and each table says which it holds. Some were
# *measured*, by the scripts in `benchmarks/`, on the device that is named. The others
# are *estimated*, by arithmetic, for devices that nobody ran this on.

# %% tags=["hide-input"]
# On Colab, install this project; elsewhere this cell does nothing.
import os

REPOSITORY, COMMIT = "", "main"
if "COLAB_RELEASE_TAG" in os.environ:
    assert REPOSITORY, "Set REPOSITORY to this project's public address."
    # %pip install -q "cocofacet @ git+{REPOSITORY}@{COMMIT}"

# %% tags=["parameters"]
profile = "mini"  # which pictures and retrievers: a row of cocofacet.profiles
run = "default"  # results go to results/<profile>/<run>/
seed = 0  # of the negatives drawn, of anchors and of bootstrap samples
changes = {}  # of the profile, such as {"promptables": "e5-v"}
prompts = 9  # none and eight questions, for the estimates
images = 10_000  # photographs, for the estimates

# %% tags=["hide-input"]
from IPython.display import Markdown, display

from cocofacet.chapters import cost as report
from cocofacet.io import COMMITTED
from cocofacet.report import tables
from cocofacet.report.glue import glue
from cocofacet.retrievers import cost
from cocofacet.retrievers.zoo import ROWS
from cocofacet.workspace import open_workspace

workspace = open_workspace(profile, run, seed, changes)
measured = report.read(COMMITTED / "benchmarks")

# %% [markdown]
# ## One pass against many: measured
#
# All prompts over a picture in one row of tokens, against a pass for each prompt. The
# embeddings are the same up to rounding: the smallest cosine between the two ways is
# in the table.

# %% tags=["hide-input"]
passes = report.passes(measured)
display(
    tables.shown(passes, "passes").format("{:.3g}", na_rep="not measured")
)
Markdown(report.made_on(measured))

# %% [markdown]
# ## From files to store: measured
#
# A pipeline reads files, decodes, resizes, embeds and writes. If everything around the
# model runs beside it, its speed is that of the model alone.

# %% tags=["hide-input"]
pipelines = report.pipelines(measured)
tables.shown(pipelines, "pipelines").format("{:.3g}")

# %% [markdown]
# ## Ranking and approximating: measured
#
# What the evaluation and the linear map take, against the obvious way of doing each.

# %% tags=["hide-input"]
tables.shown(report.ratios(measured), "ratios", "long").format(
    {"times faster": "{:.1f}", "times smaller": "{:.1f}"}, na_rep=""
)

# %% [markdown]
# ## Ten thousand photographs: estimated
#
# Two operations a parameter and token, at a fixed share of a device's peak. Passes says
# whether all prompts share one pass. Storage is exact: float32, every prompt kept.

# %% tags=["hide-input"]
estimated = report.estimates(list(ROWS.values()), prompts, images)
display(
    tables.shown(estimated, "estimates").format(
        "{:.2g}", na_rep="does not fit"
    )
)
Markdown(
    f"{images:,} photographs of 640 × 480 under {prompts} prompts; "
    f"{100 * cost.UTILISATION:.0f} % of the peak in the makers' data sheets ("
    + ", ".join(f"{d.name} {d.peak:g} TFLOPS" for d in cost.DEVICES)
    + ")."
)

# %% [markdown]
# ## In short

# %% tags=["hide-input"]
said = {"saved": report.on_this(measured), "aims": report.aims(measured)}
for key, sentence in said.items():
    glue(f"sentence_{key}", sentence)
Markdown("\n\n".join(said.values()))

# %% [markdown]
# ## What would change our mind
#
# An estimate is off when a measurement says so. Attention grows with the square of a
# picture's tokens, and small batches leave a GPU idle: both make the estimates too low.
