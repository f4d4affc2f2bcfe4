"""One path of a work tree read such that its bytes are those of one moment."""

from __future__ import annotations

import errno
import os
import stat
import struct
import threading

from msgspec import Struct

from verifyd.edge.file_ids import READ_BYTES
from verifyd.edge.private_index import git_mode
from verifyd.edge.sweep import Stamp, stamp_of
from verifyd.edge.tree_edit import LINK_MODE

TRIES = 5
"""A file that changes during each of so many readings is being written right now."""

PAUSE_S = 0.002
"""Before the second reading; doubled before each further one."""


STAMP = struct.Struct("<qqqQI")
packed = STAMP.pack
"""A stamp in the form that is kept of every file: a third of a tuple's memory."""
INODE = slice(24, 32)
"""Where the inode stands in it, as *packed_inode* has it; a third of the time that it takes to unpack each."""
packed_inode = struct.Struct("<Q").pack


class MovingError(Exception):
    """A file changed during each reading of it; the argument names it."""


class NotPlainError(Exception):
    """What is at a path is neither a file nor a link, is gone, or may not be read; the argument names it."""


class ReadPath(Struct, frozen=True, kw_only=True):
    """
    What one path held.

    Attributes:
        stamp: As it was before and after the bytes were read.
        content: A link's target; None for a file that is too large to be held.
    """

    stamp: Stamp
    mode: str
    content: bytes | None


def read_path(root: int, path: str) -> ReadPath:
    """
    Read a file or link, no link followed at its end.

    Args:
        root: Descriptor of the folder that *path* is relative to.

    Raises:
        MovingError: It does not come to rest.
        NotPlainError: The whole tree has to be looked at again.
    """
    for attempt in range(TRIES):
        if attempt:
            threading.Event().wait(PAUSE_S * 2 ** (attempt - 1))
        try:
            before = stamp_of(os.lstat(path, dir_fd=root))
            content = read_content(root, path, before)
            after = stamp_of(os.lstat(path, dir_fd=root))
        except OSError as error:
            raise NotPlainError(path) from error
        if before == after and (content is None or not stat.S_ISREG(before[4]) or len(content) == before[2]):
            return ReadPath(stamp=before, mode=git_mode(before[4]), content=content)
    raise MovingError(path)


def seen_at(path: str, root: int) -> Stamp | None:
    """
    What is at a path; None for nothing, and behind links that lead in a circle.

    Raises:
        OSError: A folder on the way may not be passed.
    """
    try:
        return stamp_of(os.lstat(path, dir_fd=root))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise


def read_content(root: int, path: str, seen: Stamp) -> bytes | None:
    """The bytes of what was seen at a path; None for too many."""
    if git_mode(seen[4]) == LINK_MODE:
        return os.readlink(os.fsencode(path), dir_fd=root)
    if not stat.S_ISREG(seen[4]):
        raise NotPlainError(path)
    if seen[2] > READ_BYTES:
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=root)
    try:
        content = os.read(descriptor, seen[2] + 1)
        while len(content) < seen[2] and (more := os.read(descriptor, seen[2] + 1 - len(content))):
            content += more
        return content
    finally:
        os.close(descriptor)
