"""The page on costs: what was measured on which device, and what is estimated."""

from pathlib import Path

import pandas as pd

from cocofacet.io import read_json
from cocofacet.report.tables import keyed
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
    return keyed(rows, "measured on", "prompts")


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
    return keyed(rows, "measured on", "prompts")


def real_sizes(found: list[dict]) -> pd.DataFrame:
    """Each row of the zoo at its real size, by `make on-gpu`: a row a (device,
    retriever). A model cut to fewer layers has no estimate to compare with."""
    rows, nan = {}, float("nan")
    for made in found:
        shown = 1 if _timed(made) else nan
        for name, row in made.get("rows", {}).items():
            said = [f"{why}: {row[why]}" for why in ("failed", "skipped") if why in row]
            rows[made["device"], name] = {
                "layers": "" if said else row["layers"] or "all",
                "precision": row.get("precision", ""),
                "M parameters": row.get("parameters", nan) / 1e6,
                "s a picture": shown * row.get("seconds_a_picture", nan),
                "s a text": shown * row.get("seconds_a_text", nan),
                "peak GB": row.get("peak_bytes", nan) / 1e9,
                "estimated GB": (row.get("estimated_bytes") or nan) / 1e9,
                "said": "".join(said),
            }
    return keyed(rows, "measured on", "retriever")


def searches(found: list[dict]) -> pd.DataFrame:
    """One text against vectors: those of photographs, in half precision from a file,
    and by `make on-gpu` in single precision on its device."""
    rows = {}
    for made in found:
        for size in made["sizes"] if made["name"] == "photo_search" else ():
            way = size["ways"]["halves"]
            rows[made["device"], size["vectors"], made["settings"]["d"]] = {
                "ms a text": way["milliseconds_for_one_text"],
                "s, a process's first": way["seconds_of_the_first_search"],
                "MB of the file": size["bytes"] / 1e6,
                "MB beside it": way["bytes_beside_the_file"] / 1e6,
                "threads": made["threads"],
                "other load": made["load"],
            }
        took = made.get("search", {}).get("milliseconds_for_one_query")
        if took and _timed(made):
            search = made["search"]
            rows[made["device"], search["vectors"], search["d"]] = {"ms a text": took}
    return keyed(rows, "measured on", "vectors", "dimensions")


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
    return keyed(rows, "what", "against").reset_index("against")


def _where(made: dict) -> str:
    return f"{made['device']}, {made['model']['size']}"


def models(found: list[dict]) -> pd.DataFrame:
    """The models measured, and on what: a row a (device, model)."""
    rows = {
        (made["device"], made["model"]["size"]): {
            "driver": made.get("driver") or "no GPU",
            "other load": made.get("load", float("nan")),
            "M parameters": made["model"]["parameters"] / 1e6,
            "weights": made["model"]["weights"],
            "image tokens": made["model"]["image_tokens"],
            "precision": made["precision"],
            "date": made["date"],
        }
        for made in found
        if "model" in made
    }
    return keyed(rows, "measured on", "model")


def estimates(rows: list[Row], prompts: int, images: int = 10_000) -> pd.DataFrame:
    """Hours of each device for ``images`` photographs under ``prompts``, and GB kept.

    A retriever that does not fit a device, or whose size is not known, has no number.
    """
    table = {}
    for row in rows:
        for device in DEVICES:
            if cost := estimate(row, device, images, prompts):
                line = table.setdefault(row.name, {"passes": cost.passes})
                line[f"{device.name}, hours"] = cost.seconds / 3600
                line["GB kept"] = cost.stored / 1e9
    columns = ["passes", *(f"{device.name}, hours" for device in DEVICES), "GB kept"]
    return pd.DataFrame(table).T.reindex(columns=columns).rename_axis("retriever")
