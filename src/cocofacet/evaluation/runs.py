"""The ranks of all runs of a profile in one table, and the command that shows them."""

from pathlib import Path

import pandas as pd

from cocofacet.benchmark.query import POOL
from cocofacet.evaluation.metrics import averages
from cocofacet.evaluation.ranking import COLUMNS, GROUP, POOL_COLUMNS
from cocofacet.io import InputError, checked_name, read_json, read_table

# What one number is of. benchmark: "released", "rebuilt" or another pool; chapter: what
# left the ranks; seed: of the negatives drawn. All of it is text.
CELL = ["profile", "run", "benchmark", "retriever", "revision", "chapter", "mode"]
CELL += ["seed"]
# The benchmarks that ask about the facets.
WITH_FACETS = ("released", "rebuilt", "not known")
QUERY = ["facet", "query", "text", "label"]
REMEDY = "Delete the file and execute its notebook again."


def folders(results: Path, profile: str) -> list[Path]:
    """The folders ``results/<profile>/<run>`` that hold ranks, sorted."""
    folder = Path(results) / checked_name("profile", profile)
    return sorted({file.parent for file in folder.glob("*/*.ranks.csv")})


def collect(results: Path, profile: str) -> pd.DataFrame:
    """The tidy ranks in ``results/<profile>/<run>/<chapter>.ranks.csv`` of all runs.

    Columns `COLUMNS`, `POOL_COLUMNS`, and those of `CELL`. What two chapters rank alike
    stands in two cells. Raises ``InputError`` when there is no run, or a file is not a
    whole table of ranks of its own folder.
    """
    found = folders(results, profile)
    if not found:
        raise InputError(
            f"{Path(results) / profile}: no ranks here. Execute the notebooks first: "
            f"make execute PROFILE={profile} RUN=…"
        )
    files = [file for folder in found for file in sorted(folder.glob("*.ranks.csv"))]
    return pd.concat([_of_chapter(file) for file in files], ignore_index=True)


def _of_chapter(file: Path) -> pd.DataFrame:
    """The ranks of one file, with the columns that its name and its manifest give."""
    text = [column for column in COLUMNS if column != "rank"]
    table = read_table(file, text, ["rank"], counts=POOL_COLUMNS, remedy=REMEDY)
    chapter = file.name.removesuffix(".ranks.csv")
    manifest, made = file.with_name(f"{chapter}.manifest.json"), {}
    if manifest.is_file():
        made = read_json(manifest, dict, REMEDY)
    if problem := _problem(file, table, made):
        raise InputError(f"{file}: {problem}. {REMEDY}")
    # "full+sun397": the queries of another pool.
    names = table.profile.str.partition("+")
    released, rebuilt, unknown = WITH_FACETS
    asked = {"": unknown, "released files": released}
    own = asked.get(str(made.get("sources", "")), rebuilt)
    return table.assign(
        profile=names[0],
        benchmark=names[2].replace("", own),
        chapter=chapter,
        seed=str(made.get("seed", unknown)),
    )


def _problem(file: Path, table: pd.DataFrame, made: dict) -> str:
    """What is wrong with a file's rows; "" for nothing."""
    folder = file.parent
    for column, found, own in (
        ("profile", table.profile.str.partition("+")[0], folder.parent.name),
        ("run", table.run, folder.name),
    ):
        if (found != own).any():
            other = found[found != own].iloc[0]
            return f"{column}: ranks of {other!r} in the folder of {own!r}"
    if made.get("rows", len(table)) != len(table):
        return f"file: holds {len(table):,} rows, not the {made['rows']} written"
    counts = table.reindex(columns=POOL_COLUMNS).astype("Int64")
    eligible, above = (counts[column] for column in POOL_COLUMNS)
    few = (eligible < POOL - 1) | (above > eligible) | (eligible.isna() ^ above.isna())
    # Of those above, rank - 1 were drawn; of the others, the rest of the pool.
    odd = (table["rank"] - 1 > above) | (POOL - table["rank"] > eligible - above)
    for wrong, said in (
        (few, "eligible, above: no number of images and a part of it"),
        (odd, "rank: is in no draw of those eligible and above"),
    ):
        if wrong.fillna(False).any():
            return f"row {int(wrong.fillna(False).argmax()) + 1}: {said}"
    rows = table.groupby([*GROUP, *QUERY, "prompt"]).size()
    for level in (rows, rows.groupby([*GROUP, *QUERY]).size()):
        uneven = level.groupby(GROUP).nunique() > 1
        if uneven.any():
            mode = uneven.idxmax()[-1]
            return f"mode {mode!r}: some queries have more rows than others"
    return ""


def summary(ranks: pd.DataFrame) -> pd.DataFrame:
    """A row for each `CELL`: Recall@1 and @5 in percent, by the macro average over
    facets and the micro average over queries; ``averaged`` names what these are over.
    """
    rows = {}
    for cell, part in ranks.groupby(CELL):
        rows[cell] = {"averaged": _averaged(part)}
        for k in (1, 5):
            found = averages(part, k).iloc[0]
            for average in ("macro", "micro"):
                rows[cell][f"{average} R@{k}"] = 100 * found[average]
    index = pd.MultiIndex.from_tuples(list(rows), names=CELL)
    # Side by side: the same numbers of each run.
    order = ["chapter", "benchmark", "retriever", "mode", "run"]
    return pd.DataFrame(list(rows.values()), index).sort_index(level=order)


def _averaged(cell: pd.DataFrame) -> str:
    """ "animals + times, 300 queries, each under 7 prompts, in 5 draws"."""
    facets = list(dict.fromkeys(cell.facet))
    named = " + ".join(facets) if len(facets) < 4 else f"{len(facets)} facets"
    by_query = cell.groupby(QUERY)
    said = [named, f"{by_query.ngroups:,} queries"]
    prompts = int(by_query.prompt.nunique().iloc[0])
    draws = len(cell) // (by_query.ngroups * prompts)
    said += [f"{prompts} prompts each"] * (prompts > 1)
    return ", ".join([*said, *[f"{draws} draws"] * (draws > 1)])
