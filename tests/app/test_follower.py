"""The follower with a tree and a watcher that a test plays, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
import trio.testing
from msgspec.structs import replace

from verifyd.app.follower import CHECK_AFTER_S, SLEPT_S, SWEEP_SHARE, SWEPT_AT_ONCE, TICK_S, Follower
from verifyd.app.ports import Guard
from verifyd.app.watch_ports import Hint, TreeState
from verifyd.errors import GitError, VerifydError, WatchError
from verifyd.snapshot import Snapshot

pytestmark = pytest.mark.anyio

FIRST = TreeState(
    number=1,
    tree="1f" * 20,
    content_ids={},
    files=frozenset({"a.py"}),
    folders=frozenset({""}),
    ignored=(),
)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """trio with a clock that jumps to the next deadline when everybody waits."""
    return ("trio", {"clock": trio.testing.MockClock(autojump_threshold=0.05)})


@dataclass
class PlayedTree:
    """
    A tree in memory.

    Attributes:
        state: What the next reading gives.
        calls: Each reading, in order.
        refuses: What the next readings fail with.
        swept: Called by each sweep.
    """

    state: TreeState = FIRST
    calls: list[str] = field(default_factory=list)
    refuses: GitError | None = None
    swept: Callable[[], None] = lambda: None
    discarded: int = 0
    written_bytes: int = 0

    def clean(self, needed: Collection[str]) -> bool:
        """Never asked for."""
        return True

    def read(self, hint: Hint) -> TreeState:
        """Read what a hint names."""
        return self.call(
            f"read {','.join(sorted(hint.paths))}{' lost' if hint.lost else ''}{' git' if hint.git_state else ''}"
            f"{' traceless' if hint.traceless else ''}"
        )

    def sweep(self) -> TreeState:
        """Look everywhere."""
        self.swept()
        return self.call("sweep")

    def cross_check(self) -> bool:
        """Ask git."""
        self.call("check")
        return True

    def call(self, name: str) -> TreeState:
        """Note it."""
        self.calls.append(name)
        if self.refuses is not None:
            raise self.refuses
        return self.state

    def snapshot(self, state: TreeState, base: str) -> Snapshot:
        """Nobody asks."""
        raise AssertionError("a follower never asks for this")

    def paths_changed(self, state: TreeState, since: str) -> frozenset[str] | None:
        """Nobody asks."""
        raise AssertionError("a follower never asks for this")

    def guard(self, state: TreeState) -> Guard:
        """Nobody asks."""
        raise AssertionError("a follower never asks for this")

    def mirror(self, state: TreeState) -> AbstractContextManager[Path]:
        """Nobody asks."""
        raise AssertionError("a follower never asks for this")

    def mirror_changes(self, folder: Path) -> tuple[str, ...]:
        """Nobody asks."""
        raise AssertionError("a follower never asks for this")


@dataclass
class PlayedWatcher:
    """
    A watcher.

    Attributes:
        queued: What it has to tell at once.
        unseen: Folders that the next calls of ``watch`` say were not watched before, call by call.
        gone: Whether the root is gone.
    """

    queued: Hint = field(default_factory=Hint)
    unseen: list[frozenset[str]] = field(default_factory=list)
    gone: bool = False
    backend: str = "played"
    notes: tuple[str, ...] = ()

    def watch(self, folders: Collection[str]) -> frozenset[str]:
        """Watch them."""
        return self.unseen.pop(0) if self.unseen else frozenset()

    async def next(self) -> Hint:
        """Nothing ever happens, until the root goes."""
        if not self.gone:
            await anyio.sleep_forever()
        raise WatchError("moved away")

    def drain(self) -> Hint:
        """All at once."""
        hint, self.queued = self.queued, Hint()
        return hint


@dataclass
class LoopClock:
    """The loop's clock, with pauses in which nothing of ours ran."""

    slept_s: float = 0.0

    def now(self) -> datetime:
        """Does not matter."""
        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic_s(self) -> float:
        """The loop's seconds, and those that were slept through."""
        return anyio.current_time() + self.slept_s

    def sleep_through(self, seconds: float) -> None:
        """They pass for everybody but the loop."""
        self.slept_s += seconds


@dataclass
class Told:
    """What the follower tells."""

    states: list[tuple[TreeState, bool]] = field(default_factory=list)
    errors: list[VerifydError] = field(default_factory=list)
    ticks: int = 0

    def take(self, state: TreeState, *, anew: bool) -> None:
        """A look is over."""
        self.states.append((state, anew))

    def fail(self, error: VerifydError) -> None:
        """It could not be read."""
        self.errors.append(error)

    def tick(self) -> None:
        """A regular look is over."""
        self.ticks += 1


@dataclass
class Played:
    """A follower with all that it works with."""

    tree: PlayedTree = field(default_factory=PlayedTree)
    watcher: PlayedWatcher = field(default_factory=PlayedWatcher)
    clock: LoopClock = field(default_factory=LoopClock)
    told: Told = field(default_factory=Told)

    def follower(self) -> Follower:
        """Made of them."""
        return Follower(tree=self.tree, watcher=self.watcher, clock=self.clock, listener=self.told)


async def test_what_was_queued_and_what_was_left_is_read_in_one_go() -> None:
    """A question about now takes in what the watcher has told, and what it has to tell."""
    played = Played(watcher=PlayedWatcher(queued=Hint(paths=frozenset({"b"}))))
    follower = played.follower()
    follower.pending = Hint(paths=frozenset({"a"}), git_state=True)
    await follower.look()
    assert played.tree.calls == ["read a,b git"]
    assert played.told.states == [(FIRST, True)]


async def test_a_small_tree_is_looked_at_whole_when_somebody_asks_about_now() -> None:
    """No event is trusted where looking costs nothing."""
    played = Played()
    await played.follower().look_now()
    assert played.tree.calls == ["sweep"]


async def test_a_large_tree_is_answered_for_by_what_the_system_tells() -> None:
    """With nothing told, only what may change without a trace is read."""
    files = frozenset(f"{number}" for number in range(SWEPT_AT_ONCE + 1))
    played = Played(tree=PlayedTree(state=replace(FIRST, files=files)))
    await played.follower().look_now()
    assert played.tree.calls == ["read  traceless"]


async def test_lost_events_are_made_up_for_by_looking_everywhere() -> None:
    """Nobody knows what they were about."""
    played = Played(watcher=PlayedWatcher(queued=Hint(lost=True)))
    await played.follower().look()
    assert played.tree.calls == ["read  lost", "sweep"]


async def test_folders_that_were_not_watched_yet_are_read_again() -> None:
    """What happened in them before the watch is known to nobody; and what that shows may be further folders."""
    played = Played(
        watcher=PlayedWatcher(queued=Hint(paths=frozenset({"new"})), unseen=[frozenset({"new"}), frozenset({"new/er"})])
    )
    await played.follower().look()
    assert played.tree.calls == ["read new", "read new", "read new/er"]


async def test_what_could_not_be_read_is_read_again_with_the_next_look() -> None:
    """A hint is not forgotten because git refused."""
    played = Played(watcher=PlayedWatcher(queued=Hint(paths=frozenset({"a"}))))
    follower = played.follower()
    played.tree.refuses = GitError("the tree does not come to rest")
    await follower.look()
    played.tree.refuses = None
    await follower.look()
    assert played.tree.calls == ["read a", "read a"]
    assert ([str(error) for error in played.told.errors], len(played.told.states)) == (
        ["the tree does not come to rest"],
        1,
    )


async def test_everything_is_looked_at_regularly() -> None:
    """An edit that nothing hinted at is found all the same."""
    played = Played()
    with anyio.move_on_after(TICK_S * 3.5):
        await played.follower().look_regularly()
    assert played.tree.calls == ["sweep"] * 3
    assert played.told.ticks == 3


async def test_a_look_that_takes_long_is_rare_and_ticks_are_not() -> None:
    """An approval, or another try after trouble, waits for no look."""
    played = Played()
    played.tree.swept = lambda: played.clock.sleep_through(0.1)
    with anyio.move_on_after(TICK_S * 30.5):
        await played.follower().look_regularly()
    assert played.tree.calls == ["sweep"] * 2
    assert (0.1 * SWEEP_SHARE, played.told.ticks) == (TICK_S * 20, 30)


async def test_waiting_for_its_turn_makes_a_look_no_rarer() -> None:
    """Reading everything anew takes seconds, and may be followed by rest at once."""
    played = Played()
    follower = played.follower()

    async def read_long() -> None:
        async with follower.reading:
            await anyio.sleep(TICK_S * 5)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read_long)
        await anyio.sleep(TICK_S / 2)
        tasks.start_soon(follower.look_regularly)
        await anyio.sleep(TICK_S * 8)
        tasks.cancel_scope.cancel()
    assert played.tree.calls == ["sweep"] * 4


async def test_after_a_sleep_of_the_machine_no_event_is_trusted() -> None:
    """Faults 4, 5: a pause that nobody meant is followed by a look at everything, git's state included."""
    played = Played()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(played.follower().look_regularly)
        await anyio.sleep(TICK_S / 2)
        played.clock.slept_s = SLEPT_S + 60
        await anyio.sleep(TICK_S)
        tasks.cancel_scope.cancel()
    assert played.tree.calls == ["read  lost git", "sweep"]
    assert played.told.states == [(FIRST, True)]


async def test_git_is_asked_once_after_each_burst_of_edits() -> None:
    """When it has been quiet for a while, and not again until the next edit."""
    played = Played()
    follower = played.follower()
    follower.edited_s = anyio.current_time()
    follower.note_edit()
    with anyio.move_on_after(CHECK_AFTER_S * 3):
        await follower.look_regularly()
    assert played.tree.calls.count("check") == 1
    assert played.tree.calls.index("check") >= CHECK_AFTER_S / TICK_S - 1


async def test_a_root_that_is_gone_ends_the_following() -> None:
    """Fault 24: there is nothing to follow any more."""
    played = Played(watcher=PlayedWatcher(gone=True))
    with pytest.raises(WatchError, match="moved away"):
        await played.follower().follow()
