"""A work tree read again and again until nothing in it changed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from verifyd.app.ports import Repository
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

Found = TypeVar("Found")


class TreeMovedError(Exception):
    """What was read is of no use, because something moved meanwhile: *paths*."""

    def __init__(self, paths: Iterable[str]) -> None:
        super().__init__()
        self.paths = tuple(sorted(paths))


def read_at_rest(
    git: GitProcess, store: ObjectStore, repository: Repository
) -> tuple[WorkTreeReader, Content, TreeGuard]:
    """
    Read a work tree such that nothing in it changed from the first look to the last.

    Raises:
        GitError: git cannot read or store something, or the tree does not come to rest; the message names what moves.
    """

    return again_while_it_moves(repository, lambda: read_resting(git, store, repository))


def read_resting(
    git: GitProcess, store: ObjectStore, repository: Repository
) -> tuple[WorkTreeReader, Content, TreeGuard]:
    """The same in one reading; TreeMovedError when something moved meanwhile."""
    reader, content, guard = read_once(git, store, repository)
    if moved := {*reader.moving, *guard.moved()}:
        raise TreeMovedError(moved)
    return reader, content, guard


def read_once(git: GitProcess, store: ObjectStore, repository: Repository) -> tuple[WorkTreeReader, Content, TreeGuard]:
    """
    Read a work tree; what moved meanwhile shows in the reader's *moving*, and in a look at it by the guard.

    Raises:
        TreeMovedError: git could not read or store something, and something moved: a file that goes meanwhile is no fault.
        GitError: git could not, and nothing moved.
    """
    reader = WorkTreeReader(git=git, store=store, top=repository)
    try:
        content = reader.read(repository)
    except (GitError, OSError) as error:
        moved = reader.guard(frozenset()).moved()
        if not moved:
            raise
        raise TreeMovedError(moved) from error
    return reader, content, reader.guard(content.files)


def again_while_it_moves(repository: Repository, read: Callable[[], Found]) -> Found:
    """
    What *read* gives, which is called again a few times, and later each time, while it raises TreeMovedError.

    Raises:
        GitError: As *read*, or the tree does not come to rest; the message names what moves.
    """
    moved: tuple[str, ...] = ()
    for reading in range(READINGS):
        threading.Event().wait(PAUSE_S * 2 ** (reading - 1) if reading else 0)
        try:
            return read()
        except TreeMovedError as error:
            moved = error.paths
    raise does_not_rest(repository, moved)


def does_not_rest(repository: Repository, moved: tuple[str, ...]) -> GitError:
    """What is said then."""
    remedy = "Stop what writes there, or list it in .gitignore."
    return GitError(f"the tree does not come to rest: {named(moved)}", where=str(repository.root), remedy=remedy)
