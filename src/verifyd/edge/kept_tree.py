"""A work tree read as a whole, in the form that is kept in memory: the tree, and how each of its files and folders looked."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, field

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import Settings, find_repository, operation_under_way
from verifyd.edge.git_watch import GitStamps, IndexListing, nested_files
from verifyd.edge.guard import TreeGuard, below
from verifyd.edge.ignore_rules import IgnoreRules, is_ours
from verifyd.edge.ignored_paths import Layout, outermost
from verifyd.edge.merkle import Leaf, TreeContents, TreeNode, find_node, id_in, leaves
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.path_reading import packed
from verifyd.edge.stored_forms import autocrlf, may_convert
from verifyd.edge.submodules import list_contents, submodule_tree
from verifyd.edge.sweep import GIT_ENTRY, ITSELF, ROOT, Stamp, Sweep, joined, look_at, with_parents
from verifyd.edge.tree_edit import LINK_MODE, SUBMODULE_MODE, Entry
from verifyd.edge.tree_notes import Oddities, Oddity
from verifyd.edge.work_tree import Content, WorkTreeReader


class IgnoredPaths(Struct, kw_only=True):
    """
    What git says is ignored, kept up to date by what we see in folders.

    Attributes:
        only_git: Paths that git names and we do not see as such: our reports, what is in repositories inside the tree.
        only_ours: Paths that are no files of the tree but not ignored either.
        paths: The answer.
        has_reports: Whether the folder of our reports was there.
        is_sure: Whether nothing moved between what we saw and what git said; else git is to be asked again.
    """

    only_git: frozenset[str] = frozenset()
    only_ours: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    has_reports: bool = False
    is_sure: bool = False

    def follow(self, seen: frozenset[str]) -> None:
        """Take over what is seen now."""
        self.paths = tuple(sorted(outermost((seen - self.only_ours) | self.only_git)))


class KeptTree(Struct, kw_only=True):
    """
    What is in memory of a work tree. Paths are relative to the root, ``""`` for the root itself.

    Attributes:
        inside: Mode and id of what lies in submodules, which the tree names by their commit alone.
        nested: As Content.nested.
        closed: Folders of nested repositories and submodules: what moves in there is read by git.
        stamps: How each file of the tree looked when it was read, packed; those that are not on disk are missing.
        size_bytes: Of all files, when everything was read.
        links: Those of the files that are links.
        folders: How each folder that is not ignored looked before it was listed.
        children: Names of such folders by the folder they are in.
        others: What lies in such folders besides, by folder and name: its kind (``S_IFMT``).
        absent: Paths that belong to the tree if they come back, whatever the ignore rules say.
        held: As TreeGuard.held.
        mapped: Files that other processes held mapped for writing when that was last looked up: a second store through a
            page leaves no trace.
        fresh: Files that looked otherwise when they were read since: one may have been mapped, stored to again, and let go.
        racy: Files and folders that may have been changed again without a trace, in the same tick of the clock.
        attributes: Answers of ``git check-attr`` by path, as far as it was asked.
        git_files: How git's own files looked that decide about the tree.
    """

    root: TreeNode
    inside: Mapping[str, Leaf]
    nested: Mapping[str, Entry | None]
    closed: tuple[str, ...]
    files: frozenset[str]
    stamps: dict[str, bytes]
    size_bytes: int
    links: tuple[str, ...]
    folders: dict[str, Stamp]
    children: dict[str, set[str]]
    others: dict[str, dict[str, int]]
    absent: set[str]
    held: frozenset[str]
    rules: Mapping[str, IgnoreRules]
    layout: Layout
    settings: Settings
    may_convert: bool
    is_under_way: bool
    oddities: Oddities
    index: IndexListing
    git_files: GitStamps
    ignored: IgnoredPaths = field(default_factory=IgnoredPaths)
    mapped: frozenset[str] = frozenset()
    fresh: set[str] = field(default_factory=set)
    racy: set[str] = field(default_factory=set)
    attributes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def autocrlf(self) -> bool:
        """Whether line endings are converted in files that no attribute mentions."""
        return autocrlf(self.settings)

    @property
    def traceless(self) -> set[str]:
        """Files that may have changed since they were read though they look as they did."""
        return {path for path in (*self.racy, *self.mapped, *self.fresh) if path in self.stamps}

    def is_closed(self, path: str) -> bool:
        """Whether a path is, or lies in, a repository inside the tree."""
        return any(path == folder or path.startswith(f"{folder}/") for folder in self.closed)


def nested_git_files(git: GitProcess, repository: Repository, folders: Iterable[str]) -> tuple[str, ...]:
    """What decides about repositories inside the tree, in *folders*."""
    files: list[str] = []
    for folder in folders:
        files.extend(nested_files(find_repository(git, repository.root / folder)))
    return tuple(files)


def keep(
    git: GitProcess,
    store: ObjectStore,
    repository: Repository,
    reader: WorkTreeReader,
    content: Content,
    root: TreeNode,
    guard: TreeGuard,
    settings: Settings,
    git_files: GitStamps,
) -> KeptTree:
    """One reading in the form that is kept."""
    expected, index = guard.expected, reader.indexes[ROOT]
    closed = {*content.nested, *(path for path, line in index.marked.items() if line.startswith(SUBMODULE_MODE, 2))}
    stamps = {path: packed(*expected[path]) for path in content.files if path in expected}
    folders = {path: stamp for path, stamp in expected.items() if path in reader.swept}
    folders.update(unreadable_stamps(repository, reader.oddities))
    inside = inside_submodules(git, store, repository, index, root)
    contents = TreeContents(root=root, inside=inside)
    children = children_of(folders)
    others = other_entries(reader.swept, expected)
    return KeptTree(
        root=root,
        inside=inside,
        nested=content.nested,
        closed=tuple(sorted(closed)),
        files=content.files,
        stamps=stamps,
        size_bytes=sum(expected[path][2] for path in stamps),
        links=tuple(path for path, leaf in contents.items() if leaf.startswith(LINK_MODE)),
        folders=folders,
        children=children,
        others=others,
        absent={*guard.absent},
        held=guard.held,
        rules=reader.rules,
        layout=reader.layout,
        settings=settings,
        may_convert=may_convert(git, repository, settings, reader.swept),
        is_under_way=operation_under_way(repository),
        oddities=reader.oddities,
        index=index,
        git_files=git_files,
    )


def unreadable_stamps(repository: Repository, oddities: Oddities) -> dict[str, Stamp]:
    """Folders that may not be listed: once they may, that shows in their stamp."""
    found = {path: look_at(str(repository.root / path)) for path in oddities.found.get(Oddity.UNREADABLE, ())}
    return {path: stamp for path, stamp in found.items() if stamp is not None}


def children_of(folders: Mapping[str, Stamp]) -> dict[str, set[str]]:
    """Names of folders by the folder they are in."""
    children: dict[str, set[str]] = {}
    for path in folders:
        if path != ROOT:
            folder, _, name = path.rpartition("/")
            children.setdefault(folder, set()).add(name)
    return children


def other_entries(swept: Sweep, expected: Mapping[str, Stamp]) -> dict[str, dict[str, int]]:
    """What lies in the folders without being part of the tree, git's own folder and our reports left out."""
    others: dict[str, dict[str, int]] = {}
    for folder, entries in swept.items():
        for name, stamp in entries.items():
            path = joined(folder, name)
            if path not in expected and name not in (ITSELF, GIT_ENTRY) and not is_ours(path):
                others.setdefault(folder, {})[name] = stat.S_IFMT(stamp[4])
    return others


def ignored_as_seen(
    others: Mapping[str, Mapping[str, int]],
    children: Mapping[str, Collection[str]],
    root: TreeNode,
    missing: Collection[str],
) -> frozenset[str]:
    """
    What seems to be ignored: all that is no part of the tree, a folder as a whole when there is nothing else in it.

    Args:
        missing: Tracked paths that are not on disk: for git, they and their folders are part of the tree.
    """
    open_ones = {*with_parents(missing), *missing}
    wholes: set[str] = set()
    for folder in sorted(with_parents(f"{one}/x" for one in others), reverse=True):
        is_of_tree = folder in open_ones or isinstance(find_node(root, folder), TreeNode)
        if not is_of_tree and all(joined(folder, name) in wholes for name in children.get(folder, ())):
            wholes.add(folder)
    kinds = (stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR)
    found = {joined(folder, name) for folder, names in others.items() for name, kind in names.items() if kind in kinds}
    # Of an ignored folder in the place of a tracked file, git says nothing.
    return frozenset(outermost((found | wholes).difference(missing)))


def inside_submodules(
    git: GitProcess, store: ObjectStore, repository: Repository, index: IndexListing, root: TreeNode
) -> dict[str, Leaf]:
    """Mode and id of every file in a submodule that stands in the tree as its commit."""
    if not index.marked:
        return {}
    contents: dict[str, Leaf] = {}
    for path, leaf in leaves(root):
        if leaf.startswith(SUBMODULE_MODE):
            found = submodule_tree(git, store, repository, path, id_in(leaf))
            inner = list_contents(git, store, *found) if found is not None else {}
            contents.update({below(path, name): content for name, content in inner.items()})
    return contents


def open_root(repository: Repository) -> int:
    """A descriptor of the work tree's top folder."""
    return os.open(repository.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
