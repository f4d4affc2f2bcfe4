"""One pass: from a tree to its report and its next task, the stages in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime

from verifyd.app.declared import VERIFY_MD, Declared, read_declared
from verifyd.app.gate import GateRunner, RunContext
from verifyd.app.ports import GateRun, Git, Guard, Repository, RunRecord, Store
from verifyd.app.run import Listener, run_gates
from verifyd.app.world import World
from verifyd.builtin.diff import constraints_left, judge_change
from verifyd.change import Change
from verifyd.errors import StoreError, UsageError
from verifyd.nearest import nearest_of
from verifyd.outcome import End, Outcome
from verifyd.pipeline import DIFF_GATE, Door, Pipeline
from verifyd.plan import Plan, make_plan
from verifyd.render.json import gate_entry, render_json
from verifyd.report import GateReport, Hold, Readiness, Report, make_report
from verifyd.snapshot import Snapshot, Source
from verifyd.task import Task, failure_fingerprints, make_task
from verifyd.timing import Timing, make_timing
from verifyd.verdict import Reason, Status, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What a door asks for.

    Attributes:
        source: Which tree; *ref* names it when it is COMMITTED.
        base: A ref, ``auto``, or None to take what VERIFY.md says.
        selected: Gate names; empty means all.
        door: None for a one-shot run.
        reuse: Whether an earlier verdict with the same action key may answer.
    """

    source: Source = Source.WORKING_TREE
    ref: str | None = None
    base: str | None = None
    selected: tuple[str, ...] = ()
    door: Door | None = None
    fail_fast: bool = False
    reuse: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one pass found."""

    report: Report
    task: Task | None
    declared: Declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """
    The tree under judgement with all that is known before a gate runs.

    Attributes:
        guard: None when the tree is not the working tree: gates then run on a copy of it.
    """

    repository: Repository
    snapshot: Snapshot
    guard: Guard | None
    change: Change
    declared: Declared


def open_tree(world: World, repository: Repository, request: Request) -> Judged:
    """Take the snapshot, read VERIFY.md in it, and count the change from the base that request or page names."""
    snapshot, guard = take_snapshot(world.git, repository, request, request.base or "auto")
    declared = read_declared(world, repository, snapshot)
    if request.base is None and declared.written.base != "auto":
        snapshot, guard = take_snapshot(world.git, repository, request, declared.written.base)
    return Judged(
        repository=repository,
        snapshot=snapshot,
        guard=guard,
        change=world.git.change(snapshot),
        declared=declared,
    )


def take_snapshot(git: Git, repository: Repository, request: Request, base: str) -> tuple[Snapshot, Guard | None]:
    """The snapshot that the request names, with a guard when it is the working tree."""
    if request.source is Source.WORKING_TREE:
        return git.snapshot_working_tree(repository, base=base)
    if request.source is Source.STAGED:
        return git.snapshot_staged(repository, base=base), None
    return git.snapshot_committed(repository, request.ref or "HEAD", base=base), None


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


async def verify(world: World, repository: Repository, request: Request, *, listener: Listener | None = None) -> Result:
    """
    One pass over one tree: snapshot, change, plan, outcomes, evidence, verdicts, report, task.

    Nothing is written but history, logs and artifacts; the report's files are the caller's.
    """
    started_at, start_s = world.clock.now(), world.clock.monotonic_s()
    async with AsyncExitStack() as opened:
        processes = await opened.enter_async_context(world.open_processes())
        judged = open_tree(world, repository, request)
        store = opened.enter_context(world.open_store(repository))
        pipeline = judged.declared.runs
        if pipeline is None:
            return unapproved(world, judged, store, request, started_at, start_s)
        plan = plan_for(world, judged, pipeline, store, request)
        context = RunContext(world=world, judged_tree=judged, processes=processes, store=store, reuse=request.reuse)
        built_in = built_in_verdicts(pipeline, judged.change)
        async with GateRunner(context) as runner:
            verdicts = await run_gates(
                plan,
                runner.run,
                slots=world.machine.slots,
                fail_fast=request.fail_fast,
                listener=listener,
                known=built_in,
            )
        finish = Finish(
            world=world,
            judged=judged,
            store=store,
            pipeline=pipeline,
            request=request,
            keys=runner.keys,
            disagreed=tuple(runner.disagreed),
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


def built_in_verdicts(pipeline: Pipeline, change: Change) -> tuple[Verdict, ...]:
    """
    The gates that need no process; they cost nothing, so they are judged even when others were asked for by name.

    A change of VERIFY.md is agreed to by approving the pipeline: until then the tree is unproven, which no agent can mend.
    """
    if not pipeline.has_diff_gate:
        return ()
    return (judge_change(change, pipeline.limits, pipeline.scope, agreed=frozenset({VERIFY_MD})),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Puts a run's verdicts together, keeps them in history and makes the task."""

    world: World
    judged: Judged
    store: Store
    pipeline: Pipeline
    request: Request
    keys: Mapping[str, str]
    disagreed: tuple[Verdict, ...] = ()

    def result(
        self,
        plan: Plan,
        verdicts: Mapping[str, Verdict],
        built_in: Sequence[Verdict],
        started_at: datetime,
        start_s: float,
    ) -> Result:
        """The report, kept in history, and its task."""
        seen_on = self.attempts_counter()
        report = self.report(plan, verdicts, built_in, started_at, start_s)
        task = make_task(
            report,
            constraints=report.constraints,
            seen_on=seen_on,
            context=self.plan_context(),
        )
        report = self.keep(report, task)
        return Result(report=report, task=task, declared=self.judged.declared)

    def attempts_counter(self) -> Callable[[str], int]:
        """How many *other* trees a fingerprint failed on."""
        tree = self.judged.snapshot.tree
        return lambda fingerprint: len(self.store.failed_trees(fingerprint) - {tree})

    def report(
        self,
        plan: Plan,
        verdicts: Mapping[str, Verdict],
        built_in: Sequence[Verdict],
        started_at: datetime,
        start_s: float,
    ) -> Report:
        """The report before it is kept."""
        last_ready = self.store.last_ready_tree()
        changed = (
            self.world.git.paths_changed_between(self.judged.repository, last_ready, self.judged.snapshot.tree)
            if last_ready is not None
            else None
        )
        return make_report(
            plan,
            verdicts,
            built_in=built_in,
            snapshot=self.judged.snapshot,
            change=self.judged.change,
            pipeline=self.pipeline.digest,
            approved=self.judged.declared.approved,
            started_at=started_at,
            duration_s=self.world.clock.monotonic_s() - start_s,
            holds=self.holds(),
            notes=self.store.notes,
            constraints=constraints_left(self.judged.change, self.pipeline.limits, self.pipeline.scope),
            last_ready_tree=last_ready,
            changed_since_ready=changed or None,
        )

    def holds(self) -> tuple[Hold, ...]:
        """Reasons outside the gates why the tree cannot be called ready."""
        holds = list(self.judged.declared.holds)
        if self.judged.snapshot.conflicted:
            says = "a merge or rebase has unresolved conflicts; resolve them and git add the files"
            holds.insert(0, Hold(reason=Reason.CONFLICTED, explanation=says))
        return tuple(holds)

    def keep(self, report: Report, task: Task | None) -> Report:
        """Keep the run; a verdict that cannot be kept is no ready: the report then says so."""
        try:
            self.store.add_run(self.record(report, task))
        except StoreError as error:
            return unsaved(report, error)
        return replace(report, notes=(*report.notes, *(note for note in self.store.notes if note not in report.notes)))

    def record(self, report: Report, task: Task | None) -> RunRecord:
        """The run as history keeps it."""
        return RunRecord(
            tree=report.snapshot.tree,
            base=report.snapshot.base,
            head=report.snapshot.head,
            pipeline=report.pipeline,
            door=str(self.request.door or "run"),
            readiness=str(report.readiness),
            reason=report.reason,
            started_at=report.started_at,
            duration_s=report.duration_s,
            whole=not report.selected,
            gates=(
                *(
                    replace(self.gate_run(GateReport(verdict=failed), report), fingerprints=())
                    for failed in self.disagreed
                ),
                *(self.gate_run(gate, report) for gate in report.gates if was_judged_now(gate)),
            ),
            report=render_json(report, task),
        )

    def gate_run(self, gate: GateReport, report: Report) -> GateRun:
        """One gate as history keeps it."""
        verdict, tests = gate.verdict, gate.verdict.evidence.tests
        outcome = verdict.outcome or Outcome(
            gate=verdict.gate.name, end=End.EXITED, started_at=report.started_at, duration_s=0.0
        )
        return GateRun(
            gate=verdict.gate.name,
            tree=report.snapshot.tree,
            head=report.snapshot.head,
            status=str(verdict.status),
            reason=str(verdict.reason) if verdict.reason is not None else None,
            exit_code=outcome.exit_code,
            started_at=outcome.started_at,
            duration_s=outcome.duration_s,
            cpu_s=outcome.cpu_s,
            peak_rss_bytes=outcome.peak_rss_bytes,
            tests_total=tests.total if tests else None,
            tests_ran=tests.ran if tests else None,
            tests_failed=tests.failed if tests else None,
            findings=len(verdict.evidence.findings),
            key=self.keys.get(verdict.gate.name) if verdict.status in (Status.PASSED, Status.FAILED) else None,
            load=self.world.machine.load(),
            fingerprints=failure_fingerprints(verdict),
            report=json.dumps(gate_entry(gate)),
            log=str(outcome.log) if outcome.log is not None else None,
        )

    def plan_context(self) -> str | None:
        """The plan's first unchecked item; None without one."""
        if self.pipeline.plan is None:
            return None
        content = self.world.git.read_file(self.judged.repository, self.judged.snapshot.tree, self.pipeline.plan)
        return first_unchecked(content.decode("utf-8", "replace")) if content is not None else None


def was_judged_now(gate: GateReport) -> bool:
    """Whether this run says something new of a gate: it was run, or it needs no process."""
    verdict = gate.verdict
    return not verdict.reused and (verdict.outcome is not None or verdict.gate.name == DIFF_GATE)


def unsaved(report: Report, error: StoreError) -> Report:
    """A report whose run could not be kept: ready becomes unproven, a failure stays one."""
    notes = (*report.notes, f"UNSAVED: {error}")
    if report.readiness is not Readiness.READY:
        return replace(report, notes=notes)
    return replace(
        report,
        notes=notes,
        readiness=Readiness.UNPROVEN,
        reason=str(Reason.UNSAVED),
        explanation=f"the verdict could not be kept: {error}",
    )


def first_unchecked(plan: str) -> str | None:
    """The text of the first ``- [ ]`` item; None when all are done."""
    for line in plan.splitlines():
        bullet, box, text = line.strip().partition("[ ]")
        if box and bullet.strip() in ("-", "*", "+") and text.strip():
            return text.strip()
    return None
