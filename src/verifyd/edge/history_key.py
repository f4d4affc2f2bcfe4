"""The secrets that history and verdicts are sealed with, and pages are opened with: kept in the user's state folder, where no repository reaches."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from verifyd.edge.daemon_place import state_folder

KEY_BYTES = 32


def history_key_path() -> Path:
    """Where the key is kept: ``$XDG_STATE_HOME/verifyd/history.key`` on Linux."""
    return Path(state_folder(), "history.key")


def verdict_key_path() -> Path:
    """Where the key of verdict files is kept: hexadecimal and a line end, for a shell reads no other bytes."""
    return history_key_path().with_name("verdicts.key")


def page_key_path() -> Path:
    """Where the key is kept that the addresses of pages are made of: without it, each has a new address."""
    return history_key_path().with_name("page.key")


def read_history_key(path: Path) -> bytes:
    """
    The key, made at the first question.

    A key that cannot be kept, or that others than the user may read or write, counts as none: what is returned then is good
    for this process alone, so that no earlier verdict answers, and none of this one's ever will.
    """
    key = kept_key(path, lambda: secrets.token_bytes(KEY_BYTES))
    return key if key is not None and len(key) == KEY_BYTES else secrets.token_bytes(KEY_BYTES)


def read_verdict_key(path: Path) -> str | None:
    """The key of verdict files, made at the first question; None where there is none that counts, as above."""
    key = kept_key(path, lambda: secrets.token_hex(KEY_BYTES).encode("ascii") + b"\n")
    if key is None or not re.fullmatch(rb"[0-9a-f]{%d}\n" % (2 * KEY_BYTES), key):
        return None
    return key.decode("ascii").strip()


def kept_key(path: Path, new: Callable[[], bytes]) -> bytes | None:
    """The content of a key's file, made when there is none; None when it cannot be kept, or others may read or write it."""
    with suppress(OSError):
        if not path.exists():
            make_key(path, new())
        found = path.stat()
        if found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077:
            return path.read_bytes()
    return None


def make_key(path: Path, key: bytes) -> None:
    """Write a new key whole; one that another process made meanwhile stays. OSError when it cannot be written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(written)
    finally:
        written.unlink()
