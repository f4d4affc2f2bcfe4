"""Linux tells which entries of which folders were touched: inotify(7), for which Python has no functions."""

from __future__ import annotations

import array
import asyncio
import ctypes
import errno
import fcntl
import os
import struct
import termios
from enum import IntFlag
from typing import NamedTuple

import anyio

from verifyd.edge.linux import IS_LINUX


class Mask(IntFlag):
    """What happened, or what to tell of (<sys/inotify.h>)."""

    MODIFY = 0x2
    ATTRIB = 0x4
    CLOSE_WRITE = 0x8
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATE = 0x100
    DELETE = 0x200
    DELETE_SELF = 0x400
    MOVE_SELF = 0x800
    UNMOUNT = 0x2000
    Q_OVERFLOW = 0x4000
    IGNORED = 0x8000
    ONLYDIR = 0x01000000
    DONT_FOLLOW = 0x02000000
    EXCL_UNLINK = 0x04000000
    MASK_ADD = 0x20000000
    ISDIR = 0x40000000


OF_ITSELF = Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.ONLYDIR | Mask.DONT_FOLLOW | Mask.MASK_ADD
"""Told when the folder itself goes, and nothing of what is in it."""
OF_ENTRIES = (
    OF_ITSELF
    | Mask.MODIFY
    | Mask.ATTRIB
    | Mask.CLOSE_WRITE  # what was written through a memory map is told by nothing else
    | Mask.MOVED_FROM
    | Mask.MOVED_TO
    | Mask.CREATE
    | Mask.DELETE
    | Mask.EXCL_UNLINK
)
LIMIT_REACHED = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""inotify_init1(2) and inotify_add_watch(2): the user's limits, or memory, are used up."""

_HEADER = struct.Struct("iIII")
_READ_BYTES = 1 << 20


class Event(NamedTuple):
    """
    One event.

    Attributes:
        watch: Number that ``Inotify.add`` gave; -1 for lost events. Linux does not give a number twice.
        mask: What happened; plain bits of ``Mask``, since an IntFlag for each of 16,384 events takes longer than to read them.
        name: The entry, with surrogates where it is no UTF-8; ``""`` for the folder itself.
    """

    watch: int
    mask: int
    name: str


class Inotify:
    """
    One queue of events.

    Raises:
        OSError: The user's instances are used up (EMFILE), or there is no inotify here (ENOSYS).
    """

    def __init__(self) -> None:
        if not IS_LINUX:
            raise OSError(errno.ENOSYS, "there is no inotify")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._waiting: asyncio.Event | None = None
        self._is_closed = False
        self.descriptor = _checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def add(self, folder: str, mask: Mask = OF_ENTRIES) -> int:
        """
        Watch a folder.

        Returns:
            Its number: the same again for the same folder, whatever its name.

        Raises:
            OSError: The user's watches are used up (ENOSPC), or it cannot be read, is gone, a link or a file.
        """
        return _checked(
            self._libc.inotify_add_watch(self.descriptor, os.fsencode(folder), ctypes.c_uint32(mask)), folder
        )

    def remove(self, watch: int) -> None:
        """Stop watching; nothing when it has ended by itself."""
        self._libc.inotify_rm_watch(self.descriptor, watch)

    def read(self) -> list[Event]:
        """
        All that is queued at this moment, oldest first, without waiting.

        Linux queues an event before the call that caused it returns (fs/notify/fsnotify.c), so everything that was done
        before this call is in it. What comes while it reads is left for the next time, or a busy writer would hold it up.

        Raises:
            anyio.ClosedResourceError: It was closed.
        """
        if self._is_closed:
            raise anyio.ClosedResourceError
        found: list[Event] = []
        left = self._queued_bytes()
        while left > 0:
            try:
                data = os.read(self.descriptor, _READ_BYTES)
            except BlockingIOError:
                break
            left -= len(data)
            found += _events(data)
        return found

    async def readable(self) -> None:
        """Wait until something is queued, or until it is closed; in a task of asyncio, and in one at a time."""
        loop = asyncio.get_running_loop()
        ready = self._waiting = asyncio.Event()
        # Only while somebody waits: the loop would spin on a queue that nobody reads.
        loop.add_reader(self.descriptor, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self.descriptor)
            self._waiting = None
            if self._is_closed:
                os.close(self.descriptor)

    def close(self) -> None:
        """End all watches, in the thread of whoever waits; once more is nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._waiting is None:
            os.close(self.descriptor)
        else:
            # The loop must forget the descriptor first: the number is given to the next file that is opened.
            self._waiting.set()

    def _queued_bytes(self) -> int:
        size = array.array("i", [0])
        fcntl.ioctl(self.descriptor, termios.FIONREAD, size)
        return size[0]


def _events(data: bytes) -> list[Event]:
    found: list[Event] = []
    start = 0
    while start < len(data):
        watch, mask, _, length = _HEADER.unpack_from(data, start)
        start += _HEADER.size
        found.append(Event(watch, mask, os.fsdecode(data[start : start + length].rstrip(b"\0"))))
        start += length
    return found


def _checked(result: int, path: str | None = None) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return result
