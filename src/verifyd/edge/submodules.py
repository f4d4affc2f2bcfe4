"""Looks into submodules, whose content a tree names by a commit alone."""

from __future__ import annotations

from collections.abc import Mapping

from verifyd.app.ports import Repository
from verifyd.edge.git_objects import entries_between, find_entry, read_contents, tree_of
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import find_repository
from verifyd.edge.guard import below
from verifyd.edge.object_reader import ObjectReader
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.sweep import GIT_ENTRY
from verifyd.edge.tree_edit import FOLDER_MODE, SUBMODULE_MODE, Entry, edit_tree


def submodule_tree(
    git: GitProcess, store: ObjectStore, repository: Repository, path: str, commit: str
) -> tuple[Repository, str] | None:
    """The repository of a submodule and the tree of its commit; None when either is not on this machine."""
    folder = repository.root / path
    if not (folder / GIT_ENTRY).exists():
        return None
    nested = find_repository(git, folder)
    store.add_alternate(nested.common_dir / "objects")
    with git.object_reader(store.place) as objects:
        tree = tree_of(objects, commit)
    return (nested, tree) if tree is not None else None


def list_contents(git: GitProcess, store: ObjectStore, repository: Repository, tree: str) -> dict[str, str]:
    """``<mode> <id>`` of every path of a tree; a submodule's own line is followed by those of its files, where they are here."""
    contents: dict[str, str] = {}
    with git.object_reader(store.place) as objects:
        entries = read_contents(objects, tree)
    for path, entry in entries.items():
        contents[path] = f"{entry.mode} {entry.id}"
        if entry.mode == SUBMODULE_MODE:
            found = submodule_tree(git, store, repository, path, entry.id)
            if found is not None:
                inner = list_contents(git, store, *found)
                contents.update({below(path, name): content for name, content in inner.items()})
    return contents


def files_of(contents: Mapping[str, str]) -> frozenset[str]:
    """The paths that are files: submodules themselves left out."""
    return frozenset(path for path, content in contents.items() if not content.startswith(SUBMODULE_MODE))


def paths_between(git: GitProcess, store: ObjectStore, repository: Repository, old: str, new: str) -> frozenset[str]:
    """Paths that differ between two trees; what differs inside a submodule too, where both its commits are here."""
    with git.object_reader(store.place) as objects:
        found = list(entries_between(objects, old, new))
    paths = {path for path, _, _ in found}
    for path, before, after in found:
        paths.update(paths_inside(git, store, repository, path, commit_of(before), commit_of(after)))
    return frozenset(paths)


def commit_of(entry: Entry | None) -> str | None:
    """Where a submodule stands; None for anything else."""
    return entry.id if entry is not None and entry.mode == SUBMODULE_MODE else None


def paths_inside(
    git: GitProcess, store: ObjectStore, repository: Repository, path: str, old: str | None, new: str | None
) -> tuple[str, ...]:
    """Paths that differ in a submodule between two of its commits (None: it was or is not there), sorted; none when not known."""
    if old is None and new is None:
        return ()
    trees: list[str] = []
    nested = repository
    for commit in (old, new):
        found = (
            submodule_tree(git, store, repository, path, commit) if commit is not None else (nested, store.empty_tree)
        )
        if found is None:
            return ()
        nested, tree = found
        trees.append(tree)
    return tuple(sorted(below(path, name) for name in paths_between(git, store, nested, *trees)))


def with_contents(objects: ObjectReader, store: ObjectStore, tree: str, nested: Mapping[str, Entry | None]) -> str:
    """
    A base tree whose submodules stand there as in the judged tree: by their content where that has them by content.

    Args:
        nested: What stands in the judged tree, by folder, to any depth.
    """
    for path in sorted(nested):
        old, new = find_entry(objects, tree, path), nested[path]
        if old is not None and old.mode == SUBMODULE_MODE and (new is None or new.mode == FOLDER_MODE):
            content = tree_of(objects, old.id)
            if content is not None:
                tree = edit_tree(objects, store, tree, {path: Entry(mode=FOLDER_MODE, id=content)})
    return tree
