"""The page of results at full scale: what made each run, or how to make the first."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from cocofacet import paper
from cocofacet.benchmark.facets import FACETS
from cocofacet.evaluation import runs
from cocofacet.io import InputError, read_json
from cocofacet.report import tables

# What one row of `table_1` is of.
INDEX = ["retriever", "mode", "queries", "revision", "seed", "chapters"]


@contextmanager
def _read(path: Path) -> Iterator[dict]:
    """A JSON object beside the ranks; ``InputError`` where its fields are others than
    the block needs."""
    try:
        yield read_json(path, dict, runs.REMEDY)
    except InputError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        what = f"fields: not those that a run writes ({error!r})"
        raise InputError(f"{path}: {what}. {runs.REMEDY}") from None


def made_by(folder: Path) -> pd.DataFrame:
    """One row for each (run, notebook, retriever) from the manifests beside the ranks,
    <folder>/<run>/<notebook>.manifest.json; empty where there are none."""
    rows = {}
    for path in sorted(Path(folder).glob("*/*.manifest.json")):
        notebook = path.name.removesuffix(".manifest.json")
        with _read(path) as made:
            packages = made["packages"].items()
            for retriever, weights in made["retrievers"].items():
                rows[made["run"], notebook, retriever] = {
                    "revision": weights["revision"][:12],
                    "precision": weights["precision"],
                    "queries": f"{made['queries']:,}",
                    "pictures": made["profile"]["shown_as"],
                    "seed": made["seed"],
                    "versions": ", ".join(f"{k} {v}" for k, v in packages),
                }
    return tables.keyed(rows, "run", "notebook", "retriever")


def table_1(
    ranks: pd.DataFrame, reasons: Mapping[str, str], shown_as: str
) -> pd.DataFrame:
    """The paper's Table 1, as far as it is known, beside the ranks of one run.

    ranks: the rows of a run in `runs.collect`; reasons: retriever -> why it has no
    ranks. A row for each retriever of the paper, then for others, and each mode and
    benchmark: Recall in percent, with 95 % intervals over query texts; the difference
    in points is of the macro average. Chapters with other ranks of the same have rows
    of their own. ``shown_as`` says in every row what the pictures are.
    """
    ranks = ranks[
        ranks["mode"].isin(("general", "prompted"))
        & ranks.benchmark.isin(runs.WITH_FACETS)
        & ranks.facet.isin(FACETS)
    ]
    names = {row: name for name, row in paper.RETRIEVERS.items()}
    names |= {row: row for row in (*ranks.retriever, *reasons) if row not in names}
    rows = {}
    for row, name in names.items():
        own = ranks[ranks.retriever == row]
        cells = own.groupby(["mode", "benchmark", "revision", "seed"], sort=False)
        for (mode, benchmark, revision, drawn), cell in cells:
            for chapters, part in _alike(cell):
                key = (name, mode, benchmark, revision[:12], drawn, chapters)
                rows[key] = _ours(part, _published(name, mode))
        if own.empty:
            published = str(_published(name, "general") or "not known")
            said = {"paper R@5": published, "macro R@5": reasons.get(row, "not run")}
            rows[name, "general", "", "", "", ""] = said
    columns = ["pictures", "paper R@5", "macro R@5", "difference", "micro R@5"]
    columns += ["macro R@1", "micro R@1"]
    columns += [f"{facet} R@{k}" for k in (5, 1) for facet in ranks.facet.unique()]
    found = tables.keyed(rows, *INDEX).assign(pictures=shown_as)
    return found.reindex(columns=columns).fillna("")


def _alike(ranks: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The chapters that rank the same alike, and the ranks of one of these."""
    found: dict[tuple, tuple[list, pd.DataFrame]] = {}
    for chapter, part in ranks.groupby("chapter"):
        what = part[[*runs.QUERY, "prompt", "rank"]]
        key = tuple(sorted(what.itertuples(index=False, name=None)))
        found.setdefault(key, ([], part))[0].append(chapter)
    return [(", ".join(chapters), part) for chapters, part in found.values()]


def _published(name: str, mode: str) -> paper.Published | None:
    return paper.TABLE_1.get(name + paper.PROMPTED * (mode == "prompted"))


def _ours(ranks: pd.DataFrame, published: paper.Published | None) -> dict[str, str]:
    """The cells of one retriever in one mode on one benchmark."""
    by_k = {k: tables.recalls(ranks, k) for k in (5, 1)}
    found = {"paper R@5": str(published or "not known")}
    for k, table in by_k.items():
        cells = tables.cells(table, "recall")
        found |= {f"{facet} R@{k}": cell for facet, cell in cells.items()}
    if published:
        ours = 100 * tables.row_of(by_k[5], "macro").recall
        found["difference"] = f"{ours - published.value:+.1f}".replace("-", "−")
    return found


def of_run(ranks: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """`table_1` of a folder results/<profile>/<run>, from the ranks of all runs, the
    manifests there, and what became of the retrievers that were embedded first."""
    shown = set()
    for path in Path(folder).glob("*.manifest.json"):
        with _read(path) as made:
            shown.add(str(made["profile"]["shown_as"]))
    reasons, record = {}, Path(folder) / "embedded.json"
    if record.is_file():
        with _read(record) as found:
            for name, each in found["retrievers"].items():
                if each["state"] == "failed":
                    reasons[name] = f"failed: {each['reason']}"
    own = ranks[ranks.run == Path(folder).name]
    return table_1(own, reasons, "; ".join(sorted(shown)))
