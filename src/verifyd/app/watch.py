"""The daemon's heart: verifies the newest tree whenever it has changed, and knows at any moment what is known of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

import anyio
import anyio.abc
import anyio.to_thread

from verifyd.app import questions
from verifyd.app.account import Account
from verifyd.app.finish import Result
from verifyd.app.follower import Follower
from verifyd.app.history_ports import Store
from verifyd.app.housekeeping import Rhythm, keep_house
from verifyd.app.judged import Request
from verifyd.app.live_gates import CpuSlots, LiveGate, LiveGates
from verifyd.app.live_opening import LiveOpening, Opened
from verifyd.app.live_pass import LivePass, LiveWorld
from verifyd.app.news import News, transition_between
from verifyd.app.ports import Repository
from verifyd.app.process_ports import Processes
from verifyd.app.report_writer import ReportWriter
from verifyd.app.retries import Retries, is_spoiled
from verifyd.app.standings import standing_of
from verifyd.app.verdicts_at_hand import remember
from verifyd.app.warm_mirror import wants_mirror, warm_mirror
from verifyd.app.watch_ports import LiveTree, TreeState, Watcher
from verifyd.app.world import World
from verifyd.errors import VerifydError, WatchError
from verifyd.pipeline import Door
from verifyd.standing import Event, EventKind, Standing
from verifyd.steering import is_due
from verifyd.verdict import Verdict

DECISION_LIMIT_S = 1.0
"""How long a question waits until it is known whether the verdict at hand still holds."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """
    One daemon's life over one work tree: ``run`` until it is stopped or the work tree is gone.

    Attributes:
        idle_s: It ends by itself after so many seconds without an edit or a question; None for never.
        state: The newest tree that was read.
        since: When it was first seen.
        current: The newest pass; None before the first.
        newest: The newest complete verdict, with the number of its tree and the moment it was known.
        rhythm: When it cleans up.
        trouble: Why the newest tree cannot be verified; empty normally.
        unread: Why the last look could not read the tree; then *trouble* says the same. Empty normally.
        untidy: Why it could not clean up, a sentence; empty normally.
        waiting_since_s: When the first tree was seen that no complete verdict is about or came after; None without one.
    """

    world: World
    repository: Repository
    tree: LiveTree
    watcher: Watcher
    processes: Processes
    store: Store
    idle_s: float | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)
    started_at: datetime = field(init=False)
    state: TreeState = field(init=False)
    since: datetime = field(init=False)
    current: LivePass | None = None
    newest: tuple[int, Result, datetime] | None = None
    known: dict[str, Result] = field(default_factory=dict)
    trouble: str = ""
    unread: str = ""
    untidy: tuple[str, ...] = ()
    waiting_since_s: float | None = None
    asked_s: float = 0.0
    stop_reason: str = ""
    is_warm: bool = False
    news: News = field(init=False)
    reports: ReportWriter = field(init=False)
    follower: Follower = field(init=False)
    opening: LiveOpening = field(init=False)
    retries: Retries = field(default_factory=Retries)
    identity: tuple[object, ...] = ()
    wanted: anyio.Event = field(default_factory=anyio.Event)
    decided: anyio.Event = field(default_factory=anyio.Event)
    stopping: anyio.Event = field(default_factory=anyio.Event)
    shared: LiveWorld = field(init=False)
    tasks: anyio.abc.TaskGroup = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.tree.state
        self.started_at = self.since = self.world.clock.now()
        self.asked_s = self.waiting_since_s = self.world.clock.monotonic_s()
        self.news = News(clock=self.world.clock)
        self.reports = ReportWriter(world=self.world, repository=self.repository)
        self.follower = Follower(tree=self.tree, watcher=self.watcher, clock=self.world.clock, listener=self)
        self.opening = LiveOpening(world=self.world, repository=self.repository, tree=self.tree)

    # --- its life ------------------------------------------------------------------------------------------------

    async def run(self) -> str:
        """Until it is stopped; the reason why it ended. Gates under way are ended first."""
        async with anyio.create_task_group() as tasks:
            self.tasks = tasks
            gates = LiveGates(
                tasks=tasks,
                slots=CpuSlots(self.world.machine.slots),
                clock=self.world.clock,
                started=self.note_started,
            )
            self.shared = LiveWorld(
                world=self.world, tree=self.tree, processes=self.processes, store=self.store, gates=gates
            )
            tasks.start_soon(self.follow)
            tasks.start_soon(self.follower.look_regularly)
            tasks.start_soon(self.verify_newest)
            tasks.start_soon(keep_house, self)
            self.want()
            await self.stopping.wait()
            self.news.add(EventKind.STOPPING, tree=self.state.tree, text=self.stop_reason)
            self.news.end()
            tasks.cancel_scope.cancel()
        return self.stop_reason

    async def follow(self) -> None:
        """Follow the tree until it is gone."""
        try:
            await self.follower.follow()
        except WatchError as error:
            await self.stop(str(error))

    async def stop(self, reason: str) -> None:
        """End the life; the first reason counts."""
        self.stop_reason = self.stop_reason or reason
        self.stopping.set()

    # --- what the follower tells ---------------------------------------------------------------------------------

    def take(self, state: TreeState, *, anew: bool) -> None:
        """This is the tree now; *anew*: what surrounds it may have changed."""
        is_another = state.number != self.state.number
        self.state, self.unread = state, ""
        if is_another:
            self.since, self.retries = self.world.clock.now(), Retries()
            self.follower.note_edit()
            if self.waiting_since_s is None:
                self.waiting_since_s = self.world.clock.monotonic_s()
            self.news.add(EventKind.TREE, tree=state.tree)
            self.want()
        elif anew or self.trouble:
            self.want()

    def fail(self, error: VerifydError) -> None:
        """The tree as it is now cannot be read: until it can, no verdict answers for it."""
        self.unread = str(error)
        self.say_trouble(error)

    def say_trouble(self, error: VerifydError) -> None:
        """The newest tree cannot be verified: say so once."""
        if str(error) != self.trouble:
            self.trouble = str(error)
            self.news.add(EventKind.TROUBLE, tree=self.state.tree, text=self.trouble)

    def tick(self) -> None:
        """An approval given meanwhile, or a run that the machine spoiled, is a reason to verify the same tree again."""
        now_s = self.world.clock.monotonic_s()
        quiet_s = now_s - max(self.follower.edited_s, self.asked_s)
        if self.current is None or not self.current.done.is_set():
            return
        if self.retries.is_due(is_spoiled(self.current), now_s):
            self.identity = ()
            self.want()
        elif self.opening.identity_of(self.current.judged) != self.identity:
            self.want()
        elif self.idle_s is not None and quiet_s > self.idle_s:
            self.stop_reason = self.stop_reason or f"nothing happened for {self.idle_s / 3600:g} hours"
            self.stopping.set()

    # --- from trees to verdicts ----------------------------------------------------------------------------------

    def want(self) -> None:
        """There is reason to look whether the verdict at hand still holds."""
        if self.decided.is_set():
            self.decided = anyio.Event()
        self.wanted.set()

    async def verify_newest(self) -> None:
        """Begin a pass whenever the verdict at hand does not hold any more, for ever."""
        while True:
            await self.wanted.wait()
            if self.current is not None and not self.current.done.is_set() and self.is_due(self.current):
                await self.current.done.wait()
            self.wanted = anyio.Event()
            try:
                opened = await self.follower.ask(self.opening.open_newest)
                identity = self.opening.identity_of(opened.judged)
            except VerifydError as error:
                self.say_trouble(error)
            else:
                self.trouble = self.unread
                if opened.state.number > self.state.number:  # what was opened was looked at once more for a guard
                    self.follower.give(opened.state)
                if identity != self.identity:
                    self.identity = identity
                    self.begin(opened)
                else:
                    await self.hold_again(opened.state)
            if not self.wanted.is_set():
                self.decided.set()

    async def hold_again(self, state: TreeState) -> None:
        """The tree came back to what the pass at hand is about, before anything was begun for what it was in between."""
        current = self.current
        if current is None or current.state.number == state.number:
            return
        before, current.state = current.state.number, state
        if self.newest is not None and self.newest[0] == before:
            self.newest = (state.number, *self.newest[1:])
        if current.done.is_set() and current.is_whole and current.result is not None:
            self.waiting_since_s = None
            await self.reports.write(current.result, is_current=True)

    def is_due(self, current: LivePass) -> bool:
        """Whether the pass under way has to come to its end before the next one begins."""
        if self.waiting_since_s is None:
            return False
        return is_due(self.world.clock.monotonic_s() - self.waiting_since_s, current.expected_s())

    def begin(self, opened: Opened) -> None:
        """Begin a pass; from the moment when it knows its gates the one before it begins no more."""
        overtaken = self.current
        current = LivePass(
            shared=self.shared,
            state=opened.state,
            judged=opened.judged,
            is_counted=opened.is_counted,
            request=Request(door=Door.WATCH),
            started_at=self.world.clock.now(),
            started_s=self.world.clock.monotonic_s(),
            actions_before={**overtaken.actions_before, **overtaken.actions} if overtaken is not None else {},
        )
        self.current = current

        def steer(keys: Mapping[str, str | None]) -> None:
            if overtaken is not None:
                overtaken.is_overtaken = True
            self.shared.gates.steer(keys)

        async def carry_out() -> None:
            await current.run(steer=steer, ended=lambda verdict: self.note_ended(current, verdict))
            await self.conclude(current)
            if not self.is_warm:
                self.is_warm = True
                await self.warm(current)

        self.tasks.start_soon(carry_out, name=f"pass over {opened.state.tree[:12]}")

    async def warm(self, ended: LivePass) -> None:
        """After the first pass, have what the next one needs: where it found all gates known, nobody has made it yet."""
        if wants_mirror(ended.state, ended.judged.declared.runs, can_freeze=self.processes.can_freeze()):
            await anyio.to_thread.run_sync(warm_mirror, self.tree, ended.state)

    async def conclude(self, ended: LivePass) -> None:
        """Publish what a pass found; one that was overtaken, and did not come to its end for all gates, found nothing."""
        if ended.error is not None:
            self.news.add(EventKind.TROUBLE, tree=ended.state.tree, text=str(ended.error))
        result = ended.result
        if result is None or not ended.is_whole:
            return
        remember(self.known, result)
        is_newest = self.newest is None or self.newest[0] <= ended.state.number
        before = self.newest[1].report if self.newest is not None else None
        if is_newest:
            self.newest = (ended.state.number, result, self.world.clock.now())
            self.waiting_since_s = None if ended.state.number == self.state.number else self.world.clock.monotonic_s()
            await self.reports.write(result, is_current=ended.state.number == self.state.number)
        self.news.add(
            EventKind.JUDGED,
            tree=ended.state.tree,
            status=str(result.report.readiness),
            reason=result.report.reason,
            transition=transition_between(before, result.report) if is_newest else None,
            text=result.task.title if result.task is not None else result.report.explanation,
        )

    def early_result(self, current: LivePass) -> Result | None:
        """What is certain of the newest tree, unless the whole report is there by now."""
        is_newest = current.state.number == self.state.number
        return current.early if is_newest and not current.done.is_set() else None

    def note_started(self, live: LiveGate) -> None:
        """A gate has really begun."""
        self.news.add(EventKind.STARTED, tree=live.tree, gate=live.planned.gate.name)

    def note_ended(self, current: LivePass, verdict: Verdict) -> None:
        """A gate has its verdict on a tree."""
        if current.early is not None:
            self.tasks.start_soon(self.reports.write_early, lambda: self.early_result(current))
        self.news.add(
            EventKind.ENDED,
            tree=current.state.tree,
            gate=verdict.gate.name,
            status=str(verdict.status),
            reason=str(verdict.reason) if verdict.reason is not None else None,
            text=verdict.explanation,
        )

    # --- questions -----------------------------------------------------------------------------------------------

    @property
    def discarded(self) -> int:
        """How often git's own answer about the tree differed from ours."""
        return self.tree.discarded

    def standing(self) -> Standing:
        """What is known about the newest tree that was read; without looking for a newer one."""
        return standing_of(self)

    async def now(self) -> Standing:
        """What is known about the tree with every edit in it that was finished before this call."""
        self.asked_s = self.world.clock.monotonic_s()
        await self.follower.look_now()
        is_about_it = self.current is not None and self.current.state.tree == self.state.tree
        if is_about_it or self.trouble:  # trouble may be over, now that the tree could be read
            with anyio.move_on_after(DECISION_LIMIT_S):
                await self.decided.wait()
        return standing_of(self)

    async def wait_now(self, limit_s: float) -> Standing:
        """The same as soon as there is a report about the tree as it is then; as it stands when the limit is reached."""
        return await questions.wait_now(self, limit_s)

    async def of_tree(self, tree: str, limit_s: float) -> Standing | None:
        """What is known about a tree by its id or the beginning of it, waited for until it is whole; None when nothing is."""
        self.asked_s = self.world.clock.monotonic_s()
        return await questions.of_tree(self, tree, limit_s)

    async def account(self) -> Account:
        """Why each gate of the tree as it is now runs or does not."""
        return await questions.account(self)

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """What happens from now on."""
        return self.news.listen()
