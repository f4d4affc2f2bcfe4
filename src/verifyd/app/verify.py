"""One pass: from a tree to its report and its next task, the stages in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from verifyd.app.gate import GateRunner
from verifyd.app.history_ports import Store
from verifyd.app.judged import Judged, Opened, Request, open_now
from verifyd.app.ports import Repository
from verifyd.app.progress import without_block
from verifyd.app.run import Listener, run_gates
from verifyd.app.run_context import RunContext
from verifyd.app.uncounted import uncounted_remarks
from verifyd.app.world import World
from verifyd.builtin.diff import judge_change
from verifyd.errors import UsageError
from verifyd.nearest import nearest_of
from verifyd.pipeline import DIFF_GATE, Pipeline
from verifyd.plan import Plan, make_plan, with_doubtful
from verifyd.report import make_report
from verifyd.timing import Timing, make_timing
from verifyd.verdict import Reason, Status, Verdict

if TYPE_CHECKING:
    from verifyd.app.finish import Result


def plan_for(world: World, judged: Judged, pipeline: Pipeline, store: Store, request: Request) -> Plan:
    """Which gates run on this tree; UsageError for a name that no gate has."""
    names = [gate.name for gate in pipeline.gates]
    for name in request.selected:
        if name not in names and not (name == DIFF_GATE and pipeline.has_diff_gate):
            known = ", ".join(names) or "none"
            raise UsageError(
                f"no gate is called {name!r}", where=name, remedy=nearest_of(name, names) or f"There are: {known}."
            )
    check_runnable(pipeline, request.selected)
    return make_plan(
        pipeline,
        judged.change,
        timings_of(store, pipeline),
        tree_paths=judged.snapshot.paths,
        door=request.door,
        selected=request.selected,
        slots=world.machine.slots,
    )


def check_runnable(pipeline: Pipeline, selected: Sequence[str]) -> None:
    """UsageError for a gate that may not even be run by naming it."""
    for name in selected:
        gate = pipeline.gate(name)
        if gate is not None and gate.manual is not None and not gate.may_be_named:
            remedy = "Run its command yourself, or rewrite it as a fence that does not."
            raise UsageError(
                f"this gate is never run by verifyd: it {gate.manual}",
                where=f"VERIFY.md:{gate.line}: {name}",
                remedy=remedy,
            )


def timings_of(store: Store, pipeline: Pipeline) -> Mapping[str, Timing]:
    """What history says about each gate."""
    return {gate.name: make_timing(store.samples(gate.name)) for gate in pipeline.gates}


async def verify(
    world: World,
    repository: Repository,
    request: Request,
    *,
    listener: Listener | None = None,
    opened_tree: Opened | None = None,
) -> Result:
    """
    One pass over one tree: snapshot, change, plan, outcomes, evidence, verdicts, report, task.

    Nothing is written but history, logs and artifacts; the report's files are the caller's.

    Args:
        opened_tree: The tree that *request* asks for, where the caller has opened it already.
    """
    async with AsyncExitStack() as opened:
        processes = await opened.enter_async_context(world.open_processes())
        opened_tree = opened_tree or open_now(world, repository, request)
        judged, started_at, start_s = opened_tree.judged, opened_tree.started_at, opened_tree.start_s
        store = opened.enter_context(world.open_store(repository))
        pipeline = judged.declared.runs
        if pipeline is None:
            return unapproved(world, judged, store, request, started_at, start_s)
        plan = plan_for(world, judged, pipeline, store, request)
        context = RunContext(world=world, judged_tree=judged, processes=processes, store=store, reuse=request.reuse)
        built_in = built_in_verdicts(world, judged, pipeline)
        async with GateRunner(context) as runner:
            if not judged.has_known_base:
                plan = with_doubtful(plan, runner.doubtful(plan), slots=world.machine.slots)
            verdicts = await run_gates(
                plan,
                runner.run,
                slots=world.machine.slots,
                fail_fast=request.fail_fast,
                listener=listener,
                known=built_in,
                slot_is_free=runner.use_free_slot,
            )
        from verifyd.app.finish import Finish  # imported while the gates ran (see ``use_free_slot``)

        finish = Finish(
            world=world,
            judged=judged,
            store=store,
            pipeline=pipeline,
            request=request,
            keys=runner.keys,
            actions=runner.actions,
            disagreed=tuple(runner.disagreed),
            remarks=(*uncounted_remarks(world, judged, pipeline, store), *runner.beside.remarks),
        )
        return finish.result(plan, verdicts, built_in, started_at, start_s)


def unapproved(
    world: World, judged: Judged, store: Store, request: Request, started_at: datetime, start_s: float
) -> Result:
    """Where nothing was ever approved, nothing runs: every gate is unproven."""
    pipeline = judged.declared.written
    plan = plan_for(world, judged, pipeline, store, request)
    verdicts = {
        planned.gate.name: Verdict(
            gate=planned.gate, status=Status.UNPROVEN, reason=Reason.UNAPPROVED, explanation="not run: never approved"
        )
        for planned in plan.gates
    }
    from verifyd.app.finish import Result

    report = make_report(
        plan,
        verdicts,
        built_in=(),
        snapshot=judged.snapshot,
        change=judged.change,
        pipeline=pipeline.digest,
        approved=None,
        started_at=started_at,
        duration_s=world.clock.monotonic_s() - start_s,
        holds=judged.declared.holds,
        notes=store.notes,
    )
    return Result(report=report, task=None, declared=judged.declared)


def built_in_verdicts(world: World, judged: Judged, pipeline: Pipeline) -> tuple[Verdict, ...]:
    """
    The gates that need no process; they cost nothing, so they are judged even when others were asked for by name.

    A change of VERIFY.md is agreed to by approving the pipeline: until then the tree is unproven, which no agent can mend.
    """
    if not pipeline.has_diff_gate:
        return ()
    change = without_block(world, judged, pipeline)
    return (judge_change(change, pipeline.limits, pipeline.scope, agreed=judged.declared.agreed),)
