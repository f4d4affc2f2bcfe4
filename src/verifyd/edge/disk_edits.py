"""What a repository's files on disk hold otherwise than its last commit, hashed and kept."""

from __future__ import annotations

import stat
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from verifyd.app.ports import Repository
from verifyd.edge.file_ids import FileHasher, FileIds
from verifyd.edge.first_look import FirstLook
from verifyd.edge.git_objects import keep_blobs
from verifyd.edge.git_process import GitProcess, Place
from verifyd.edge.git_repository import Settings, is_on
from verifyd.edge.ignore_rules import REPORT_FOLDER, Untracked, is_ours
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import Tracked, is_as_recorded, read_staged_edits
from verifyd.edge.stored_forms import autocrlf, converted_paths, marked_paths, may_convert, missing_filters
from verifyd.edge.tree_edit import Entry
from verifyd.edge.tree_notes import Oddities, Oddity
from verifyd.errors import GitError


class DiskEdits(Struct, frozen=True, kw_only=True):
    """
    What differs from the last commit. Paths are relative to the repository's root.

    Attributes:
        edits: Nested repositories left out.
        absent: Tracked paths that are not on disk, those outside a sparse checkout left out.
        files: Every path of the tree, nested repositories left out.
    """

    edits: dict[str, Entry | None]
    absent: frozenset[str]
    files: frozenset[str]


class DiskReader(Struct, frozen=True, kw_only=True):
    """
    Reads the files of one repository.

    Attributes:
        place: Its work tree with our copy of its index.
        look: The first look at its folders. A file that goes while it is read is taken out of it.
        folders: Those that hold what *tracked* lists.
        index_ns: When the user's index was written.
        oddities: Receives what a stranger should know.
        mapped: Files that another process holds mapped: what was stored in them before need not show in their times.
    """

    git: GitProcess
    store: ObjectStore
    repository: Repository
    place: Place
    settings: Settings
    look: FirstLook
    tracked: Tracked
    folders: Sequence[str]
    index_ns: int
    untracked: Untracked
    oddities: Oddities
    mapped: frozenset[str] = frozenset()

    def read(self, head_tree: str) -> DiskEdits:
        """
        Hash and keep what differs from *head_tree*.

        Raises:
            GitError: A file cannot be read or stored, naming it.
        """
        edits = read_staged_edits(self.git, self.place, head_tree, with_intended=True)
        present, absent = self.differing()
        hasher = self.hasher()
        hashed = hasher.hash(present)
        lost = present - hashed.entries.keys()
        edits.update(dict.fromkeys(absent | lost))
        for path, entry in hashed.entries.items():
            if path in edits or self.tracked.entry(path) != entry:
                edits[path] = entry
        lost |= self.write_missing(hasher, hashed, keep_blobs(self.git, self.store, edits))
        edits.update(dict.fromkeys(lost))
        self.look.forget(lost)
        self.note_conflicts(edits)
        self.note_stored_forms(hashed)
        gone = {*self.tracked.submodules, *absent, *lost}
        files = without_ours(frozenset(self.tracked.lines).union(self.untracked.files).difference(gone))
        return DiskEdits(edits=edits, absent=absent | lost, files=files)

    def differing(self) -> tuple[frozenset[str], frozenset[str]]:
        """(files to be hashed, tracked paths that are not on disk); our reports left out."""
        changed, seen = self.changed()
        outside_sparse = self.note_bits(seen)
        absent = frozenset(self.tracked.lines).difference(seen, outside_sparse, self.submodules_there())
        return without_ours(changed | self.untracked.files), without_ours(absent)

    def changed(self) -> tuple[frozenset[str], set[str]]:
        """(tracked files that are not those which git read, tracked files on disk), whatever git was told to overlook."""
        lines, records, index_ns = self.tracked.lines, self.tracked.records, self.index_ns
        changed: set[str] = set()
        seen: set[str] = set()
        for folder in self.folders:
            start = f"{folder}/" if folder else ""
            for name, stamp in self.look.entries(folder).items():
                path = f"{start}{name}"
                if path in lines and not stat.S_ISDIR(stamp[4]):
                    seen.add(path)
                    record = records.get(path, "")
                    if path in self.mapped or not is_as_recorded(lines[path], record, stamp, index_ns):
                        changed.add(path)
        return frozenset(changed), seen

    def submodules_there(self) -> frozenset[str]:
        """Submodules whose folder is there, with or without files."""
        return frozenset(path for path in self.tracked.submodules if self.look.stamp(path) is not None)

    def note_bits(self, seen: Collection[str]) -> frozenset[str]:
        """Note the paths that git was told to overlook; those that a sparse checkout leaves out stay as they are committed."""
        left_out = self.tracked.left_out.difference(seen)
        sparse = left_out if is_on(self.settings, "core.sparsecheckout") else frozenset()
        self.oddities.add(Oddity.SPARSE, map(self.look.outside, sparse))
        told = (self.tracked.overlooked | self.tracked.left_out) - sparse
        self.oddities.add(Oddity.OVERLOOKED, map(self.look.outside, told))
        return sparse

    def hasher(self) -> FileHasher:
        """Hashes files of this repository."""
        return FileHasher(
            git=self.git,
            store=self.store,
            root=self.repository.root,
            place=self.place,
            tracked=self.tracked,
            may_convert=may_convert(self.git, self.repository, self.settings, self.look.swept),
            autocrlf=autocrlf(self.settings),
        )

    def write_missing(self, hasher: FileHasher, hashed: FileIds, paths: frozenset[str]) -> frozenset[str]:
        """Write the content that is nowhere yet, of files that went through git; those that are no longer as they were hashed."""
        for path in paths - hashed.entries.keys():
            remedy = "Look at it with: git fsck"
            raise GitError(
                "its staged content is missing from the repository", where=self.look.outside(path), remedy=remedy
            )
        written: Mapping[str, Entry] = hasher.hash_by_git(sorted(paths), keep=True) if paths else {}
        return frozenset(path for path in paths if written.get(path) != hashed.entries[path])

    def note_conflicts(self, edits: Mapping[str, Entry | None]) -> None:
        """Note paths with conflicts: in the index, or by their markers while a merge or the like is under way."""
        there = [path for path, entry in edits.items() if entry is not None]
        marked = marked_paths(self.repository, there)
        self.oddities.add(Oddity.CONFLICTED, map(self.look.outside, self.tracked.unmerged | marked))

    def note_stored_forms(self, hashed: FileIds) -> None:
        """Note what git stores in another form than it is on disk, and what it would if a filter were set up here."""
        converted = converted_paths(self.store, self.repository.root, hashed.entries, hashed.by_git)
        self.oddities.add(Oddity.CONVERTED, map(self.look.outside, converted))
        for name, paths in missing_filters(self.settings, hashed.filters).items():
            self.oddities.add(Oddity.NO_LFS if name == "lfs" else Oddity.NO_FILTER, map(self.look.outside, paths))


def without_ours(paths: frozenset[str]) -> frozenset[str]:
    """Paths but those of our reports."""
    ours = frozenset(path for path in paths if path.startswith(REPORT_FOLDER) and is_ours(path))
    return paths - ours if ours else paths
