"""What is remembered of agents' sessions: one small file below ``<git dir>/verifyd/sessions/``, changed under a lock."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable

FILE_NAME, LOCK_NAME = "sessions.json", "lock"
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
    folder = f"{git_dir}/verifyd/sessions"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        lock = os.open(f"{folder}/{LOCK_NAME}", LOCK_FLAGS, 0o600)
    except OSError:
        change(b"")
        return False
    try:
        held = take(lock)
        changed = change(read(folder))
        if not held:
            return False
        write(folder, changed)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


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


def read(folder: str) -> bytes:
    """What is there; empty for nothing, and for what is too large to be ours."""
    try:
        descriptor = os.open(f"{folder}/{FILE_NAME}", READ_FLAGS)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(LARGEST_BYTES + 1)
    return data if len(data) <= LARGEST_BYTES else b""


def write(folder: str, data: bytes) -> None:
    """Whole, then renamed into place; the lock is held, so there is one writer."""
    temporary = f"{folder}/{FILE_NAME}.tmp"
    with os.fdopen(os.open(temporary, WRITE_FLAGS, 0o600), "wb") as file:
        file.write(data)
    os.rename(temporary, f"{folder}/{FILE_NAME}")
