"""Names what somebody may have touched in a mirror, so that not each of its files has to be looked at."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from verifyd.edge.inotify import Event, Inotify, Mask
from verifyd.edge.sweep import joined
from verifyd.edge.watch_limits import limit

SHARE = 16
"""A mirror takes no more than this part of the watches that the user has: the work tree's own come first."""

_LOST = int(Mask.Q_OVERFLOW | Mask.UNMOUNT)
_ENDED = int(Mask.IGNORED)


class MirrorWatch:
    """
    The watched folders of one mirror. It may name too much: our own writes are among what it names.

    What is written through a memory map or another name of a file is told by nobody.
    """

    def __init__(self) -> None:
        self._queue: Inotify | None = None
        self._folders: dict[int, str] = {}
        self._is_certain = False

    @property
    def is_open(self) -> bool:
        """Whether folders are watched."""
        return self._queue is not None

    def open(self, root: Path, folders: Collection[str]) -> None:
        """Watch these folders below *root*; what happened before is not known. Nothing is watched where the system has too few watches."""
        self.close()
        if len(folders) > limit("max_user_watches") // SHARE:
            return
        with suppress(OSError):
            self._queue = Inotify()
        for folder in folders:
            self.add(root, folder)

    def add(self, root: Path, folder: str) -> None:
        """Watch one more folder, in which nothing is yet."""
        if self._queue is None:
            return
        try:
            self._folders[self._queue.add(str(root / folder))] = folder
        except OSError:  # none is left
            self.close()

    def close(self) -> None:
        """Watch nothing any more."""
        if self._queue is not None:
            self._queue.close()
        self._queue, self._is_certain = None, False
        self._folders.clear()

    def touched(self) -> set[str] | None:
        """What was touched since the last time, and the folders around it; None where anything may have been."""
        events = self._queue.read() if self._queue is not None else []
        is_certain = self._is_certain and not any(event.mask & _LOST for event in events)
        self._is_certain = self._queue is not None
        named = self._named(events)
        return named if is_certain else None

    def _named(self, events: list[Event]) -> set[str]:
        named: set[str] = set()
        for number, mask, name in events:
            folder = self._folders.get(number)
            if folder is not None:
                named |= {folder, joined(folder, name) if name else folder}
                if mask & _ENDED:
                    del self._folders[number]
        return named
