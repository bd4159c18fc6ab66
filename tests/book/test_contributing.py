"""Every worked example of CONTRIBUTING.md, tried on a copy as its page says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
BLOCK = re.compile(
    r"<!-- (?:new file (?P<new>\S+)|add to (?P<old>\S+) (?P<side>after|before): "
    r"(?P<line>.+?)) -->\n```python\n(?P<text>.*?)```",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package and the notebooks, with every example of the page put in."""
    root = tmp_path_factory.mktemp("copy")
    big = shutil.ignore_patterns("checkpoints", "results", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", root / "src", ignore=big)
    for name in ("checkpoints", "results"):
        link = root / "src/cocofacet" / name
        link.symlink_to(ROOT / "src/cocofacet" / name)
    (root / "notebooks").mkdir()
    for block in BLOCK.finditer(PAGE):
        path = root / (block["new"] or block["old"])
        if block["new"]:
            assert not (ROOT / block["new"]).exists()
            path.write_text(block["text"])
            continue
        text, line, added = path.read_text(), block["line"], block["text"]
        assert len(re.findall(f"^.*{re.escape(line)}", text, re.M)) == 1, block[0]
        if block["side"] == "before":
            new = added + line
        elif f"{line}\n" in text:
            new = f"{line}\n{added.rstrip()}"
        else:  # within a line
            new = line + added.strip() + " "
        path.write_text(text.replace(line, new))
    return root


def run(copy, program, *arguments):
    environment = os.environ | {"PYTHONPATH": str(copy / "src")}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_shows_each_kind_of_thing():
    assert len(list(BLOCK.finditer(PAGE))) == 9
    # A block that the pattern misses would not be tried.
    assert PAGE.count("```python") == 9


def test_a_checkpoint_is_a_row(copy):
    row = "from cocofacet.retrievers.zoo import ROWS; print(ROWS['clip-vit-b-32'].dim)"
    assert run(copy, row) == "512\n"


def test_a_family_finds_what_its_colours_say(copy, tmp_path):
    program = """
import sys
import numpy as np
from PIL import Image
from safetensors.numpy import save_file
import cocofacet as cf
save_file({"red": np.array([1.0, 0, 0]), "blue": np.array([0, 0, 1.0])},
          f"{sys.argv[1]}/colours.safetensors")
retriever = cf.load_retriever("mean-colour", checkpoint=sys.argv[1])
pictures = [Image.new("RGB", (8, 8), colour) for colour in ("blue", "red")]
scores = retriever.embed_texts(["something red", "blue"]) @ \\
    retriever.embed_images(pictures)[0].T
print(scores.argmax(axis=1).tolist())
"""
    assert run(copy, program, tmp_path) == "[1, 0]\n"


def test_a_facet_builds_without_another_file_that_knows_its_name(copy, tmp_path):
    program = """
import json, sys
from pathlib import Path
import cocofacet as cf
images = [{"id": i, "file_name": f"{i:012d}.jpg", "width": 10, "height": 10}
          for i in range(120)]
notes = [{"id": i, "image_id": i, "category_id": 1 + i % 2, "iscrowd": 0, "area": 50}
         for i in range(3)]
names = [{"id": 1, "name": "pizza"}, {"id": 2, "name": "cake"}]
path = Path(sys.argv[1]) / "instances.json"
path.write_text(json.dumps(
    {"images": images, "annotations": notes, "categories": names}))
built = cf.build({"instances": path}, facets=["food"])
print([query.text for query in built.queries])
built.save(path.parent / "built")
print(cf.load(path.parent / "built").facets)
"""
    printed = run(copy, program, tmp_path).splitlines()
    wording = "Find me an image that contains any {}.\n"
    asked = [wording.format(label) for label in ("pizza", "pizza", "cake")]
    assert printed == [repr(asked), repr(("food",))]


def test_a_figure_says_what_the_pictures_are(copy):
    program = """
import pandas as pd
from cocofacet.chapters import example
recalls = pd.DataFrame({"facet": ["times", "people"], "recall": [0.25, 0.5]})
figure = example.best_facets(recalls, 1, "rendered world")
bars = [float(bar.get_width()) for bar in figure.axes[0].patches]
print(figure.texts[0].get_text(), bars)
"""
    assert run(copy, program) == "rendered world [25.0, 50.0]\n"


def test_a_chapter_that_names_a_retriever_says_what_it_needs(copy):
    assert "workspace.retriever(" in (copy / "notebooks/example.py").read_text()
    needed = "from cocofacet.ahead.needs import NOTEBOOKS; print(*NOTEBOOKS)"
    assert "example" in run(copy, needed).split()


@pytest.mark.more
def test_a_chapter_runs(copy, tmp_path):
    program = """
import sys
sys.path.insert(0, sys.argv[1])
import execute
few = 'changes={"facets": ["animals"], "pools": [], "max_images": 150}'
sys.exit(execute.main(["notebooks/example.py", "--profile", "smoke", "-p", few,
                       "--cwd", sys.argv[2], "--out", f"{sys.argv[2]}/out"]))
"""
    home = tmp_path / "home"
    home.mkdir()
    run(copy, program, ROOT / "tools", home)
    left = sorted(path.name for path in (home / "results/smoke/default").iterdir())
    assert left == [
        "example.findings.csv",
        "example.manifest.json",
        "example.ranks.csv",
    ]
