"""
A whole work tree read into memory while it may be edited all the time.

To read everything takes git some tenths of a second, and an agent may edit all the while. What looks as it did before that
holds what was read; all the rest is then read once more as after any edit, which takes a millisecond or so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from verifyd.edge.git_repository import read_settings, work_place
from verifyd.edge.git_watch import deciding_files, is_rule_file, look_at_all
from verifyd.edge.kept_tree import KeptTree, keep, nested_git_files
from verifyd.edge.merkle import NONE_KNOWN, TreeNode, read_node
from verifyd.edge.path_reading import MovingError
from verifyd.edge.sweep import is_racy
from verifyd.edge.tree_at_rest import TreeMovedError, again_while_it_moves, read_once
from verifyd.edge.tree_look import TreeLook
from verifyd.edge.tree_taking import take_over
from verifyd.edge.tree_update import StructuralError


def read_whole(look: TreeLook, known: Mapping[str, TreeNode] = NONE_KNOWN) -> KeptTree:
    """
    Read everything anew, with git's own id, and bring it up to date.

    Args:
        known: As for ``read_node``.

    Raises:
        GitError: git cannot read or store something, or what decides which files belong to the tree does not come to rest.
    """
    nested: tuple[str, ...] = ()

    def read() -> KeptTree:
        nonlocal nested
        kept, moving = read_kept_tree(look, known, nested)
        watched, nested = nested, nested_git_files(look.git, look.repository, kept.nested)
        if not set(nested).issubset(watched):
            if watched:
                raise TreeMovedError(kept.nested)
            return read()  # which of git's files decide is known only after a first reading
        try:
            bring_up_to_date(look, kept, moving)
        except (StructuralError, MovingError, OSError) as error:
            raise TreeMovedError([str(error)]) from error
        return kept

    return again_while_it_moves(look.repository, read)


def read_kept_tree(
    look: TreeLook, known: Mapping[str, TreeNode], nested: tuple[str, ...]
) -> tuple[KeptTree, Collection[str]]:
    """
    One reading, true of each file and folder that still looks as it says; and what came or went meanwhile.

    Args:
        nested: Of git's files, those that decide about repositories inside the tree.

    Raises:
        TreeMovedError: Something went while git read it, or nobody can say whether it moves.
        GitError: git cannot read or store something.
    """
    git, store, repository = look.git, look.store, look.repository
    clock_ns = store.now_ns()
    settings = read_settings(git, work_place(repository, store))
    git_files = look_at_all((*deciding_files(git, repository, settings), *nested))
    reader, content, guard = read_once(git, store, repository)
    if guard.held:
        raise TreeMovedError(guard.moved())
    with git.object_reader(store.place) as objects:
        root = read_node(objects, content.tree, known)
    kept = keep(git, store, repository, reader, content, root, guard, settings, git_files)
    racy = {path for path, stamp in guard.expected.items() if is_racy(stamp, clock_ns)}
    kept.racy = {path for path in racy if not (is_rule_file(path) or kept.is_closed(path))}
    return kept, reader.moving


def bring_up_to_date(look: TreeLook, kept: KeptTree, moving: Collection[str]) -> None:
    """
    Read again what no longer looks as it did.

    Args:
        moving: Where to look in any case.

    Raises:
        StructuralError: That is not enough.
        MovingError: A file is being written right now.
        OSError: A folder may no longer be passed.
        GitError: git cannot store something.
    """
    look.maps_from_ns = 0
    update = look.update_of(kept)
    for path in moving:
        update.notice(path)
    look.everywhere(update, ())
    for folder in update.folders:
        # What git did not name there, it may have missed: a file that went while git looked, and came back.
        kept.others.pop(folder, None)
    blobs = update.work_out()
    if update.edits and kept.is_under_way:
        raise StructuralError("a merge or the like is under way")
    take_over(update, blobs)
