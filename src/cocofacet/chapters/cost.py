"""The page on costs: what was measured on which device, and what is estimated."""

from pathlib import Path

import pandas as pd

from cocofacet.io import read_json
from cocofacet.report.sentences import listed
from cocofacet.retrievers.cost import DEVICES, estimate
from cocofacet.retrievers.zoo.row import Row

_QUIET = 0.5  # load by other work below which a time on a CPU means something


def read(folder: Path) -> list[dict]:
    """The JSON files of a folder, each with its file's stem as ``name``."""
    return [
        {"name": path.stem, **read_json(path, dict)}
        for path in sorted(Path(folder).glob("*.json"))
    ]


def _timed(made: dict) -> bool:
    """Whether times may be shown: other work may make one way look any times slower."""
    return made.get("load", 0) < _QUIET


def pipelines(found: list[dict]) -> pd.DataFrame:
    """Images a second, whole and forward alone: a row a (device, model, prompts)."""
    rows = {}
    for made in found:
        for row in made.get("pipeline", ()) if _timed(made) else ():
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
            shown = 1 if _timed(made) else float("nan")
            ms = {
                way: shown * 1000 * seconds / row["images"]
                for way, seconds in row["seconds"].items()
            }
            peaks = list(row["peak_bytes"].values())
            rows[_where(made), row["prompts"]] = {
                "ms an image, one pass": ms["one_pass"],
                "ms an image, separate": ms["passes"],
                "times faster": shown * row["times_faster"],
                "smallest cosine": row["smallest_cosine"],
                "peak GB": max(peaks) / 1e9 if all(peaks) else float("nan"),
            }
    return _table(rows, "measured on", "prompts")


def real_sizes(found: list[dict]) -> pd.DataFrame:
    """Each row of the zoo at its real size, by `make on-gpu`: a row a (device,
    retriever). A model cut to fewer layers has no estimate to compare with."""
    rows = {}
    for made in found:
        shown = 1 if _timed(made) else float("nan")
        for name, row in made.get("rows", {}).items():
            failed = "failed: " + row["failed"] if "failed" in row else ""
            skipped = "skipped: " + row["skipped"] if "skipped" in row else ""
            layers = row.get("layers") or "all"
            rows[made["device"], name] = {
                "layers": "" if failed or skipped else layers,
                "precision": row.get("precision", ""),
                "M parameters": row.get("parameters", float("nan")) / 1e6,
                "s a picture": shown * row.get("seconds_a_picture", float("nan")),
                "s a text": shown * row.get("seconds_a_text", float("nan")),
                "peak GB": row.get("peak_bytes", float("nan")) / 1e9,
                "estimated GB": (row.get("estimated_bytes") or float("nan")) / 1e9,
                "said": failed or skipped,
            }
    return _table(rows, "measured on", "retriever")


def on_gpu(found: list[dict]) -> str:
    """On what `make on-gpu` ran, and what its exact search took."""
    made = next((made for made in found if "rows" in made), None)
    if made is None:
        return "Not measured on a GPU yet: “make on-gpu” does it."
    where = (
        f"Measured on {made['device']} (driver {made['driver']}) on {made['date']}."
        if made["driver"]
        else "Not measured on a GPU yet. “make on-gpu” found none, and ran on the CPU "
        f"instead: {made['device']}, {made['cores']} cores at a load of "
        f"{made['load']:.1f} when it began, on {made['date']}. Every model is cut to "
        "few words and to the layers that are named, its width whole (of SigLIP only "
        "the half that reads texts is cut). Its memory, that of the whole process, "
        "says nothing of a GPU, and its times little."
    )
    search, found = made.get("search", {}), [where]
    if not _timed(made):
        found.append("Other work ran beside it: its times are left out.")
    elif "milliseconds_for_all_queries" in search:
        found.append(
            f"Exact search of {search['vectors']:,} vectors (d = {search['d']}) for "
            f"{search['queries']} queries: "
            f"{search['milliseconds_for_all_queries']:.1f} ms."
        )
    parts = {"the Qwen2-VL of 2B size": made.get("large", {}), "exact search": search}
    for name, part in parts.items():
        if why := part.get("failed") or part.get("skipped"):
            found.append(f"Not measured: {name} ({why}).")
    return " ".join(found)


def photo_search(found: list[dict]) -> str:
    """What a search of one's own pictures took, beside what else, and on what."""
    made = next((made for made in found if made["name"] == "photo_search"), None)
    if made is None:
        return "A search of one's own photographs was not measured yet."
    lines = [
        f"One text against pictures in half precision (d = {made['settings']['d']:,}), "
        f"on {made['device']} with {made['threads']} threads, {made['date']}; load by "
        f"other work when it began: {made['load']:.1f}."
    ]
    for size in made["sizes"]:
        way = size["ways"]["halves"]
        lines.append(
            f"- {size['vectors']:,} pictures: {way['milliseconds_for_one_text']:.0f} "
            f"ms from a file in memory, {way['seconds_of_the_first_search']:.1f} s for "
            "a new process's first search, "
            f"{way['bytes_beside_the_file'] / 1e6:,.0f} MB held beside the file of "
            f"{size['bytes'] / 1e6:,.0f} MB."
        )
    return "\n\n".join((lines[0], "\n".join(lines[1:])))


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
    lines = [
        f"- {_where(made)}: a model of {made['model']['parameters'] / 1e6:,.1f} M "
        f"parameters ({made['model']['weights']} weights), "
        f"{made['model']['image_tokens']} image tokens a picture, "
        f"{made['precision']}, {made['threads']} threads, {made['date']}"
        for made in found
        if "model" in made
    ]
    return "\n".join(lines) or "Nothing was measured yet."


def _table(rows: dict, *names: str) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=names)
    return pd.DataFrame(list(rows.values()), index)


def estimates(rows: list[Row], prompts: int, images: int = 10_000) -> pd.DataFrame:
    """Hours of each device for ``images`` photographs under ``prompts``, and GB kept.

    A retriever that does not fit a device, or whose size is not known, has no number.
    """
    table = {}
    for row in rows:
        found = {d.name: estimate(row, d, images, prompts) for d in DEVICES}
        fits = {name: cost for name, cost in found.items() if cost}
        if fits:
            some = next(iter(fits.values()))
            table[row.name] = {
                "passes": some.passes,
                **{f"{name}, hours": fits[name].seconds / 3600 for name in fits},
                "GB kept": some.stored / 1e9,
            }
    columns = ["passes", *(f"{device.name}, hours" for device in DEVICES), "GB kept"]
    return pd.DataFrame(table).T.reindex(columns=columns).rename_axis("retriever")


def aims(found: list[dict], fastest: float = 7, share: float = 85) -> str:
    """Whether one pass and the pipeline do on a GPU what they aim at."""
    on_gpu = [made for made in found if made.get("driver") and made.get("pipeline")]
    aim = (
        f"The aims are set for a data-centre GPU: one pass under nine prompts at least "
        f"{fastest:g} times as fast as nine passes at a cosine of 0.999 in bf16, and "
        f"{share:g} % of the forward passes' speed from files to store."
    )
    if not on_gpu:
        return f"{aim} Not measured on a GPU yet: they are untested."
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
    timed = filter(_timed, found)
    rows = [(row, made) for made in timed for row in made.get("one_pass", ())]
    if not rows:
        return "Nothing was measured yet: “make benchmarks” does it."
    row, made = max(rows, key=lambda pair: pair[0]["times_faster"])
    return (
        f"The most that one pass saved was under {row['prompts']} prompts on "
        f"{_where(made)}: {row['times_faster']:.1f} times as fast as "
        f"{row['prompts']} passes, with {made['model']['image_tokens']} image tokens a "
        "picture."
    )
