"""Starts the planned gates as slots come free and their needs are met, and gathers their verdicts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

import anyio
import anyio.abc
import anyio.lowlevel
from msgspec import Struct, field

from verifyd.plan import Plan, PlannedGate, Skip
from verifyd.report import is_open
from verifyd.verdict import Reason, Status, Verdict

RunGate = Callable[[PlannedGate], Awaitable[Verdict]]
"""Runs one gate to its verdict; cancelling it ends the gate's processes first."""


def _ignore(*_: object) -> None:
    """Nobody listens."""


class Listener(Struct, frozen=True, kw_only=True):
    """Who wants to know while a run goes on; each call returns at once."""

    started: Callable[[PlannedGate], None] = _ignore
    ended: Callable[[Verdict], None] = _ignore


class Schedule(Struct):
    """
    The state of one pass: what waits, what runs, what has ended.

    Attributes:
        slots: CPU slots of the machine.
        waiting: In the order to be started.
        running: Gates under way with the slots each takes.
    """

    slots: int
    waiting: list[PlannedGate]
    running: dict[str, PlannedGate] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def free(self) -> int:
        """Slots that no gate takes."""
        return self.slots - sum(self.width(planned) for planned in self.running.values())

    def width(self, planned: PlannedGate) -> int:
        """Slots a gate takes: never more than there are, so that every gate can run somewhere."""
        return min(planned.gate.cpus, self.slots)

    def skip_what_cannot_run(self) -> list[Verdict]:
        """Skip every waiting gate whose need has ended without a pass; repeated until nothing more follows from it."""
        skipped: list[Verdict] = []
        while True:
            blocked = [(planned, need) for planned in self.waiting if (need := self.missed_need(planned)) is not None]
            if not blocked:
                return skipped
            for planned, need in blocked:
                self.waiting.remove(planned)
                verdict = skipped_for_need(planned, need)
                self.verdicts[planned.gate.name] = verdict
                skipped.append(verdict)

    def missed_need(self, planned: PlannedGate) -> str | None:
        """The first need that has ended without a pass; None while there is none."""
        for need in planned.gate.needs:
            verdict = self.verdicts.get(need)
            if verdict is not None and (
                verdict.status is Status.FAILED or is_open(verdict) or verdict.reason == Skip.MANUAL
            ):
                return need
        return None

    def startable(self) -> PlannedGate | None:
        """
        The next gate that may start now; None when none may.

        An exclusive gate waits until nothing runs, and while it is first in line nothing overtakes it, so that it is not starved.
        """
        if any(planned.gate.exclusive for planned in self.running.values()):
            return None
        for planned in self.waiting:
            if not all(need in self.verdicts for need in planned.gate.needs):
                continue
            if planned.gate.exclusive:
                return None if self.running else planned
            if self.width(planned) <= self.free:
                return planned
        return None


def skipped_for_need(planned: PlannedGate, need: str) -> Verdict:
    """A gate whose need did not pass proves nothing and is not run."""
    return Verdict(
        gate=planned.gate, status=Status.SKIPPED, reason=f"needs:{need}", explanation=f"not run: {need} did not pass"
    )


def skipped_by_plan(planned: PlannedGate) -> Verdict:
    """A gate that the plan leaves out."""
    return Verdict(gate=planned.gate, status=Status.SKIPPED, reason=str(planned.skip), explanation=planned.why)


def cancelled(planned: PlannedGate, why: str) -> Verdict:
    """A gate that was not run to its end."""
    return Verdict(gate=planned.gate, status=Status.UNPROVEN, reason=Reason.CANCELLED, explanation=why)


async def run_gates(
    plan: Plan,
    run_gate: RunGate,
    *,
    slots: int,
    fail_fast: bool = False,
    listener: Listener | None = None,
    known: Sequence[Verdict] = (),
    slot_is_free: Callable[[], None] = _ignore,
) -> Mapping[str, Verdict]:
    """
    Run the gates of a plan; one verdict for each of its gates comes back, by name.

    Args:
        run_gate: Runs one gate; with *fail_fast* it is cancelled when another has failed.
        slots: CPU slots of the machine, at least 1.
        known: Verdicts of gates that need no process, so that others may need them; they do not come back.
        slot_is_free: Told, whenever gates were started, that a slot was left over: who has work of his own takes it from none.
    """
    listener = listener or Listener()
    schedule = Schedule(slots=max(slots, 1), waiting=list(plan.to_run))
    schedule.verdicts.update((verdict.gate.name, verdict) for verdict in known)
    for planned in plan.gates:
        if planned.skip is not None:
            schedule.verdicts[planned.gate.name] = skipped_by_plan(planned)
    send, receive = anyio.create_memory_object_stream[tuple[PlannedGate, Verdict]](len(plan.to_run) or 1)
    async with send, receive, anyio.create_task_group() as tasks:

        async def work(planned: PlannedGate) -> None:
            verdict = await run_gate(planned)
            send.send_nowait((planned, verdict))

        while True:
            skip_all(schedule, listener)
            start_all(schedule, tasks, work, listener)
            if not schedule.running:
                break
            if schedule.free > 0:
                await anyio.lowlevel.checkpoint()  # the gates come first
                slot_is_free()
            planned, verdict = await receive.receive()
            del schedule.running[planned.gate.name]
            schedule.verdicts[planned.gate.name] = verdict
            listener.ended(verdict)
            if fail_fast and verdict.status is Status.FAILED and not planned.gate.optional:
                skip_all(schedule, listener)
                tasks.cancel_scope.cancel()
                break
    why = "ended early: another gate failed"
    for planned in (*schedule.running.values(), *schedule.waiting):
        schedule.verdicts[planned.gate.name] = cancelled(planned, why)
    return {planned.gate.name: schedule.verdicts[planned.gate.name] for planned in plan.gates}


def skip_all(schedule: Schedule, listener: Listener) -> None:
    """Skip every gate that cannot run any more."""
    for verdict in schedule.skip_what_cannot_run():
        listener.ended(verdict)


def start_all(
    schedule: Schedule,
    tasks: anyio.abc.TaskGroup,
    work: Callable[[PlannedGate], Coroutine[None, None, None]],
    listener: Listener,
) -> None:
    """Start every gate that may start now."""
    while (planned := schedule.startable()) is not None:
        schedule.waiting.remove(planned)
        schedule.running[planned.gate.name] = planned
        listener.started(planned)
        tasks.start_soon(work, planned, name=planned.gate.name)
