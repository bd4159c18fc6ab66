"""One look for every figure: SVG, colour-blind safe, dark on a paper of its own."""

from collections.abc import Iterable, Sequence

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from seaborn.utils import relative_luminance

from cocofacet.escape import plain

# Figures bring their own paper, the book's in the light: no grey has a contrast of
# 4.5:1 on a white page as well as on a dark one.
PAPER = "#fffefc"
INK = "#3c4248"
FAINT = "#7a7a7a40"

GREY, ORANGE, BLUE, GREEN = "#8a8a8a", "#e08214", "#4c7fd0", "#0f9e78"
PURPLE, PINK, SKY, BROWN = "#8566b8", "#cc79a7", "#56a4d9", "#b35806"

# Everything that a figure of the book shows -> (words in a legend, colour, marker), one
# for one thing from the first chapter to the last. Grey is no prompt, orange the
# facet's question. A *question* is the text put to a picture; a *prompt* is what an
# embedding was made with, none included. The hues are Okabe and Ito's, told apart by
# every common kind of colour vision; the marker says the same again, for print in grey.
MODES = {
    "general": ("general (no prompt)", GREY, "o"),
    "prompted": ("the facet's question", ORANGE, "D"),
    "bare": ("bare instruction", SKY, "s"),
    "wrong": ("wrong questions, mean", PINK, "v"),
    "human": ("human-written question", BROWN, "X"),
    "own": ("your own question", "#d7301f", "*"),
    "generic": ("a generic question", BLUE, "P"),
    "nonsense": ("nonsense of its length", GREEN, "^"),
    "general-space": ("no prompt, line feed first", GREY, "p"),
    "bare-space": ("bare instruction, blank first", SKY, "h"),
    "query": ("question in the query instead", "#7570b3", "<"),
    "average": ("mean over all prompts", "#5c8a3a", ">"),
    "described": ("described without a question", GREY, "s"),
    "answered": ("the question answered in words", ORANGE, "s"),
    "answered-low": ("answered from a small picture", BLUE, "v"),
    "answered-raw": ("answered, query not rewritten", GREEN, "v"),
    # Other trainings.
    "answers": ("general, trained on the answers", GREEN, "s"),
    "asked": ("asked every question", ORANGE, "D"),
    "unasked": ("not asked two", BLUE, "h"),
    # One pass for all prompts, or one each.
    "one-pass": ("one pass", PURPLE, "^"),
    "separate": ("separate passes", BLUE, "d"),
    # Who chose the question at query time.
    "oracle": ("oracle: the query's own facet", ORANGE, "D"),
    "nearest": ("chosen: nearest prompt", BLUE, "s"),
    "local": ("chosen: local model", GREEN, "P"),
    "chat": ("chosen: chat model", PURPLE, "X"),
    # The linear map, by the way it is fitted and the gallery that it starts from.
    "ridge": ("linear map (ridge)", BLUE, "X"),
    "linear": ("linear map (least squares)", GREEN, ">"),
    "released": ("linear map, released score", GREEN, "<"),
    "centred": ("linear map, centred", SKY, "^"),
    "orthogonal": ("linear map (orthogonal)", PINK, "s"),
    "facet": ("linear map, anchors as released", GREEN, "<"),
    "held-out": ("linear map, anchors held out", BLUE, "<"),
    "dual-linear": ("linear map, from the dual encoder", GREEN, "p"),
    "dual-ridge": ("linear map (ridge), from the dual encoder", BLUE, "p"),
    # What stands for the query, where it is asked what an embedding holds.
    "probe": ("there: a linear probe", GREEN, "o"),
    "images": ("from pictures: mean of others", BLUE, "o"),
    "grounded": ("grounded: mean of what the text finds", PINK, "<"),
    "words": ("from words: the text", BROWN, "s"),
    # Several attributes at once.
    "part-general": ("no prompt, part by part", SKY, "o"),
    "long": ("one long question", PINK, "P"),
    "whole-prompted": ("each question, whole query", GREEN, "D"),
    "part-prompted": ("each question, its own part", ORANGE, "^"),
    "part-least": ("least score over the parts", PURPLE, "d"),
    # Two stages: the second sees what the first finds.
    "rerank": ("general, reranked by the question", PURPLE, "s"),
    "bound": ("reranked by who knows the answer", GREY, "."),
    # Bounds, whatever the embedding.
    "chance": ("random order", INK, "_"),
    "perfect": ("perfect order", BLUE, "_"),
}
# The colours and markers of what a run names: pools, training seeds, numbers of
# attributes.
SERIES = ((BLUE, "^"), (GREEN, "X"), (PURPLE, "o"), (PINK, "D"), (SKY, "v"))


def use_style() -> None:
    """Set matplotlib's defaults; call once a notebook."""
    sns.set_theme(
        style="ticks",
        font_scale=0.95,
        rc={
            "figure.facecolor": PAPER,
            "axes.facecolor": "none",
            "savefig.facecolor": PAPER,
            "savefig.bbox": "tight",
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": FAINT,
            "grid.linewidth": 0.8,
            "font.sans-serif": ["DejaVu Sans"],
            "text.parse_math": False,  # labels and names may hold a dollar
            "svg.hashsalt": "cocofacet",  # the same figure is the same file
            **dict.fromkeys(["text.color", "xtick.color", "ytick.color"], INK),
            **{f"axes.{part}color": INK for part in ("label", "edge", "title")},
        },
    )
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # outside a notebook
        return
    set_matplotlib_formats("svg", metadata={"Date": None})


WIDEST = 8.2  # inches; the letters of a wider figure are too small in the book's column


def finished(figure: Figure, words: str) -> Figure:
    """Write above the figure what its pictures are, and close it: a notebook shows it
    once, where it is returned. Texts in it show what is not seen, as SVG can't."""
    if figure.get_figwidth() > WIDEST:
        figure.set_figwidth(WIDEST)
        if figure.get_layout_engine() is None:
            figure.tight_layout()
    figure.text(
        0.995, 1.0, words, ha="right", va="bottom", fontsize=9, style="italic",
        color=INK,
    )  # fmt: skip
    for text in figure.findobj(Text):
        text.set_text(plain(text.get_text(), keep="\n"))
    plt.close(figure)
    return figure


def ink_on(colour: Sequence[float]) -> str:
    """Black or white, whichever reads better on a colour: red, green, blue from 0 to 1.

    One of them always has a contrast of 4.5:1 or more, by WCAG 2's definition.
    """
    return "black" if relative_luminance(colour) > 0.179 else "white"


def reference_line(axes: Axes, value: float) -> None:
    """Mark the value that the others are read against."""
    axes.axvline(value, color=INK, linewidth=1, linestyle=(0, (2, 3)))


def legend_below(figure: Figure, panels: Iterable[Axes], columns: int = 3) -> None:
    """One legend under the figure for all panels: what looks the same stands once."""
    shown = {}
    for axes in panels:
        shown |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(
        shown.values(), shown, loc="upper center", bbox_to_anchor=(0.5, 0),
        ncols=columns,
    )  # fmt: skip
