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
from cocofacet.report.sentences import listed
from cocofacet.report.style import SERIES, finished, legend_below

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


# Where a record does not say which probe ranked.
FIRST_PROBE = "logistic regression, its strength chosen by accuracy from 3, 30 and 300"

MADE_BY = (
    "```bash\n"
    "python -m training caption-rates {given}\\\n"
    "    --out data/{out} --record data/{out}\n"
    "python studies/rank_caption_rates.py data/{out}\n"
    "```"
)


def in_percent(rate: float) -> str:
    return f"{100 * rate:.0f} %"


def levels(rates: Rates, k: int) -> pd.DataFrame:
    """`tables.recalls` for each rate and way: columns rate, way, facet, recall, low,
    high, ..."""
    parts = [
        tables.recalls(rates.of(rate, way), k).assign(rate=rate, way=way)
        for rate in rates.rates
        for way in WAYS
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
        f"probe: {ranked.get('probe', FIRST_PROBE)}",
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
    named = rates.named.groupby(["rate", "facet"])[["low", "high", "even"]].mean()
    table = {}
    for rate in rates.rates:
        for facet in rates.facets:
            pair = (rates.of(rate, way, facet) for way in ("probe", "words"))
            ahead = paired_difference(*pair, k, average="micro")
            read = lower_end(words.loc[(rate, facet)])
            said = judge(named.loc[(rate, facet)], read, ahead, k)
            table.setdefault(in_percent(rate), {})[facet] = said
    return pd.DataFrame(table)


def changes(rates: Rates, k: int) -> pd.DataFrame:
    """From the lowest rate to the highest: facets down, ways across, the difference in
    Recall@k with its interval, in points, paired by query."""
    first, last = rates.rates[0], rates.rates[-1]
    table = {}
    for way in WAYS:
        for facet in rates.facets:
            pair = (rates.of(rate, way, facet) for rate in (last, first))
            found = paired_difference(*pair, k, "micro")
            cell = tables.with_interval(found.value, found.low, found.high, True)
            table.setdefault(SHOWN[way][0], {})[facet] = cell
    return pd.DataFrame(table).rename_axis("facet")


def by_seed(rates: Rates, k: int) -> pd.DataFrame:
    """(way, seed) down, rates across: Recall@k in percent, the mean over the facets
    whose rate was varied."""
    varied = rates.ranks[rates.ranks.facet.isin(rates.varied)]
    hits = varied.assign(**{way: varied[way] <= k for way in WAYS})
    by_facet = hits.groupby(["rate", "seed", "facet"])[list(WAYS)].mean()
    table = 100 * by_facet.groupby(["rate", "seed"]).mean().unstack("rate").stack(0)
    table = table.swaplevel().reindex(WAYS, level=0)
    table.columns = map(in_percent, table.columns)
    return table.map("{:.1f}".format).rename_axis(["way", "seed"])


def while_training(folder: Path, varied: Sequence[str]) -> pd.DataFrame:
    """Recall@1 of words on the tune scenes by steps, from the trainings' records in a
    folder: columns rate, seed, step, recall, the mean over the facets varied."""
    rows = []
    for path in sorted(Path(folder).glob("caption-rate-*-seed*.json")):
        record = read_json(path, dict)
        (rate,) = set(record["settings"]["caption_rates"].values())
        for row in record["log"]:
            recall = sum(row["general"][name][0] for name in varied) / len(varied)
            made = {"rate": in_percent(rate), "seed": record["settings"]["seed"]}
            rows.append({**made, "step": row["step"], "recall": recall})
    return pd.DataFrame(rows)


def over_steps(table: pd.DataFrame, shown_as: str) -> Figure:
    """`while_training`: a line for each rate, a panel for each seed."""
    shades = zip(table.rate.unique(), SERIES, strict=False)
    grid = figures.curves(
        table.assign(recall=100 * table.recall), "step", "recall", "rate",
        {rate: (f"{rate} of captions", *look) for rate, look in shades},
        col="seed", height=2.5, aspect=1.3,
    )  # fmt: skip
    grid.set(ylim=(-1, None))
    grid.set_axis_labels("step", "Recall@1 (%), macro")
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, shown_as)
