"""One daemon for one work tree: a lock that the kernel takes back when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from verifyd.edge import locking
from verifyd.errors import StoreError

LOCK_NAME = "daemon.lock"
FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class DaemonLock:
    """
    ``<git dir>/verifyd/daemon.lock``, held for as long as the daemon lives.

    The lock alone decides who is the daemon: never a number in a file (faults 7 and 8). The file stays for good: another
    process may have it open, and would lock a file that has no name any more.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, home: Path) -> DaemonLock | None:
        """
        Take the lock; None when another process holds it.

        Raises:
            StoreError: The folder or the file cannot be used.
        """
        descriptor = open_lock(home)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def is_in_place(self, home: Path) -> bool:
        """Whether the file that is locked still stands there: else another daemon may take the one that does."""
        try:
            found = os.lstat(home / LOCK_NAME)
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(self.descriptor))

    def release(self) -> None:
        """Another process may be the daemon from now on."""
        locking.let_go(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def open_lock(home: Path) -> int:
    """The lock's file, made when it is not there."""
    path = home / LOCK_NAME
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, FLAGS, 0o600)
    except OSError as error:
        says = (error.strerror or str(error)).lower()
        remedy = "Make the folder writable, then try again."
        raise StoreError(f"cannot be opened: {says}", where=str(path), remedy=remedy) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoreError("is no file", where=str(path), remedy="Remove what stands there, then try again.")
    return descriptor


def is_held(home: Path) -> bool:
    """Whether a daemon holds the lock now."""
    return locking.is_held(home / LOCK_NAME)
