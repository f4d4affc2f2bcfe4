"""A work tree read again and again until nothing in it changed meanwhile."""

from __future__ import annotations

import threading

from verifyd.app.ports import Repository
from verifyd.edge.disk_edits import TreeMovedError
from verifyd.edge.git_process import GitProcess
from verifyd.edge.guard import TreeGuard
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.tree_notes import named
from verifyd.edge.work_tree import Content, WorkTreeReader
from verifyd.errors import GitError

READINGS = 5
"""A tree that changes during each of so many readings does not come to rest."""

PAUSE_S = 0.05
"""Before the second reading; doubled before each further one."""


def read_at_rest(
    git: GitProcess, store: ObjectStore, repository: Repository
) -> tuple[WorkTreeReader, Content, TreeGuard]:
    """
    Read a work tree such that nothing in it changed from the first look to the last.

    Raises:
        GitError: git cannot read or store something, or the tree does not come to rest; the message names what moves.
    """
    moved: tuple[str, ...] = ()
    for reading in range(READINGS):
        threading.Event().wait(PAUSE_S * 2 ** (reading - 1) if reading else 0)
        reader = WorkTreeReader(git=git, store=store, top=repository)
        try:
            content = reader.read(repository)
            guard = reader.guard(content.files)
            moved = guard.moved()
            if not moved:
                return reader, content, guard
        except TreeMovedError as error:
            moved = (str(error),)
        except (GitError, OSError):
            # A file that goes while git reads it is no fault of the tree.
            moved = reader.guard(frozenset()).moved()
            if not moved:
                raise
    remedy = "Stop what writes there, or list it in .gitignore."
    raise GitError(f"the tree does not come to rest: {named(moved)}", where=str(repository.root), remedy=remedy)
