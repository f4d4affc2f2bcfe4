"""One pass of a daemon over one tree: as ``verify``, but its runs may be shared with the passes before and after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

import anyio
import anyio.to_thread
from msgspec import Struct, field
from msgspec.structs import replace

from verifyd.action_key import Action
from verifyd.app.finish import Finish, Result
from verifyd.app.frozen import LiveSource
from verifyd.app.gate import GateRunner
from verifyd.app.history_ports import Store
from verifyd.app.judged import Judged, Request
from verifyd.app.live_gates import LiveGates
from verifyd.app.process_ports import Processes
from verifyd.app.run import Listener, run_gates, skipped_by_plan
from verifyd.app.run_context import RunContext
from verifyd.app.uncounted import uncounted_remarks
from verifyd.app.verify import built_in_verdicts, plan_for, unapproved
from verifyd.app.watch_ports import LiveTree, TreeState
from verifyd.app.world import World
from verifyd.errors import VerifydError
from verifyd.pipeline import DIFF_GATE, Pipeline
from verifyd.plan import Plan, PlannedGate, makespan_s, with_doubtful
from verifyd.report import GateReport
from verifyd.verdict import Reason, Status, Verdict


class LiveWorld(Struct, frozen=True, kw_only=True):
    """What all passes of a daemon share."""

    world: World
    tree: LiveTree
    processes: Processes
    store: Store
    gates: LiveGates


class LivePass(Struct, kw_only=True):
    """
    One pass.

    Attributes:
        state: The tree that it is about.
        request: Names the door.
        is_counted: Whether the change in *judged* holds lines and renames; else it only says which paths are touched, which is
            enough to plan by, and is counted beside the gates.
        remarks: For the report.
        plan: None until it is made, and where nothing may run.
        built_in: Verdicts that need no process.
        keys: Action keys of the gates that run, by name.
        actions: What these keys are made of.
        actions_before: The same of the pass before this one, for telling what has changed.
        planned: Set once it is known which gates run, or that none does.
        verdicts: Of the gates that have ended, by name.
        is_overtaken: Whether a newer tree is being verified: then no further gate is begun for this one.
        early: What is known as soon as it is certain that the tree is not ready, while further gates run; None else.
        result: None until *done*, and where *error* says why there is none.
        is_whole: Whether every gate came to its end, even if the tree has changed since; only then *result* is a verdict.
    """

    shared: LiveWorld
    state: TreeState
    judged: Judged
    request: Request
    started_at: datetime
    started_s: float
    is_counted: bool
    remarks: tuple[str, ...] = ()
    plan: Plan | None = None
    built_in: tuple[Verdict, ...] = ()
    keys: Mapping[str, str | None] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    actions_before: Mapping[str, Action] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    is_overtaken: bool = False
    planned: anyio.Event = field(default_factory=anyio.Event)
    done: anyio.Event = field(default_factory=anyio.Event)
    early: Result | None = None
    result: Result | None = None
    is_whole: bool = False
    error: VerifydError | None = None

    async def run(self, *, steer: Callable[[Mapping[str, str | None]], None], ended: Callable[[Verdict], None]) -> None:
        """
        Verify the tree; *result* or *error* afterwards.

        Args:
            steer: Told the action keys of this tree's gates before the first of them is begun.
            ended: Told each verdict.
        """
        try:
            pipeline = self.judged.declared.runs
            if pipeline is None:
                steer({})
                self.is_whole = True
                self.result = unapproved(
                    self.shared.world, self.judged, self.shared.store, self.request, self.started_at, self.started_s
                )
            else:
                self.result = await self.verify(pipeline, steer, ended)
        except* VerifydError as group:
            self.error = first_of(group)
        finally:
            self.planned.set()
            self.done.set()

    async def verify(
        self,
        pipeline: Pipeline,
        steer: Callable[[Mapping[str, str | None]], None],
        ended: Callable[[Verdict], None],
    ) -> Result:
        """The stages, as in ``verify``."""
        world, store = self.shared.world, self.shared.store
        plan = plan_for(world, self.judged, pipeline, store, self.request)

        async with GateRunner(self.run_context()) as runner, anyio.create_task_group() as beside:
            if not self.judged.has_known_base:
                plan = with_doubtful(plan, runner.doubtful(plan), slots=world.machine.slots)
            self.plan = plan
            self.keys = {planned.gate.name: runner.action_key(planned.gate) for planned in plan.to_run}
            self.planned.set()
            self.actions = runner.actions
            steer(self.keys)

            def tell(verdict: Verdict) -> None:
                self.foresee(plan, pipeline, runner)
                ended(verdict)

            def note(verdict: Verdict) -> None:
                self.verdicts[verdict.gate.name] = verdict
                tell(verdict)

            if any(DIFF_GATE in planned.gate.needs for planned in plan.to_run):
                await self.count_change(pipeline, tell)
            else:
                beside.start_soon(self.count_change, pipeline, tell)

            async def run_gate(planned: PlannedGate) -> Verdict:
                return await self.verdict_of(planned, self.keys[planned.gate.name], runner)

            verdicts = await run_gates(
                plan,
                run_gate,
                slots=world.machine.slots,
                listener=Listener(ended=note),
                known=self.built_in,
                slot_is_free=runner.use_free_slot,
            )
        self.is_whole = not any(is_cut_short(verdict) for verdict in verdicts.values())
        return self.finish(pipeline, runner).result(plan, verdicts, self.built_in, self.started_at, self.started_s)

    def finish(self, pipeline: Pipeline, runner: GateRunner) -> Finish:
        """What makes a report of its verdicts."""
        return Finish(
            world=self.shared.world,
            judged=self.judged,
            store=self.shared.store,
            pipeline=pipeline,
            request=self.request,
            keys=runner.keys,
            actions=runner.actions,
            disagreed=tuple(runner.disagreed),
            is_whole=self.is_whole,
            remarks=(*self.remarks, *runner.beside.remarks),
            paths_changed_since=lambda tree: self.shared.tree.paths_changed(self.state, tree),
        )

    def foresee(self, plan: Plan, pipeline: Pipeline, runner: GateRunner) -> None:
        """Say that the tree is not ready as soon as a required gate has failed, if others still run and the change is counted."""
        known = {planned.gate.name: self.verdict_on(planned) for planned in plan.gates}
        if None not in known.values() or not self.is_counted or self.is_overtaken:
            return
        if any(is_failure(verdict) for verdict in (*self.built_in, *known.values()) if verdict is not None):
            verdicts = {planned.gate.name: known[planned.gate.name] or still_open(planned) for planned in plan.gates}
            with suppress(VerifydError):  # history cannot be asked now; the whole report will say so
                finish = self.finish(pipeline, runner)
                self.early = finish.early(plan, verdicts, self.built_in, self.started_at, self.started_s)

    async def count_change(self, pipeline: Pipeline, ended: Callable[[Verdict], None]) -> None:
        """Count lines and find renames, and judge what needs no process."""
        if not self.is_counted:
            change = await anyio.to_thread.run_sync(self.shared.world.git.change, self.judged.snapshot)
            self.judged, self.is_counted = replace(self.judged, change=change), True
        self.remarks = uncounted_remarks(self.shared.world, self.judged, pipeline, self.shared.store)
        self.built_in = built_in_verdicts(self.shared.world, self.judged, pipeline)
        for verdict in self.built_in:
            ended(verdict)

    async def verdict_of(self, planned: PlannedGate, key: str | None, runner: GateRunner) -> Verdict:
        """One gate's verdict: a stored one at once, else that of the run under way or of a new one."""
        known = runner.known_verdict(planned.gate, key)
        if known is not None:
            return known
        verdict = await self.shared.gates.verdict(
            planned,
            key=key,
            tree=self.state.tree,
            run=lambda: runner.run(planned),
            is_wanted=lambda: not self.is_overtaken,
        )
        self.verdicts[planned.gate.name] = (
            verdict  # at once: between the end of its run and the news of it, it waits for nothing
        )
        return verdict

    def run_context(self) -> RunContext:
        """What its gates share: the tree comes out of memory."""
        tree = self.shared.tree
        return RunContext(
            world=self.shared.world,
            judged_tree=self.judged,
            processes=self.shared.processes,
            store=self.shared.store,
            reuse=True,
            live=LiveSource(
                mirror=lambda: tree.mirror(self.state),
                mirror_changes=tree.mirror_changes,
                content_ids=self.state.content_ids,
                ignored=self.state.ignored,
                links=self.state.links,
                has_submodules=self.state.has_submodules,
            ),
        )

    def verdict_on(self, planned: PlannedGate) -> Verdict | None:
        """The verdict of one of the plan's gates; None until it has ended."""
        return skipped_by_plan(planned) if planned.skip is not None else self.verdicts.get(planned.gate.name)

    def expected_s(self) -> float | None:
        """Expected seconds of the whole pass; None when some gate was never measured."""
        if self.plan is None or any(planned.expected_s is None for planned in self.plan.to_run):
            return None
        return makespan_s(self.plan.to_run, self.shared.world.machine.slots)


def first_of(group: BaseExceptionGroup[VerifydError]) -> VerifydError:
    """The first error of a group, to any depth: one message is what a person can act on."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first


def is_failure(verdict: Verdict) -> bool:
    """Whether a gate failed that holds back readiness."""
    return verdict.status is Status.FAILED and GateReport(verdict=verdict).required


def still_open(planned: PlannedGate) -> Verdict:
    """A gate that has not come to its end yet."""
    return Verdict(gate=planned.gate, status=Status.UNPROVEN, reason=Reason.VERIFYING, explanation="not done yet")


def is_cut_short(verdict: Verdict) -> bool:
    """Whether a gate was ended, or not begun, because the tree has changed."""
    return verdict.status is Status.UNPROVEN and verdict.reason == Reason.CANCELLED
