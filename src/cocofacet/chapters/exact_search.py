"""Exact search at scale: what benchmarks/exact_search.py measured, in words."""

from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet.io import read_json

NOT_MEASURED = (
    "Exact search was not measured here: `python benchmarks/exact_search.py` does it."
)


def read(path: Path) -> dict:
    """What the measurement wrote; empty where there is none."""
    return read_json(path, dict) if Path(path).is_file() else {}


def table(measured: dict) -> pd.DataFrame:
    """(vectors, way) down: milliseconds, seconds, and memory in GB (10^9 bytes)."""
    rows = {}
    for size in measured["sizes"]:
        for way, found in size["ways"].items():
            row = found or {}
            rows[f"{size['vectors']:,}", way] = {
                "all queries (ms)": row.get("milliseconds_for_all_queries"),
                "one query (ms)": row.get("milliseconds_for_one_query"),
                "to build (s)": row.get("seconds_to_build"),
                "most memory (GB)": row.get("peak_bytes_of_the_process", np.nan) / 1e9,
                "vectors alone (GB)": size["bytes"] / 1e9,
            }
    found = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    return found.rename_axis(index=["vectors", "way"])


def told(value: float) -> str:
    """A cell of `table` in three digits.

    >>> [told(value) for value in (4635.2, 93.33, 0.0000047)]
    ['4,635', '93.3', 'below 0.01']
    """
    if value < 0.01:
        return "below 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def fastest(measured: dict) -> str:
    """Which way is fastest with most vectors, whether all agree, and on what."""
    size = measured["sizes"][-1]
    ways = {way: found for way, found in size["ways"].items() if found}
    times = {w: found["milliseconds_for_all_queries"] for w, found in ways.items()}
    best, worst = min(times, key=times.get), max(times, key=times.get)
    agree = min(found["same_pictures"] for found in ways.values())
    same = "all find the same pictures"
    if agree < 1:
        same = f"they agree on {100 * agree:.1f} % of the pictures"
    text = (
        f"Among {size['vectors']:,} vectors of {measured['d']} dimensions "
        f"({size['bytes'] / 1e9:.1f} GB), the {measured['best']} best of "
        f"{measured['queries']} queries take {times[best]:,.0f} ms by {best}"
    )
    if len(times) > 1:
        text += f" and {times[worst]:,.0f} ms by {worst}; {same}"
    return f"{text} ({measured['device']}, {measured['cores']} cores)."
