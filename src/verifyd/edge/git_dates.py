"""A stored tree in, its files dated as if a daemon had had it in memory out."""

from __future__ import annotations

from contextlib import suppress

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import work_place
from verifyd.edge.merkle import TreeNode, folders_by_id, read_node
from verifyd.edge.mirror_dates import MirrorDates
from verifyd.edge.object_store import ObjectStore
from verifyd.errors import GitError


def follow_stored(git: GitProcess, store: ObjectStore, repository: Repository, dates: MirrorDates, tree: str) -> None:
    """
    Date what differs between a tree and the one before it.

    Raises:
        GitError: An object is missing or not what its name says.
    """
    store.add_alternate(repository.common_dir / "objects")
    place = work_place(repository, store)
    with git.object_reader(place) as objects:
        root = read_node(objects, tree)

    def read(last: str) -> TreeNode | None:
        with suppress(GitError), git.object_reader(place) as objects:
            return read_node(objects, last, folders_by_id(root))
        return None

    probe = store.folder / "clock"
    probe.touch()
    dates.follow(root, probe.stat().st_ctime_ns / 1e9, read)
