"""The caption-rate experiment: its figure, its tables, its sentences."""

from collections.abc import Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.caption_rates import Rates
from cocofacet.evaluate import paired_difference
from cocofacet.report.sentences import listed, percent, verdict
from cocofacet.report.style import finished
from cocofacet.report.tables import facets_only, recalls, with_interval
from cocofacet.report.why import SHOWN, judge, surely

DRAWN = ("probe", "images", "words")  # in the figure and the table
STEPS = {"in part": "reached in part", "not reached": "there but not reached"}

MADE_BY = (
    "```bash\n"
    "python -m facetworld.train caption-rates {given}--out data/caption-rates \\\n"
    "    --record data/caption-rates\n"
    "python tools/rank_caption_rates.py data/caption-rates\n"
    "```"
)
MISSING = (
    "**Not there yet.** `results/training/caption-rates` holds no ranks. They are made "
    "in two steps, of which the first takes about an hour on one core:\n\n"
) + MADE_BY.format(given="")


def told(rate: float) -> str:
    return f"{100 * rate:.0f} %"


def levels(rates: Rates, k: int, seed: int) -> pd.DataFrame:
    """`tables.recalls` for each rate and way of `DRAWN`: columns rate, way, facet,
    recall, low, high, ..."""
    parts = [
        recalls(rates.of(rate, way), k, seed).assign(rate=rate, way=way)
        for rate in rates.rates
        for way in DRAWN
    ]
    return pd.concat(parts, ignore_index=True)


def made_with(rates: Rates, k: int) -> str:
    """The line under the experiment's numbers."""
    settings = [made["settings"] for made in rates.made["trainings"].values()]
    steps, scenes, seeds = (
        ", ".join(f"{n:,}" for n in sorted({each[key] for each in settings}))
        for key in ("steps", "train_scenes", "seed")
    )
    ranked = rates.made["ranked"]
    parts = (
        f"Recall@{k} in pools of 100; bands and brackets: 95 % bootstrap interval "
        "over query texts",
        f"trainings: {len(settings)} CLIPs ({listed(list(map(told, rates.rates)))}),"
        f" {steps} steps on {scenes} scenes, seed {seeds}",
        f"ranked in the profile {ranked['profile']}, seed {ranked['seed']}",
        *(f"{name} {version}" for name, version in ranked["packages"].items()),
    )
    return f"<small class='made-with'>{' · '.join(parts)}</small>"


def made_by(rates: Rates) -> str:
    """The commands that remake the files, for each seed that there is."""
    settings = [made["settings"] for made in rates.made["trainings"].values()]
    given = sorted({(each["steps"], each["seed"]) for each in settings})
    return "\n\n".join(
        MADE_BY.format(given=f"--steps {steps} --seed {seed} ") for steps, seed in given
    )


def curves(found: pd.DataFrame, varied: Sequence[str], k: int, shown_as: str) -> Figure:
    """Recall of each way against the rate, a panel a facet; ``found`` is `levels`."""
    every = list(dict.fromkeys(facets_only(found).facet))
    facets = [*varied, *(facet for facet in every if facet not in varied)]
    rates = sorted(found.rate.unique())
    shape = {"sharex": True, "sharey": True, "squeeze": False, "layout": "constrained"}
    rows = -(-len(facets) // 4)
    figure, grid = plt.subplots(rows, 4, figsize=(9, 2.5 * rows), **shape)
    for axes, facet in zip(grid.flat, facets, strict=False):
        for way in DRAWN:
            words, _, colour, marker = SHOWN[way]
            here = found[(found.facet == facet) & (found.way == way)]
            here = here.set_index("rate").loc[rates]
            axes.plot(
                range(len(rates)), 100 * here.recall, color=colour, marker=marker,
                label=words, markersize=5,
            )  # fmt: skip
            axes.fill_between(
                range(len(rates)), 100 * here.low, 100 * here.high, color=colour,
                alpha=0.15, linewidth=0,
            )  # fmt: skip
        axes.set_title(
            facet if facet in varied else f"{facet} (always named)", fontsize=9
        )
        axes.set_xticks(range(len(rates)), [f"{100 * rate:.0f}" for rate in rates])
        axes.set_ylim(-3, 103)
    for axes in grid.flat[len(facets) :]:
        axes.axis("off")
    for axes in grid[:, 0]:
        axes.set_ylabel(f"Recall@{k} (%)")
    figure.supxlabel("captions that name it (%)", fontsize=10)
    handles, words = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, words, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3)
    return finished(figure, shown_as)


def grid(found: pd.DataFrame) -> pd.DataFrame:
    """(facet, way) down, rates across: recall [interval]; ``found`` is `levels`."""
    chosen = found[~found.facet.isin(["micro", "balanced"])]
    cells = {
        (facet, SHOWN[way][1]): {
            told(row.rate): with_interval(row.recall, row.low, row.high)
            for row in rows.sort_values("rate").itertuples()
        }
        for facet, of_facet in chosen.groupby("facet", sort=False)
        for way, rows in of_facet.groupby("way", sort=False)
    }
    wide = pd.DataFrame.from_dict(cells, orient="index")
    wide.index.names = ["facet", "way"]
    return wide


def verdicts(rates: Rates, found: pd.DataFrame, k: int, seed: int) -> pd.DataFrame:
    """`why.judge` for each rate (across) and facet (down)."""
    words = found[found.way == "words"].set_index(["rate", "facet"])
    named = rates.named.groupby(["rate", "facet"])[["low", "even"]].mean()
    table = {}
    for rate in rates.rates:
        for facet in rates.facets:
            pair = (rates.of(rate, way, facet) for way in ("probe", "words"))
            ahead = paired_difference(*pair, k, average="micro", seed=seed).low
            there = named.low[rate, facet] - named.even[rate, facet]
            said = judge(there, surely(words.loc[(rate, facet)]), ahead, k)
            table.setdefault(rate, {})[facet] = said
    return pd.DataFrame(table)


def by_rate(said: pd.DataFrame, varied: Sequence[str]) -> str:
    """What each varied facet is at which rate; ``said`` is `verdicts`."""
    parts = []
    for facet in varied:
        runs: list[tuple[str, list[str]]] = []
        for rate, name in said.loc[facet].items():
            if not runs or runs[-1][0] != name:
                runs.append((name, []))
            runs[-1][1].append(told(rate))
        steps = [f"{STEPS.get(name, name)} at {listed(at)}" for name, at in runs]
        parts.append(f"{facet.capitalize()} are {', then '.join(steps)}.")
    return " ".join(parts)


def changes(rates: Rates, k: int, seed: int) -> pd.DataFrame:
    """From the lowest to the highest rate, a row a facet, all paired by query.

    Columns probe, words: gain, loss or undecided; before: whether the probe of the
    lowest rate finds more (gain) or less (loss) than the words of the highest;
    probe_lowest, words_lowest, words_highest: recalls.
    """
    first, last = rates.rates[0], rates.rates[-1]
    rows = {}
    for facet in rates.facets:
        ends = {
            "probe": (rates.of(last, "probe", facet), rates.of(first, "probe", facet)),
            "words": (rates.of(last, "words", facet), rates.of(first, "words", facet)),
            "before": (rates.of(first, "probe", facet), rates.of(last, "words", facet)),
        }
        found = {
            name: paired_difference(*pair, k, average="micro", seed=seed)
            for name, pair in ends.items()
        }
        low, high = ends["before"]
        rows[facet] = {
            **{name: verdict(each.low, each.high) for name, each in found.items()},
            "probe_lowest": (low["rank"] <= k).mean(),
            "words_lowest": (ends["words"][1]["rank"] <= k).mean(),
            "words_highest": (high["rank"] <= k).mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def explained(table: pd.DataFrame, rates: Rates, k: int) -> str:
    """Whether what words come to reach had been there before, or was put there by the
    captions; ``table`` as from `changes`."""
    first, last = told(rates.rates[0]), told(rates.rates[-1])
    table = table.loc[list(rates.varied)]
    reached = table[table.words == "gain"]
    if reached.empty:
        return (
            f"From {first} to {last} of captions, words come to reach none of "
            f"{listed(rates.varied)}: these trainings cannot say what that would need."
        )
    text = (
        f"From {first} to {last} of captions, words come to reach more on "
        f"{listed(list(reached.index))} (Recall@{k})."
    )
    there, missing = (
        reached[reached.before != "loss"],
        reached[reached.before == "loss"],
    )
    if len(there):
        text += (
            f" On {_levels(there, first, last)} the probe found as much before any "
            "word did: only the way there was missing, which is the rival explanation."
        )
    if len(missing):
        text += (
            f" On {_levels(missing, first, last)} the probe had found less: the "
            "captions put it there, which is the paper's explanation."
        )
    return text


def _levels(table: pd.DataFrame, first: str, last: str) -> str:
    return listed(
        [
            f"{row.Index} (probe at {first}: {percent(row.probe_lowest)}, words at "
            f"{last}: {percent(row.words_highest)})"
            for row in table.itertuples()
        ]
    )


def price(table: pd.DataFrame, rates: Rates, k: int) -> str:
    """What naming more costs the facets that captions always name; from `changes`."""
    first, last = told(rates.rates[0]), told(rates.rates[-1])
    always = table.drop(list(rates.varied))
    lost = always[always.words == "loss"]
    if lost.empty:
        return (
            f"Of the facets that captions always name ({listed(list(always.index))}), "
            f"none is found worse by words at {last} than at {first}."
        )
    told_of = [
        f"{row.Index} ({percent(row.words_lowest)} to {percent(row.words_highest)})"
        for row in lost.itertuples()
    ]
    return (
        f"It has a price: from {first} to {last}, words fall on {listed(told_of)} in "
        f"Recall@{k}, which the captions name always. Steps and size are the same, and "
        "there is more to learn."
    )
