"""Modification times for mirrored files: what is unchanged keeps its own, what changed gets a later one, also across restarts."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path

from verifyd.edge.git_checkout import EARLIEST, RANGE_S
from verifyd.edge.merkle import TreeNode, differences, find_node

COMPACTED_BYTES = 4 * 1024 * 1024
TREE = "tree"


@dataclass(slots=True, kw_only=True)
class MirrorDates:
    """
    Whole seconds since 1970 by path.

    Caches of compilers and type checkers compare times for being equal; make and cargo compare them for being later than
    what they built, which may lie in an ignored folder that every view shares. So both must hold:

    - As long as nothing is known of a path but one content, its time follows from that content, between 2001 and 2016, as in
      ``write_tree``: the same on each start, and other than that of any other content.
    - Content that takes the place of other content that a mirror of this work tree held gets the next whole second after
      now, and one more than any the path had. It keeps that one until it is replaced. Content that comes back gets a new one:
      what was built meanwhile was built from something else.

    The file is appended to before a mirror is handed out, so the rule holds over the death of the process.

    Attributes:
        known: Blob id and second, of paths whose content was once replaced.
        changes: The number of the newest change of each of those paths, in that order.
        changed: How many changes there were: who followed so far goes on from there with *changed_since*.
        compacted_bytes: Size of the file when it held each path once.
        tree: What was dated last; None at the very beginning.
        tree_id: Its id, as far as a file from an earlier process says.
    """

    file: Path
    known: dict[str, tuple[str, int]] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    changed: int = 0
    compacted_bytes: int = 0
    tree: TreeNode | None = None
    tree_id: str | None = None

    def second_of(self, path: str, blob: str) -> int:
        """The time of what is at a path now."""
        known = self.known.get(path)
        return known[1] if known is not None and known[0] == blob else second_by_content(blob)

    def follow(self, tree: TreeNode, now_s: float) -> None:
        """Date what differs between the last tree and this one, and write it down."""
        if self.tree is not None and self.tree.id == tree.id:
            return
        second = int(now_s) + 1
        if self.tree is None:
            lines = [] if self.tree_id == tree.id else self.date_replaced(tree, second)
        else:
            lines = self.date_changes(self.tree, tree, second)
        self.tree = tree
        self.append([*lines, f"{TREE} {tree.id}"])

    def date_changes(self, old: TreeNode, new: TreeNode, second: int) -> list[str]:
        """Give each path that differs its time; the lines to be written."""
        lines: list[str] = []
        for path, leaf in differences(old, new).items():
            before = find_node(old, path)
            blob, was = id_of(leaf), id_of(before if isinstance(before, str) else None)
            if blob is None:
                # Gone: remembered, so that other content that comes in its place is told from it.
                if was is not None and path not in self.known:
                    lines.append(self.set(path, was, second_by_content(was)))
                continue
            known = self.known.get(path) or ((was, second_by_content(was)) if was is not None else None)
            if known is not None and known[0] != blob:
                lines.append(self.set(path, blob, max(known[1] + 1, second)))
        return lines

    def date_replaced(self, tree: TreeNode, second: int) -> list[str]:
        """What can be said when the last tree is not known any more: the known paths that hold something else now."""
        lines: list[str] = []
        for path, (blob, last) in tuple(self.known.items()):
            leaf = find_node(tree, path)
            now = id_of(leaf) if isinstance(leaf, str) else None
            if now is not None and now != blob:
                lines.append(self.set(path, now, max(last + 1, second)))
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
        if self.write(lines) > max(COMPACTED_BYTES, 2 * self.compacted_bytes):
            compact(self)

    def write(self, lines: list[str]) -> int:
        """Write lines to the end of the file; its size."""
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write("".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape"))
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)


def read_dates(file: Path) -> MirrorDates:
    """What an earlier process wrote; a line that was cut off is left out."""
    dates = MirrorDates(file=file)
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return dates
    for line in content.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        first, _, rest = line.partition(" ")
        blob, _, path = rest.partition(" ")
        if first == TREE:
            dates.tree_id = rest
        elif first.isdigit() and path:
            dates.known[path] = (blob, int(first))
    if len(content) > COMPACTED_BYTES or not content.endswith(b"\0"):
        compact(dates)
    return dates


def compact(dates: MirrorDates) -> None:
    """Write the file anew with each path once."""
    lines = [f"{second} {blob} {path}" for path, (blob, second) in dates.known.items()]
    whole = MirrorDates(file=dates.file.with_name(f"{dates.file.name}.new"))
    whole.file.unlink(missing_ok=True)
    last = dates.tree.id if dates.tree is not None else dates.tree_id
    dates.compacted_bytes = whole.write([*lines, *([f"{TREE} {last}"] if last else [])])
    whole.file.replace(dates.file)


def id_of(leaf: str | None) -> str | None:
    """The blob that a leaf names."""
    return leaf.partition(" ")[2] if leaf is not None else None


def second_by_content(blob: str) -> int:
    """As git_checkout.date_by_content has it."""
    return EARLIEST + int(blob[:8], 16) % RANGE_S
