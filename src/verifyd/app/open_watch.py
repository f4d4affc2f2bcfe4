"""Opens a watching engine over a work tree: the processes, the history, the tree in memory and the watcher that it works with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager

import anyio.to_thread

from verifyd.app.housekeeping import Rhythm
from verifyd.app.ports import Repository
from verifyd.app.watch import Watch
from verifyd.app.watch_ports import LiveTree, Watcher
from verifyd.app.world import World

OpenTree = Callable[[Repository], AbstractContextManager[LiveTree]]
OpenWatcher = Callable[[Repository], AbstractAsyncContextManager[Watcher]]

USUAL_RHYTHM = Rhythm()


@asynccontextmanager
async def open_watch(
    world: World,
    repository: Repository,
    idle_s: float | None = None,
    *,
    open_tree: OpenTree,
    open_watcher: OpenWatcher,
    rhythm: Rhythm = USUAL_RHYTHM,
) -> AsyncIterator[Watch]:
    """
    The engine, ready to be run; leaving it ends every process that it started.

    Args:
        idle_s: See ``Watch``.
        rhythm: When it cleans up.

    Raises:
        VerifydError: The tree cannot be read, or the history cannot be opened.
    """
    async with world.open_processes() as processes:  # first: it forks, which is cheap while we are small
        with world.open_store(repository) as store:
            held = open_tree(repository)
            tree = await anyio.to_thread.run_sync(held.__enter__)
            try:
                async with open_watcher(repository) as watcher:
                    yield Watch(
                        world=world,
                        repository=repository,
                        tree=tree,
                        watcher=watcher,
                        processes=processes,
                        store=store,
                        idle_s=idle_s,
                        rhythm=rhythm,
                    )
            finally:
                await anyio.to_thread.run_sync(held.__exit__, None, None, None)
