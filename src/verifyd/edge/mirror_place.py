"""Where mirrors are kept: in memory when the tree is small against what is free, else beside our other state."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from verifyd.edge.folders import remove_tree
from verifyd.edge.locking import let_go, locked
from verifyd.edge.run_folders import free_folders, hold_folder

LARGEST_SHARE = 0.1
"""Of the memory that is free, a tree in memory may take so much."""

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 only a folder in it that is ours alone is used
LOCK_NAME = ".lock"


@contextmanager
def mirror_folder(home: Path, tree_bytes: int, environment: Mapping[str, str]) -> Iterator[Path]:
    """
    A folder of this process for its mirrors; gone afterwards, and so is what dead processes left.

    Args:
        home: Our state folder on disk.
        tree_bytes: Size of all files of the tree.

    Raises:
        OSError: It cannot be made.
    """
    on_disk = home / "mirrors"
    in_memory = memory_folder(environment)
    for parent in (in_memory, on_disk):
        if parent is not None and parent.is_dir():
            collect(parent)
    parent = in_memory if in_memory is not None and fits(tree_bytes, in_memory) else on_disk
    folder, held = make_held(parent)
    try:
        yield folder
    finally:
        with suppress(OSError):
            remove_tree(folder)
        let_go(held)


def memory_folder(environment: Mapping[str, str]) -> Path | None:
    """Our folder in a file system in memory; None where there is none that is the user's alone and runs programs."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    tops: list[Path] = [SHARED_MEMORY, Path(runtime)] if runtime else [SHARED_MEMORY]
    for top in tops:
        folder = top / f"verifyd-{os.getuid()}"
        try:
            if os.statvfs(top).f_flag & os.ST_NOEXEC:
                continue
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            seen = folder.lstat()
        except (OSError, AttributeError):
            continue
        # Anybody may make folders there: one of another user, or a link, is not used.
        if (seen.st_uid, seen.st_mode) == (os.getuid(), stat.S_IFDIR | 0o700):
            return folder
    return None


def fits(tree_bytes: int, folder: Path) -> bool:
    """Whether so much is little against what is free, of memory and in the file system."""
    space = os.statvfs(folder)
    free_bytes = min(free_memory_bytes(), space.f_bavail * space.f_frsize)
    return tree_bytes < free_bytes * LARGEST_SHARE


def free_memory_bytes() -> int:
    """What programs can still get without swapping; 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


def make_held(parent: Path) -> tuple[Path, int]:
    """A new folder that a lock holds for as long as this process lives."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / secrets.token_hex(4)
    with locked(parent / LOCK_NAME):
        return folder, hold_folder(folder)


def collect(parent: Path) -> None:
    """Remove folders that no living process holds; a folder that is just being made is not there yet for others."""
    with locked(parent / LOCK_NAME):
        for folder in free_folders(parent):
            with suppress(OSError):
                remove_tree(folder)
