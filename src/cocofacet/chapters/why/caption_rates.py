"""What naming a facet more often in training captions does to an embedding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from cocofacet.chapters.why.reached import SHOWN, judge, lower_end
from cocofacet.evaluation.probes import WAYS
from cocofacet.evaluation.ranking import GROUP
from cocofacet.evaluation.statistics import paired_difference
from cocofacet.io import read_json, read_table
from cocofacet.report import figures, tables
from cocofacet.report.sentences import bulleted, listed, percent, verdict
from cocofacet.report.style import finished, legend_below

# Files that ``studies/rank_caption_rates.py`` makes, as the weights are not shipped.
RANKS, NAMED, MADE = "ranks.csv", "named.csv", "made.json"
COLUMNS = ["rate", "seed", "facet", "label", "query", *WAYS]


@dataclass(frozen=True)
class Rates:
    """The experiment's ranks and what made them.

    Attributes:
        ranks: columns `COLUMNS`: a row a query, rate (a fraction of captions) and
            seed, with its rank in each of `probes.WAYS`.
        named: columns rate, seed, facet and those of `probes.naming`.
        made: the trainings' settings and what ranked.
    """

    ranks: pd.DataFrame
    named: pd.DataFrame
    made: Mapping[str, object]

    @property
    def settings(self) -> list[Mapping[str, object]]:
        """Of each training."""
        return [made["settings"] for made in self.made["trainings"].values()]

    @property
    def varied(self) -> tuple[str, ...]:
        """The facets whose rate was varied; the captions name the others always."""
        rates = self.settings[0]["caption_rates"]
        return tuple(facet for facet in self.facets if facet in rates)

    @property
    def facets(self) -> tuple[str, ...]:
        return tuple(self.ranks.facet.unique())

    @property
    def rates(self) -> tuple[float, ...]:
        return tuple(sorted(self.ranks.rate.unique()))

    def of(self, rate: float, way: str, facet: str | None = None) -> pd.DataFrame:
        """Tidy ranks of one rate and way, of all facets or one. Several seeds are
        several rows of a query."""
        here = self.ranks[self.ranks.rate == rate]
        here = here if facet is None else here[here.facet == facet]
        known = {name: "" for name in GROUP} | {"mode": way}
        return here.assign(**known, text=here.label, rank=here[way])


def read(folder: Path) -> Rates | None:
    """The experiment's files in a folder; None where there are none."""
    ranks, named, made = (Path(folder) / name for name in (RANKS, NAMED, MADE))
    if not ranks.is_file():
        return None
    ranks = read_table(ranks, ["facet", "label", "query"], WAYS, ["rate", "seed"])
    measured = ["rate", "seed", "accuracy", "majority", "balanced", "low", "high"]
    measured += ["even", "images"]
    named = read_table(named, ["facet"], numbers=measured, what="table of namings")
    return Rates(ranks[COLUMNS], named, read_json(made, dict))


DRAWN = ("probe", "images", "words")  # in the figure and the table
STEPS = {"in part": "reached in part", "not reached": "there but not reached"}

MADE_BY = (
    "```bash\n"
    "python -m training caption-rates {given}\\\n"
    "    --out data/{out} --record data/{out}\n"
    "python studies/rank_caption_rates.py data/{out}\n"
    "```"
)
MISSING = (
    "**Not there yet.** `cocofacet/results/training/caption-rates` holds no ranks. "
    "They are made in two steps, of which the first takes about half an hour on one "
    "core:\n\n"
) + MADE_BY.format(given="", out="caption-rates")


def in_percent(rate: float) -> str:
    return f"{100 * rate:.0f} %"


def levels(rates: Rates, k: int) -> pd.DataFrame:
    """`tables.recalls` for each rate and way of `DRAWN`: columns rate, way, facet,
    recall, low, high, ..."""
    parts = [
        tables.recalls(rates.of(rate, way), k).assign(rate=rate, way=way)
        for rate in rates.rates
        for way in DRAWN
    ]
    return pd.concat(parts, ignore_index=True)


def made_with(rates: Rates, k: int) -> str:
    """The line under the experiment's numbers."""
    steps, scenes, seeds = (
        ", ".join(f"{n:,}" for n in sorted({each[key] for each in rates.settings}))
        for key in ("steps", "train_scenes", "seed")
    )
    ranked = rates.made["ranked"]
    at = listed(list(map(in_percent, rates.rates)))
    parts = (
        f"Recall@{k} in pools of 100; bands and brackets: 95 % interval "
        "over query texts",
        f"trainings: {len(rates.settings)} CLIPs ({at}), {steps} steps on {scenes} "
        f"scenes, seed {seeds}",
        f"ranked in the profile {ranked['profile']}, seed {ranked['seed']}",
        *(f"{name} {version}" for name, version in ranked["packages"].items()),
    )
    return " · ".join(parts)


def made_by(rates: Rates) -> str:
    """The commands that remake the files, for each seed that there is."""
    given = sorted({(each["steps"], each["seed"]) for each in rates.settings})
    return "\n\n".join(
        MADE_BY.format(
            given=f"--steps {steps:d} --seed {seed:d} ", out=f"caption-rates-{seed:d}"
        )
        for steps, seed in given
    )


def curves(found: pd.DataFrame, varied: Sequence[str], k: int, shown_as: str) -> Figure:
    """Recall of each way against the rate, a panel a facet; ``found`` is `levels`."""
    shown = tables.facets_only(found).sort_values("rate", kind="stable")
    always = [facet for facet in shown.facet.unique() if facet not in varied]
    names = {facet: facet for facet in varied}
    names |= {facet: f"{facet} (always named)" for facet in always}
    values = ["recall", "low", "high"]
    shown = shown.assign(
        facet=shown.facet.map(names), rate=[f"{100 * rate:.0f}" for rate in shown.rate]
    )
    shown[values] *= 100
    grid = figures.curves(
        shown, "rate", "recall", "way", SHOWN, band=("low", "high"), col="facet",
        col_order=list(names.values()), col_wrap=4, height=2.5, aspect=0.9,
        ylim=(-3, 103),
    )  # fmt: skip
    grid.set_titles("{col_name}", size=9)
    grid.set_axis_labels("% of captions", f"Recall@{k} (%)")
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, shown_as)


def grid(found: pd.DataFrame) -> pd.DataFrame:
    """(facet, way) down, rates across: recall [interval]; ``found`` is `levels`."""
    rows = {
        (facet, way): {
            in_percent(row.rate): tables.with_interval(row.recall, row.low, row.high)
            for row in rows.sort_values("rate").itertuples()
        }
        for facet, of_facet in tables.with_macro(found).groupby("facet", sort=False)
        for way, rows in of_facet.groupby("way", sort=False)
    }
    return pd.DataFrame(rows).T.rename_axis(["facet", "way"])


def verdicts(rates: Rates, found: pd.DataFrame, k: int) -> pd.DataFrame:
    """`why.judge` for each rate (across) and facet (down)."""
    words = found[found.way == "words"].set_index(["rate", "facet"])
    named = rates.named.groupby(["rate", "facet"])[["low", "even"]].mean()
    table = {}
    for rate in rates.rates:
        for facet in rates.facets:
            pair = (rates.of(rate, way, facet) for way in ("probe", "words"))
            ahead = paired_difference(*pair, k, average="micro").low
            there = named.low[rate, facet] - named.even[rate, facet]
            said = judge(there, lower_end(words.loc[(rate, facet)]), ahead, k)
            table.setdefault(rate, {})[facet] = said
    return pd.DataFrame(table)


def by_rate(said: pd.DataFrame, varied: Sequence[str]) -> str:
    """A list: what each varied facet is at which rate; ``said`` is `verdicts`."""
    parts = []
    for facet in varied:
        runs: list[tuple[str, list[str]]] = []
        for rate, name in said.loc[facet].items():
            if not runs or runs[-1][0] != name:
                runs.append((name, []))
            runs[-1][1].append(in_percent(rate))
        steps = [f"{STEPS.get(name, name)} at {listed(at)}" for name, at in runs]
        parts.append(f"{facet.capitalize()} are {', then '.join(steps)}.")
    return bulleted("By how often captions name them:", parts)


def furthest(found: pd.DataFrame, varied: Sequence[str]) -> float:
    """The rate at which words reach most, mean over the varied facets; ``found`` is
    `levels`. Chosen on the queries that it is then shown for, so it flatters words."""
    words = found[(found.way == "words") & found.facet.isin(varied)]
    return float(words.groupby("rate").recall.mean().idxmax())


def changes(rates: Rates, rate: float, k: int) -> pd.DataFrame:
    """From the lowest rate to another, a row a facet, all paired by query.

    Columns probe, words: gain, loss or undecided; before: whether the probe finds more
    (gain) or less (loss) at the lowest rate than words at the other; probe_before,
    words_before, probe_after, words_after: recalls.
    """
    first, rows = rates.rates[0], {}
    for facet in rates.facets:
        ranks = {
            f"{way}_{when}": rates.of(at, way, facet)
            for way in ("probe", "words")
            for when, at in (("before", first), ("after", rate))
        }
        pairs = {
            "probe": ("probe_after", "probe_before"),
            "words": ("words_after", "words_before"),
            "before": ("probe_before", "words_after"),
        }
        row = {name: (t["rank"] <= k).mean() for name, t in ranks.items()}
        for name, (a, b) in pairs.items():
            found = paired_difference(ranks[a], ranks[b], k, "micro")
            row[name] = verdict(found.low, found.high)
        rows[facet] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def kept(table: pd.DataFrame, rates: Rates, rate: float, k: int) -> str:
    """Whether naming a facet changes what the probe finds; from `changes`."""
    table = table.loc[list(rates.varied)]
    gaining = table[table.probe == "gain"]
    ends = f"From {in_percent(rates.rates[0])} to {in_percent(rate)} of captions"
    if gaining.empty:
        return f"{ends}, the probe gains on none of {listed(rates.varied)}."
    return (
        f"{ends}, the probe gains on {_from_to(gaining, 'probe')} in Recall@{k}: what "
        "captions name changes what the images' embeddings keep."
    )


def _from_to(table: pd.DataFrame, way: str) -> str:
    """Facets with their recall before and after; rows of `changes`."""
    before, after = (
        table[f"{way}_before"].map(percent),
        table[f"{way}_after"].map(percent),
    )
    return listed(
        [f"{facet} ({before[facet]} to {after[facet]})" for facet in table.index]
    )


def explained(table: pd.DataFrame, rates: Rates, rate: float, k: int) -> str:
    """Whether what words come to reach had been there before, or was put there by the
    captions; from `changes`."""
    first, last = in_percent(rates.rates[0]), in_percent(rate)
    reached = table.loc[list(rates.varied)].query("words == 'gain'")
    if reached.empty:
        return (
            f"From {first} to {last} of captions, words come to reach none of "
            f"{listed(rates.varied)}: these trainings cannot say what that would need."
        )
    text = (
        f"Words reach most at {last}. From {first} to there they gain on "
        f"{listed(list(reached.index))} (Recall@{k})."
    )
    groups = {"there": [], "put there": []}
    for row in reached.itertuples():
        groups["put there" if row.before == "loss" else "there"].append(
            f"{row.Index} (probe at {first}: {percent(row.probe_before)}, words at "
            f"{last}: {percent(row.words_after)})"
        )
    if groups["there"]:
        text += (
            f" On {listed(groups['there'])} a probe finds as much without any "
            "caption's word: only the way there was missing, which is the rival "
            "explanation."
        )
    if groups["put there"]:
        text += (
            f" On {listed(groups['put there'])} it finds less: the captions put it "
            "there, which is the paper's explanation."
        )
    return text


def beyond(rates: Rates, rate: float, k: int) -> str:
    """What happens to words and to the probe between ``rate``, where words reach most,
    and the highest rate; macro over the varied facets."""
    last = rates.rates[-1]
    if rate == last:
        return f"Words reach most at the highest rate, {in_percent(last)}."
    does = {"gain": "rise", "loss": "fall", "undecided": "change undecidedly"}
    parts, verdicts = [], {}
    for way, name in (("words", "words"), ("probe", "the probe's levels")):
        pair = [rates.of(at, way) for at in (last, rate)]
        pair = [table[table.facet.isin(rates.varied)] for table in pair]
        row = tables.difference_row(*pair, k)
        verdicts[way] = verdict(row.low, row.high)
        ends = f"from {percent(row.reference)} to {percent(row.value)}"
        parts.append(f"{name} {does[verdicts[way]]} {ends}")
    text = (
        f"From {in_percent(rate)} to {in_percent(last)}, {listed(parts)} (macro over "
        f"{listed(rates.varied)})."
    )
    if verdicts["words"] == "loss" and verdicts["probe"] != "loss":
        text += (
            " So more can be there and less be reached. Why is not known; a query that "
            "names one thing may be too unlike captions that name everything."
        )
    return text


def by_seed(rates: Rates, k: int) -> str:
    """Whether each seed alone has words reach most at the same rate; macro over the
    varied facets."""
    varied = rates.ranks[rates.ranks.facet.isin(rates.varied)]
    keys = ["seed", "rate"]
    hits = varied.assign(hit=varied.words <= k).groupby([*keys, "facet"]).hit.mean()
    recalls = hits.groupby(keys).mean().unstack("rate")
    if len(recalls) == 1:
        return "There is one training a rate: another seed may turn this."
    best, last = recalls.idxmax(axis=1), rates.rates[-1]
    parts = [
        f"seed {seed} at {in_percent(rate)} ({percent(recalls.loc[seed, rate])}, and "
        f"{percent(recalls.loc[seed, last])} at {in_percent(last)})"
        for seed, rate in best.items()
    ]
    agree = "agree" if best.nunique() == 1 else "do not agree"
    return (
        f"The {len(recalls)} seeds {agree} on where words reach most: {listed(parts)}; "
        f"Recall@{k}, macro over the facets varied."
    )


def price(table: pd.DataFrame, rates: Rates, rate: float, k: int) -> str:
    """What naming more costs the facets that captions always name; from `changes`."""
    ends = f"from {in_percent(rates.rates[0])} to {in_percent(rate)}"
    always = table.drop(list(rates.varied))
    lost = always[always.words == "loss"]
    if lost.empty:
        return (
            f"Of the facets that captions always name, words fall on none {ends} "
            f"({listed(list(always.index))})."
        )
    return (
        f"It has a price: {ends}, words fall on {_from_to(lost, 'words')} in "
        f"Recall@{k}, though captions always name them. Steps and size are the same, "
        "and there is more to learn."
    )
