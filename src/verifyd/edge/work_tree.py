"""Reads a work tree as it is on disk into a git tree of our own, nested repositories included."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping, Sequence, Set
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from verifyd.app.ports import Repository
from verifyd.edge.disk_edits import DiskReader, without_ours
from verifyd.edge.first_look import FirstLook
from verifyd.edge.git_objects import Head, read_commit
from verifyd.edge.git_process import GitProcess, Place
from verifyd.edge.git_repository import (
    Settings,
    find_repository,
    has_private_ignores,
    object_format,
    read_settings,
    work_place,
)
from verifyd.edge.git_watch import IndexListing, listing_of
from verifyd.edge.guard import TreeGuard, below
from verifyd.edge.ignore_rules import RULE_FILE, IgnoreRules, Untracked
from verifyd.edge.ignored_paths import Layout
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import Tracked, copied_index, forget, read_tracked
from verifyd.edge.shared_mappings import leaves_trace, mapped_paths, read_mappings, settle
from verifyd.edge.sweep import GIT_ENTRY, Stamp, Sweep, expected_stamps, joined, look_at, with_parents
from verifyd.edge.tree_edit import FOLDER_MODE, SUBMODULE_MODE, Entry, edit_tree
from verifyd.edge.tree_notes import Oddities, Oddity
from verifyd.errors import GitError


class Content(Struct, frozen=True, kw_only=True):
    """
    What one repository's work tree holds.

    Attributes:
        head: None when unborn.
        files: Paths relative to that repository's root, those of nested repositories and submodules included.
        nested: What stands in the tree for each nested repository, by its folder, to any depth; None where it is empty.
    """

    tree: str
    head: Head | None
    files: frozenset[str]
    nested: Mapping[str, Entry | None]


class WorkTreeReader(Struct, kw_only=True):
    """
    One reading of a work tree; the next one needs a new reader.

    The order of the steps is what makes it sound. Folders are looked at before git is asked about them, and *guard* looks
    again at the end, so whatever changed in between shows. Between the first look and the reading of files the file
    system's clock goes on by a tick, so no later edit can carry the time of the first look; then what is mapped is settled,
    so that no later store goes without a time. A file that came or went during the reading is left out, and told of.

    Attributes:
        top: The repository whose tree is read.
        swept: The first look, at every folder that is not ignored.
        rules: Ignore rules by the folder of each repository, ``""`` for the top.
        absent: Paths that are tracked and not on disk.
        oddities: What a stranger should know.
        held: Paths that another process may change without a trace.
        moving: Paths that came or went while the tree was read; neither the look nor the content has them.
        indexes: What the index of each repository says, by its folder, in the copy that was read; stamps are of just before.
    """

    git: GitProcess
    store: ObjectStore
    top: Repository
    swept: Sweep = field(default_factory=dict)
    rules: dict[str, IgnoreRules] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    oddities: Oddities = field(default_factory=Oddities)
    held: set[str] = field(default_factory=set)
    moving: set[str] = field(default_factory=set)
    indexes: dict[str, IndexListing] = field(default_factory=dict)

    def read(self, repository: Repository, prefix: str = "") -> Content:
        """
        Read one repository, and those nested in it.

        Args:
            prefix: Its folder relative to the top.

        Raises:
            GitError: git cannot read or store something, which the message names.
        """
        self.store.add_alternate(repository.common_dir / "objects")
        place = work_place(repository, self.store)
        settings = read_settings(self.git, place)
        check_format(repository, settings, self.store)
        index_stamp = look_at(str(repository.git_dir / "index"))
        with copied_index(repository.git_dir / "index", self.store.folder) as index:
            reader = RepositoryReader(
                whole=self,
                repository=repository,
                place=place,
                index=index,
                index_stamp=index_stamp,
                index_ns=index.stat().st_mtime_ns if index.exists() else 0,
                settings=settings,
                look=FirstLook(top=self.top.root, prefix=prefix, swept=self.swept, moving=self.moving),
            )
            return reader.read()

    @property
    def layout(self) -> Layout:
        """What a frozen view needs to know."""
        return Layout(repositories=tuple(self.rules), hidden=frozenset(self.oddities.found.get(Oddity.HIDDEN, ())))

    @property
    def is_conflicted(self) -> bool:
        """Whether a merge, rebase, pick or revert left conflicts in any of the repositories."""
        return Oddity.CONFLICTED in self.oddities.found

    def guard(self, files: frozenset[str]) -> TreeGuard:
        """Watches *files* from the moment of the first look."""
        return TreeGuard(
            root=self.top.root,
            absent=frozenset(self.absent) | self.oddities.found.get(Oddity.SPARSE, set()),
            baseline=self.swept,
            expected=expected_stamps(self.swept, files),
            rules=self.rules,
            held=frozenset(self.held),
            no_index=self.store.no_index,
        )


class RepositoryReader(Struct, frozen=True, kw_only=True):
    """
    Reads one repository of a work tree: the top one, or one nested in it. Paths are relative to its own root.

    Attributes:
        place: Its work tree, without an index.
        index: Our copy of the user's index.
        index_stamp: How the user's index looked before it was copied; None for none.
        index_ns: When the user's index was written.
        look: Its part of the first look.
    """

    whole: WorkTreeReader
    repository: Repository
    place: Place
    index: Path
    index_stamp: Stamp | None
    index_ns: int
    settings: Settings
    look: FirstLook

    @property
    def git(self) -> GitProcess:
        """Runs git."""
        return self.whole.git

    @property
    def with_index(self) -> Place:
        """Its work tree with our copy of the index."""
        return self.place.with_variables(GIT_INDEX_FILE=str(self.index))

    def read(self) -> Content:
        """The steps, in the order that soundness asks for."""
        tracked = read_tracked(self.git, self.with_index)
        self.whole.indexes[self.look.prefix] = listing_of(self.index_stamp, tracked.lines)
        folders = with_parents(tracked.lines)
        self.look.add(folders)
        submodules = self.present_submodules(tracked)
        rules, untracked = self.read_untracked(tracked, folders)
        nested_folders = [*submodules, *sorted(untracked.repositories)]
        further = self.look.add_unignored(rules, folders, untracked, nested_folders)
        self.note(Oddity.UNREADABLE, further.unreadable)
        nested = {folder: self.read_nested(folder, submodules.get(folder)) for folder in nested_folders}
        self.look.let_clock_go_on(self.whole.store.probe)
        mapped = self.settle_mapped(tracked.lines.keys() | untracked.files)
        untracked = self.without_moving(rules, untracked, further.outermost)
        return self.store_tree(tracked, folders, untracked, nested, mapped)

    def settle_mapped(self, files: Set[str]) -> frozenset[str]:
        """Those of *files* that another process holds mapped: their times tell what is done to them only from now on."""
        top, mappings = self.whole.top.root, read_mappings()
        found = {self.look.inside(path): path for path in mapped_paths(top, self.look.swept, mappings)}
        mapped = {inner: path for inner, path in found.items() if inner in files and self.look.outside(inner) == path}
        settle(top, mapped.values())
        traceless = [path for path in mapped.values() if not leaves_trace(top / path)]
        if traceless:
            writable = mapped_paths(top, self.look.swept, [one for one in mappings if one.is_writable])
            self.whole.held.update(writable.intersection(traceless))
        return frozenset(mapped)

    def note(self, oddity: Oddity, paths: Collection[str]) -> None:
        """Note something odd about paths."""
        self.whole.oddities.add(oddity, map(self.look.outside, paths))

    def present_submodules(self, tracked: Tracked) -> dict[str, str]:
        """
        Commit in the index of each submodule whose repository is there.

        What took a submodule's place without being a repository is taken out of our index: its files then are untracked.
        """
        present, replaced, empty = {}, [], []
        for path, commit in tracked.submodules.items():
            stamp, folder = self.look.stamp(path), self.repository.root / path
            if stamp is None:
                continue
            if not stat.S_ISDIR(stamp[4]):
                replaced.append(path)
            elif os.path.lexists(folder / GIT_ENTRY):
                present[path] = commit
            elif os.listdir(folder):
                replaced.append(path)
            else:
                empty.append(path)
        if replaced:
            forget(self.git, self.with_index, replaced)
        self.note(Oddity.UNINITIALISED, empty)
        return present

    def read_untracked(self, tracked: Tracked, folders: Collection[str]) -> tuple[IgnoreRules, Untracked]:
        """The ignore rules that have force, and what they leave of the untracked files."""
        are_private = has_private_ignores(self.git, self.repository, self.settings)
        rules = IgnoreRules(git=self.git, place=self.place, are_private=are_private)
        untracked = rules.untracked(self.index)
        holding = with_parents(untracked.files)
        self.look.add(holding)
        # A .gitignore next to files of the tree that is neither tracked nor listed hides itself.
        seen = (path for folder in {*folders, *holding} if self.look.is_file(path := joined(folder, RULE_FILE)))
        hiding = frozenset(path for path in seen if path not in tracked.lines and path not in untracked.files)
        if hiding:
            rules = replace(rules, without_force=hiding)
            untracked = rules.untracked(self.index)
        self.whole.rules[self.look.prefix] = rules
        self.note(Oddity.HIDDEN, untracked.hidden)
        return rules, untracked

    def without_moving(self, rules: IgnoreRules, untracked: Untracked, folders: Collection[str]) -> Untracked:
        """
        What is untracked but the files that came or went since the first look.

        Args:
            folders: Those that git had to name before they could be looked at: a file may have come in between.
        """
        came = rules.untracked(self.index, folders).paths - untracked.paths if folders else frozenset[str]()
        lost = without_ours(frozenset(path for path in untracked.files if not self.look.is_file(path)))
        self.look.forget(came | lost)
        return replace(untracked, files=untracked.files - lost)

    def read_nested(self, folder: str, commit: str | None) -> Nested:
        """
        A nested repository.

        A submodule without changes of its own stands in the tree as its commit, as git has it. Anything else stands there
        by its content: a submodule with changes, and a repository that nothing declares.
        """
        root = self.repository.root / folder
        repository = find_repository(self.git, root)
        if repository.root != root.resolve():
            says = "it looks like a repository, but git does not take it for one"
            raise GitError(says, where=str(root), remedy="Mend it, remove its .git, or list it in .gitignore.")
        content = self.whole.read(repository, self.look.outside(folder))
        files = frozenset(below(folder, path) for path in content.files)
        inner = {below(folder, path): entry for path, entry in content.nested.items()}
        head = content.head
        if commit is not None and head is not None and content.tree == head.tree:
            return Nested(entry=Entry(mode=SUBMODULE_MODE, id=head.commit), files=files, inner=inner)
        self.note(Oddity.BY_CONTENT, [folder])
        is_empty = content.tree == self.whole.store.empty_tree
        return Nested(entry=None if is_empty else Entry(mode=FOLDER_MODE, id=content.tree), files=files, inner=inner)

    def store_tree(
        self,
        tracked: Tracked,
        folders: Sequence[str],
        untracked: Untracked,
        nested: Mapping[str, Nested],
        mapped: frozenset[str],
    ) -> Content:
        """Keep what differs from the last commit, and write the tree that results."""
        store = self.whole.store
        disk = DiskReader(
            git=self.git,
            store=store,
            repository=self.repository,
            place=self.with_index,
            settings=self.settings,
            look=self.look,
            tracked=tracked,
            folders=folders,
            index_ns=self.index_ns,
            untracked=untracked,
            mapped=mapped,
            oddities=self.whole.oddities,
        )
        with self.git.object_reader(self.place) as objects:
            head = read_commit(objects, "HEAD")
            found = disk.read(head.tree if head else store.empty_tree)
            changed = {folder: one.entry for folder, one in nested.items() if tracked.entry(folder) != one.entry}
            tree = edit_tree(objects, store, head.tree if head else None, {**found.edits, **changed})
        self.whole.absent.update(map(self.look.outside, found.absent))
        entries = {folder: one.entry for folder, one in nested.items()}
        for one in nested.values():
            entries.update(one.inner)
        return Content(
            tree=tree,
            head=head,
            files=found.files.union(*(one.files for one in nested.values())),
            nested=entries,
        )


class Nested(Struct, frozen=True, kw_only=True):
    """
    A repository inside another one. Paths are relative to the outer one's root.

    Attributes:
        entry: What stands in the outer tree for it; None when it holds no file.
        inner: What stands in its own tree for the repositories in it, by folder.
    """

    entry: Entry | None
    files: frozenset[str]
    inner: Mapping[str, Entry | None]


def check_format(repository: Repository, settings: Settings, store: ObjectStore) -> None:
    """GitError for a nested repository whose ids are of another kind than those of the one around it."""
    own = object_format(settings)
    if own != store.object_format:
        problem = f"this nested repository has {own} ids, the one around it {store.object_format}"
        raise GitError(problem, where=str(repository.root), remedy="List it in .gitignore, or make both alike.")
