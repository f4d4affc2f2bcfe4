"""How a few files look, as texts that are only good for comparing: whether an agent has edited what a task names."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterable

READ_BYTES = 4 * 1024 * 1024
"""Of a larger file only size and date are compared."""
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def looks_of(root: str, paths: Iterable[str]) -> dict[str, str]:
    """By path; empty for what is no file below *root* that can be read."""
    return {path: look_of(os.path.join(root, path)) for path in paths}


def look_of(path: str) -> str:
    """Size and checksum of the content; empty for what is no regular file."""
    try:
        descriptor = os.open(path, FLAGS)
    except (OSError, ValueError):
        return ""
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return ""
        if found.st_size > READ_BYTES:
            return f"{found.st_size}@{found.st_mtime_ns}"
        return f"{found.st_size}-{zlib.crc32(os.read(descriptor, READ_BYTES)):08x}"
    except OSError:
        return ""
    finally:
        os.close(descriptor)
