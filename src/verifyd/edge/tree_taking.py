"""What was worked out of a few paths in, the tree in memory changed by it out: its nodes, objects and stamps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypeVar

from verifyd.edge.ignored_paths import read_ignored_paths
from verifyd.edge.kept_objects import NewObject, keep_objects
from verifyd.edge.kept_tree import IgnoredPaths, KeptTree, ignored_as_seen
from verifyd.edge.merkle import Leaf, edit_node, find_node, id_in
from verifyd.edge.path_reading import packed
from verifyd.edge.sweep import ROOT, Stamp, is_racy
from verifyd.edge.tree_edit import LINK_MODE
from verifyd.edge.tree_update import TreeUpdate

Value = TypeVar("Value")


def take_over(update: TreeUpdate, blobs: list[NewObject]) -> bool:
    """Make the tree in memory what was worked out, and keep its objects; whether the tree is another."""
    kept = update.kept
    edits = {path: leaf for path, leaf in update.edits.items() if find_node(kept.root, path) != leaf}
    edited = edit_node(kept.root, edits, update.store.object_format)
    trees: list[NewObject] = [(identifier, "tree", content) for identifier, content in edited.objects.items()]
    wanted = {id_in(leaf) for leaf in edits.values() if leaf is not None}
    keep_objects(update.store, [*(blob for blob in blobs if blob[0] in wanted), *trees])
    is_other = edited.root.id != kept.root.id
    kept.root = edited.root
    take_over_stamps(update)
    if is_other:
        gone = {path for path, leaf in edits.items() if leaf is None}
        new = {path for path, leaf in edits.items() if leaf is not None and path not in kept.files}
        kept.absent |= gone
        kept.absent -= new
        if gone or new:
            kept.files = (kept.files - gone) | new
        take_over_links(kept, edits)
    if not kept.ignored.is_sure or update.has_reports not in (None, kept.ignored.has_reports):
        kept.ignored = read_ignored(update)
    elif update.others or update.folder_stamps:
        kept.ignored.follow(ignored_now(kept))
    return is_other


def take_over_links(kept: KeptTree, edits: Mapping[str, Leaf | None]) -> None:
    """Which files are links now."""
    links = {path for path, leaf in edits.items() if leaf is not None and leaf.startswith(LINK_MODE)}
    if links or not edits.keys().isdisjoint(kept.links):
        kept.links = (*(path for path in kept.links if path not in edits), *sorted(links))


def read_ignored(update: TreeUpdate) -> IgnoredPaths:
    """Ask git what is ignored, and where what we see differs from that; after all else was taken over."""
    kept, repository = update.kept, update.repository
    seen, answer = ignored_now(kept), read_ignored_paths(update.git, repository, kept.layout)
    git_says = frozenset(answer)
    are_at_rest = kept.racy.isdisjoint(kept.folders) and all(
        update.look(folder) == stamp for folder, stamp in kept.folders.items()
    )
    return IgnoredPaths(
        only_git=git_says - seen,
        only_ours=seen - git_says,
        paths=answer,
        has_reports=os.path.lexists(repository.report_dir),
        is_sure=are_at_rest,
    )


def ignored_now(kept: KeptTree) -> frozenset[str]:
    """What seems to be ignored, after all else was taken over."""
    return ignored_as_seen(kept.others, kept.children, kept.root, kept.absent & kept.index.paths)


def take_over_stamps(update: TreeUpdate) -> None:
    """How files and folders look now."""
    kept = update.kept
    kept.racy.difference_update(update.stamps, update.folder_stamps)
    if update.mapped is not None:
        kept.mapped = update.mapped
    if update.is_sure:
        kept.fresh.clear()
    for path, stamp in update.stamps.items():
        look = packed(*stamp) if stamp is not None else None
        if look != kept.stamps.get(path):
            kept.fresh.add(path)
        take(kept.stamps, path, look)
        note_racy(update, path, stamp)
    for folder, stamp in update.folder_stamps.items():
        take(kept.folders, folder, stamp)
        note_racy(update, folder, stamp)
        parent, _, name = folder.rpartition("/")
        if stamp is None:
            kept.children.pop(folder, None)
            kept.children.get(parent, set()).discard(name)
        elif folder != ROOT:
            kept.children.setdefault(parent, set()).add(name)
    for folder, others in update.others.items():
        take(kept.others, folder, others or None)


def note_racy(update: TreeUpdate, path: str, stamp: Stamp | None) -> None:
    """Note a path of which a later change could leave the stamp as it is."""
    if stamp is not None and is_racy(stamp, update.clock_ns):
        update.kept.racy.add(path)


def take(into: dict[str, Value], path: str, value: Value | None) -> None:
    """Set, or remove for None."""
    if value is None:
        into.pop(path, None)
    else:
        into[path] = value
