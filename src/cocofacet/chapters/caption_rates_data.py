"""What naming a facet more often in training captions does to an embedding.

In results/training/caption-rates:

    ranks.csv   a row a query, rate and seed: its rank in each of `reach.WAYS`
    named.csv   a row a facet, rate and seed: how often the probe names the class
    made.json   the settings of the trainings, and what ranked

The weights are not shipped; ``tools/rank_caption_rates.py`` makes the files from them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cocofacet.evaluation.probes import WAYS
from cocofacet.evaluation.ranking import GROUP

RANKS, NAMED, MADE = "ranks.csv", "named.csv", "made.json"
COLUMNS = ["rate", "seed", "facet", "label", "query", *WAYS]


@dataclass(frozen=True)
class Rates:
    """The experiment's ranks and what made them.

    Attributes:
        ranks: columns `COLUMNS`; a rate is a fraction of captions.
        named: columns rate, seed, facet and those of `reach.naming`.
        made: the content of made.json.
    """

    ranks: pd.DataFrame
    named: pd.DataFrame
    made: Mapping[str, object]

    @property
    def varied(self) -> tuple[str, ...]:
        """The facets whose rate was varied; the captions name the others always."""
        first = next(iter(self.made["trainings"].values()))
        return tuple(f for f in self.facets if f in first["settings"]["caption_rates"])

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
    if not (Path(folder) / RANKS).is_file():
        return None
    ranks = pd.read_csv(Path(folder) / RANKS, dtype={"label": str})
    named = pd.read_csv(Path(folder) / NAMED)
    return Rates(ranks[COLUMNS], named, json.loads((Path(folder) / MADE).read_text()))
