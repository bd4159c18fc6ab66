"""What is locked, what is promised, and what must never be in the repository."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import api_pages
import install
import lock
import make_notebooks
import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = [Requirement(lock.requirement(block)) for block in lock.blocks(lock.LOCK)]
CUDA_PINS = [Requirement(lock.requirement(b)) for b in lock.blocks(lock.CUDA_LOCK)]


def pinned_on(machine):
    """Canonical name -> version that the locks give a machine."""
    return {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin in PINS
        if pin.marker is None or pin.marker.evaluate(machine)
    }


HERE = pinned_on(default_environment())
MACHINES = [
    {"sys_platform": system, "platform_system": name, "python_version": python}
    | {"python_full_version": f"{python}.4", "os_name": os_name, "extra": ""}
    | {"platform_machine": "arm64" if system == "darwin" else "x86_64"}
    for system, name, os_name in (
        ("linux", "Linux", "posix"),
        ("darwin", "Darwin", "posix"),
        ("win32", "Windows", "nt"),
    )
    for python in ("3.11", "3.12", "3.13")
]


def test_every_locked_package_has_one_exact_public_version_and_a_sha256():
    for pin in PINS + CUDA_PINS:
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
    for path in (lock.LOCK, lock.CUDA_LOCK):
        assert [b for b in lock.blocks(path) if not lock.hashes(b)] == []


def test_cuda_is_in_a_lock_of_its_own_and_for_linux_alone():
    assert not {pin.name for pin in PINS} & {pin.name for pin in CUDA_PINS}
    assert {"triton", "nvidia-cublas"} <= {pin.name for pin in CUDA_PINS}
    for machine in MACHINES:
        wanted = [pin for pin in CUDA_PINS if pin.marker.evaluate(machine)]
        assert bool(wanted) == (machine["sys_platform"] == "linux")


@pytest.mark.parametrize(
    "machine", MACHINES, ids=lambda m: f"{m['sys_platform']}-{m['python_version']}"
)
def test_the_lock_is_whole(machine):
    """What any locked package requires there is locked, within its range. (Packages of
    other systems are not installed here, so theirs are not seen.)"""
    pins = pinned_on(machine)
    lacking = []
    for name in pins:
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            assert name not in HERE, f"{name} is locked and not installed. Run `make`."
            continue
        for wanted in map(Requirement, requirements):
            if wanted.marker is None or wanted.marker.evaluate(machine):
                pin = pins.get(canonicalize_name(wanted.name))
                if pin is None or pin not in wanted.specifier:
                    lacking.append(f"{name} requires {wanted}, locked is {pin}")
    # A CUDA build of torch names what is in the other lock.
    cuda = tuple(pin.name for pin in CUDA_PINS)
    assert [
        line for line in lacking if not line.split(" requires ")[1].startswith(cuda)
    ] == []


def test_torch_may_be_the_build_from_pypi_or_the_one_that_is_here(tmp_path):
    (block,) = (b for b in lock.blocks(lock.LOCK) if b.startswith("torch=="))
    more = lock.with_hashes(block, {"sha256:" + 64 * "0"})
    assert lock.hashes(more) == lock.hashes(block) | {"sha256:" + 64 * "0"}
    assert lock.requirement(more) == lock.requirement(block)
    assert len(lock.hashes(block)) > 1


@pytest.mark.parametrize(
    ("requirements", "cuda"),
    [
        (["sympy>=1.13.3", 'triton==3.7.1; platform_system == "Linux"'], True),
        (["sympy", "nvidia-cublas==13.1.1.3; sys_platform == 'linux'"], True),
        (["sympy>=1.13.3", "filelock", "optree>=0.13.0; extra == 'optree'"], False),
        (None, False),
    ],
)
def test_cuda_is_installed_where_torch_asks_for_it(requirements, cuda):
    assert install.needs_cuda(requirements) == cuda


def test_a_file_whose_sha256_differs_is_not_installed(tmp_path):
    """The command that installs the locks, on a wheel that was changed."""
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/pyproject.toml").write_text(
        '[project]\nname = "cocofacet-tiny"\nversion = "1"\n'
        '[build-system]\nrequires = ["setuptools"]\n'
        'build-backend = "setuptools.build_meta"\n'
    )
    wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation"]
    wheel += ["--no-deps", "--wheel-dir", str(tmp_path), str(tmp_path / "tiny")]
    subprocess.run(wheel, check=True, capture_output=True)
    wrong = tmp_path / "wrong.lock"
    wrong.write_text(f"cocofacet-tiny==1 --hash=sha256:{64 * '0'}\n")
    command = [*install.LOCKED, str(wrong), "--no-index"]
    command += ["--target", str(tmp_path / "there"), "--find" + "-links", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode
    assert "DO NOT MATCH THE HASHES" in ended.stderr
    assert not (tmp_path / "there").exists()


def test_conda_gives_python_and_the_locks_the_rest():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip = environment["dependencies"]
    assert pip == "pip"
    name, exact = python.split("=")
    assert name == "python"
    assert exact in SpecifierSet(PROJECT["requires-python"])


@pytest.mark.parametrize("wanted", map(Requirement, PROJECT["dependencies"]), ids=str)
def test_the_lock_is_within_the_promised_ranges(wanted):
    assert HERE[canonicalize_name(wanted.name)] in wanted.specifier


@pytest.mark.parametrize("name", HERE)
def test_this_environment_is_the_locked_one(name):
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        pytest.fail(f"{name} is locked and not installed. Run `make`.")
    # A build for one kind of machine is marked after a plus: 2.13.0+cpu.
    assert installed.split("+")[0] == HERE[name]


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
    assert sorted(make_notebooks.in_order()) == sorted(ROOT.glob("notebooks/*.py"))


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


WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_the_very_commit_of_each_action(path):
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    pinned = r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+"
    assert [line for line in used if not re.fullmatch(pinned, line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_that_runs_the_project_may_write_nothing_and_keeps_no_credentials(path):
    workflow = yaml.safe_load(path.read_text())
    for job in workflow["jobs"].values():
        rights = job.get("permissions", workflow["permissions"])
        steps = job["steps"]
        if any("checkout" in step.get("uses", "") for step in steps):
            assert set(rights.values()) == {"read"}
            kept = [s["with"] for s in steps if "checkout" in s.get("uses", "")]
            assert kept == [{"persist-credentials": False}]
        else:
            run = " ".join(step.get("run", "") for step in steps)
            assert not re.search(r"make|python|pip|\.ci", run)
