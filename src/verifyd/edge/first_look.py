"""The first look at a repository's folders: taken before git is asked, so that what changes while git answers shows."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from msgspec import Struct

from verifyd.edge.guard import below
from verifyd.edge.ignore_rules import IgnoreRules, Untracked, is_ours
from verifyd.edge.sweep import NOTHING, Folder, Stamp, Sweep, subfolders, sweep, wait_for_clock, with_parents


class FirstLook(Struct, frozen=True, kw_only=True):
    """
    One repository's part of the look. Paths are relative to its own root.

    Attributes:
        top: Root of the whole work tree.
        prefix: This repository's folder in it; empty for the top's own.
        swept: The look at the whole work tree, which this part adds to; paths in it are relative to *top*.
        moving: Receives what came or went since, relative to *top*.
    """

    top: Path
    prefix: str
    swept: Sweep
    moving: set[str]

    def outside(self, path: str) -> str:
        """A path of this repository, seen from the top."""
        return below(self.prefix, path)

    def inside(self, path: str) -> str:
        """A path seen from the top, as this repository names it."""
        return path[len(self.prefix) + 1 :] if self.prefix else path

    def add(self, folders: Iterable[str]) -> None:
        """Look at folders, parents first; our reports are no part of it, even where they are committed."""
        sweep(self.top, [self.outside(folder) for folder in folders if not is_ours(folder)], known=self.swept)

    def add_unignored(
        self, rules: IgnoreRules, folders: Collection[str], untracked: Untracked, nested: Collection[str]
    ) -> Further:
        """
        Look at the folders without a tracked file that are not ignored: a file that comes to be there belongs to the tree.

        Args:
            folders: Those with tracked files.
            nested: Folders of nested repositories, which look after themselves.
        """
        known = set(folders)
        fresh = [folder for folder in with_parents(untracked.paths) if folder not in known]
        self.add(fresh)
        known.update(fresh)
        unreadable: set[str] = set()
        level = set(known)
        while level:
            seen = {self.inside(folder) for folder in subfolders(self.swept, map(self.outside, level))}
            level = seen - known - set(nested)
            level -= rules.ignored(level)
            known |= level
            closed = {folder for folder in level if not may_list(self.top / self.outside(folder))}
            unreadable |= closed
            level -= closed
            self.add(sorted(level))
            fresh.extend(level)
        fresh_ones = frozenset(fresh)
        outermost = frozenset(folder for folder in fresh if folder.rpartition("/")[0] not in fresh_ones)
        return Further(outermost=outermost, unreadable=frozenset(unreadable))

    def entries(self, folder: str) -> Folder:
        """What was seen in a folder; nothing for one that was not there, or not looked at."""
        return self.swept.get(self.outside(folder), NOTHING)

    def stamp(self, path: str) -> Stamp | None:
        """What was seen at a path; None for nothing."""
        folder, _, name = self.outside(path).rpartition("/")
        return self.swept.get(folder, NOTHING).get(name)

    def is_file(self, path: str) -> bool:
        """Whether something was seen there that is no folder."""
        stamp = self.stamp(path)
        return stamp is not None and not stat.S_ISDIR(stamp[4])

    def forget(self, paths: Collection[str]) -> None:
        """Take what came or went since out of the look, as if nothing had been there, and tell of it."""
        for path in map(self.outside, paths):
            self.moving.add(path)
            folder, _, name = path.rpartition("/")
            if name in self.swept.get(folder, NOTHING):
                self.swept[folder] = {other: stamp for other, stamp in self.swept[folder].items() if other != name}

    def let_clock_go_on(self, probe: Path) -> None:
        """Wait, a few ms at most, until no edit can carry the time of this look any more."""
        wait_for_clock(self.swept, probe)


class Further(Struct, frozen=True, kw_only=True):
    """
    Folders without a tracked file.

    Attributes:
        outermost: Those that were looked at, the ones inside them left out.
        unreadable: Those that may not be listed: git sees nothing in them either.
    """

    outermost: frozenset[str]
    unreadable: frozenset[str]


def may_list(folder: Path) -> bool:
    """Whether we may see what is in a folder."""
    return os.access(folder, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)
