"""What naming a facet more often in training captions does to an embedding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from cocofacet.chapters.why.reached import SHOWN
from cocofacet.evaluation.probes import WAYS
from cocofacet.evaluation.ranking import GROUP
from cocofacet.io import read_json, read_table
from cocofacet.report import figures, tables
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
        return tuple(facet for facet in self.ranks.facet.unique() if facet in rates)

    def of(self, rate: float, way: str) -> pd.DataFrame:
        """Tidy ranks of one rate and way. Several seeds are several rows of a query."""
        here = self.ranks[self.ranks.rate == rate]
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


def levels(rates: Rates, k: int) -> pd.DataFrame:
    """`tables.recalls` for each rate and way: columns rate, way, facet, recall, low,
    high, ..."""
    parts = [
        tables.recalls(rates.of(rate, way), k).assign(rate=rate, way=way)
        for rate in sorted(rates.ranks.rate.unique())
        for way in WAYS
    ]
    return pd.concat(parts, ignore_index=True)


def curves(found: pd.DataFrame, varied: Sequence[str], k: int, shown_as: str) -> Figure:
    """Recall of each way against the rate, a panel a facet; ``found`` is `levels`."""
    shown = tables.facets_only(found)
    always = ~shown.facet.isin(varied)
    shown = shown.assign(
        facet=shown.facet.mask(always, shown.facet + " (always named)"),
        percent=(100 * shown.rate).map("{:.0f}".format),
        always=always,
    ).sort_values(["always", "rate"], kind="stable")
    shown[["recall", "low", "high"]] *= 100
    grid = figures.curves(
        shown, "percent", "recall", "way", SHOWN, band=("low", "high"), col="facet",
        col_wrap=4, height=2.5, aspect=0.9, ylim=(-3, 103),
    )  # fmt: skip
    grid.set_titles("{col_name}", size=9)
    grid.set_axis_labels("% of captions", f"Recall@{k} (%)")
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, shown_as)


def changes(rates: Rates, k: int) -> pd.DataFrame:
    """From the lowest rate to the highest: facets and their mean down, ways across, the
    difference in Recall@k with its interval, in points, paired by query."""
    last, first = rates.ranks.rate.max(), rates.ranks.rate.min()
    by_way = {
        SHOWN[way][0]: tables.differences(rates.of(last, way), rates.of(first, way), k)
        for way in WAYS
    }
    return tables.grid_of(by_way, "difference", sign=True)


def by_seed(rates: Rates, k: int) -> pd.DataFrame:
    """(rate, seed) down, ways across: Recall@k in percent, the mean over the facets
    whose rate was varied."""
    varied = rates.ranks[rates.ranks.facet.isin(rates.varied)]
    hits = varied.set_index(["rate", "seed", "facet"])[list(WAYS)] <= k
    by_facet = hits.groupby(["rate", "seed", "facet"]).mean()
    table = 100 * by_facet.groupby(["rate", "seed"]).mean()
    return table.rename(columns={way: SHOWN[way][0] for way in WAYS})


def while_training(folder: Path, varied: Sequence[str]) -> pd.DataFrame:
    """Recall@1 of words on the tune scenes by steps, from the trainings' records in a
    folder: columns rate, seed, step, recall, the mean over the facets varied."""
    rows = []
    for path in sorted(Path(folder).glob("caption-rate-*-seed*.json")):
        record = read_json(path, dict)
        (rate,) = set(record["settings"]["caption_rates"].values())
        for row in record["log"]:
            recall = sum(row["general"][name][0] for name in varied) / len(varied)
            made = {"rate": f"{100 * rate:.0f} %", "seed": record["settings"]["seed"]}
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
