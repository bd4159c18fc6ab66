"""What is locked, what is promised, and what must never be in the repository."""

import re
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import api_pages
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK_LINES = [
    line
    for line in (ROOT / "requirements.lock").read_text().splitlines()
    if line and not line.startswith("#")
]
LOCK = dict(line.split("==") for line in LOCK_LINES)
PINS = {canonicalize_name(name): pin for name, pin in LOCK.items()}


def test_every_locked_package_has_one_exact_public_version():
    assert [
        line for line in LOCK_LINES if not re.fullmatch(r"[\w.-]+==[\w.]+", line)
    ] == []
    assert sorted(LOCK_LINES, key=str.lower) == LOCK_LINES
    assert len(PINS) == len(LOCK_LINES)


def test_conda_installs_what_pip_installs():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, from_pip = environment["dependencies"]
    assert pip == "pip"
    assert from_pip == {"pip": ["--requirement requirements.lock", "--editable ."]}
    name, exact = python.split("=")
    assert name == "python"
    assert exact in SpecifierSet(PROJECT["requires-python"])
    assert f"Python {exact}" in (ROOT / "requirements.lock").read_text()


@pytest.mark.parametrize("wanted", map(Requirement, PROJECT["dependencies"]), ids=str)
def test_the_lock_is_within_the_promised_ranges(wanted):
    assert PINS[canonicalize_name(wanted.name)] in wanted.specifier


@pytest.mark.parametrize("name", LOCK)
def test_this_environment_is_the_locked_one(name):
    try:
        installed = version(name)
    except PackageNotFoundError:
        pytest.fail(f"{name} is locked and not installed. Run `make`.")
    # A build for one kind of machine is marked after a plus: 2.13.0+cpu.
    assert installed.split("+")[0] == LOCK[name]


def tracked_texts():
    """(path, text) of every tracked file that is text and written here."""
    try:
        command = ["git", "-C", str(ROOT), "ls-files", "-z"]
        names = subprocess.run(command, capture_output=True, check=True, text=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: there is no list of tracked files")
    for name in filter(None, names.stdout.split("\0")):
        path = ROOT / name
        if name.startswith("book/_static/mathjax/") or not path.is_file():
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


# Written in pieces, so that this file is not its own first finding.
REGISTRIES = [
    host + domain
    for host, domain in (
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("npmjs", ".org"),
        ("anaconda", ".org"),
        ("download.pytorch", ".org"),
        ("deb.debian", ".org"),
        ("--index", "-url"),
        ("--extra-index", "-url"),
        ("--find", "-links"),
    )
]
MACHINE_PATH = re.compile(r"(?<![\w.}~-])/(?:home|root|Users|work|farm|opt)/\w")


def test_no_registry_and_no_machine_is_named():
    found = []
    for name, text in tracked_texts():
        found += [f"{name}: {word}" for word in REGISTRIES if word in text]
        found += [f"{name}: {place[0]}" for place in MACHINE_PATH.finditer(text)]
    assert found == []


def test_the_search_for_machine_paths_sees_one():
    assert MACHINE_PATH.search("open('/home" + "/somebody/x.json')")
    assert not MACHINE_PATH.search("see docs/home" + "/page and ./work" + "/x")


def test_no_executed_notebook_is_tracked():
    assert [name for name, _ in tracked_texts() if name.endswith(".ipynb")] == []


def test_every_notebook_is_a_chapter():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = {c["file"] for part in toc["parts"] for c in part["chapters"]}
    notebooks = {f"notebooks/{p.stem}" for p in ROOT.glob("notebooks/*.py")}
    assert notebooks == {name for name in chapters if name.startswith("notebooks/")}


def test_every_make_command_named_anywhere_exists():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    named = {
        (name, target)
        for name, text in tracked_texts()
        if name.startswith((".ci/", ".github/", "README", "book/"))
        or name == "Makefile"
        for target in re.findall(r"(?:`|^|run: |step |&& )make ([a-z-]+)", text, re.M)
    }
    assert {pair for pair in named if pair[1] not in targets} == set()
    assert {"book", "test", "lint"} <= {target for _, target in named}


def test_every_module_of_the_helper_is_on_one_page_of_modules():
    shown = [
        name
        for room, files in api_pages.rooms().items()
        for name in re.findall(r"automodule:: (\S+)", api_pages.page(room, files))
    ]
    modules = {
        api_pages.name_of(path)
        for path in (ROOT / "src/cocofacet").rglob("*.py")
        if path.read_text().strip()
    }
    assert len(shown) == len(set(shown))
    assert set(shown) == modules


def test_the_index_says_what_each_room_is_for():
    found = api_pages.rooms()
    lines = [line for line in api_pages.index(found).splitlines() if line[:3] == "- ["]
    assert len(lines) == len(found)
    assert all(re.fullmatch(r"- \[\w+\]\(api/\w+\.md\): .+\.", line) for line in lines)
