"""The page on costs: what was measured on which device, and what is estimated."""

import json
from pathlib import Path

import pandas as pd

from cocofacet.report.sentences import listed
from cocofacet.retrievers.cost import DEVICES, estimate
from cocofacet.retrievers.zoo.row import Row


def read(folder: Path) -> list[dict]:
    """The JSON files of results/benchmarks, each with its file's stem as ``name``."""
    return [
        {"name": path.stem, **json.loads(path.read_text())}
        for path in sorted(Path(folder).glob("*.json"))
    ]


def pipelines(found: list[dict]) -> pd.DataFrame:
    """Images a second, whole and forward alone: a row a (device, model, prompts)."""
    rows = {}
    for made in found:
        for row in made.get("pipeline", ()):
            rows[_where(made), row["prompts"]] = {
                "images/s, files to store": row["pipeline_images_a_second"],
                "images/s, forward alone": row["forward_images_a_second"],
                "share in %": 100 * row["share_of_forward"],
            }
    return _table(rows, "measured on", "prompts")


def passes(found: list[dict]) -> pd.DataFrame:
    """One pass against separate passes: a row a (device, model, prompts)."""
    rows = {}
    for made in found:
        for row in made.get("one_pass", ()):
            seconds = {
                f"ms an image, {words}": 1000 * row["seconds"][way] / row["images"]
                for way, words in (("one_pass", "one pass"), ("passes", "separate"))
            }
            peaks = list(row["peak_bytes"].values())
            rows[_where(made), row["prompts"]] = {
                **seconds,
                "times faster": row["times_faster"],
                "smallest cosine": row["smallest_cosine"],
                "peak GB": max(peaks) / 1e9 if all(peaks) else float("nan"),
            }
    return _table(rows, "measured on", "prompts")


def ratios(found: list[dict]) -> pd.DataFrame:
    """What each benchmark compared: its ``compared`` rows, with what they are about."""
    rows = {}
    for made in found:
        for row in made.get("compared", ()):
            rows[row["what"], row["against"]] = {
                "times faster": row.get("times_faster", float("nan")),
                "times smaller": row.get("times_smaller", float("nan")),
                "measured on": f"{made['device']}, {made.get('date', '')}".rstrip(", "),
            }
    return _table(rows, "what", "against")


def _where(made: dict) -> str:
    return f"{made['device']}, {made['model']['size']}"


def made_on(found: list[dict]) -> str:
    """What each row of the tables was measured on, in full: a line each."""
    lines = []
    for made in found:
        if "model" in made:
            model = made["model"]
            lines.append(
                f"- {_where(made)}: a model of {model['parameters'] / 1e6:,.1f} M "
                f"parameters ({model['weights']} weights), {model['image_tokens']} "
                f"image tokens a picture, {made['precision']}, {made['threads']} "
                f"threads, {made['date']}"
            )
    return "\n".join(lines) or "Nothing was measured yet."


def _table(rows: dict, *names: str) -> pd.DataFrame:
    if not rows:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[]] * 2, names=names))
    return pd.DataFrame(rows).T.rename_axis(list(names))


def estimates(rows: list[Row], prompts: int, images: int = 10_000) -> pd.DataFrame:
    """Hours of each device for ``images`` photographs under ``prompts``, and GB kept.

    A retriever that does not fit a device, or whose size is not known, has no number.
    """
    table = {}
    for row in rows:
        by_device = {d.name: estimate(row, d, images, prompts) for d in DEVICES}
        some = next((found for found in by_device.values() if found), None)
        if some is None:
            continue
        table[row.name] = {
            "passes": some.passes,
            **{
                f"{name}, hours": found.seconds / 3600 if found else float("nan")
                for name, found in by_device.items()
            },
            "GB kept": some.stored / 1e9,
        }
    return pd.DataFrame(table).T.rename_axis("retriever")


def aims(found: list[dict], fastest: float = 7, share: float = 85) -> str:
    """Whether one pass and the pipeline do on a GPU what they aim at."""
    on_gpu = [made for made in found if "cuda" in made["name"] and made.get("pipeline")]
    aim = (
        f"The aims are set for a data-centre GPU: one pass under nine prompts at least "
        f"{fastest:g} times as fast as nine passes at a cosine of 0.999 in bf16, and "
        f"{share:g} % of the forward passes' speed from files to store."
    )
    if not on_gpu:
        return f"{aim} None was to be had when these were measured: they are untested."
    parts = []
    for made in on_gpu:
        nine, whole = made["one_pass"][-1], made["pipeline"][-1]
        met = (
            nine["times_faster"] >= fastest
            and nine["smallest_cosine"] >= 0.999
            and 100 * whole["share_of_forward"] >= share
        )
        parts.append(
            f"{made['device']}: {nine['times_faster']:.1f} times, cosine "
            f"{nine['smallest_cosine']:.4f}, {100 * whole['share_of_forward']:.0f} % "
            f"({'both met' if met else 'not all met'})"
        )
    return f"{aim} Measured on {listed(parts)}."


def on_this(found: list[dict]) -> str:
    """The largest saving of one pass that was measured, and where."""
    rows = [
        (row["times_faster"], row["prompts"], made)
        for made in found
        for row in made.get("one_pass", ())
    ]
    if not rows:
        return "Nothing was measured yet: `make benchmarks` does it."
    faster, prompts, made = max(rows, key=lambda row: row[0])
    return (
        f"The most that one pass saved was under {prompts} prompts on "
        f"{made['device']}: {faster:.1f} times as fast as {prompts} passes, with "
        f"{made['model']['image_tokens']} image tokens a picture."
    )
