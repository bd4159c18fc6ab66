"""What a search of a folder found: pictures, where the list ends, what it cost.

A search comes as `cf.search` returned it; its own module is not needed here.
"""

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from cocofacet.benchmark.facets import FACETS
from cocofacet.escape import print_plain
from cocofacet.evaluation import truth
from cocofacet.io import InputError
from cocofacet.report.figures import gallery
from cocofacet.report.style import INK, MODES, finished
from cocofacet.report.tables import percent
from cocofacet.retrieval.scale import STANDS_OUT
from cocofacet.retrievers.zoo import ROWS
from cocofacet.workspace import Workspace

PART = "val2017"  # of the world's pictures: what is searched where no folder is given
FIRST = 4  # pictures of a ranking that are shown
RIGHT, WRONG, UNKNOWN = "✓ right", "✗ wrong", ""
# How each is drawn: colour, marker.
_LOOKS = {RIGHT: (MODES["prompted"][1], "o"), WRONG: (INK, "X"), UNKNOWN: (INK, "o")}


def own(workspace: Workspace) -> Workspace:
    """The workspace as the figures of one's own pictures name it; nothing of the
    profile's pictures is rendered or fetched."""
    words = {"shown_as": "your own pictures", "pixels": "as they are"}
    return replace(
        workspace, profile=replace(workspace.profile, released=False, **words)
    )


def embedder(workspace: Workspace, photos: str) -> dict[str, object]:
    """What `cf.index` is to embed with: the profile's row, with its weights where the
    profile names some; for one's own pictures None, the row that fits, where the
    profile's is of those that know the rendered world alone."""
    profile = workspace.profile
    how = {"device": profile.device, "precision": profile.precision or None}
    if profile.promptable in profile.checkpoints:
        return how | {"retriever": workspace.retriever(profile.promptable)}
    tiny = ROWS[profile.promptable].checkpoint.startswith("package:")
    return how | {"retriever": None if photos and tiny else profile.promptable}


def store_for(workspace: Workspace, photos: str) -> Path:
    """Where the index lies: below the run's data. Of the rendered world it is made
    anew, so that each way pays what it costs."""
    store = workspace.data / "photos" / workspace.run
    if not photos:
        shutil.rmtree(store, ignore_errors=True)
    return store


def parts(against: str) -> tuple[str, ...]:
    """Texts with commas between them."""
    return tuple(filter(None, map(str.strip, against.split(","))))


def teller(root: Path) -> Callable[[str], None]:
    """Prints a line; paths below the root begin there."""
    return lambda line: print_plain(line.replace(f"{root}/", ""))


def right_in(
    workspace: Workspace, folder: Path, facet: str, label: str
) -> set[str] | None:
    """The pictures of a folder of the world, by their paths below it, that truly have
    a label; None where the run does not tell. InputError for an unknown label."""
    if facet not in workspace.benchmark.facets or not FACETS[facet].world_field:
        return None
    scenes = truth.read_truth(workspace.annotations)
    values = truth.meanings(workspace.benchmark, scenes, facet)
    if label not in values:
        raise InputError(
            f"label: {label!r} is none of {facet} here. There are: {', '.join(values)}."
        )
    field = FACETS[facet].world_field
    place = f"{folder.relative_to(workspace.images).as_posix()}/"
    return {
        name.removeprefix(place)
        for name, scene in scenes.items()
        if name.startswith(place) and scene[field] == values[label]
    }


def side_by_side(found, right: Collection[str] | None, shown_as: str) -> Figure:
    """The first pictures without the question, above, and with it; each with its mark
    where it is known what is right."""
    columns = min(FIRST, len(found.files))
    both = (found.general, found.general_files), (found.pictures, found.files)
    marks = [_mark(path, right) for table, _ in both for path in table.path[:columns]]
    files = [file for _, files in both for file in files[:columns]]
    figure = gallery(
        found.folder,
        list(zip(files, marks, strict=True)),
        f"“{found.wishes[0].text}”, {shown_as}",
        columns,
        marked=[place for place, mark in enumerate(marks) if mark == RIGHT],
    )
    figure.axes[0].set_title("without a question", loc="left")
    figure.axes[columns].set_title("under the question", loc="left")
    # Room for a line above each row, which the pictures don't pay for.
    figure.set_figheight(1.14 * figure.get_figheight())
    figure.subplots_adjust(hspace=0.4, top=0.93)
    return figure


def _mark(path: str, right: Collection[str] | None) -> str:
    if right is None:
        return UNKNOWN
    return RIGHT if path in right else WRONG


def where_it_ends(
    searches: Mapping[str, object], right: Collection[str] | None, shown_as: str
) -> Figure:
    """The share of each picture by rank, a panel for each search (title -> what it
    found); the list ends at the upright line."""
    tables = {title: found.pictures for title, found in searches.items()}
    table = pd.concat(tables, names=["search", "rank"]).reset_index()
    marks = [_mark(path, right) for path in table.path]
    grid = sns.relplot(
        table.assign(rank=1 + table["rank"]), x="rank", y="share", col="search",
        hue=marks, palette={mark: colour for mark, (colour, _) in _LOOKS.items()},
        style=marks, markers={mark: marker for mark, (_, marker) in _LOOKS.items()},
        s=22, linewidth=0, height=3.3, aspect=1.27, legend=right is not None,
        facet_kws={"legend_out": False},
    )  # fmt: skip
    grid.refline(y=STANDS_OUT, color=INK, linestyle=(0, (2, 3)))
    for axes, found in zip(grid.axes.flat, searches.values(), strict=True):
        axes.axvline(found.standing_out + 0.5, color=INK, linewidth=1)
    grid.set(ylim=(-0.03, 1.03)).set_titles("{col_name}")
    if right is not None:
        sns.move_legend(grid, "upper center", bbox_to_anchor=(0.5, 0), ncols=2)
    return finished(grid.figure, f"“{found.wishes[0].text}”, {shown_as}")


def costs(
    searches: Mapping[str, object],
    seconds: Mapping[str, float],
    embedded: Mapping[str, int],
    right: Collection[str] | None,
) -> pd.DataFrame:
    """A row for each way: pictures embedded under the question for this search, time,
    how many stand out, and the list against what is right. embedded: how many a way
    embeds; none where the question was indexed before."""
    if searches["rerank"].how != ("rerank",):
        embedded = {}
    rows = {}
    for way, found in searches.items():
        count = found.standing_out
        rows[way] = {
            "embedded": embedded.get(way, 0),
            "seconds": f"{seconds[way]:.1f}",
            "stand out": "no scale" if count is None else count,
        }
        if count is not None and right is not None:
            hits = found.pictures.path[:count].isin(right).sum()
            rows[way] |= {
                "precision": percent(hits / count) if count else "nothing listed",
                "recall": percent(hits / len(right)) if right else "none there",
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("way")
