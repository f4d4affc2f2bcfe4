"""Modification times for a tree's files where gates see them: what is unchanged keeps its own, what changed gets a later one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from verifyd.edge.locking import locked
from verifyd.edge.merkle import TreeNode, differences, find_node, id_in

COMPACTED_BYTES = 4 * 1024 * 1024
TREE, EPOCH = "tree", "epoch"


def read_none(_tree: str) -> TreeNode | None:
    """For who has only the trees that he gives himself."""
    return None


class MirrorDates(Struct, kw_only=True):
    """
    Whole seconds since 1970 by path, of one work tree.

    Caches of compilers and type checkers compare times for being equal; make and cargo compare them for being later than
    what they built, which may lie in an ignored folder that every view shares. So both must hold:

    - What is there when dates are first given, or when it is not known what was there last, gets the next whole second: that
      is later than whatever was built. It is kept in the file, so that it is the same on each start.
    - Content that takes the place of other content in a tree that was dated gets the next whole second after now, and one
      more than any the path had. It keeps that one until it is replaced. Content that comes back gets a new one: what was
      built meanwhile was built from something else.

    The file is appended to before a tree is handed out, so the rule holds over the death of the process; and a process that
    dates a tree reads first what others have appended, so it holds for a daemon and the runs beside it together.

    Attributes:
        known: Blob id and second, of paths whose content was once replaced.
        changes: The number of the newest change of each of those paths, in that order.
        changed: How many changes there were: who followed so far goes on from there with *changed_since*.
        compacted_bytes: Size of the file when it held each path once.
        epoch: The second of whatever is not known; 0 before the first.
        tree: What was dated last, as far as it is at hand.
        tree_id: Its id; None at the very beginning.
        place: Inode of the file, and how much of it was read.
    """

    file: Path
    known: dict[str, tuple[str, int]] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    changed: int = 0
    compacted_bytes: int = 0
    epoch: int = 0
    tree: TreeNode | None = None
    tree_id: str | None = None
    place: tuple[int, int] = (0, 0)

    def second_of(self, path: str, blob: str) -> int:
        """The time of what is at a path now."""
        known = self.known.get(path)
        return known[1] if known is not None and known[0] == blob else self.epoch

    def follow(self, tree: TreeNode, now_s: float, read: Callable[[str], TreeNode | None] = read_none) -> None:
        """
        Date what differs between the last tree that anybody dated and this one, and write it down.

        Args:
            read: A tree by its id; None where that is no longer known.
        """
        with locked(lock_of(self.file)):
            self.catch_up()
            if self.tree is None or self.tree.id != self.tree_id:
                self.tree = None if self.tree_id is None else tree if tree.id == self.tree_id else read(self.tree_id)
            if self.epoch and self.tree is not None and self.tree.id == tree.id:
                return
            lines = self.date(tree, int(now_s) + 1)
            self.tree, self.tree_id = tree, tree.id
            try:
                self.append([*lines, f"{TREE} {tree.id}"])
            except OSError:
                self.place = (0, 0)  # what stands in the file counts
                raise

    def date(self, tree: TreeNode, second: int) -> list[str]:
        """Give what differs from the last tree its time; the lines to be written."""
        if self.epoch and self.tree is not None:
            return self.date_changes(self.tree, tree, second)
        self.epoch = max(second, self.epoch + 1, 1 + max((last for _, last in self.known.values()), default=0))
        return [f"{EPOCH} {self.epoch}", *self.date_replaced(tree, self.epoch)]

    def catch_up(self) -> None:
        """Read what others have appended; all of it when the file is another one."""
        try:
            with self.file.open("rb") as file:
                seen = os.fstat(file.fileno())
                if self.place == (seen.st_ino, seen.st_size):
                    return
                start = self.place[1] if self.place[0] == seen.st_ino and self.place[1] <= seen.st_size else 0
                file.seek(start)
                content = file.read()
        except FileNotFoundError:
            return
        self.place = (seen.st_ino, start + len(content))
        self.take(content)
        if not content.endswith(b"\0"):
            compact(self)

    def take(self, content: bytes) -> None:
        """Take over lines of the file; one that was cut off is left out."""
        for line in content.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            first, _, rest = line.partition(" ")
            blob, _, path = rest.partition(" ")
            if first == TREE:
                self.tree_id = rest
            elif first == EPOCH:
                self.epoch = int(rest)
            elif first.isdigit() and path and self.known.get(path) != (blob, int(first)):
                self.set(path, blob, int(first))

    def date_changes(self, old: TreeNode, new: TreeNode, second: int) -> list[str]:
        """Give each path that differs its time; the lines to be written."""
        lines: list[str] = []
        for path, leaf in differences(old, new).items():
            before = find_node(old, path)
            was = id_in(before) if isinstance(before, str) else None
            if leaf is None:
                # Gone: remembered, so that other content that comes in its place is told from it.
                if was is not None and path not in self.known:
                    lines.append(self.set(path, was, self.epoch))
                continue
            blob = id_in(leaf)
            known = self.known.get(path) or ((was, self.epoch) if was is not None else None)
            if known is None or known[0] != blob:
                lines.append(self.set(path, blob, max(known[1] + 1 if known is not None else 0, second)))
        return lines

    def date_replaced(self, tree: TreeNode, second: int) -> list[str]:
        """What can be said when the last tree is not known any more: the known paths that hold something else now."""
        lines: list[str] = []
        for path, (blob, last) in tuple(self.known.items()):
            leaf = find_node(tree, path)
            if isinstance(leaf, str) and id_in(leaf) != blob:
                lines.append(self.set(path, id_in(leaf), max(last + 1, second)))
        return lines

    def set(self, path: str, blob: str, second: int) -> str:
        """Keep a time; the line that says so."""
        self.known[path] = (blob, second)
        self.changed += 1
        self.changes.pop(path, None)
        self.changes[path] = self.changed
        return f"{second} {blob} {path}"

    def changed_since(self, number: int) -> list[str]:
        """Paths that were changed after so many changes."""
        return list(itertools.takewhile(lambda path: self.changes[path] > number, reversed(self.changes)))

    def append(self, lines: list[str]) -> None:
        """Write lines to the end of the file at once; each path is written once when it has become twice as long by that."""
        self.place = write_lines(self.file, lines)
        if self.place[1] > max(COMPACTED_BYTES, 2 * self.compacted_bytes):
            compact(self)


def read_dates(file: Path) -> MirrorDates:
    """What earlier processes wrote."""
    dates = MirrorDates(file=file)
    with locked(lock_of(file)):
        dates.catch_up()
        if dates.place[1] > COMPACTED_BYTES:
            compact(dates)
    return dates


def compact(dates: MirrorDates) -> None:
    """Write the file anew with each path once; nobody else may write to it meanwhile."""
    lines = [f"{second} {blob} {path}" for path, (blob, second) in dates.known.items()]
    whole = dates.file.with_name(f"{dates.file.name}.new")
    whole.unlink(missing_ok=True)
    last = [f"{TREE} {dates.tree_id}"] if dates.tree_id else []
    dates.place = write_lines(whole, [*([f"{EPOCH} {dates.epoch}"] if dates.epoch else []), *lines, *last])
    dates.compacted_bytes = dates.place[1]
    whole.replace(dates.file)


def write_lines(file: Path, lines: list[str]) -> tuple[int, int]:
    """Write lines to the end of a file; its inode and size."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write("".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape"))
        opened.flush()
        seen = os.fstat(descriptor)
        return seen.st_ino, seen.st_size


def lock_of(file: Path) -> Path:
    """What is locked in place of the file itself, in whose place another one comes."""
    return file.with_name(f"{file.name}.flock")
