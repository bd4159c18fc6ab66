"""An average over training seeds or wordings as well as texts, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from cocofacet.evaluation.statistics import (
    FEW_TEXTS,
    LEVEL,
    Interval,
    half_width,
    spread,
)


@dataclass(frozen=True)
class Crossed:
    """Hits of texts at each level of other factors, and how facets divide the texts.

    hits (..., levels of each factor, T): sums, or differences of sums. queries (...,
    T). facets: of each its places among the T texts. Leading axes are repetitions.
    """

    hits: np.ndarray
    queries: np.ndarray
    facets: Sequence[slice]
    factors: int

    @classmethod
    def of(cls, counts: pd.DataFrame, factors: Sequence[str]) -> "Crossed":
        """counts: columns facet, text, each of ``factors``, hits and queries."""
        keys = ["facet", "text"]
        queries = counts.groupby(keys).queries.first()
        levels = [sorted(counts[factor].unique()) for factor in factors]
        index = pd.MultiIndex.from_product([*levels, queries.index])
        found = counts.set_index([*factors, *keys]).hits
        found.index = pd.MultiIndex.from_tuples(
            [(*row[: len(factors)], row[len(factors) :]) for row in found.index]
        )
        hits = found.reindex(index).to_numpy(float)
        if np.isnan(hits).any() or len(found) != len(index):
            raise ValueError("every level must meet every text once")
        ends = np.cumsum(queries.groupby(level="facet").size())
        slices = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        shape = [*map(len, levels), len(queries)]
        return cls(hits.reshape(shape), queries.to_numpy(float), slices, len(factors))

    @property
    def levels(self) -> np.ndarray:
        """The macro average at each combination of levels."""
        queries = self.queries.reshape(
            *self.queries.shape[:-1], *[1] * self.factors, self.queries.shape[-1]
        )
        recalls = [
            self.hits[..., here].sum(axis=-1) / queries[..., here].sum(axis=-1)
            for here in self.facets
        ]
        return np.mean(recalls, axis=0)

    @property
    def _axes(self) -> list[int]:
        return [axis - self.factors for axis in range(self.factors)]

    @property
    def value(self) -> np.ndarray:
        return self.levels.mean(axis=tuple(self._axes))

    @property
    def by_factor(self) -> list[np.ndarray]:
        """Of each factor the macro averages of its levels (..., levels)."""
        others = [tuple(a for a in self._axes if a != axis) for axis in self._axes]
        return [self.levels.mean(axis=axes) for axes in others]

    @property
    def by_text(self) -> list[np.ndarray]:
        """Of each facet how far its texts (..., n) pull the macro average."""
        hits = self.hits.mean(axis=tuple(axis - 1 for axis in self._axes))
        found = []
        for here in self.facets:
            own, queries = hits[..., here], self.queries[..., here]
            total = queries.sum(axis=-1, keepdims=True)
            recall = own.sum(axis=-1, keepdims=True) / total
            found.append((own - queries * recall) / total / len(self.facets))
        return found

    def sign_flip(self) -> float:
        """The two-sided p of the average, over all ways to turn the signs of texts."""
        hits = self.hits.mean(axis=tuple(axis - 1 for axis in self._axes))  # (T,)
        pulls = [hits[here] / self.queries[here].sum() for here in self.facets]
        signs = np.array(list(product((-1, 1), repeat=hits.size)))  # (2 ** T, T)
        turned = np.abs(signs @ np.concatenate(pulls))
        return float((turned >= turned[-1] - 1e-12).mean())

    def spread(self) -> tuple[np.ndarray, np.ndarray]:
        """The average's standard error and its degrees of freedom, as `spread`.

        Each factor adds the spread of its levels' averages, and texts that of theirs,
        all inside facets: what two factors do together is counted with both, so it is
        rather too wide than too narrow (McCullagh, Bernoulli 6, 2000). A factor with
        one level adds nothing.
        """
        parts = [means / means.shape[-1] for means in self.by_factor]
        return spread([*parts, *self.by_text])


def crossed(
    counts: pd.DataFrame, factors: Sequence[str], within: tuple = (0, 1)
) -> Interval:
    """A macro average over levels of other things that vary, such as training seeds
    and wordings of a question, with its interval.

    counts: as `Crossed.of`; every level of a factor meets every text. ``within``: -1
    and 1 for a difference, which reaches to zero below `FEW_TEXTS` texts unless turning
    the signs of texts rules zero out as well.
    """
    table = Crossed.of(counts, factors)
    value, half = float(table.value), float(half_width(*table.spread()))
    low, high = max(value - half, within[0]), min(value + half, within[1])
    few = within[0] < 0 and table.queries.size < FEW_TEXTS
    if few and table.sign_flip() > 1 - LEVEL:
        low, high = min(low, 0.0), max(high, 0.0)
    return Interval(value, low, high, int(table.queries.sum()), table.queries.size)
