"""Keeps a long daemon's life small on disk: objects that nobody needs any more, and the logs of large runs, go when it is quiet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from msgspec import Struct

from verifyd.app.old_runs import RUNS_LIMIT_BYTES, remove_large_runs
from verifyd.errors import VerifydError

if TYPE_CHECKING:
    from verifyd.app.watch import Watch

JUDGED_WITHIN = timedelta(hours=4)
"""Trees whose verdict is younger keep their objects."""


class Rhythm(Struct, frozen=True, kw_only=True):
    """
    When a daemon cleans up; in seconds.

    Attributes:
        look_every_s: It sees so often whether it is time.
        every_s: Time when it is quiet.
        quiet_s: Without an edit, a question or a gate that runs.
        latest_s: Time although it is not quiet.
        written_bytes: So much written to disk for objects makes it time too.
    """

    look_every_s: float = 60.0
    every_s: float = 3600.0
    quiet_s: float = 30.0
    latest_s: float = 3 * 3600.0
    written_bytes: int = 64 * 1024 * 1024

    def is_due(self, *, since_s: float, quiet_s: float, written_bytes: int) -> bool:
        """
        Whether it is time.

        Args:
            since_s: Seconds since the last time.
            quiet_s: For how long it has been quiet; 0 while something runs.
            written_bytes: What was written since the last time.
        """
        if written_bytes >= self.written_bytes or since_s >= self.latest_s:
            return True
        return since_s >= self.every_s and quiet_s >= self.quiet_s


async def keep_house(watch: Watch) -> None:
    """Clean up whenever it is time, for ever."""
    cleaned_s, cleaned_bytes = watch.world.clock.monotonic_s(), watch.tree.written_bytes
    while True:
        await anyio.sleep(watch.rhythm.look_every_s)
        now_s = watch.world.clock.monotonic_s()
        written_bytes = watch.tree.written_bytes
        if watch.rhythm.is_due(
            since_s=now_s - cleaned_s,
            quiet_s=quiet_for_s(watch, now_s),
            written_bytes=written_bytes - cleaned_bytes,
        ):
            await clean(watch)
            cleaned_s, cleaned_bytes = now_s, written_bytes


def quiet_for_s(watch: Watch, now_s: float) -> float:
    """Seconds since the last edit or question; 0 while gates run."""
    if watch.shared.gates.underway or (watch.current is not None and not watch.current.done.is_set()):
        return 0.0
    return now_s - max(watch.follower.edited_s, watch.asked_s)


async def clean(watch: Watch) -> None:
    """Remove what is superfluous; read the tree anew when something of it is missing, whoever took it."""
    try:
        is_whole = await anyio.to_thread.run_sync(lambda: watch.tree.clean(needed_trees(watch)))
        await anyio.to_thread.run_sync(
            remove_large_runs, watch.world.files, watch.repository.state_dir / "runs", RUNS_LIMIT_BYTES
        )
        if not is_whole:
            await watch.follower.ask(watch.tree.cross_check)
            watch.follower.give(watch.tree.state)
        watch.untidy = ()
    except VerifydError as error:
        watch.untidy = (f"old objects and logs were not removed: {error}",)


def needed_trees(watch: Watch) -> frozenset[str]:
    """Ids of the trees that something is still asked about: what the newest one is compared with, those being verified, and those that were of late."""
    return frozenset(name for name in trees_in_use(watch) if name is not None)


def trees_in_use(watch: Watch) -> Iterator[str | None]:
    """The same, one after the other."""
    yield watch.store.last_ready_tree()
    if watch.current is not None:
        snapshot = watch.current.judged.snapshot
        yield from (snapshot.tree, snapshot.base_tree)
    yield from (live.tree for live in tuple(watch.shared.gates.underway.values()))
    oldest = watch.world.clock.now() - JUDGED_WITHIN
    yield from (tree for tree, result in tuple(watch.known.items()) if result.report.started_at > oldest)
