"""The verdicts of one run in, its report and task out, kept in history."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from verifyd.app.declared import Declared
from verifyd.app.history_ports import GateRun, RunRecord, Store
from verifyd.app.judged import Judged, Request
from verifyd.app.progress import without_block
from verifyd.app.unverified import commit_remarks
from verifyd.app.verdict_files import keep_verdict
from verifyd.app.world import World
from verifyd.builtin.diff import constraints_left
from verifyd.errors import StoreError
from verifyd.outcome import End, Outcome
from verifyd.pipeline import DIFF_GATE, Pipeline
from verifyd.plan import Plan, Skip
from verifyd.render.json import gate_entry, render_json
from verifyd.report import GateReport, Hold, Readiness, Report, make_report
from verifyd.verdict import Reason, Status, Verdict

if TYPE_CHECKING:
    from verifyd.action_key import Action
    from verifyd.task import Task


class Result(Struct, frozen=True, kw_only=True):
    """What one pass found."""

    report: Report
    task: Task | None
    declared: Declared


class Finish(Struct, frozen=True, kw_only=True):
    """
    Puts a run's verdicts together, keeps them in history and makes the task.

    Attributes:
        paths_changed_since: Paths that differ between a tree and the judged one; None when that tree is no longer known.
        is_whole: False for a run that was ended early: it says nothing of the tree as a whole.
    """

    world: World
    judged: Judged
    store: Store
    pipeline: Pipeline
    request: Request
    keys: Mapping[str, str]
    actions: Mapping[str, Action] = field(default_factory=dict)
    disagreed: tuple[Verdict, ...] = ()
    is_whole: bool = True
    paths_changed_since: Callable[[str], frozenset[str] | None] | None = None
    remarks: tuple[str, ...] = ()

    def result(
        self,
        plan: Plan,
        verdicts: Mapping[str, Verdict],
        built_in: Sequence[Verdict],
        started_at: datetime,
        start_s: float,
    ) -> Result:
        """The report, kept in history, and its task."""
        report = self.report(plan, verdicts, built_in, started_at, start_s)
        task = None if self.judged.snapshot.conflicted else self.task(report)
        report = self.keep(report, task)
        not_kept = keep_verdict(
            self.world, self.judged, self.pipeline, report, actions=self.actions, is_whole=self.is_whole_run(report)
        )
        remarks = (*((not_kept,) if not_kept else ()), *commit_remarks(self.world, self.judged, self.store))
        if remarks:
            report = replace(report, notes=(*report.notes, *remarks))
        return Result(report=report, task=task, declared=self.judged.declared)

    def early(
        self,
        plan: Plan,
        verdicts: Mapping[str, Verdict],
        built_in: Sequence[Verdict],
        started_at: datetime,
        start_s: float,
    ) -> Result | None:
        """
        What is certain before all gates are done; None when that is nothing. It is kept nowhere: the whole report follows.

        Args:
            verdicts: Those of gates that still run are unproven, with VERIFYING for a reason.
        """
        report = self.report(plan, verdicts, built_in, started_at, start_s)
        if report.readiness is not Readiness.NOT_READY:
            return None
        waits = [gate.verdict.gate.name for gate in report.gates if gate.verdict.reason == Reason.VERIFYING]
        note = f"not done yet: {', '.join(waits)}; the whole report follows, and its task may be another one"
        report = replace(report, notes=(*report.notes, note))
        return Result(report=report, task=self.task(report), declared=self.judged.declared)

    def task(self, report: Report) -> Task | None:
        """The next task; None when no gate makes one."""
        if not any(gate.verdict.makes_task for gate in report.gates):
            return None
        from verifyd.task import make_task  # a ready tree has none

        seen_on = self.attempts_counter()
        return make_task(
            report,
            constraints=report.constraints,
            seen_on=seen_on,
            context=self.plan_context(),
        )

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
        changed = self.changed_since(last_ready) if last_ready is not None else None
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
            notes=(*self.judged.declared.difference_lines, *self.remarks, *self.store.notes),
            constraints=constraints_left(
                without_block(self.world, self.judged, self.pipeline), self.pipeline.limits, self.pipeline.scope
            ),
            last_ready_tree=last_ready,
            changed_since_ready=changed or None,
        )

    def changed_since(self, tree: str) -> frozenset[str] | None:
        """Paths that differ from an earlier tree."""
        if self.paths_changed_since is not None:
            return self.paths_changed_since(tree)
        return self.world.git.paths_changed_between(self.judged.repository, tree, self.judged.snapshot.tree)

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
            whole=self.is_whole_run(report),
            gates=(
                *(
                    replace(self.gate_run(GateReport(verdict=failed), report), fingerprints=())
                    for failed in self.disagreed
                ),
                *(self.gate_run(gate, report) for gate in report.gates if was_judged_now(gate)),
            ),
            report=render_json(report, task),
        )

    def is_whole_run(self, report: Report) -> bool:
        """Whether it says something of the tree as a whole: not ended early, and not of some gates alone."""
        return self.is_whole and not any(gate.verdict.reason == Skip.NOT_SELECTED for gate in report.gates)

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
            fingerprints=fingerprints_of(verdict),
            report=json.dumps(gate_entry(gate)),
            log=str(outcome.log) if outcome.log is not None else None,
        )

    def plan_context(self) -> str | None:
        """The plan's first unchecked item; None without one."""
        if self.pipeline.plan is None:
            return None
        content = self.world.git.read_file(self.judged.repository, self.judged.snapshot.tree, self.pipeline.plan)
        return first_unchecked(content.decode("utf-8", "replace")) if content is not None else None


def fingerprints_of(verdict: Verdict) -> tuple[str, ...]:
    """All fingerprints that history keeps of a verdict; none of one that makes no task."""
    if not verdict.makes_task:
        return ()
    from verifyd.task import failure_fingerprints  # a ready tree has none

    return failure_fingerprints(verdict)


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
