"""Reads a work tree as it is on disk into a git tree of our own, nested repositories included."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.file_ids import FileHasher, FileIds
from verifyd.edge.git_objects import Head, keep_blobs, read_commit
from verifyd.edge.git_process import GitProcess, Place
from verifyd.edge.git_repository import (
    Settings,
    find_repository,
    has_private_ignores,
    is_on,
    object_format,
    read_settings,
    work_place,
)
from verifyd.edge.guard import TreeGuard, below
from verifyd.edge.ignore_rules import RULE_FILE, IgnoreRules, Untracked, is_ours
from verifyd.edge.ignored_paths import Layout
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import (
    Tracked,
    copied_index,
    forget,
    read_differing,
    read_staged_edits,
    read_tracked,
)
from verifyd.edge.stored_forms import autocrlf, converted_paths, marked_paths, may_convert, missing_filters
from verifyd.edge.sweep import GIT_ENTRY, Stamp, Sweep, expected_stamps, subfolders, sweep, wait_for_clock, with_parents
from verifyd.edge.tree_edit import FOLDER_MODE, SUBMODULE_MODE, Entry, edit_tree
from verifyd.edge.tree_notes import Oddities, Oddity, named
from verifyd.errors import GitError

READINGS = 5
"""A tree that changes during each of so many readings does not come to rest."""

PAUSE_S = 0.05
"""Before the second reading; doubled before each further one."""


class TreeMovedError(Exception):
    """The tree changed while it was read; the argument says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """
    What one repository's work tree holds.

    Attributes:
        head: None when unborn.
        files: Paths relative to that repository's root, those of nested repositories and submodules included.
        nested: What stands in the tree for each nested repository, by its folder; None where it is empty.
    """

    tree: str
    head: Head | None
    files: frozenset[str]
    nested: Mapping[str, Entry | None]


def read_at_rest(
    git: GitProcess, store: ObjectStore, repository: Repository
) -> tuple[WorkTreeReader, Content, TreeGuard]:
    """
    Read a work tree such that nothing in it changed from the first look to the last.

    Raises:
        GitError: git cannot read or store something, or the tree does not come to rest; the message names what moves.
    """
    moved: tuple[str, ...] = ()
    for reading in range(READINGS):
        threading.Event().wait(PAUSE_S * 2 ** (reading - 1) if reading else 0)
        reader = WorkTreeReader(git=git, store=store, top=repository)
        try:
            content = reader.read(repository)
            guard = reader.guard(content.files)
            moved = guard.moved()
            if not moved:
                return reader, content, guard
        except TreeMovedError as error:
            moved = (str(error),)
        except (GitError, OSError):
            # A file that goes while git reads it is no fault of the tree.
            moved = reader.guard(frozenset()).moved()
            if not moved:
                raise
    remedy = "Stop what writes there, or list it in .gitignore."
    raise GitError(f"the tree does not come to rest: {named(moved)}", where=str(repository.root), remedy=remedy)


@dataclass(slots=True, kw_only=True)
class WorkTreeReader:
    """
    One reading of a work tree; the next one needs a new reader.

    The order of the steps is what makes it sound. Folders are looked at before git is asked about them, and *guard* looks
    again at the end, so whatever changed in between shows. Between the first look and the reading of files the file
    system's clock goes on by a tick, so no later edit can carry the time of the first look.

    Attributes:
        top: The repository whose tree is read.
        swept: The first look, at every folder that is not ignored.
        rules: Ignore rules by the folder of each repository, ``""`` for the top.
        absent: Paths that are tracked and not on disk.
        oddities: What a stranger should know.
    """

    git: GitProcess
    store: ObjectStore
    top: Repository
    swept: Sweep = field(default_factory=dict)
    rules: dict[str, IgnoreRules] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    oddities: Oddities = field(default_factory=Oddities)

    def read(self, repository: Repository, prefix: str = "") -> Content:
        """
        Read one repository, and those nested in it.

        Args:
            prefix: Its folder relative to the top.

        Raises:
            TreeMovedError: A file came or went while it was read.
            GitError: git cannot read or store something, which the message names.
        """
        self.store.add_alternate(repository.common_dir / "objects")
        with copied_index(repository.git_dir / "index", self.store.folder) as index:
            place = work_place(repository, self.store)
            settings = read_settings(self.git, place)
            check_format(repository, settings, self.store)
            reader = RepositoryReader(
                whole=self, repository=repository, prefix=prefix, place=place, index=index, settings=settings
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
            absent=frozenset(self.absent),
            baseline=self.swept,
            expected=expected_stamps(self.swept, files),
            rules=self.rules,
            no_index=self.store.folder / "no-index",
        )


@dataclass(slots=True, kw_only=True)
class RepositoryReader:
    """
    Reads one repository of a work tree: the top one, or one nested in it. Paths are relative to its own root.

    Attributes:
        place: Its work tree, without an index.
        index: Our copy of the user's index.
    """

    whole: WorkTreeReader
    repository: Repository
    prefix: str
    place: Place
    index: Path
    settings: Settings

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
        self.look_at(with_parents(tracked.entries))
        submodules = self.present_submodules(tracked)
        rules, untracked = self.read_untracked(tracked)
        nested_folders = [*submodules, *sorted(untracked.repositories)]
        new_folders = self.look_further(rules, tracked, untracked, nested_folders)
        inner = {folder: self.read_nested(folder, submodules.get(folder)) for folder in nested_folders}
        self.let_clock_go_on()
        self.look_again_for_untracked(rules, untracked, new_folders)
        return self.store_tree(tracked, untracked, inner)

    # --- looking --------------------------------------------------------------------------------------------------

    def look_at(self, folders: Sequence[str]) -> None:
        """Add folders to the first look, parents first; our reports are no part of it, even where they are committed."""
        looked_at = [self.outside(folder) for folder in folders if not is_ours(folder)]
        sweep(self.whole.top.root, looked_at, known=self.whole.swept)

    def stamp(self, path: str) -> Stamp | None:
        """What the first look saw at a path; None for nothing."""
        folder, _, name = below(self.prefix, path).rpartition("/")
        return self.whole.swept.get(folder, {}).get(name)

    def is_file(self, path: str) -> bool:
        """Whether the first look saw something there that is no folder."""
        stamp = self.stamp(path)
        return stamp is not None and not stat.S_ISDIR(stamp[4])

    def look_further(
        self, rules: IgnoreRules, tracked: Tracked, untracked: Untracked, nested_folders: Collection[str]
    ) -> tuple[str, ...]:
        """
        Look at folders that hold nothing tracked but are not ignored: a file that comes to be there belongs to the tree.

        Returns:
            Those folders, outermost only.
        """
        known = set(with_parents(tracked.entries))
        fresh = [folder for folder in with_parents(untracked.paths) if folder not in known]
        self.look_at(fresh)
        known.update(fresh)
        level = set(known)
        while level:
            seen = {self.inside(folder) for folder in subfolders(self.whole.swept, map(self.outside, level))}
            level = seen - known - set(nested_folders)
            level -= rules.ignored(level)
            known |= level
            level = self.readable(level)
            self.look_at(sorted(level))
            fresh.extend(level)
        return tuple(folder for folder in fresh if folder.rpartition("/")[0] not in fresh)

    def readable(self, folders: Iterable[str]) -> set[str]:
        """Those folders that may be listed; the others are noted: git sees nothing in them either."""
        asked = set(folders)
        readable = {
            folder
            for folder in asked
            if os.access(self.repository.root / folder, os.R_OK | os.X_OK, effective_ids=True)
        }
        self.note(Oddity.UNREADABLE, asked - readable)
        return readable

    def outside(self, path: str) -> str:
        """A path of this repository, seen from the top."""
        return below(self.prefix, path)

    def inside(self, path: str) -> str:
        """A path seen from the top, as this repository names it."""
        return path[len(self.prefix) + 1 :] if self.prefix else path

    def let_clock_go_on(self) -> None:
        """Wait, a few ms at most, until a second edit in the tick of the first look is impossible."""
        probe = self.whole.store.folder / "clock"
        probe.touch()
        wait_for_clock(self.whole.swept, probe)

    # --- what is there --------------------------------------------------------------------------------------------

    def present_submodules(self, tracked: Tracked) -> dict[str, str]:
        """
        Commit in the index of each submodule whose repository is there.

        What took a submodule's place without being a repository is taken out of our index: its files then are untracked.
        """
        present, replaced, empty = {}, [], []
        for path, commit in tracked.submodules.items():
            stamp = self.stamp(path)
            if stamp is None:
                continue
            if not stat.S_ISDIR(stamp[4]):
                replaced.append(path)
            elif os.path.lexists(self.repository.root / path / GIT_ENTRY):
                present[path] = commit
            elif any(os.scandir(self.repository.root / path)):
                replaced.append(path)
            else:
                empty.append(path)
        if replaced:
            forget(self.git, self.with_index, replaced)
        self.note(Oddity.UNINITIALISED, empty)
        return present

    def read_untracked(self, tracked: Tracked) -> tuple[IgnoreRules, Untracked]:
        """The ignore rules that have force, and what they leave of the untracked files."""
        are_private = has_private_ignores(self.git, self.repository, self.settings)
        rules = IgnoreRules(git=self.git, place=self.place, are_private=are_private)
        untracked = rules.untracked(self.index)
        hiding = self.rules_without_force(tracked, untracked)
        if hiding:
            rules = replace(rules, without_force=hiding)
            untracked = rules.untracked(self.index)
        self.whole.rules[self.prefix] = rules
        self.note(Oddity.HIDDEN, untracked.hidden)
        return rules, untracked

    def rules_without_force(self, tracked: Tracked, untracked: Untracked) -> frozenset[str]:
        """.gitignore files next to tracked files that are neither tracked nor listed: they hide themselves."""
        candidates = {f"{folder}/{RULE_FILE}" if folder else RULE_FILE for folder in with_parents(tracked.entries)}
        return frozenset(
            path
            for path in candidates
            if self.is_file(path) and path not in tracked.entries and path not in untracked.files
        )

    def look_again_for_untracked(self, rules: IgnoreRules, untracked: Untracked, folders: Sequence[str]) -> None:
        """In folders that git had to name before they could be looked at, a file may have come in between."""
        if folders:
            came = rules.untracked(self.index, folders).paths - untracked.paths
            if came:
                raise TreeMovedError(self.outside(min(came)))

    def read_nested(self, folder: str, commit: str | None) -> tuple[Entry | None, frozenset[str]]:
        """
        What stands in the tree for a nested repository, and its files relative to this root.

        A submodule without changes of its own stands there as its commit, as git has it. Anything else stands there by its
        content: a submodule with changes, and a repository that nothing declares.
        """
        repository = find_repository(self.git, self.repository.root / folder)
        if repository.root != (self.repository.root / folder).resolve():
            raise GitError(
                "this folder looks like a repository, but git does not take it for one", where=self.outside(folder)
            )
        content = self.whole.read(repository, self.outside(folder))
        files = frozenset(below(folder, path) for path in content.files)
        if commit is not None and content.head is not None and content.tree == content.head.tree:
            return Entry(mode=SUBMODULE_MODE, id=content.head.commit), files
        self.note(Oddity.BY_CONTENT, [folder])
        is_empty = content.tree == self.whole.store.empty_tree
        return None if is_empty else Entry(mode=FOLDER_MODE, id=content.tree), files

    # --- storing --------------------------------------------------------------------------------------------------

    def store_tree(
        self, tracked: Tracked, untracked: Untracked, inner: Mapping[str, tuple[Entry | None, frozenset[str]]]
    ) -> Content:
        """Write what differs from the last commit, and the tree that results."""
        store = self.whole.store
        with self.git.object_reader(self.place) as objects:
            head = read_commit(objects, "HEAD")
            edits = read_staged_edits(
                self.git, self.with_index, head.tree if head else store.empty_tree, with_intended=True
            )
            present, absent = self.differing(tracked, untracked)
            hasher = self.hasher(tracked)
            hashed = hasher.hash(present)
            for path in present - hashed.entries.keys():
                raise TreeMovedError(self.outside(path))
            edits.update(dict.fromkeys(absent))
            edits.update(
                {
                    path: entry
                    for path, entry in hashed.entries.items()
                    if path in edits or tracked.entries.get(path) != entry
                }
            )
            edits.update(
                {folder: entry for folder, (entry, _) in inner.items() if tracked.entries.get(folder) != entry}
            )
            self.write_missing(hasher, hashed, keep_blobs(self.git, store, edits))
            tree = edit_tree(objects, store, head.tree if head else None, edits)
        self.whole.absent.update(map(self.outside, absent))
        self.note(Oddity.CONFLICTED, tracked.unmerged | marked_paths(self.repository, sorted(edits.keys() - absent)))
        self.note_stored_forms(hashed)
        nested_files = frozenset(path for _, files in inner.values() for path in files)
        files = (tracked.entries.keys() | untracked.files) - tracked.submodules.keys() - absent
        return Content(
            tree=tree,
            head=head,
            files=frozenset(path for path in files | nested_files if not is_ours(path)),
            nested={folder: entry for folder, (entry, _) in inner.items()},
        )

    def differing(self, tracked: Tracked, untracked: Untracked) -> tuple[frozenset[str], frozenset[str]]:
        """(paths on disk whose content git must look at, tracked paths that are not on disk), our reports left out."""
        differing, gone = read_differing(self.git, self.with_index)
        blind = self.blind_spots(tracked)
        tracked_ones = (differing | gone | blind) - tracked.submodules.keys()
        candidates = tracked_ones | untracked.files
        present = frozenset(
            path for path in candidates if not is_ours(path) and self.is_file(path) and path not in gone
        )
        lost = untracked.files - present
        if any(not is_ours(path) for path in lost):
            raise TreeMovedError(self.outside(min(lost)))
        lost_modules = frozenset(path for path in tracked.submodules if self.stamp(path) is None)
        absent = frozenset(path for path in (tracked_ones | lost_modules) - present if not is_ours(path))
        return present, absent

    def blind_spots(self, tracked: Tracked) -> frozenset[str]:
        """Paths that git was told to overlook; those that a sparse checkout leaves out stay as they are committed."""
        there = frozenset(path for path in tracked.overlooked | tracked.left_out if self.is_file(path))
        sparse = tracked.left_out - there
        if not is_on(self.settings, "core.sparsecheckout"):
            sparse = frozenset()
        self.note(Oddity.SPARSE, sparse)
        judged = (tracked.overlooked | tracked.left_out) - sparse
        self.note(Oddity.OVERLOOKED, judged)
        return judged

    def hasher(self, tracked: Tracked) -> FileHasher:
        """Hashes files of this repository."""
        return FileHasher(
            git=self.git,
            store=self.whole.store,
            root=self.repository.root,
            place=self.with_index,
            tracked=tracked.entries,
            may_convert=may_convert(self.git, self.repository, self.settings, self.whole.swept),
            autocrlf=autocrlf(self.settings),
        )

    def write_missing(self, hasher: FileHasher, hashed: FileIds, paths: frozenset[str]) -> None:
        """Write the objects that are nowhere yet."""
        for path in paths - hashed.entries.keys():
            remedy = "Look at it with: git fsck"
            raise GitError("its staged content is missing from the repository", where=self.outside(path), remedy=remedy)
        if paths:
            written = hasher.hash_by_git(sorted(paths), keep=True)
            for path in paths:
                if written.get(path) != hashed.entries[path]:
                    raise TreeMovedError(self.outside(path))

    def note_stored_forms(self, hashed: FileIds) -> None:
        """Note what git stores in another form than it is on disk, and what it would if a filter were set up here."""
        self.note(
            Oddity.CONVERTED, converted_paths(self.whole.store, self.repository.root, hashed.entries, hashed.by_git)
        )
        for name, paths in missing_filters(self.settings, hashed.filters).items():
            self.note(Oddity.NO_LFS if name == "lfs" else Oddity.NO_FILTER, paths)

    def note(self, oddity: Oddity, paths: Iterable[str]) -> None:
        """Note something odd about paths."""
        self.whole.oddities.add(oddity, map(self.outside, paths))


def check_format(repository: Repository, settings: Settings, store: ObjectStore) -> None:
    """GitError for a nested repository whose ids are of another kind than those of the one around it."""
    own = object_format(settings)
    if own != store.object_format:
        problem = f"this nested repository has {own} ids, the one around it {store.object_format}"
        raise GitError(problem, where=str(repository.root), remedy="List it in .gitignore, or make both alike.")
