"""What was found before, asked for again: the report of the tree as it is now, a gate's log, a gate's past."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from verifyd.app.declared import Declared, read_declared
from verifyd.app.history_ports import GateRun, Store
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.errors import UndeterminedError, UsageError
from verifyd.nearest import nearest_of
from verifyd.pipeline import DIFF_GATE
from verifyd.render.shown import shown_line
from verifyd.report import Readiness
from verifyd.snapshot import Snapshot
from verifyd.timing import Timing, make_timing
from verifyd.verdict import Status


class Known(Struct, frozen=True, kw_only=True):
    """
    The newest whole report on the tree as it is now.

    Attributes:
        report: readiness.json's content, parsed.
    """

    tree: str
    report: Mapping[str, object]


def known_now(world: World, repository: Repository) -> Known:
    """
    What history says of the tree as it is now; an answer about another tree is never given.

    Raises:
        UndeterminedError: Nothing is known about it, or only why it is unproven, which is nobody's task; or its task is done.
    """
    snapshot, _guard = world.git.snapshot_working_tree(repository, base="auto")
    declared = read_declared(world, repository, snapshot)
    pipeline = declared.runs or declared.written
    with world.open_store(repository) as store:
        report = whole_report(store, tree=snapshot.tree, pipeline=pipeline.digest)
        done = passed_since(store, report, snapshot.tree) if report is not None else None
    if report is None:
        raise nothing_known(snapshot, declared)
    if done is not None and report["readiness"] == Readiness.READY:  # the gate is optional
        report = {**report, "task": None}
    elif done is not None:
        problem = f"tree {snapshot.tree[:12]} was found not to be ready, but gate {done}, which its task was about, has passed on it since"
        raise UndeterminedError(problem, remedy="Verify it with: verifyd run")
    if report["readiness"] == Readiness.UNPROVEN and not report.get("task"):
        says = shown_line(f"{report['reason']}: {report['explanation']}")
        raise UndeterminedError(
            f"tree {snapshot.tree[:12]} is unproven: {says}", remedy="See all of it with: verifyd status"
        )
    return Known(tree=snapshot.tree, report=report)


def whole_report(store: Store, *, tree: str, pipeline: str) -> Mapping[str, Any] | None:
    """The newest whole report on a tree under a pipeline, readiness.json's content; None where there is none."""
    run = store.newest_run(tree=tree, pipeline=pipeline)
    found: dict[str, Any] | None = json.loads(run.report) if run is not None and run.report else None
    return found


def passed_since(store: Store, report: Mapping[str, Any], tree: str) -> str | None:
    """The gate of the report's task where it has passed on that very tree since, which is when the task is done; None where not."""
    task = report.get("task")
    if task is None:
        return None
    gate = str(task["gate"])
    newest = next((run for run in store.gate_runs(gate) if run.tree == tree), None)
    return gate if newest is not None and newest.status == Status.PASSED else None


def known_task(store: Store, *, tree: str, pipeline: str) -> Mapping[str, Any] | None:
    """The task of a tree as far as history knows one, as JSON; None where there is none, or where it is done."""
    report = whole_report(store, tree=tree, pipeline=pipeline)
    return report.get("task") if report is not None and passed_since(store, report, tree) is None else None


def nothing_known(snapshot: Snapshot, declared: Declared) -> UndeterminedError:
    """Where nothing was ever approved another run would tell no more, so that is what is said."""
    problem = f"nothing is known about the tree as it is now ({snapshot.tree[:12]})"
    if declared.approval is not None:
        return UndeterminedError(problem, remedy="Verify it with: verifyd run")
    says = declared.trouble or "the pipeline was never approved"
    return UndeterminedError(f"{problem}: {says}", remedy="Look at it with: verifyd plan, then: verifyd approve")


def newest_log(world: World, repository: Repository, gate: str) -> Path:
    """The log of the gate's newest run, one that is under way included; UsageError when it never ran or its log is gone."""
    with world.open_store(repository) as store:
        runs = store.gate_runs(gate, limit=1)
        names = store.gate_names()
    paths = [Path(run.log) for run in runs if run.log]
    stamps = world.files.stamps([*paths, *logs_on_disk(world, repository, gate)])
    if not stamps:
        known = (
            "It starts no process."
            if gate == DIFF_GATE
            else nearest_of(gate, names) or "A gate has one once it has run; see the gates with: verifyd plan"
        )
        raise UsageError(f"there is no log of gate {gate!r}", where=gate, remedy=known)
    return max(stamps, key=lambda path: stamps[path][0])


def logs_on_disk(world: World, repository: Repository, gate: str) -> tuple[Path, ...]:
    """Logs of runs under way, which history does not hold yet."""
    return world.files.glob(repository.state_dir / "runs", f"*/{gate}.log")


class Past(Struct, frozen=True, kw_only=True):
    """One gate's past: its runs, newest first, and what they sum up to."""

    gate: str
    runs: Sequence[GateRun]
    timing: Timing


def read_past(world: World, repository: Repository, gate: str | None) -> tuple[Past, ...]:
    """The past of one gate or of all; UsageError for a gate that never ran."""
    with world.open_store(repository) as store:
        names = [gate] if gate is not None else store.gate_names()
        past = tuple(past_of(store, name) for name in names)
    if gate is not None and not past[0].runs:
        raise UsageError(f"gate {gate!r} has no history", where=gate, remedy="See the gates with: verifyd plan")
    return past


def past_of(store: Store, gate: str) -> Past:
    """Runs and timing of one gate."""
    return Past(gate=gate, runs=store.gate_runs(gate, limit=200), timing=make_timing(store.samples(gate)))
