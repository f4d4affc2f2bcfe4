"""``verifyd watch`` whose daemon keeps little and cleans up often: what takes days then takes minutes."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from unittest.mock import patch

from msgspec.structs import replace

from verifyd.__main__ import main
from verifyd.app.history_ports import Store
from verifyd.app.housekeeping import Rhythm
from verifyd.app.open_watch import open_watch
from verifyd.app.ports import Repository
from verifyd.app.watch import Watch
from verifyd.app.world import World
from verifyd.edge.git import GitBinary
from verifyd.edge.history_key import history_key_path, read_history_key
from verifyd.edge.live_tree import open_live_tree
from verifyd.edge.object_pruning import Limits
from verifyd.edge.store import open_store
from verifyd.edge.store_queries import Retention
from verifyd.edge.watcher import open_watcher

LIMITS = Limits(kept_s=600.0, size_bytes=4 * 1024 * 1024, spared_s=60.0)
RHYTHM = Rhythm(look_every_s=5.0, every_s=60.0, quiet_s=3.0, latest_s=90.0, written_bytes=2 * 1024 * 1024)
RETENTION = Retention(gate_runs=200, reports=50)


def open_hurried(
    world: World, repository: Repository, idle_s: float | None = None
) -> AbstractAsyncContextManager[Watch]:
    """The real engine with other limits."""
    git = GitBinary(world.machine.environment)
    return open_watch(
        replace(world, open_store=open_small_history),
        repository,
        idle_s,
        open_tree=lambda of: open_live_tree(git, of, LIMITS),
        open_watcher=lambda of: open_watcher(of.root, of.git_dir, of.common_dir),
        rhythm=RHYTHM,
    )


def open_small_history(repository: Repository) -> AbstractContextManager[Store]:
    """History as ever, but less of it."""
    return open_store(repository.home, secret=read_history_key(history_key_path()), retention=RETENTION)


if __name__ == "__main__":
    with (
        patch("verifyd.doors.watch.open_engine", open_hurried),
        patch("verifyd.edge.verdict_files.KEPT", 50),
        patch("verifyd.edge.store.LOG_LIMIT_BYTES", 512 * 1024),
    ):
        main()
