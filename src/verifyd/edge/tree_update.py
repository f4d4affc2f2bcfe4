"""What a few paths of a work tree hold now, worked out beside the tree in memory; nothing is taken over before all is read."""

from __future__ import annotations

import os
import stat

from msgspec import Struct, field

from verifyd.app.ports import Repository
from verifyd.edge.converted_files import hash_converted, paths_for_git
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_watch import is_rule_file
from verifyd.edge.ignore_rules import REPORT_FOLDER, is_ours
from verifyd.edge.kept_objects import NewObject
from verifyd.edge.kept_tree import KeptTree
from verifyd.edge.merkle import Leaf, TreeNode, find_node, leaves
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.path_reading import TRIES, MovingError, NotPlainError, ReadPath, packed, read_path, seen_at
from verifyd.edge.sweep import GIT_ENTRY, ROOT, Folder, Stamp, joined, stamp_of, with_parents


class StructuralError(Exception):
    """What changed is more than the content of files, so everything has to be read anew; the argument says what it was."""


class GoneError(Exception):
    """A file was there when its folder was listed, and is not any more; the argument names it."""


class TreeUpdate(Struct, kw_only=True):
    """
    One incremental reading.

    Attributes:
        root: Descriptor of the work tree's top folder.
        clock_ns: The file system's clock before anything was looked at.
        files: Known or new files to be read.
        folders: Known folders to be listed.
        listed: Those that were.
        candidates: Entries that are new, with their kind.
        covered: Those of them that git was asked about with the folder around them.
        members: Files that belong to the tree.
        edits, stamps, folder_stamps, others: What is new of each; None for gone.
        mapped: As KeptTree.mapped, looked up before any file was read; None when nobody looked.
        is_sure: Whether each process was asked for that.
        has_reports: Whether the folder of our reports is there; None when nobody looked.
    """

    git: GitProcess
    store: ObjectStore
    repository: Repository
    kept: KeptTree
    root: int
    clock_ns: int
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    candidates: dict[str, int] = field(default_factory=dict)
    covered: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    edits: dict[str, Leaf | None] = field(default_factory=dict)
    stamps: dict[str, Stamp | None] = field(default_factory=dict)
    folder_stamps: dict[str, Stamp | None] = field(default_factory=dict)
    others: dict[str, dict[str, int] | None] = field(default_factory=dict)
    mapped: frozenset[str] | None = None
    is_sure: bool = False
    has_reports: bool | None = None

    def notice(self, path: str) -> None:
        """Look at a path that something may have happened to; at a folder with all that is below it."""
        kept = self.kept
        if is_ours(path) or path == GIT_ENTRY or path.startswith(f"{GIT_ENTRY}/"):
            return
        self.refuse_closed(path)
        if path in kept.folders:
            self.notice_folder(path)
        elif path in kept.stamps:
            self.files.add(path)
        else:
            folder, name = self.nearest_folder(path)
            if joined(folder, name) == path and is_rule_file(name):
                raise StructuralError(path)  # git may have answered by its rules, even if it is gone again
            if joined(folder, name) == path or kept.others.get(folder, {}).get(name) != stat.S_IFDIR:
                self.folders.add(folder)

    def nearest_folder(self, path: str) -> tuple[str, str]:
        """The innermost known folder that a path lies in, and the name in it that leads there."""
        folder, _, name = path.rpartition("/")
        while folder not in self.kept.folders and folder != ROOT:
            folder, _, name = folder.rpartition("/")
        return folder, name

    def notice_folder(self, folder: str) -> None:
        """List a known folder and those below it."""
        waiting = [folder]
        while waiting:
            one = waiting.pop()
            self.refuse_closed(one)
            self.folders.add(one)
            waiting.extend(joined(one, name) for name in self.kept.children.get(one, ()))

    def refuse_closed(self, path: str) -> None:
        """StructuralError for what lies in a repository inside the tree."""
        if self.kept.closed and self.kept.is_closed(path):
            raise StructuralError(path)

    def work_out(self) -> list[NewObject]:
        """
        Find out what the noticed paths hold.

        Returns:
            The new objects that are not kept yet: what git had to hash, it has kept.

        Raises:
            StructuralError: More than the content of files changed.
            MovingError: A file is being written right now.
            GitError: git cannot store something.
        """
        for _ in range(TRIES):
            self.send_lost_files_to_folders()
            while waiting := sorted(self.folders - self.listed):
                for folder in waiting:
                    self.listed.add(folder)
                    if self.folder_stamps.get(folder, ROOT) is not None:
                        self.list_known(folder)
            while self.candidates:
                self.sort_candidates()
            try:
                return self.read_files()
            except GoneError as error:
                # Its folder says what became of it; a file that is to be renamed over another one is there for an instant.
                self.listed.discard(str(error).rpartition("/")[0])
        raise StructuralError("files that come and go")

    def send_lost_files_to_folders(self) -> None:
        """A file that is gone, or became a folder, is a change of its folder; so is one behind a link that took a folder's place."""
        linked = {folder for folder in with_parents(self.files) if not self.is_folder(folder)}
        for path in tuple(self.files):
            folder = path.rpartition("/")[0]
            if folder in linked or not is_file(self.look(path)):
                self.files.discard(path)
                self.folders.add(folder)
        self.folders |= linked

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there itself, and no link to one."""
        stamp = self.look(path)
        return stamp is not None and stat.S_ISDIR(stamp[4])

    def look(self, path: str) -> Stamp | None:
        """What is at a path now; None for nothing."""
        return seen_at(path or ".", self.root)

    def list_entries(self, folder: str) -> Folder | None:
        """The entries of a folder, its own stamp kept first; None when there is no such folder any more."""
        own = self.look(folder)
        if own is None or not stat.S_ISDIR(own[4]):
            return None
        try:
            descriptor = os.open(
                folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.root
            )
            try:
                with os.scandir(descriptor) as listing:
                    names = [entry.name for entry in listing]
                found = {name: self.look_in(descriptor, name) for name in names}
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StructuralError(folder) from error
        self.folder_stamps[folder] = own
        entries = {name: stamp for name, stamp in found.items() if stamp is not None}
        if folder == ROOT:
            entries.pop(GIT_ENTRY, None)
            self.has_reports = REPORT_FOLDER in entries
            entries.pop(REPORT_FOLDER, None)
        return entries

    def look_in(self, folder: int, name: str) -> Stamp | None:
        """What is at a name in an open folder; None for nothing."""
        try:
            return stamp_of(os.lstat(name, dir_fd=folder))
        except FileNotFoundError:
            return None

    def list_known(self, folder: str) -> None:
        """Hold the entries of a known folder against what was known of them."""
        self.refuse_closed(folder)
        entries = self.list_entries(folder)
        if entries is None:
            if folder == ROOT:
                raise StructuralError(folder)
            self.lose_folder(folder)
            self.folders.add(folder.rpartition("/")[0])
            return
        kept = self.kept
        node = find_node(kept.root, folder)
        known = node.entries if isinstance(node, TreeNode) else {}
        for name, entry in known.items():
            path = joined(folder, name)
            if isinstance(entry, str) and path in kept.stamps and not is_file(entries.get(name)):
                self.lose_file(path)
        for name in kept.children.get(folder, ()):
            seen = entries.get(name)
            if seen is None or not stat.S_ISDIR(seen[4]):
                self.lose_folder(joined(folder, name))
        self.sort_entries(folder, entries)

    def sort_entries(self, folder: str, entries: Folder) -> None:
        """Tell files that changed and what is new from what was known."""
        kept, before, others = self.kept, self.kept.others.get(folder, {}), {}
        for name, stamp in entries.items():
            path, kind = joined(folder, name), stat.S_IFMT(stamp[4])
            if path in kept.stamps and kind != stat.S_IFDIR:
                if packed(*stamp) != kept.stamps[path]:
                    self.files.add(path)
            elif path in kept.folders and kind == stat.S_IFDIR:
                continue
            elif before.get(name) == kind:
                others[name] = kind
            else:
                self.add_candidate(path, kind)
        if others != before:
            self.others[folder] = others

    def add_candidate(self, path: str, kind: int) -> None:
        """Something new: git has to say whether it belongs to the tree."""
        name = path.rpartition("/")[2]
        if name == GIT_ENTRY or is_rule_file(name):
            raise StructuralError(path)
        self.candidates[path] = kind

    def lose_file(self, path: str) -> None:
        """A file of the tree that is gone."""
        if is_rule_file(path) or any(path in odd for odd in self.kept.oddities.found.values()):
            raise StructuralError(path)
        self.files.discard(path)
        self.edits[path] = self.stamps[path] = None

    def lose_folder(self, folder: str) -> None:
        """A folder that is gone, with all in it."""
        kept = self.kept
        self.refuse_closed(folder)
        if any(closed.startswith(f"{folder}/") for closed in kept.closed):
            raise StructuralError(folder)
        node = find_node(kept.root, folder)
        if isinstance(node, TreeNode):
            for path, _ in leaves(node, folder):
                if path in kept.stamps:
                    self.lose_file(path)
        waiting = [folder]
        while waiting:
            one = waiting.pop()
            self.folder_stamps[one] = self.others[one] = None
            waiting.extend(joined(one, name) for name in kept.children.get(one, ()))

    def sort_candidates(self) -> None:
        """Ask git what of the new entries belongs to the tree; new folders that do are listed, which may name more."""
        batch, self.candidates = self.candidates, {}
        self.ask(batch)
        bare = {path for path, kind in batch.items() if kind == stat.S_IFDIR and not self.holds_members(path)}
        ignored = self.kept.rules[ROOT].ignored(bare)
        for path, kind in batch.items():
            if kind == stat.S_IFDIR and path not in ignored:
                self.list_new(path)
            elif path in self.members:
                self.files.add(path)
            else:
                folder, _, name = path.rpartition("/")
                self.others_of(folder)[name] = kind

    def others_of(self, folder: str) -> dict[str, int]:
        """The other entries of a folder, to be changed."""
        found = self.others.get(folder)
        if found is None:
            found = self.others[folder] = dict(self.kept.others.get(folder, {}))
        return found

    def ask(self, batch: dict[str, int]) -> None:
        """Add to the members what of a batch, and below it, belongs to the tree."""
        kept = self.kept
        folders = [path for path, kind in batch.items() if kind == stat.S_IFDIR]
        back = {path for path in kept.absent if batch.get(path) in (stat.S_IFREG, stat.S_IFLNK)}
        for folder in folders:
            back.update(path for path in kept.absent if path.startswith(f"{folder}/") and is_file(self.look(path)))
        self.members |= back
        asked = [path for path in batch if path not in self.members and path not in self.covered]
        if asked:
            found = kept.rules[ROOT].untracked(self.store.no_index, asked)
            if found.repositories or found.hidden:
                raise StructuralError(next(iter(found.repositories | found.hidden)))
            self.members |= found.files
        for path in self.members:
            if is_rule_file(path):
                raise StructuralError(path)

    def holds_members(self, folder: str) -> bool:
        """Whether a file below a new folder belongs to the tree."""
        return any(path.startswith(f"{folder}/") for path in self.members)

    def list_new(self, folder: str) -> None:
        """List a new folder that is not ignored; git has said already what of its files belongs to the tree."""
        entries = self.list_entries(folder)
        if entries is None:
            self.folders.add(folder.rpartition("/")[0])
            return
        self.others[folder] = {}
        for name, stamp in entries.items():
            path = joined(folder, name)
            self.add_candidate(path, stat.S_IFMT(stamp[4]))
            if stat.S_ISDIR(stamp[4]):
                self.covered.add(path)

    def read_files(self) -> list[NewObject]:
        """Read what has to be read; the objects of what is stored as it is."""
        found: dict[str, ReadPath] = {}
        for path in sorted(self.files):
            if is_rule_file(path):
                raise StructuralError(path)
            try:
                found[path] = read_path(self.root, path)
            except NotPlainError as error:
                raise (StructuralError(path) if is_file(self.look(path)) else GoneError(path)) from error
        by_git = paths_for_git(self.git, self.store, self.repository, self.kept, found)
        blobs: list[NewObject] = []
        for path, one in found.items():
            self.stamps[path] = one.stamp
            if path not in by_git and one.content is not None:
                identifier = self.store.id_of("blob", one.content)
                self.edits[path] = f"{one.mode} {identifier}"
                blobs.append((identifier, "blob", one.content))
        if by_git:
            self.hash_by_git(sorted(by_git))
        return blobs

    def hash_by_git(self, paths: list[str]) -> None:
        """Let git hash and keep files."""
        entries = hash_converted(self.git, self.store, self.repository, self.kept, paths)
        for path, entry in entries.items():
            if self.look(path) != self.stamps[path]:
                raise MovingError(path)
            self.edits[path] = f"{entry.mode} {entry.id}"


def is_file(stamp: Stamp | None) -> bool:
    """Whether something is there that is no folder."""
    return stamp is not None and not stat.S_ISDIR(stamp[4])
