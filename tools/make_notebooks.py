"""From a chapter's .py to the .ipynb that papermill, Jupyter and Colab run.

    python tools/make_notebooks.py      # an .ipynb beside each notebooks/*.py

The sources hold the story alone. A kernel's name, without which papermill stops, and
what Colab needs, a cell that installs this project and one that brings pictures there,
are put in here.
"""

from pathlib import Path

import jupytext
import nbformat
import yaml

from cocofacet.io import write_atomic

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python"}
COLAB_CELL = """\
# On Colab, install this project; elsewhere this cell does nothing.
import os
from importlib.util import find_spec

REPOSITORY, COMMIT = "", "main"
# A folder of your Drive, such as "MyDrive/facets", for data, embeddings and results, to
# go on from later. Weights are not kept: a new runtime that needs them (colab: 6 GB)
# downloads them again, which is quicker than reading them from Drive.
keep = ""
if "COLAB_RELEASE_TAG" in os.environ:
    if REPOSITORY:
        %pip install -q "cocofacet @ git+{REPOSITORY}@{COMMIT}"
    elif find_spec("cocofacet") is None:
        raise SystemExit(
            "This copy names no address to install from: set REPOSITORY in this "
            "cell, or upload the project and run `%pip install FOLDER` before it."
        )
    if keep:  # it outlives the runtime
        from google.colab import drive

        drive.mount("/content/drive")
        os.environ["COCOFACET_HOME"] = f"/content/drive/{keep}\""""

# After the parameters of a notebook that has one called photos.
PHOTOS_CELL = """\
# On Colab, photos may be "upload", or a folder of your Drive such as "MyDrive/2024";
# elsewhere this cell does nothing.
if "COLAB_RELEASE_TAG" in os.environ and photos:
    from google.colab import drive, files

    if photos == "upload":
        photos = "/content/photos"
        files.upload(photos)
    elif photos.startswith("MyDrive"):
        drive.mount("/content/drive")
        photos = f"/content/drive/{photos}\""""


def in_order(root: Path = ROOT) -> list[Path]:
    """The notebooks of ``_toc.yml``, in the book's order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text())
    pages = [page for part in toc["parts"] for page in part["chapters"]]
    pages = [each for page in pages for each in (page, *page.get("sections", ()))]
    names = [page["file"] for page in pages if "file" in page]
    return [root / f"{n}.py" for n in names if n.startswith("notebooks/")]


def complete(source: Path) -> nbformat.NotebookNode:
    """A chapter as a notebook: its cells, and those that Colab needs."""
    notebook = jupytext.read(source)
    notebook.metadata["kernelspec"] = {**KERNEL, "name": "python3"}
    for place, cell in enumerate(notebook.cells):
        given = "parameters" in cell.metadata.get("tags", ())
        if given and "\nphotos = " in cell.source:
            notebook.cells.insert(place + 1, _hidden(PHOTOS_CELL))
    kinds = [each.cell_type for each in notebook.cells]
    notebook.cells.insert(kinds.index("code"), _hidden(COLAB_CELL))
    for number, each in enumerate(notebook.cells):  # the same every time
        each["id"] = f"cell-{number}"
    return notebook


def _hidden(source: str) -> nbformat.NotebookNode:
    """A cell of code that the book does not show."""
    return nbformat.v4.new_code_cell(source, metadata={"tags": ["remove-cell"]})


def write(source: Path, target: Path) -> None:
    """Write the notebook whole, or not at all."""
    write_atomic(target, jupytext.writes(complete(source), fmt="ipynb"))


def main() -> None:
    for source in in_order():
        target = source.with_suffix(".ipynb")
        write(source, target)
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
