"""Writes, lists and removes what lies in a mirror."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from verifyd.edge.folders import remove_tree
from verifyd.edge.sweep import joined, stamp_of


def overwrite(root: int, path: str, content: bytes, mode: int, second: int) -> int:
    """
    Write a file in place: on ext4 a rename or an unlink costs a flush each, 500 ms for 500 files, and this 10.

    Returns:
        The hash of its stamp.

    Raises:
        OSError: Something else is there, or a file with another name somewhere: it is not written through that.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, mode, dir_fd=root)
    try:
        seen = os.fstat(descriptor)
        if seen.st_nlink != 1:
            raise OSError(f"{path} has another name")
        written = os.write(descriptor, content) if content else 0
        while written < len(content):
            written += os.write(descriptor, content[written:])
        if seen.st_size > len(content):
            os.ftruncate(descriptor, len(content))
        if stat.S_IMODE(seen.st_mode) != mode:
            os.fchmod(descriptor, mode)
        os.utime(descriptor, (second, second))
        return hash(stamp_of(os.fstat(descriptor)))
    finally:
        os.close(descriptor)


def listed(folder: Path, path: str) -> list[str]:
    """What is in a folder that is called *path*; nothing when it may not be seen."""
    try:
        return [joined(path, name) for name in os.listdir(folder)]
    except OSError:
        return []


def remove(path: Path) -> None:
    """A file, a link, or a folder with all in it; nothing is fine."""
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def everything(folder: Path) -> Iterator[str]:
    """All below a folder by relative path, itself as ``""``."""
    yield ""
    for inside, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            yield os.path.relpath(os.path.join(inside, name), folder)
