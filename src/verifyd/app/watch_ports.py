"""What the watching daemon needs of the world besides ``ports``: hints that something changed, and the tree kept in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from verifyd.app.ports import Guard
from verifyd.snapshot import Snapshot


class Hint(Struct, frozen=True, kw_only=True):
    """
    Something may have changed. A hint proves nothing: what it names is read again, and only what was read counts.

    Attributes:
        paths: Files and folders relative to the root, ``""`` for the root itself; of a folder all that is below it.
        lost: Events may be missing, so that everything has to be looked at.
        git_state: The index, HEAD, a ref, ``info/exclude`` or the configuration was written.
        traceless: Files that may change without any trace are to be read again, named or not.
    """

    paths: frozenset[str] = frozenset()
    lost: bool = False
    git_state: bool = False
    traceless: bool = False

    def __or__(self, other: Hint) -> Hint:
        """Both hints as one."""
        return Hint(
            paths=self.paths | other.paths,
            lost=self.lost or other.lost,
            git_state=self.git_state or other.git_state,
            traceless=self.traceless or other.traceless,
        )

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.paths) or self.lost or self.git_state or self.traceless


class Watcher(Protocol):
    """Tells that something below a work tree was touched; closes with its ``with``."""

    @property
    def backend(self) -> str:
        """``inotify``, ``watchfiles`` or ``polling``: for the report."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, a sentence each with what to do: watches ran out, events were lost, a noisy file."""
        ...

    def watch(self, folders: Collection[str]) -> frozenset[str]:
        """
        Watch exactly these folders, relative, those that hold files of the tree.

        Returns:
            Folders that were not watched before: what happened in them until now is known to nobody, so read them again.
        """
        ...

    async def next(self) -> Hint:
        """
        The next batch: waits for an event, then until nothing more came for 10 ms, at most 250 ms, and while git holds a lock.

        Raises:
            WatchError: The root was moved, removed or unmounted.
        """
        ...

    def drain(self) -> Hint:
        """All that the system has to tell about what was done before this call, without waiting for more; may be empty."""
        ...


class TreeState(Struct, frozen=True, kw_only=True):
    """
    One exact tree, as it was read into memory.

    Attributes:
        number: Grows with every tree that differs from the one before it.
        tree: Id of the git tree.
        content_ids: Path to mode and blob id (``100644 <id>``), as ``Git.content_ids`` gives it.
        files: As ``Snapshot.paths``; the same object as in the state before when none came or went.
        folders: Folders that are looked at: those not ignored, ``""`` for the root.
        ignored: As ``Git.ignored_paths`` gives it.
        links: Paths of links in it, those in submodules too.
        has_submodules: Whether files in it belong to submodules or other repositories.
        notes: As ``Snapshot.notes``.
        conflicted: As ``Snapshot.conflicted``.
    """

    number: int
    tree: str
    content_ids: Mapping[str, str]
    files: frozenset[str]
    folders: frozenset[str]
    ignored: tuple[str, ...]
    links: tuple[str, ...] = ()
    has_submodules: bool = False
    notes: tuple[str, ...] = ()
    conflicted: bool = False


class LiveTree(Protocol):
    """
    The working tree in memory. Its methods block and are called one at a time, in any thread.

    Raises:
        GitError: Git cannot read or store something; the state stays as it was and the next call reads everything anew.
    """

    @property
    def state(self) -> TreeState:
        """The newest tree that was read."""
        ...

    @property
    def discarded(self) -> int:
        """How often git's own answer differed, so that the state was thrown away: should be 0, ``doctor`` shows it."""
        ...

    def read(self, hint: Hint) -> TreeState:
        """Read what the hint names. The same state (the same object) when nothing of the tree differs."""
        ...

    def sweep(self) -> TreeState:
        """Look at every file by lstat, and read what differs from the last look: an edit is found without any hint."""
        ...

    def cross_check(self) -> bool:
        """Ask git for the tree; whether it says the same. A difference throws our state away and reads everything anew."""
        ...

    def snapshot(self, state: TreeState, base: str) -> Snapshot:
        """The state as a snapshot, with what the change is counted from. *base*: as for ``Git.snapshot_working_tree``."""
        ...

    def paths_changed(self, state: TreeState, since: str) -> frozenset[str] | None:
        """Paths that differ between a tree that git or we hold and the state; None when that tree is no longer known."""
        ...

    @property
    def written_bytes(self) -> int:
        """What was written to disk for objects so far."""
        ...

    def clean(self, needed: Collection[str]) -> bool:
        """
        Remove stored objects that neither the newest state nor the trees in *needed* name, the oldest first, beyond what is
        kept of them by age and size; whether all that the newest state names is still there. May be called beside the others.
        """
        ...

    def guard(self, state: TreeState) -> Guard:
        """Watches the working tree from the moment *state* was read; everything counts as moved when it is not the newest."""
        ...

    def mirror(self, state: TreeState) -> AbstractContextManager[Path]:
        """
        A folder with exactly that tree's files, as a checkout would write them; nothing changes in it inside the ``with``.

        A file whose content changed has a later whole second as modification time than any the same path had before.
        """
        ...

    def mirror_changes(self, folder: Path) -> tuple[str, ...]:
        """Paths that somebody else changed in a folder that ``mirror`` opened, sorted. Blocks: each file is looked at."""
        ...
