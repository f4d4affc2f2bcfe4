"""A few mirrors of a work tree: each use gets one that holds its tree, shared with whoever uses the same tree."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field

from verifyd.edge.folders import remove_tree
from verifyd.edge.merkle import TreeNode, differences
from verifyd.edge.mirror import Mirror, MirrorSource
from verifyd.edge.sweep import ROOT

MOST = 3
"""Mirrors that are kept; what is needed beyond is made for one use."""

LOOKS_A_WRITE = 40
"""So many files are looked at while one is written."""

LOOK_AFTER_S = 0.05
"""The verdict of the gate that has just ended comes first."""

ROOT_FOLDER = "tree"


class Lent(Struct, kw_only=True, eq=False):
    """
    A mirror and who is in it.

    Attributes:
        users: 0 when it is free.
        look: Looks for what its last users changed in it; None when that is done.
        hurry: Set when somebody waits for the look.
    """

    mirror: Mirror
    users: int = 0
    look: threading.Thread | None = None
    hurry: threading.Event = field(default_factory=threading.Event)


class Mirrors(Struct, kw_only=True, eq=False):
    """
    The mirrors of one work tree.

    Attributes:
        folder: Is there; they are made in it.
        now_s: Seconds since 1970.
        most: As MOST.
        known: All that there are, by folder.
    """

    folder: Path
    source: MirrorSource
    now_s: Callable[[], float]
    most: int = MOST
    lent: list[Lent] = field(default_factory=list)
    made: int = 0
    known: dict[Path, Mirror] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def lend(self, tree: TreeNode) -> Iterator[Path]:
        """
        A folder with exactly the files of *tree*; nothing of ours changes in it inside the ``with``.

        Raises:
            GitError, OSError: As Mirror.hold.
        """
        with self.lock:
            self.source.dates.follow(tree, self.now_s(), self.source.read_tree)
            taken = self.take(tree)
        if taken is None:
            with self.for_one_use(tree) as folder:
                yield folder
            return
        try:
            yield taken.mirror.folder
        finally:
            self.give_back(taken)

    def take(self, tree: TreeNode) -> Lent | None:
        """The mirror to be used, with one user more; None when all hold other trees that are in use."""
        for one in self.lent:
            if one.users and not one.mirror.spoiled and one.mirror.holds(tree, self.source.dates):
                one.users += 1
                return one
        free = [one for one in self.lent if not one.users]
        if free:
            chosen = min(free, key=lambda one: cost(one, tree))
        elif len(self.lent) < self.most:
            chosen = Lent(mirror=self.new_mirror())
            self.lent.append(chosen)
        else:
            return None
        finish_look(chosen)
        chosen.mirror.hold(tree, self.source)
        chosen.users = 1
        return chosen

    def new_mirror(self) -> Mirror:
        """A mirror that holds nothing yet."""
        self.made += 1
        mirror = Mirror(folder=self.folder / str(self.made) / ROOT_FOLDER, umask=umask_in(self.folder))
        self.known[mirror.folder] = mirror
        return mirror

    def changes(self, folder: Path) -> tuple[str, ...]:
        """What somebody changed in a folder that is lent, sorted; it is lent to nobody else then, and mended when it is free."""
        mirror = self.known[folder]
        try:
            return tuple(sorted(mirror.find_changes()))
        except OSError:  # the folder itself is gone
            mirror.spoiled.add(ROOT)
            return (ROOT,)

    def give_back(self, one: Lent) -> None:
        """One user less; after the last one somebody looks for what was changed, beside whatever comes next."""
        with self.lock:
            one.users -= 1
            if not one.users:
                one.hurry.clear()
                one.look = threading.Thread(target=look_for_changes, args=(one.mirror, one.hurry), daemon=True)
                one.look.start()

    @contextmanager
    def for_one_use(self, tree: TreeNode) -> Iterator[Path]:
        """A mirror beyond those that are kept."""
        with self.lock:
            mirror = self.new_mirror()
        try:
            mirror.hold(tree, self.source)
            yield mirror.folder
        finally:
            del self.known[mirror.folder]
            mirror.watch.close()
            remove_tree(mirror.folder.parent)

    def close(self) -> None:
        """Wait for those who look, and watch no more."""
        for one in self.lent:
            finish_look(one)
            one.mirror.watch.close()


def finish_look(one: Lent) -> None:
    """Wait until it is known what the last users changed."""
    if one.look is not None:
        one.hurry.set()
        one.look.join()
        one.look = None


def look_for_changes(mirror: Mirror, hurry: threading.Event) -> None:
    """Note what was changed; a mirror that cannot be looked at holds nothing."""
    hurry.wait(LOOK_AFTER_S)
    try:
        mirror.find_changes()
    except OSError:
        mirror.root = None


def cost(one: Lent, tree: TreeNode) -> float:
    """How many files have to be written to make a free mirror hold a tree; one that is being looked at takes as long as many."""
    held = one.mirror.root
    if held is None:
        return float("inf")
    is_looked_at = one.look is not None and one.look.is_alive()
    return len(differences(held, tree)) + len(one.mirror.looks) / LOOKS_A_WRITE * is_looked_at


def umask_in(folder: Path) -> int:
    """The bits that new files do not get; asked of the file system, because the system's own answer sets it for all threads."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        probe = os.path.join(name, "probe")
        os.mkdir(probe)
        return 0o777 & ~os.stat(probe).st_mode
