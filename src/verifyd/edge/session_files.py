"""
What is remembered of agents' sessions: a small file for each git folder, changed under a lock.

It lies in the user's state folder: an agent that is kept to the repository and its ``.git`` cannot forget how often it had a task.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable

from verifyd.edge.daemon_place import name_of, state_folder

LARGEST_BYTES = 1024 * 1024
LOCK_LIMIT_S = 2.0
LOOK_EVERY_S = 0.01
LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def change_sessions(git_dir: str, change: Callable[[bytes], bytes]) -> bool:
    """
    Read, change and replace what is remembered, while nobody else does.

    Args:
        change: What is remembered in (empty for nothing), what is to be remembered out. It is called in any case.

    Returns:
        Whether it was kept: False where the folder cannot be written, or another hook holds the lock for too long.
    """
    try:
        path = f"{sessions_folder()}/{name_of(git_dir)}.json"
        os.makedirs(sessions_folder(), mode=0o700, exist_ok=True)
        lock = os.open(f"{path}.lock", LOCK_FLAGS, 0o600)
    except OSError:
        change(b"")
        return False
    try:
        held = take(lock)
        changed = change(read(path))
        if not held:
            return False
        write(path, changed)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def sessions_folder() -> str:
    """Where all of them lie."""
    return f"{state_folder()}/sessions"


def take(lock: int) -> bool:
    """Take the lock; False when another holds it for too long. The kernel takes it back from who dies."""
    end = time.monotonic() + LOCK_LIMIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_EVERY_S)
        else:
            return True


def read(path: str) -> bytes:
    """What is there; empty for nothing, and for what is too large to be ours."""
    try:
        descriptor = os.open(path, READ_FLAGS)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(LARGEST_BYTES + 1)
    return data if len(data) <= LARGEST_BYTES else b""


def write(path: str, data: bytes) -> None:
    """Whole, then renamed into place; the lock is held, so there is one writer."""
    temporary = f"{path}.tmp"
    with os.fdopen(os.open(temporary, WRITE_FLAGS, 0o600), "wb") as file:
        file.write(data)
    os.rename(temporary, path)
