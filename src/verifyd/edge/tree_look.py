"""A hint, or a look at everything, in; what of the tree in memory has to be read again out."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from msgspec import Struct, field

from verifyd.app.ports import Repository
from verifyd.app.watch_ports import Hint
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_watch import look_at_all, read_index
from verifyd.edge.kept_memory import sharing_paths
from verifyd.edge.kept_tree import KeptTree
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.path_reading import packed, seen_at
from verifyd.edge.shared_mappings import KnownMappings, mapped_for_writing
from verifyd.edge.sweep import look_at, stamp_of
from verifyd.edge.tree_update import StructuralError, TreeUpdate

MAP_LOOK_EVERY_NS = 20_000_000_000
MAP_LOOK_SHARE = 3_000
"""To look into the memory maps of all processes (0.2 ms each) takes at most this part of the time."""
FRESH_AT_MOST = 500
"""To read so many files again takes longer than that."""


class TreeLook(Struct, kw_only=True):
    """
    Looks at one work tree.

    Attributes:
        root: Descriptor of the work tree's top folder.
        maps: Of the other processes.
        maps_from_ns: When the memory maps of all processes may be looked into again.
    """

    git: GitProcess
    store: ObjectStore
    repository: Repository
    root: int
    maps_from_ns: int = 0
    maps: KnownMappings = field(default_factory=KnownMappings)

    def update_of(self, kept: KeptTree) -> TreeUpdate:
        """An incremental reading in which nothing was noticed yet."""
        return TreeUpdate(
            git=self.git,
            store=self.store,
            repository=self.repository,
            kept=kept,
            root=self.root,
            clock_ns=self.store.now_ns(),
        )

    def notice(self, update: TreeUpdate, hint: Hint) -> None:
        """Look at what a hint names; StructuralError when that is not enough."""
        for path in hint.paths:
            update.notice(path)
        if hint.traceless:
            self.notice_traceless(update, looks_at_maps=True)
        if hint.git_state:
            self.look_at_git(update.kept)

    def everywhere(self, update: TreeUpdate, dirty: Collection[str]) -> None:
        """Find what differs from the last look, and look at *dirty* paths in any case; StructuralError as before."""
        kept, root = update.kept, self.root
        update.files |= differing(kept.stamps, root)
        for folder, stamp in kept.folders.items():
            if seen_at(folder or ".", root) != stamp:
                update.folders.add(folder)
        for path in kept.racy.union(dirty):
            (update.folders if path in kept.folders else update.files).add(path)
        self.notice_traceless(update, looks_at_maps=False)
        for path in update.files | update.folders:
            update.refuse_closed(path)
        self.look_at_git(kept)

    def notice_traceless(self, update: TreeUpdate, *, looks_at_maps: bool) -> None:
        """
        Read again what may have changed without a trace; from time to time, find out anew which files others hold mapped.

        Args:
            looks_at_maps: Find that out now, by the processes that have another size: the files themselves are not looked at,
                so that the first store through a new mapping, of which no event tells, would not be seen.
        """
        kept, now_ns = update.kept, self.store.now_ns()
        is_due = now_ns >= self.maps_from_ns or len(kept.fresh) > FRESH_AT_MOST
        if is_due or looks_at_maps:
            update.mapped = mapped_for_writing(self.repository.root, kept.stamps, self.maps.read(anew=is_due))
        if is_due:
            update.is_sure = True
            self.maps_from_ns = now_ns + max(MAP_LOOK_EVERY_NS, (self.store.now_ns() - now_ns) * MAP_LOOK_SHARE)
        for path in kept.traceless | (update.mapped or frozenset()):
            update.refuse_closed(path)
            update.files.add(path)

    def look_at_git(self, kept: KeptTree) -> None:
        """What git's own files say anew about which paths belong to the tree."""
        if look_at_all(tuple(kept.git_files)) != kept.git_files:
            raise StructuralError("git's settings or rules")
        if look_at(str(self.repository.git_dir / "index")) == kept.index.stamp:
            return
        if kept.may_convert or kept.nested or kept.oddities.found:
            raise StructuralError("the index")
        index = read_index(self.git, self.store, self.repository, kept.stamps)
        if index.marked != kept.index.marked:
            raise StructuralError("the index")
        for path in index.paths ^ kept.index.paths:
            # What stays where it is, and would stay by the ignore rules too, is the same tree.
            if path not in kept.stamps or path not in index.paths:
                raise StructuralError(path)
        kept.index = sharing_paths(index, kept.files)


def differing(stamps: Mapping[str, bytes], root: int) -> set[str]:
    """Files that look otherwise than they did, and those that are gone."""
    found: set[str] = set()
    for path, stamp in stamps.items():
        try:
            seen = os.lstat(path, dir_fd=root)
        except OSError:
            found.add(path)
        else:
            if packed(*stamp_of(seen)) != stamp:
                found.add(path)
    return found
