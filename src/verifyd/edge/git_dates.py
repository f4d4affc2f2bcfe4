"""A stored tree in, its files dated as if a daemon had had it in memory out."""

from __future__ import annotations

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import work_place
from verifyd.edge.merkle import read_node, read_stored
from verifyd.edge.mirror_dates import MirrorDates
from verifyd.edge.object_store import ObjectStore


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
    dates.follow(root, store.now_ns() / 1e9, lambda last: read_stored(git, place, last, root))
