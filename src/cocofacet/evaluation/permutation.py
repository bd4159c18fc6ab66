"""Could a difference between two ways of embedding be chance? A test without a model.

If the two ways did equally well, then for each query text it would be a toss of a coin
which of them came out ahead. So the sign of each text's difference is flipped, and one
counts how often flipped signs give an average as far from zero as the one found.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cocofacet.evaluation.metrics import by_text, paired

ALL_FLIPS = 16  # texts with a difference, up to which every flip is tried: 65,536
DRAWN = 20_000  # flips drawn at random above that


@dataclass(frozen=True)
class SignFlip:
    """A two-sided sign-flip test of a paired difference.

    ``value`` is the difference (a fraction) and ``p`` the share of the ``flips`` whose
    average lies as far from zero, or further. ``exact``: all flips there are were
    tried; otherwise they were drawn at random, and p counts the one that was found
    among them, so that it is never 0. ``texts`` all took part; only those
    ``differing`` have a sign to flip. The smallest p that an exact test can give is
    2 / flips: few texts can show little.
    """

    value: float
    p: float
    flips: int
    exact: bool
    texts: int
    differing: int
    average: str
    k: int
    expected: bool


def sign_flip(
    table_a: pd.DataFrame,
    table_b: pd.DataFrame,
    k: int,
    average: str = "macro",
    seed: int = 0,
    expected: bool = False,
) -> SignFlip:
    """Test the average of a minus the average of b, as `evaluate.paired_difference`.

    What flips is a query *text*, inside its facet and with all its queries, because
    the queries of one text share whatever is odd about it. For one facet pass only its
    rows. Up to `ALL_FLIPS` texts that differ, all flips are tried, else `DRAWN` are
    drawn with the seed. ``expected``: over all draws of the negatives.

    Raises ValueError as `evaluate.paired` does, and for an unknown average.
    """
    sums = by_text(paired(table_a, table_b, k, expected), average)
    shares = _shares(sums, average)
    # What is equal on paper may differ in the last bit.
    slack = 1e-12 * np.abs(shares).sum()
    differing = shares[np.abs(shares) > slack]
    exact = len(differing) <= ALL_FLIPS
    signs = _all_signs(len(differing)) if exact else _some_signs(len(differing), seed)
    as_far = np.abs(signs @ differing) >= abs(differing.sum()) - slack
    # Drawn flips may all miss the one that was found; all flips hold it.
    found = 0 if exact else 1
    return SignFlip(
        value=float(shares.sum()),
        p=float((as_far.sum() + found) / (len(signs) + found)),
        flips=len(signs),
        exact=exact,
        texts=len(shares),
        differing=len(differing),
        average=average,
        k=k,
        expected=expected,
    )


def _shares(sums: pd.DataFrame, average: str) -> np.ndarray:
    """What each text adds to the average: (texts,); the average is their sum."""
    if average == "micro":
        return (sums["hit"] / sums["weight"].sum()).to_numpy()
    weight = sums.groupby(level="facet")["weight"]
    return (sums["hit"] / weight.transform("sum") / weight.ngroups).to_numpy()


def _all_signs(texts: int) -> np.ndarray:
    """Every way to sign so many texts: (2^texts, texts) of -1 and 1."""
    numbers = np.arange(1 << texts)[:, None]
    return 1.0 - 2.0 * (numbers >> np.arange(texts) & 1)


def _some_signs(texts: int, seed: int) -> np.ndarray:
    """Signs drawn at random: (DRAWN, texts) of -1 and 1."""
    rng = np.random.default_rng(seed)
    return 1.0 - 2.0 * rng.integers(0, 2, size=(DRAWN, texts))
