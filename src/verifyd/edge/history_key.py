"""The secret that rows of history are sealed with: kept in the user's state folder, where no repository reaches."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from platformdirs import user_state_path

KEY_BYTES = 32


def history_key_path() -> Path:
    """Where the key is kept: ``$XDG_STATE_HOME/verifyd/history.key`` on Linux."""
    return user_state_path("verifyd", appauthor=False) / "history.key"


def read_history_key(path: Path) -> bytes:
    """
    The key, made at the first question.

    A key that cannot be kept, or that others than the user may read or write, counts as none: what is returned then is good
    for this process alone, so that no earlier verdict answers, and none of this one's ever will.
    """
    with suppress(OSError):
        if not path.exists():
            make_key(path)
        found = path.stat()
        key = path.read_bytes()
        if found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077 and len(key) == KEY_BYTES:
            return key
    return secrets.token_bytes(KEY_BYTES)


def make_key(path: Path) -> None:
    """Write a new key whole; one that another process made meanwhile stays. OSError when it cannot be written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(written)
    finally:
        written.unlink()
