"""A look at every entry of the tree's folders by lstat, and what two looks tell apart."""

from __future__ import annotations

import operator
import os
import stat
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct, field

from verifyd.edge.ignore_rules import REPORT_FOLDER
from verifyd.edge.linux import O_PATH

GIT_ENTRY = ".git"

CLOCK_WAIT_S = 0.02
"""Longest wait for the file system's clock to go on: two of the coarsest ticks that Linux is built with."""

WHOLE_SECOND_NS = 1_000_000_000

Stamp = tuple[int, int, int, int, int]
"""(mtime in ns, ctime in ns, size, inode, mode) by lstat. Never atime: reading a file is no change."""

Folder = Mapping[str, Stamp]
"""The entries of one folder by name."""

Sweep = dict[str, Folder]
"""Folders by path relative to the root, ``""`` for the root itself; a folder that is not there is missing."""

NOTHING: Folder = {}

ROOT = ""

ITSELF = "."
"""The root's own stamp among its entries; every other folder's stands among its parent's."""


stamp_of = operator.attrgetter("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_mode")
"""What an edit cannot leave as it was: the kernel sets ctime, and no program can set it back."""


def sweep(root: Path, folders: Iterable[str], *, known: Sweep | None = None) -> Sweep:
    """
    Look at every entry of each folder; no link is followed, not even one that took a folder's place.

    Args:
        folders: Parents before what is in them; each parent of a folder must be listed too, or be known.
        known: An earlier part of the same look: it is added to, and what is in it is not looked at again.
    """
    swept = {} if known is None else known
    for folder in folders:
        if folder in swept:
            continue
        if folder != ROOT:
            parent, _, name = folder.rpartition("/")
            entry = swept.get(parent, NOTHING).get(name)
            if entry is None or not stat.S_ISDIR(entry[4]):
                continue
        with suppress(FileNotFoundError, NotADirectoryError):
            swept[folder] = read_folder(root, folder)
    return swept


def read_folder(root: Path, folder: str) -> Folder:
    """
    The entries of a folder, and for the root its own stamp.

    Of git's own folder, and of our reports, only what kind of thing they are: the user's git commands work in the one.
    """
    path = f"{root}/{folder}" if folder else str(root)
    try:
        with opened(path, os.O_RDONLY) as handle, os.scandir(handle) as listing:
            entries = {entry.name: stamp_of(entry.stat(follow_symlinks=False)) for entry in listing}
    except FileNotFoundError:  # the folder, or something that was listed and is gone again
        seen = {name: look_at(f"{path}/{name}") for name in os.listdir(path)}
        entries = {name: stamp for name, stamp in seen.items() if stamp is not None}
    forget_times(entries, GIT_ENTRY)
    if folder == ROOT:
        entries[ITSELF] = stamp_of(os.lstat(path))
        forget_times(entries, REPORT_FOLDER)
    return entries


def look_at(path: str) -> Stamp | None:
    """The stamp of what is at an absolute path, no link followed at its end; None for nothing."""
    try:
        return stamp_of(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def opened(folder: str, flags: int) -> Iterator[int]:
    """A folder's handle: the kernel then finds what is in it by its name alone, which saves a tenth of a look or more."""
    handle = os.open(folder, flags | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def forget_times(entries: dict[str, Stamp], name: str) -> None:
    """Keep of an entry only what kind of thing it is."""
    if name in entries:
        entries[name] = (0, 0, 0, 0, stat.S_IFMT(entries[name][4]))


def with_parents(paths: Iterable[str]) -> list[str]:
    """The folders that hold *paths*, the root included, parents first."""
    folders = {ROOT}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(folders)


def joined(folder: str, name: str) -> str:
    """A path below the root."""
    return f"{folder}/{name}" if folder else name


def subfolders(swept: Sweep, folders: Iterable[str]) -> Iterator[str]:
    """Folders inside *folders*, as the sweep saw them; git's own left out."""
    for folder in folders:
        for name, stamp in swept.get(folder, {}).items():
            if stat.S_ISDIR(stamp[4]) and name not in (GIT_ENTRY, ITSELF) and joined(folder, name) != REPORT_FOLDER:
                yield joined(folder, name)


def newest_ctime(swept: Sweep) -> int:
    """When the newest entry was changed, in ns of the file system's clock."""
    return max((stamp[1] for entries in swept.values() for stamp in entries.values()), default=0)


def wait_for_clock(swept: Sweep, probe: Path) -> None:
    """
    Until an edit made from now on gets a ctime that no swept entry has: a second edit in the same tick could hide otherwise.

    Args:
        probe: A file of ours that is touched to see the file system's own clock.
    """
    newest = newest_ctime(swept)
    tick_s = CLOCK_WAIT_S / 20
    for _ in range(20):
        probe.touch()
        if probe.stat().st_ctime_ns > newest:
            return
        threading.Event().wait(tick_s)


def is_racy(stamp: Stamp, clock_ns: int) -> bool:
    """
    Whether a later change could leave the stamp as it is.

    That can be when the clock had not gone on when the file was read. A file system that keeps whole seconds shows itself
    by a ctime without a fraction.

    Args:
        clock_ns: The file system's clock before the file was looked at.
    """
    tick_ns = 2 * WHOLE_SECOND_NS if stamp[1] % WHOLE_SECOND_NS == 0 else 1
    return stamp[1] + tick_ns > clock_ns


class Difference(Struct):
    """
    What two looks tell apart.

    Attributes:
        moved: Paths of the tree, and folders that hold some, that changed or are gone.
        new: Entries that were not there; whether they belong to the tree is git's to say.
        folders: Folders whose own stamp changed while they stayed the same folder.
        explained: Folders in which something outside the tree came, went or changed.
    """

    moved: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    explained: set[str] = field(default_factory=set)


def expected_stamps(swept: Sweep, files: Collection[str]) -> dict[str, Stamp]:
    """What a later look must find, by path: the swept folders, and of *files* those that were on disk."""
    expected: dict[str, Stamp] = {}
    for folder, entries in swept.items():
        start = f"{folder}/" if folder else ""
        for name, stamp in entries.items():
            path = f"{start}{name}"
            if path in files or path in swept:
                expected[path] = stamp
    if ROOT in swept:
        expected[ROOT] = swept[ROOT][ITSELF]
    return expected


def compare(root: Path, swept: Sweep, expected: Mapping[str, Stamp]) -> Difference:
    """
    Look again, and tell what differs.

    A folder is listed only when its own stamp differs: nothing comes, goes or changes its name in it without that.

    Args:
        expected: What expected_stamps made of *swept*.
    """
    found = Difference()
    for path, seen in differing(root, expected):
        stamp = expected[path]
        if path not in swept:
            found.moved.add(path)
        elif seen is None or seen[3:] != stamp[3:]:
            found.moved.add(shown_folder(path))
        else:
            found.folders.add(path)
            with suppress(FileNotFoundError, NotADirectoryError):  # gone since: the next look tells
                compare_folder(found, path, swept[path], read_folder(root, path), expected)
    return found


def differing(root: Path, expected: Mapping[str, Stamp]) -> list[tuple[str, Stamp | None]]:
    """Paths with another stamp than expected, and that; None for nothing. One handle and no calls of ours: a tenth faster."""
    if not root.is_dir():
        return [(path, None) for path in expected]
    found: list[tuple[str, Stamp | None]] = []
    look, make_stamp = os.lstat, stamp_of
    with opened(str(root), O_PATH) as handle:
        for path, stamp in expected.items():
            try:
                # The root itself by its path: another folder may have taken its place.
                seen = make_stamp(look(path, dir_fd=handle) if path else look(root))
            except (FileNotFoundError, NotADirectoryError):
                found.append((path, None))
            else:
                if seen != stamp:
                    found.append((path, seen))
    return found


def compare_folder(found: Difference, folder: str, old: Folder, new: Folder, expected: Mapping[str, Stamp]) -> None:
    """Sort in what came to, went from or changed in a folder besides what is looked at anyway."""
    for name in old.keys() | new.keys():
        path, before, after = joined(folder, name), old.get(name), new.get(name)
        if before == after or path in expected or name == ITSELF:
            continue
        if before is None:
            found.new.add(path)
        elif after is None or not (stat.S_ISDIR(after[4]) and before[3] == after[3]):
            # A file outside the tree that is rewritten often has a neighbour that comes and goes (a database's journal).
            # What happens inside a folder outside the tree leaves the folder around it alone.
            found.explained.add(folder)


def shown_folder(folder: str) -> str:
    """A folder as a message names it."""
    return f"{folder}/" if folder else "./"
