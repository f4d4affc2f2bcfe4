"""Follows the working tree: hints, sweeps and git's own answer in, the newest tree out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread
from msgspec import Struct, field

from verifyd.app.ports import Clock
from verifyd.app.watch_ports import Hint, LiveTree, TreeState, Watcher
from verifyd.errors import VerifydError

Found = TypeVar("Found")

NOTHING_MORE = Hint()

SWEPT_AT_ONCE = 8_000
"""Files up to which "now" is answered by a look at all of them (10 ms for 7,000); above, by what the system has to tell."""

TICK_S = 2.0
SWEEP_SHARE = 400
"""A sweep takes at most this part of the time, so that an idle daemon takes less than 0.3 % of a core."""

CHECK_AFTER_S = 30.0
"""Seconds without an edit before git is asked whether our tree is its tree."""
CHECK_SHARE = 1_000
"""Asking takes at most this part of the time."""

SLEPT_S = 5.0
"""A pause that is so much longer than meant: the machine slept, or we were stopped; no event is trusted then."""


class Listener(Protocol):
    """Who wants to know; each call returns at once."""

    def take(self, state: TreeState, *, anew: bool) -> None:
        """A look is over; *state* may be the one of before, and with *anew* what surrounds it may have changed."""
        ...

    def fail(self, error: VerifydError) -> None:
        """The tree could not be read; it will be tried again."""
        ...

    def tick(self) -> None:
        """Some seconds have passed."""
        ...


class Follower(Struct, kw_only=True):
    """
    Reads the tree whenever there is reason to; one reading at a time.

    Attributes:
        pending: Hints that no look has taken in yet.
        edited_s: When the tree was last seen to change.
        looked_s: How long the last look at all files took, when its turn had come.
        checked: Whether git was asked since.
    """

    tree: LiveTree
    watcher: Watcher
    clock: Clock
    listener: Listener
    pending: Hint = field(default_factory=Hint)
    reading: anyio.Lock = field(default_factory=anyio.Lock)
    edited_s: float = 0.0
    looked_s: float = 0.0
    checked: bool = True
    check_from_s: float = 0.0

    async def follow(self) -> None:
        """Read what the watcher hints at, until it raises WatchError."""
        self.edited_s = self.clock.monotonic_s()
        await self.look(everywhere=True)  # whatever was edited between the first reading and the first watch
        while True:
            self.pending |= await self.watcher.next()
            await self.look()

    async def look(self, *, everywhere: bool = False, also: Hint = NOTHING_MORE) -> None:
        """
        Take in every edit that was finished before this call.

        Args:
            everywhere: Look at all files instead of relying on what the system tells.
            also: What is to be read besides what the system tells.
        """
        async with self.reading:
            began_s = self.clock.monotonic_s()
            hint, self.pending = self.pending | self.watcher.drain() | also, Hint()
            try:
                state = await self.read(hint, everywhere=everywhere or hint.lost)
            except VerifydError as error:
                self.pending |= hint
                self.listener.fail(error)
                return
            finally:
                if everywhere:
                    self.looked_s = self.clock.monotonic_s() - began_s
            self.give(state, anew=hint.git_state)

    async def look_now(self) -> None:
        """As *look*, by the surest way that takes no more than some milliseconds."""
        if len(self.tree.state.files) <= SWEPT_AT_ONCE:
            await self.look(everywhere=True)
        else:
            await self.look(also=Hint(traceless=True))

    async def read(self, hint: Hint, *, everywhere: bool) -> TreeState:
        """The tree as it is now; folders that were not watched yet are read again once they are."""
        state = self.tree.state
        if hint:
            state = await anyio.to_thread.run_sync(self.tree.read, hint)
        if everywhere:
            state = await anyio.to_thread.run_sync(self.tree.sweep)
        while unseen := self.watcher.watch(state.folders):
            state = await anyio.to_thread.run_sync(self.tree.read, Hint(paths=unseen))
        return state

    def give(self, state: TreeState, *, anew: bool = False) -> None:
        """Pass on what was read."""
        self.listener.take(state, anew=anew)

    def note_edit(self) -> None:
        """The tree has changed."""
        self.edited_s, self.checked = self.clock.monotonic_s(), False

    async def ask(self, function: Callable[[], Found]) -> Found:
        """Run something that uses the tree, in a thread, while nobody else does."""
        async with self.reading:
            return await anyio.to_thread.run_sync(function)

    async def look_regularly(self) -> None:
        """Find edits that nothing hinted at, and tick, for ever; a tick waits for no look that is not due yet."""
        due_s = 0.0
        while True:
            paused_s = self.clock.monotonic_s()
            await anyio.sleep(TICK_S)
            now_s = self.clock.monotonic_s()
            if now_s - paused_s > TICK_S + SLEPT_S:
                self.pending |= Hint(lost=True, git_state=True)
                due_s = now_s
            if now_s >= due_s:
                await self.look(everywhere=True)
                due_s = self.clock.monotonic_s() + self.looked_s * SWEEP_SHARE
                await self.check_when_quiet()
            self.listener.tick()

    async def check_when_quiet(self) -> None:
        """Ask git whether our tree is its tree, once after each burst of edits."""
        if self.checked or self.clock.monotonic_s() < max(self.check_from_s, self.edited_s + CHECK_AFTER_S):
            return
        self.checked = True
        async with self.reading:
            began_s = self.clock.monotonic_s()
            try:
                await anyio.to_thread.run_sync(self.tree.cross_check)
            except VerifydError as error:
                self.listener.fail(error)
            now_s = self.clock.monotonic_s()
            self.check_from_s = now_s + (now_s - began_s) * CHECK_SHARE
            self.give(self.tree.state)
