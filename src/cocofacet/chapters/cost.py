"""The page on costs: what was measured on which device, and what is estimated."""

from pathlib import Path

import pandas as pd

from cocofacet.io import read_json
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


def gpu_run(found: list[dict]) -> pd.DataFrame:
    """What `make on-gpu` ran on, and its exact search; empty where it never ran."""
    rows = {}
    for made in found:
        if "rows" in made:
            search = made.get("search", {})
            took = search.get("milliseconds_for_all_queries", float("nan"))
            said = search.get("failed") or search.get("skipped")
            rows[made["device"]] = {
                "driver": made["driver"] or "none: no GPU",
                "cores": made["cores"],
                "load by other work": made["load"],
                "date": made["date"],
                "queries": search.get("queries", "none"),
                "vectors": search.get("vectors", "none"),
                "ms for all": said or (took if _timed(made) else "other work ran"),
            }
    return pd.DataFrame(rows).T.rename_axis("measured on")


def photo_search(found: list[dict]) -> pd.DataFrame:
    """One text against pictures in half precision: a row for each number of them."""
    rows = {}
    for made in found:
        for size in made["sizes"] if made["name"] == "photo_search" else ():
            way = size["ways"]["halves"]
            rows[size["vectors"], made["settings"]["d"]] = {
                "ms, file in memory": way["milliseconds_for_one_text"],
                "s, a process's first search": way["seconds_of_the_first_search"],
                "MB of the file": size["bytes"] / 1e6,
                "MB beside it": way["bytes_beside_the_file"] / 1e6,
                "threads": made["threads"],
                "load by other work": made["load"],
            }
    return _table(rows, "pictures", "dimensions")


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


def models(found: list[dict]) -> pd.DataFrame:
    """The models measured: a row a (device, model)."""
    rows = {}
    for made in found:
        if "model" in made:
            rows[made["device"], made["model"]["size"]] = {
                "M parameters": made["model"]["parameters"] / 1e6,
                "weights": made["model"]["weights"],
                "image tokens": made["model"]["image_tokens"],
                "precision": made["precision"],
                "threads": made["threads"],
                "date": made["date"],
            }
    return _table(rows, "measured on", "model")


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


def aims(found: list[dict]) -> pd.DataFrame:
    """What one pass and the pipeline aim at on a data-centre GPU, and each GPU's own
    numbers: a row a device, none while none was measured."""
    rows = {"the aim": {"times faster": 7.0, "cosine": 0.999, "share in %": 85.0}}
    for made in found:
        if made.get("driver") and made.get("pipeline"):
            nine, whole = made["one_pass"][-1], made["pipeline"][-1]
            rows[made["device"]] = {
                "times faster": nine["times_faster"],
                "cosine": nine["smallest_cosine"],
                "share in %": 100 * whole["share_of_forward"],
            }
    return pd.DataFrame(rows).T.rename_axis("device")
