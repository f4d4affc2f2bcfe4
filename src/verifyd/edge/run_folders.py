"""Folders of single runs: one is held by the run that fills it, and the others are listed in the order they were made."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from verifyd.edge.folders import open_folder
from verifyd.edge.locking import is_held

HELD_NAME = ".held"
"""Holds the folder's number; locked while a process fills the folder. The lock decides, never a process id (fault 8)."""


def hold_folder(folder: Path) -> int:
    """
    Make a new folder (0700) and hold it; the descriptor to let go of it with (``locking.let_go``).

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


def free_folders(folder: Path) -> tuple[Path, ...]:
    """The run folders in *folder* that no living process holds, in the order they were made, whatever the clock said."""
    return tuple(
        sorted(
            (run for run in folders_in(folder) if not is_held(run / HELD_NAME)),
            key=lambda run: (number_of(run), run.name),
        )
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
