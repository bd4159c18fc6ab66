"""The stage itself: each retriever in a process of its own, the cheapest first.

Its memory is given back that way, and what ends one of them, as running out of memory
may, ends no other. What is done is in the store and in the run's record; started again,
the stage goes on from there and tries again what failed.
"""

import json
import signal
import time
import traceback
from collections.abc import Mapping

from cocofacet import process
from cocofacet.ahead.alone import alone
from cocofacet.ahead.needs import GALLERY, Run
from cocofacet.ahead.plan import Plan, Planned
from cocofacet.chapters import answers
from cocofacet.embeddings.record import DONE, FAILED
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError
from cocofacet.retrievers import cost
from cocofacet.workspace import Workspace, open_workspace


def command(
    profile: str,
    run: str,
    seed: int,
    changes: Mapping[str, object],
    dry_run: bool,
    retriever: str | None,
) -> None:
    """`cocofacet embed --profile`: the plan alone, one retriever, or all of them."""
    workspace = open_workspace(profile, run, seed, changes, ahead=False)
    if dry_run:
        print(Plan.of(workspace, fetch=False).words())
    elif retriever:
        embed_one(workspace, retriever)
    else:
        embed(workspace)


def embed(workspace: Workspace) -> None:
    """Embed all that the run's notebooks need.

    Raises InputError where the data cannot be had or the disk is too small, which is
    noted for the notebooks; where another process does it; and at the end where a
    retriever failed.
    """
    with alone(workspace):
        try:
            plan = Plan.of(workspace, fetch=True)
            print(plan.words(), flush=True)
            plan.check_disk()
        except Exception as error:
            workspace.record.refuse(_in_one_line(error))
            raise
        _each(workspace, plan)


def _each(workspace: Workspace, plan: Plan) -> None:
    """Every retriever in its turn."""
    record = workspace.record
    command = workspace.embed_command
    record.begin()
    for number, planned in enumerate(plan.retrievers, 1):
        name = planned.row.name
        print(f"\n{number} of {len(plan.retrievers)}: {name}", flush=True)
        status = process.run([*process.PROGRAM, *command, "--retriever", name])
        if name not in record.retrievers:
            record.note(name, FAILED, reason=_ended(status))
    record.finish()
    if record.failed:
        reasons = "; ".join(f"{n}: {why}" for n, why in record.failed.items())
        raise InputError(f"{len(record.failed)} failed, the rest is done: {reasons}")


def _ended(status: int) -> str:
    if status >= 0:
        return f"its process ended with status {status}"
    name = signal.Signals(-status).name
    perhaps = "; perhaps memory ran out" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{perhaps}"


def embed_one(workspace: Workspace, name: str) -> None:
    """Embed, in this process, all that is needed of one retriever, and write down what
    became of it. Raises InputError where it fails."""
    plan = Plan.of(workspace, fetch=True)
    planned = plan[name]
    start = time.monotonic()
    try:
        _embed(workspace, plan.run, planned)
    except Exception as error:
        reason = _in_one_line(error)
        workspace.record.note(name, FAILED, reason=reason)
        if not isinstance(error, InputError):
            traceback.print_exc()
        raise InputError(reason) from error
    seconds = time.monotonic() - start
    workspace.record.note(name, DONE, seconds=round(seconds, 1))
    print(f"{name}: done in {seconds:.0f} s", flush=True)


def _embed(workspace: Workspace, run: Run, planned: Planned) -> None:
    by_options: dict[str, list] = {}
    for need in planned.needs:
        key = json.dumps(need.options, sort_keys=True)
        by_options.setdefault(key, []).append(need)
    for asked in by_options.values():  # those of one kind together: weights open once
        options = asked[0].options
        retriever = workspace.retriever(planned.row.name, **options)
        for need in asked:
            where = run.where(need.pool)
            for texts in need.texts(where):
                where.texts(retriever, texts)
        for job in planned.jobs:
            if job.options == options:
                where = run.where(job.pool)
                own = job.pictures == GALLERY
                embed = where.gallery if own else where.anchor_gallery
                print(f"  {_said(job)}", flush=True)
                embed(retriever, job.prompts)
        for facet, question in workspace.questions.items():
            for most in {need.heard for need in asked if need.heard}:
                names = answers.positives(workspace.benchmark, facet, most)
                workspace.answers(retriever, tuple(names), question)


def _said(job) -> str:
    pool = f" of {job.pool}" if job.pool else ""
    prompts = cost.count(len(job.prompts), "prompt")
    return f"{job.pictures}{pool} under {prompts}"


def _in_one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    words = lines[0] if lines else "no reason given"
    named = isinstance(error, InputError)
    return words if named else f"{type(error).__name__}: {words}"
