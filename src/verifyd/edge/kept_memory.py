"""A tree that was read among much that is forgotten, moved together in memory, so that what lay between goes back to the system."""

from __future__ import annotations

import pickle

from verifyd.edge.git_watch import IndexListing
from verifyd.edge.kept_tree import KeptTree
from verifyd.edge.linux import give_back_memory
from verifyd.edge.merkle import TreeNode

NO_TREE = TreeNode(id="", entries={})


def move_together(kept: KeptTree) -> None:
    """
    Write out what is large, free it, and read it back: of 57,000 files, 33 MB of 81 are then free, in 0.2 s.

    Nobody else may hold parts of it: he would keep the old ones. Who shares what with whom inside stays as it is.
    """
    parts = pickle.dumps(
        (kept.root, kept.files, kept.stamps, kept.folders, kept.children, kept.others, kept.index),
        protocol=pickle.HIGHEST_PROTOCOL,
    )
    kept.root, kept.files, kept.stamps = NO_TREE, frozenset(), {}
    kept.folders, kept.children, kept.others = {}, {}, {}
    kept.index = IndexListing(stamp=None, marked={}, paths=frozenset())
    give_back_memory()
    kept.root, kept.files, kept.stamps, kept.folders, kept.children, kept.others, kept.index = pickle.loads(parts)  # noqa: S301 written above
