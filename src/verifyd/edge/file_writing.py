"""One file written whole into an open folder and renamed into place; and what a refusal of the file system means."""

from __future__ import annotations

import errno
import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from verifyd.errors import StoreError

counter = itertools.count()


@contextmanager
def refusing(path: Path, done: str) -> Iterator[None]:
    """Turn what the file system refuses inside the ``with`` into a StoreError about *path* that could not be *done*."""
    try:
        yield
    except OSError as error:
        raise refusal(path, done, error) from error


def write_into(folder: int, name: str, data: bytes, mode: int, *, aside: int | None = None) -> None:
    """Write (into the folder *aside*, where one is given), sync, rename, sync the folder; on failure nothing of ours stays."""
    first = folder if aside is None else aside
    temporary = f".{name}.{os.getpid()}-{next(counter)}.tmp"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, mode, dir_fd=first)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.rename(temporary, name, src_dir_fd=first, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=first)
        raise
    os.fsync(folder)


def remove_leftovers(folder: int, name: str) -> None:
    """Remove what processes that were killed in the middle of writing this file left beside it."""
    leftover = re.compile(rf"\.{re.escape(name)}\.(\d+)-\d+\.tmp")
    for entry in os.listdir(folder):
        found = leftover.fullmatch(entry)
        if found is not None and not is_alive(int(found[1])):
            with suppress(OSError):
                os.unlink(entry, dir_fd=folder)


def is_alive(process: int) -> bool:
    """Whether a process of that number exists, whoever's it is."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def refusal(path: Path, done: str, error: OSError) -> StoreError:
    """What a failure of the file system means to the person who asked."""
    remedies = {
        errno.ENOSPC: "Free some space, then run again.",
        errno.EDQUOT: "Free some space, then run again.",
        errno.EROFS: "Make the file system writable, then run again.",
        errno.EACCES: "Make the file and its folder accessible to you, then run again.",
        errno.EPERM: "Make the file and its folder accessible to you, then run again.",
        errno.EISDIR: "Remove the folder of that name, then run again.",
    }
    says = (error.strerror or str(error)).lower()
    remedy = remedies.get(error.errno or 0, "Look at the disk, then run again.")
    return StoreError(f"cannot be {done}: {says}", where=str(path), remedy=remedy)
