"""The gates under way in a daemon: one run a gate at a time, which may outlast the tree that it was begun for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
import anyio.abc
from msgspec import Struct, field
from msgspec.structs import replace

from verifyd.app.ports import Clock
from verifyd.app.run import cancelled
from verifyd.errors import VerifydError
from verifyd.plan import PlannedGate
from verifyd.steering import Fate, Underway, decide_fate
from verifyd.verdict import Status, Verdict

PROOF = frozenset({Status.PASSED, Status.FAILED})
"""What says something of the gate, rather than of the circumstances of its run."""

OVERTAKEN = "not run to its end: the tree has changed since"


class CpuSlots:
    """
    The machine's slots, for the runs of all passes together.

    Args:
        count: At least 1.
    """

    def __init__(self, count: int) -> None:
        self._count = max(count, 1)
        self._taken: list[PlannedGate] = []
        self._freed = anyio.Condition()

    def has_room_for(self, planned: PlannedGate) -> bool:
        """Whether it could start now."""
        if planned.gate.exclusive or any(other.gate.exclusive for other in self._taken):
            return not self._taken
        used = sum(min(other.gate.cpus, self._count) for other in self._taken)
        return used + min(planned.gate.cpus, self._count) <= self._count

    @asynccontextmanager
    async def taken_by(self, planned: PlannedGate) -> AsyncIterator[None]:
        """Waits for room, and holds it."""
        async with self._freed:
            while not self.has_room_for(planned):
                await self._freed.wait()
            self._taken.append(planned)
        try:
            yield
        finally:
            self._taken.remove(planned)
            with anyio.CancelScope(shield=True):
                async with self._freed:
                    self._freed.notify_all()


class LiveGate(Struct, kw_only=True):
    """
    One run of one gate.

    Attributes:
        key: Its action key.
        tree: The tree that it was begun for.
        started_s: None while it waits for a slot.
        verdict: None until it has ended; CANCELLED where it was ended early.
        error: What went wrong besides; then there is no verdict.
    """

    planned: PlannedGate
    key: str | None
    tree: str
    started_s: float | None = None
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)
    verdict: Verdict | None = None
    error: VerifydError | None = None

    def underway(self, now_s: float) -> Underway:
        """For the decision what becomes of it."""
        return Underway(
            key=self.key,
            elapsed_s=now_s - self.started_s if self.started_s is not None else 0.0,
            expected_s=self.planned.expected_s,
            on_change=self.planned.gate.on_change,
        )


class LiveGates(Struct, kw_only=True):
    """
    All runs under way.

    Attributes:
        tasks: Where runs live: they outlast the pass that began them.
        started: Told when a run really starts.
    """

    tasks: anyio.abc.TaskGroup
    slots: CpuSlots
    clock: Clock
    started: Callable[[LiveGate], None]
    underway: dict[str, LiveGate] = field(default_factory=dict)

    async def verdict(
        self,
        planned: PlannedGate,
        *,
        key: str | None,
        tree: str,
        run: Callable[[], Awaitable[Verdict]],
        is_wanted: Callable[[], bool],
    ) -> Verdict:
        """
        The verdict of a gate on a tree: of the run under way when that has the same action key, else of a new one.

        Args:
            is_wanted: Whether the tree is still to be verified; a run that has not begun is not begun otherwise.

        Raises:
            VerifydError: The run could not be judged.
        """
        while is_wanted():
            other = self.underway.get(planned.gate.name)
            if other is None:
                return await self._begin(LiveGate(planned=planned, key=key, tree=tree), run)
            await other.ended.wait()
            known = other.verdict if key is not None and other.key == key else None
            if known is not None and known.status in PROOF:
                return replace(known, gate=planned.gate, reused=True)
        return cancelled(planned, OVERTAKEN)

    def steer(self, keys: Mapping[str, str | None]) -> None:
        """The tree has changed, and gates have these action keys on the new one: end the runs that are better begun anew."""
        now_s = self.clock.monotonic_s()
        for name, live in self.underway.items():
            if decide_fate(live.underway(now_s), keys.get(name)) is Fate.RESTART:
                live.scope.cancel()

    async def _begin(self, live: LiveGate, run: Callable[[], Awaitable[Verdict]]) -> Verdict:
        self.underway[live.planned.gate.name] = live
        self.tasks.start_soon(self._run, live, run, name=live.planned.gate.name)
        await live.ended.wait()
        if live.error is not None:
            raise live.error
        return live.verdict or cancelled(live.planned, OVERTAKEN)

    async def _run(self, live: LiveGate, run: Callable[[], Awaitable[Verdict]]) -> None:
        try:
            with live.scope:
                async with self.slots.taken_by(live.planned):
                    live.started_s = self.clock.monotonic_s()
                    self.started(live)
                    live.verdict = await run()
        except VerifydError as error:
            live.error = error
        finally:
            del self.underway[live.planned.gate.name]
            live.ended.set()
