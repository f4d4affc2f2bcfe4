"""Trees that the newest one is compared with, at hand by their ids: those that were the newest, and stored ones once read."""

from __future__ import annotations

import threading

from msgspec import Struct, field

from verifyd.edge.merkle import TreeNode

MOST = 50
"""They share with each other what is the same in them, so one more costs little more than what differs."""


class KnownTrees(Struct, kw_only=True):
    """
    The last trees, by use; any thread may ask.

    Attributes:
        most: As MOST.
    """

    most: int = MOST
    by_id: dict[str, TreeNode] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, root: TreeNode) -> None:
        """Keep a tree; the one that was asked for longest ago goes."""
        with self.lock:
            self.by_id.pop(root.id, None)
            self.by_id[root.id] = root
            while len(self.by_id) > self.most:
                del self.by_id[next(iter(self.by_id))]

    def get(self, tree: str) -> TreeNode | None:
        """A tree by its id; None for one that is not at hand."""
        with self.lock:
            found = self.by_id.pop(tree, None)
            if found is not None:
                self.by_id[tree] = found
            return found

    def forget(self) -> None:
        """Keep none."""
        with self.lock:
            self.by_id.clear()
