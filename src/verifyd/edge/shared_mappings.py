"""Which files of a tree other processes hold mapped, and how their stores are made to leave a trace (Linux)."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from verifyd.edge.path_reading import INODE, packed_inode
from verifyd.edge.sweep import ITSELF, Sweep, joined

PROCESSES = Path("/proc")

MAPPING = re.compile(rb"^\S+ [r-]([w-])[x-]s \S+ \S+ (\d+) +(/.*)$", re.MULTILINE)
"""A shared mapping of a file: whether it may be written to, inode, path (proc(5), ``/proc/pid/maps``)."""

TRACELESS = frozenset({"tmpfs", "ramfs", "devtmpfs", "hugetlbfs"})
"""File systems without writing back: a store through a mapping there never moves a time."""


class SharedMapping(Struct, frozen=True, kw_only=True):
    """A file in the memory of a process that others see; *path* is how we would reach it, if we can."""

    path: str
    inode: int
    is_writable: bool


def read_mappings() -> frozenset[SharedMapping]:
    """Shared mappings of files in those processes that we may look into; none where the system does not tell."""
    return KnownMappings().read(anew=True)


class KnownMappings(Struct, kw_only=True):
    """
    Shared mappings of the processes that we may look into, by number, with their start and size when they were read.

    To read a process's maps takes 0.2 ms, its size a tenth of that.
    """

    by_process: dict[str, tuple[tuple[bytes, ...], frozenset[SharedMapping]]] = field(default_factory=dict)

    def read(self, *, anew: bool) -> frozenset[SharedMapping]:
        """
        Those of now; none where the system does not tell.

        Args:
            anew: Do not take a process for unchanged because its size is: it may have mapped as much as it has let go.
        """
        found: dict[str, tuple[tuple[bytes, ...], frozenset[SharedMapping]]] = {}
        for name in os.listdir(PROCESSES) if PROCESSES.is_dir() else ():
            if name.isdigit():
                with suppress(OSError):  # of another user, or gone since
                    size, known = size_of(name), self.by_process.get(name)
                    is_known = known is not None and known[0] == size and not anew
                    found[name] = known if known is not None and is_known else (size, mappings_of(name))
        self.by_process = found
        return frozenset[SharedMapping]().union(*(mappings for _, mappings in found.values()))


def size_of(name: str) -> tuple[bytes, ...]:
    """When a process was started, and how much address space it has (proc(5), fields 22 and 23 of ``stat``)."""
    with (PROCESSES / name / "stat").open("rb", buffering=0) as file:
        return tuple(file.readall().rpartition(b")")[2].split()[19:21])


def mappings_of(name: str) -> frozenset[SharedMapping]:
    """Shared mappings of one process."""
    with (PROCESSES / name / "maps").open("rb", buffering=0) as file:
        return frozenset(map(mapping_of, MAPPING.findall(file.readall())))


def mapping_of(fields: tuple[bytes, bytes, bytes]) -> SharedMapping:
    """A mapping as MAPPING splits it; the kernel writes a line break in a name as ``\\012``."""
    writable, inode, path = fields
    return SharedMapping(
        path=os.fsdecode(path.replace(b"\\012", b"\n")), inode=int(inode), is_writable=writable == b"w"
    )


def mapped_paths(root: Path, swept: Sweep, mappings: Collection[SharedMapping]) -> frozenset[str]:
    """
    Swept paths that *mappings* may be of: by path, and by inode for a second name outside the tree.

    Inodes of two file systems may be equal; to take a file for mapped that is not costs a millisecond.
    """
    inodes, start = {one.inode for one in mappings}, f"{root}/"
    below = {one.path[len(start) :] for one in mappings if one.path.startswith(start)}
    return frozenset(
        path
        for folder, entries in swept.items()
        for name, stamp in entries.items()
        if (stamp[3] in inodes or (below and joined(folder, name) in below)) and name != ITSELF
        for path in [joined(folder, name)]
    )


def mapped_for_writing(root: Path, stamps: Mapping[str, bytes], mappings: Collection[SharedMapping]) -> frozenset[str]:
    """
    Files that some process may store to through its memory; a second name of one, outside, counts too.

    Args:
        stamps: How the files look, as ``packed`` has it, by path.
    """
    writable = [one for one in mappings if one.is_writable]
    if not writable:
        return frozenset()
    inodes, start = {packed_inode(one.inode) for one in writable}, f"{root}/"
    below = {one.path[len(start) :] for one in writable if one.path.startswith(start)}
    return frozenset(path for path, stamp in stamps.items() if stamp[INODE] in inodes) | (below & stamps.keys())


def settle(root: Path, paths: Iterable[str]) -> None:
    """
    Have each file's changed pages written back, after which the kernel notices the next store into each of them.

    A store into a page that is changed already is not noticed: neither mtime nor ctime moves, until it is written back. So
    this comes after the look whose times a later store must not have, and before the content is read.
    """
    for path in paths:
        with suppress(OSError):  # it vanished, or may not be read: the reader of its content says so
            handle = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def leaves_trace(path: Path) -> bool:
    """Whether a store through a mapping moves the times of this file at all, be it late."""
    try:
        device = path.lstat().st_dev
        mounts = (PROCESSES / "self" / "mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return True  # gone meanwhile, which shows by itself
    number = f"{os.major(device)}:{os.minor(device)}"
    kinds = {line.partition(" - ")[2].split(" ")[0] for line in mounts.splitlines() if line.split(" ")[2] == number}
    return not kinds & TRACELESS
