"""Run notebooks from their .py sources and keep the executed copies.

    python tools/execute.py                                  # the published run
    python tools/execute.py --run b -p seed=1 notebooks/general.py
    python tools/execute.py --profile full --run e5v -p promptables=e5-v

A field of the profile is set like a parameter. The copies lie under
``_build/executed/<profile>/<run>/``. Unlike plain papermill, which only warns, a
parameter that nothing has is an error, before anything runs. A notebook that fails does
not keep the others from running.
"""

import argparse
import ast
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import jupytext
import make_notebooks
import papermill
import psutil
import yaml
from nbclient.exceptions import DeadKernelError

from cocofacet import parameters as kinds
from cocofacet import program
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError, check_output, checked_name, write_atomic
from cocofacet.profiles import CHANGEABLE, profile_named

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"


# These two report on the others, so they run after them.
REPORTING = ("status", "claims")
# A cell that failed; a kernel that was killed in one, or before the first.
STOPPED = (papermill.PapermillExecutionError, DeadKernelError, RuntimeError)


PATIENCE = 5.0  # seconds that a kernel has to clean up, before it is asked again


class PlainNumbers(yaml.SafeLoader):
    """YAML 1.1 reads 010 as 8, 1_000 as 1000 and 12:30 as 750: a person may mean
    something else, so a number is written as in JSON."""

    def construct_plain(self, node: yaml.ScalarNode) -> int | float:
        try:
            return json.loads(node.value)
        except ValueError:
            raise ValueError(
                f"{node.value} can be read as several numbers: write digits alone, or "
                "quotes around a text"
            ) from None


for kind in ("int", "float"):
    PlainNumbers.add_constructor(
        f"tag:yaml.org,2002:{kind}", PlainNumbers.construct_plain
    )


class Refused(InputError):
    """What was asked for does not exist; the message says what does."""


def reporting_last(sources: list[Path]) -> list[Path]:
    """The chapters in their order, then those that report on them."""
    return sorted(sources, key=lambda source: source.stem in REPORTING)


def profile_file(profile: str) -> Path:
    """The papermill parameter file of a profile."""
    path = NOTEBOOKS / "profiles" / f"{checked_name('--profile', profile)}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml")))
        raise Refused(f"{path.name}: unknown profile {profile!r}. Choose from {known}.")
    return path


def parameters_in(path: Path) -> dict[str, object]:
    """What a profile's file says; `Refused` where it says no parameters, or one twice,
    of which YAML would take the last."""
    try:
        text = path.read_text("utf-8")
        found = yaml.load(text, PlainNumbers)
        node = yaml.compose(text, yaml.SafeLoader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise Refused(f"{path}: file: no YAML that is read here ({said}).") from None
    if not isinstance(found, dict) or not isinstance(found.get("profile"), str):
        raise Refused(f"{path}: profile: is missing. Write `profile: NAME`.")
    names = [key.value for key, _ in node.value]
    if len(set(names)) < len(names):
        raise Refused(f"{path}: file: names a parameter twice.")
    return found


def known_parameters(source: Path) -> dict[str, object]:
    """The names and defaults of a notebook's cell tagged ``parameters``."""
    for cell in jupytext.read(source).cells:
        if "parameters" in cell.metadata.get("tags", ()):
            return {
                target.id: ast.literal_eval(statement.value)
                for statement in ast.parse(cell.source).body
                if isinstance(statement, ast.Assign)
                for target in statement.targets
            }
    raise Refused(f"{source.name}: no cell tagged 'parameters'. Add one.")


def check(given: dict[str, object], known: dict[Path, dict[str, object]]) -> None:
    """Refuse a parameter that no notebook has, or one of another type."""
    there = {name for each in known.values() for name in each}
    for name, value in given.items():
        if name not in there:
            raise Refused(
                f"unknown parameter {name!r}. The notebooks have: "
                f"{', '.join(sorted(there))}; the profile has: "
                f"{', '.join(CHANGEABLE)}."
            )
        if name in kinds.KINDS:
            kinds.check({name: value})


def date_the_commit() -> None:
    """Give figures and provenance lines the date of the commit, not of the minute.

    Set for the notebooks only: Sphinx would take it for the copyright year.
    """
    log = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    answer = subprocess.run(log, capture_output=True, text=True, check=False)
    if answer.stdout.strip():
        os.environ.setdefault("SOURCE_DATE_EPOCH", answer.stdout.strip())


def execute(
    source: Path, parameters: dict[str, object], target: Path, cwd: Path
) -> None:
    """Run one notebook; ``target`` appears only if every cell ran, or if one ended it
    by ``SystemExit``, because it does not apply.

    A notebook that fails is kept as ``failed-<name>.ipynb`` beside it, and raises one
    of ``STOPPED``.
    """
    failed = target.with_name(f"failed-{target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    # The name must end in .ipynb, and be this run's own: two may run side by side.
    handle, draft = tempfile.mkstemp(suffix=".ipynb", dir=target.parent, prefix=".")
    os.close(handle)
    try:
        make_notebooks.write(source, Path(draft))
        try:
            _papermill(draft, parameters, cwd)
        except STOPPED as failure:
            notebook = json.loads(Path(draft).read_text())
            if not isinstance(failure, papermill.PapermillExecutionError):
                _say_why(notebook, failure)
            _write(notebook, failed)
            target.unlink(missing_ok=True)  # an earlier run's
            raise
        finished = json.loads(Path(draft).read_text())
        _without_the_end(finished)
        # Where a copy lay on this machine says nothing to its reader.
        for key in ("input_path", "output_path"):
            finished["metadata"]["papermill"][key] = source.name
        _write(finished, target)
        failed.unlink(missing_ok=True)
    finally:
        Path(draft).unlink(missing_ok=True)


def _papermill(draft: str, parameters: dict[str, object], cwd: Path) -> None:
    """Run a notebook in place. Where this program is stopped, its kernel is, too, like
    a cell that one stops in a browser, so that it leaves nothing behind. A kernel that
    still starts has nothing to clean up, and would say where it was.

    In a thread: in the first, papermill's client takes the signals for itself, ends the
    kernel and no more, so that the next notebook would begin.
    """
    raised: list[BaseException] = []

    def work() -> None:
        try:
            papermill.execute_notebook(
                draft,
                draft,
                parameters,
                cwd=str(cwd),
                progress_bar=False,
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            )
        except BaseException as error:
            raised.append(error)
        finally:
            done.set()

    # Waited for by an event: a join that a signal interrupts takes a thread that runs
    # for one that has ended, in some versions of Python.
    done = threading.Event()
    threading.Thread(target=work).start()
    try:
        done.wait()
    finally:
        logging.disable()  # papermill says that its kernel died
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
            if done.is_set():
                break
            for kernel in psutil.Process().children():
                kernel.send_signal(number if _begun(Path(draft)) else signal.SIGKILL)
            done.wait(PATIENCE)
        logging.disable(logging.NOTSET)
    if raised:
        raise raised[0]


def _begun(draft: Path) -> bool:
    """Whether a cell of a notebook has begun, which papermill writes down."""
    try:
        cells = json.loads(draft.read_text())["cells"]
    except ValueError:  # it is being written
        return True
    return any(c["metadata"].get("papermill", {}).get("start_time") for c in cells)


def _write(notebook: dict, target: Path) -> None:
    write_atomic(target, json.dumps(notebook, indent=1) + "\n")


def _say_why(notebook: dict, failure: Exception) -> None:
    """Put into a notebook what papermill does not when its kernel dies: the error, at
    the cell that ran, and the time."""
    about = notebook["metadata"].get("papermill", {})
    about["end_time"] = about.get("end_time") or datetime.now(UTC).isoformat()
    why = {"ename": type(failure).__name__, "evalue": reason_of(failure)}
    begun = [
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("papermill", {}).get("start_time")
        and cell["cell_type"] == "code"
    ]
    if begun:
        error = {"output_type": "error", **why, "traceback": []}
        begun[-1]["outputs"].append(error)


def _without_the_end(notebook: dict) -> None:
    """Take out how a ``SystemExit`` shows, which papermill takes for a good end."""
    for cell in notebook["cells"]:
        shown = cell.get("outputs", [])
        if any(output.get("ename") == "SystemExit" for output in shown):
            cell["outputs"] = [o for o in shown if o.get("name") == "stdout"]


def reason_of(failure: Exception) -> str:
    """One line on why a notebook stopped."""
    if isinstance(failure, papermill.PapermillExecutionError):
        return f"{failure.ename}: {failure.evalue}".strip().split("\n")[0]
    return f"its kernel died; memory may have run out ({failure})"


def name_and_value(pair: str) -> tuple[str, object]:
    """Read ``name=value``; the value is a number, true, false, null, else text."""
    name, equals, text = pair.partition("=")
    if not (name and equals):
        raise Refused(f"parameter {pair!r}: write it as name=value.")
    try:
        return name, json.loads(text)
    except json.JSONDecodeError:
        return name, text


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of them")
    parser.add_argument("--profile", default="mini", help="default: %(default)s")
    parser.add_argument("--run", default="default", help="default: %(default)s")
    parser.add_argument("-p", action="append", default=[], dest="parameters",
                        metavar="NAME=VALUE", help="set a parameter")  # fmt: skip
    parser.add_argument("--cwd", type=Path, default=NOTEBOOKS, help="where they run")
    parser.add_argument("--out", type=Path, help="folder for the executed copies")
    return parser.parse_intermixed_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run what was asked for: 0 if all ran, 1 if any failed, 2 if refused, 130 or 143
    if it was stopped."""
    return program.run(lambda: _run(argv))


def _run(argv: list[str] | None) -> int:
    given = arguments(argv)
    sources = given.notebooks or reporting_last(make_notebooks.in_order())
    out = given.out or ROOT / "_build/executed" / given.profile / given.run
    checked_name("--run", given.run)
    check_output(out, "--out", folder=True)
    if missing := [str(path) for path in sources if not path.is_file()]:
        raise Refused(f"no such notebook: {', '.join(missing)}.")
    wanted = parameters_in(profile_file(given.profile))
    for name, value in map(name_and_value, given.parameters):
        if name in ("profile", "run"):
            raise Refused(f"parameter {name!r}: say it with --{name}.")
        if name in CHANGEABLE:
            given_before = kinds.changes_in(wanted.get("changes", {}))
            wanted["changes"] = {**given_before, name: value}
        else:
            wanted[name] = value
    wanted["run"] = given.run
    changes = kinds.changes_in(wanted.get("changes", {}))
    profile_named(wanted["profile"]).changed(changes)
    everywhere = {*make_notebooks.in_order(), *sources}
    known = {path: known_parameters(path) for path in everywhere}
    check(wanted, known)
    date_the_commit()
    # Threads that wait for each other sleep: spinning, they take the cores from
    # whatever else runs here. numpy's matrices are too small to share at all.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    failed = {}
    for source in sources:
        # Only what differs from the notebook's own defaults is injected: papermill
        # writes a cell for it, which the published book has no use for.
        parameters = {
            name: value
            for name, value in wanted.items()
            if name in known[source] and known[source][name] != value
        }
        began = time.monotonic()
        print(f"{source.stem}: running", flush=True)
        try:
            execute(source, parameters, out / f"{source.stem}.ipynb", given.cwd)
        except STOPPED as failure:
            failed[source.stem] = reason_of(failure)
            print(f"{source.stem}: failed: {failed[source.stem]}", flush=True)
        else:
            print(f"{source.stem}: {time.monotonic() - began:.0f} s", flush=True)
    if failed:
        print(f"error: {len(failed)} of {len(sources)} failed:", file=sys.stderr)
        for name, reason in failed.items():
            print(f"  {out / f'failed-{name}.ipynb'}: {reason}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
