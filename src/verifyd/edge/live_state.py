"""What is kept of a work tree in, what is told of it out: one numbered state, and whether two say the same."""

from __future__ import annotations

from verifyd.app.watch_ports import TreeState
from verifyd.edge.kept_tree import KeptTree
from verifyd.edge.merkle import TreeContents, TreeNode
from verifyd.edge.tree_notes import Oddity


def make_state(kept: KeptTree, number: int) -> TreeState:
    """The state of that number."""
    return TreeState(
        number=number,
        tree=kept.root.id,
        content_ids=TreeContents(root=kept.root, inside=kept.inside),
        files=kept.files,
        folders=frozenset(kept.folders) - kept.oddities.found.get(Oddity.UNREADABLE, set()),
        ignored=kept.ignored.paths,
        links=kept.links,
        has_submodules=bool(kept.inside or kept.nested),
        notes=kept.oddities.notes(),
        conflicted=Oddity.CONFLICTED in kept.oddities.found,
    )


def root_of(state: TreeState) -> TreeNode:
    """The tree of a state that was made here; TypeError for any other."""
    if not isinstance(state.content_ids, TreeContents):
        raise TypeError("a state of another tree in memory")
    return state.content_ids.root


def is_same(one: TreeState, other: TreeState) -> bool:
    """Whether two states say the same: equal trees hold equal content, so that is not compared path by path."""
    return (
        one.tree == other.tree
        and (one.folders, one.ignored, one.notes, one.conflicted)
        == (other.folders, other.ignored, other.notes, other.conflicted)
        and one.files == other.files
    )
