"""Folders of single runs: one is held by the run that fills it, and the others are listed in the order they were made."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from verifyd.edge.folders import open_folder

HELD_NAME = ".held"
"""Holds the folder's number; locked while a process fills the folder. The lock decides, never a process id (fault 8)."""


def hold_folder(folder: Path) -> int:
    """
    Make a new folder (0700) and hold it; the descriptor to let go of it with.

    Raises:
        OSError: it exists already, or cannot be made.
    """
    number = 1 + max((number_of(other) for other in folders_in(folder.parent)), default=0)
    with open_folder(folder.absolute().parent, make=True) as inside:
        os.mkdir(folder.name, 0o700, dir_fd=inside)
    descriptor = os.open(folder / HELD_NAME, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, f"{number}\n".encode())
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def let_go(descriptor: int) -> None:
    """Hold the folder no longer; said and not left to closing, because a forked process may have a copy of the descriptor."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def free_folders(folder: Path) -> tuple[Path, ...]:
    """The run folders in *folder* that no living process holds, in the order they were made, whatever the clock said."""
    return tuple(
        sorted((run for run in folders_in(folder) if not is_held(run)), key=lambda run: (number_of(run), run.name))
    )


def folders_in(folder: Path) -> tuple[Path, ...]:
    """The real folders in a folder; none when it is not there."""
    try:
        with os.scandir(folder) as entries:
            return tuple(folder / entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return ()


def number_of(folder: Path) -> int:
    """The number of a run's folder; 0 for one that has none (its run was killed while making it)."""
    with suppress(OSError, ValueError):
        return int((folder / HELD_NAME).read_text("ascii"))
    return 0


def is_held(folder: Path) -> bool:
    """Whether a process that lives fills this folder."""
    try:
        descriptor = os.open(folder / HELD_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
