"""What a search of a folder found: pictures, where the list ends, what it cost.

A search comes as `cf.search` returned it; its own module is not needed here.
"""

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cocofacet.benchmark.facets import FACETS
from cocofacet.escape import print_plain
from cocofacet.evaluation import truth
from cocofacet.io import InputError
from cocofacet.picture import as_rgb, open_image
from cocofacet.report.figures import THUMBNAIL
from cocofacet.report.sentences import percent
from cocofacet.report.style import INK, MODES, finished
from cocofacet.retrieval.scale import STANDS_OUT, label_texts
from cocofacet.retrievers.zoo import ROWS
from cocofacet.workspace import Workspace

# Way -> how it is asked of `cf.search`; what was asked in full is indexed.
WAYS = {"rerank": "rerank", "linear": "linear", "full": "full", "again": "full"}
PART = "val2017"  # of the world's pictures: what is searched where no folder is given
LEFT_OUT = (
    "Left out: all labels of all facets. That needs the truth, which is known of the "
    "rendered world alone, and a retriever whose temperature is known."
)
FIRST = 4  # pictures of a ranking that are shown
_SIDE = 2.1  # inches: some 170 pixels on a page
_ROWS = ("without a question", "under the question")


NO_SHARE = (
    "No picture has a share here. Either the retriever does not say at which "
    "temperature it was trained, or the question has no alternatives: name some in "
    "`against`."
)


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


def competing(against: str) -> tuple[str, ...]:
    """What a text competes with where no question is asked."""
    return parts(against) or tuple(label_texts())


def silent(line: str) -> None:
    """Where no lines are wanted."""


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
    pairs = (found.general, found.general_files), (found.pictures, found.files)
    columns = max(1, min(FIRST, len(found.pictures)))
    figure, grid = plt.subplots(
        2, columns, figsize=(_SIDE * columns, 2 * _SIDE + 1.3), squeeze=False
    )
    for line, words, (table, files) in zip(grid, _ROWS, pairs, strict=True):
        for axes in line:
            axes.axis("off")
        line[0].set_title(words, loc="left")
        for axes, path, file in zip(line, table.path, files, strict=False):
            _draw(axes, file)
            axes.annotate(
                _mark(path, right), (0.5, 0), (0, -7), "axes fraction",
                "offset points", ha="center", va="top", fontsize=10, color=INK,
            )  # fmt: skip
            if right is not None and path in right:
                _frame(axes)
    figure.subplots_adjust(
        wspace=0.06, hspace=0.34, left=0, right=1, top=0.93, bottom=0.06
    )
    return finished(figure, f"“{found.wishes[0].text}”, {shown_as}")


def _draw(axes, file: Path) -> None:
    picture = as_rgb(open_image(file))
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    # Not resampled here: the file stays small, and the browser scales it.
    axes.imshow(picture, interpolation="none")


def _frame(axes) -> None:
    axes.axis("on")
    axes.grid(visible=False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=MODES["prompted"][1], linewidth=4)


def _mark(path: str, right: Collection[str] | None) -> str:
    if right is None:
        return ""
    return "✓ right" if path in right else "✗ wrong"


def where_it_ends(
    searches: Mapping[str, object], right: Collection[str] | None, shown_as: str
) -> Figure | None:
    """The share of each picture by rank, a panel for each search (title -> what it
    found); the list ends at the upright line. None where there is no share."""
    if any(found.standing_out is None for found in searches.values()):
        return None
    figure, grid = plt.subplots(
        1, len(searches), figsize=(4.2 * len(searches), 3.3), sharey=True,
        layout="constrained", squeeze=False,
    )  # fmt: skip
    for axes, (title, found) in zip(grid[0], searches.items(), strict=True):
        ranks = np.arange(1, len(found.pictures) + 1)
        for words, chosen, colour, marker in _kinds(found.pictures.path, right):
            axes.plot(
                ranks[chosen], found.pictures.share[chosen], marker, color=colour,
                markersize=4, linestyle="none", label=words,
            )  # fmt: skip
        axes.axhline(STANDS_OUT, color=INK, linewidth=1, linestyle=(0, (2, 3)))
        axes.axvline(found.standing_out + 0.5, color=INK, linewidth=1)
        axes.set(title=title, xlabel="rank", ylim=(-0.03, 1.03))
    grid[0][0].set_ylabel("share")
    if right is not None:
        figure.legend(
            *grid[0][-1].get_legend_handles_labels(), loc="upper center",
            bbox_to_anchor=(0.5, 0), ncols=2,
        )  # fmt: skip
    return finished(figure, f"“{found.wishes[0].text}”, {shown_as}")


def _kinds(paths: pd.Series, right: Collection[str] | None):
    if right is None:
        yield "", np.ones(len(paths), bool), INK, "o"
        return
    here = paths.isin(right).to_numpy()
    yield "right", here, MODES["prompted"][1], "o"
    yield "wrong", ~here, INK, "x"


def ends(
    searches: Mapping[str, object], right: Collection[str] | None
) -> pd.DataFrame | None:
    """How many stand out in each search, and how many of them are right, where that is
    known; None where there is no share."""
    if any(found.standing_out is None for found in searches.values()):
        return None
    rows = {}
    for words, found in searches.items():
        out = found.pictures.path[: found.standing_out]
        rows[words] = {"pictures": len(found.pictures), "stand out": len(out)}
        if right is not None:
            rows[words] |= {"right": out.isin(right).sum(), "in the folder": len(right)}
    return pd.DataFrame(rows).T.rename_axis("search")


def costs(
    searches: Mapping[str, object],
    seconds: Mapping[str, float],
    images: int,
    first: int,
    anchors: int,
    right: Collection[str] | None,
) -> pd.DataFrame:
    """A row for each way: pictures embedded under the question for this search, time,
    and the list against what is right. first, anchors: how many pictures are embedded
    to rerank, and for the map; none where the question was indexed before."""
    embedded = {"rerank": min(first, images), "linear": min(anchors, images)}
    embedded |= {"full": images}
    if searches["rerank"].how != ("rerank",):
        embedded = {}
    rows = {
        way: {
            "embedded": embedded.get(way, 0),
            "seconds": f"{seconds[way]:.1f}",
            **_judged(found, right),
        }
        for way, found in searches.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("way")


def _judged(found, right: Collection[str] | None) -> dict[str, object]:
    count = found.standing_out
    if count is None:
        return {"stand out": "no scale"}
    if right is None:
        return {"stand out": count}
    hits = int(found.pictures.path[:count].isin(right).sum())
    return {
        "stand out": count,
        "precision": percent(hits / count) if count else "nothing listed",
        "recall": percent(hits / len(right)) if right else "none there",
    }
