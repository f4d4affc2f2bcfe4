"""Watches the folders it is told with inotify: no thread, no wake-up while nothing happens, and it notices what it lost."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable

import anyio

from verifyd.app.watch_ports import Hint
from verifyd.edge.gathering import Gathering
from verifyd.edge.inotify import LIMIT_REACHED, OF_ENTRIES, OF_ITSELF, Event, Inotify, Mask
from verifyd.edge.sweep import ROOT
from verifyd.edge.watch_limits import WatchesUsedUp, limit, used_up
from verifyd.edge.watched_places import identity_of, root_is_gone

# Plain numbers: the bits of an IntFlag take ten times as long, and a burst has thousands of events.
_ENDED = int(Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.UNMOUNT | Mask.IGNORED)
_TAKEN_AWAY = int(Mask.MOVED_FROM | Mask.DELETE)
_FOLDER = int(Mask.ISDIR)
_LOST = int(Mask.Q_OVERFLOW)


class InotifyWatcher:
    """
    The watcher of Linux. ``next`` belongs to one task of asyncio; the rest may be called in any thread.

    A watch follows its folder wherever that is moved, so a watch is dropped as soon as an event says that the folder is no
    longer where it was, and set anew on what has its name now; the hint then names the folder, because what happened in
    between is known to nobody.

    Raises:
        WatchesUsedUp: The system gives no further watches; so do its methods. What it watched is no longer of use then.
    """

    def __init__(self, gathering: Gathering) -> None:
        self._places = gathering.places
        self._gathering = gathering
        self._lock = threading.RLock()
        self._numbers: dict[str, int] = {}
        self._folders: dict[int, set[str]] = {}
        self._wanted: frozenset[str] = frozenset()
        self._of_git = frozenset(self._places.git_folders())
        self._missing: set[str] = set()
        self._outer: set[int] = set()
        self._root = identity_of(self._places.root)
        self._is_gone = self._is_retired = False
        self._overflows = 0
        try:
            self._inotify = Inotify()
        except OSError as error:
            raise used_up(error) from error
        try:
            self._watch_outside()
        except BaseException:
            self.close()
            raise

    @property
    def backend(self) -> str:
        """The name for the report."""
        return "inotify"

    @property
    def notes(self) -> tuple[str, ...]:
        """Lost events, locks left behind, noisy files."""
        lost = (overflow_note(self._overflows),) if self._overflows else ()
        return (*lost, *self._gathering.notes)

    @property
    def watches(self) -> int:
        """How many folders are watched, git's included: for the measurements."""
        return len(self._folders) + len(self._outer)

    def watch(self, folders: Collection[str]) -> frozenset[str]:
        """Watch exactly these and the root; one that is not there is watched as soon as it is."""
        with self._lock:
            wanted = {self._places.absolute(folder): folder for folder in (*folders, ROOT)}
            dropped = self._wanted - wanted.keys() - self._of_git
            self._wanted = frozenset(wanted)
            for path in dropped:
                self._drop(path)
            self._missing -= dropped
            return frozenset(folder for path, folder in wanted.items() if path not in self._numbers and self._add(path))

    async def next(self) -> Hint:
        """The next batch, see ``Watcher``."""
        while True:
            wait_s = self._look()
            if wait_s is None:
                await self._inotify.readable()
            elif wait_s > 0:
                await anyio.sleep(wait_s)
            else:
                with self._lock:
                    batch = self._gathering.take_batch()
                if batch:
                    return batch

    def drain(self) -> Hint:
        """All that was queued when it was called."""
        with self._lock:
            self._collect()
            return self._gathering.take_now() | Hint(lost=self._is_gone)

    def close(self) -> None:
        """Give all watches back; a ``next`` that still waits raises ``anyio.ClosedResourceError``."""
        self._inotify.close()

    def retire(self) -> None:
        """Give all watches back, and end a ``next`` that waits: it raises WatchesUsedUp."""
        with self._lock:
            self._is_retired = True
            # Linux tells of each watch that ended, which wakes it.
            for number in {*self._folders, *self._outer}:
                self._inotify.remove(number)

    def _look(self) -> float | None:
        with self._lock:
            self._collect()
            if self._is_gone:
                raise root_is_gone(self._places)
            return self._gathering.ready_in_s()

    def _collect(self) -> None:
        if self._is_retired:
            raise WatchesUsedUp("")
        events = self._inotify.read()
        if events:
            self._gathering.add(self._understand(events))

    def _understand(self, events: Iterable[Event]) -> Hint:
        """Turn events into a hint; drop the watches of folders that are no longer where they were, and watch what is there now."""
        touched: set[str] = set()
        moved: set[str] = set()
        bits = 0
        for number, mask, name in events:
            bits |= mask
            for folder in self._folders.get(number, ()):
                path = f"{folder.rstrip('/')}/{name}" if name else folder
                if mask & _ENDED or (mask & _FOLDER and mask & _TAKEN_AWAY):
                    moved.add(path)
                if name or mask & _ENDED or folder == self._places.root:
                    touched.add(path)
        lost = bool(bits & _LOST)
        if bits & _ENDED or lost:
            self._is_gone |= identity_of(self._places.root) != self._root
        self._overflows += lost
        self._drop_all(moved, everything=lost)
        hint = self._hint(touched)
        if hint.git_state and bits & _FOLDER:
            self._of_git = frozenset(self._places.git_folders())
            self._missing |= self._of_git - self._numbers.keys()
        return hint | self._hint(self._add_missing()) | Hint(lost=lost)

    def _hint(self, touched: Iterable[str]) -> Hint:
        hints = [self._places.hint(path) for path in touched]
        paths = frozenset[str]().union(*(hint.paths for hint in hints))
        return Hint(paths=paths, git_state=any(hint.git_state for hint in hints))

    def _watch_outside(self) -> None:
        """Git's state, and the root with the folders that hold it, in case one is renamed."""
        for folder in self._of_git:
            self._add(folder)
        for folder in (*self._places.ancestors, self._places.root):
            number = self._add_number(folder, OF_ITSELF)
            if number is not None:
                self._outer.add(number)

    def _add_missing(self) -> list[str]:
        """Watch what should be watched and is not, as far as it is there; those that now are."""
        return [] if self._is_gone else [path for path in sorted(self._missing) if self._add(path)]

    def _add(self, folder: str) -> bool:
        number = self._add_number(folder, OF_ENTRIES)
        if number is None:
            self._missing.add(folder)
            return False
        self._missing.discard(folder)
        self._numbers[folder] = number
        # The same folder may have two names for a while: it was moved, and the event is still in the queue.
        self._folders.setdefault(number, set()).add(folder)
        return True

    def _add_number(self, folder: str, mask: Mask) -> int | None:
        try:
            return self._inotify.add(folder, mask)
        except OSError as error:
            if error.errno in LIMIT_REACHED:
                raise used_up(error) from error
            # It vanished, became a file or a link, or may not be read: the folder around it tells when that changes.
            return None

    def _drop_all(self, moved: set[str], *, everything: bool) -> None:
        """Drop what lies in folders that were moved; after lost events nobody knows which were."""
        if not (moved or everything):
            return
        for path in list(self._numbers):
            if everything or any(upper in moved for upper in upwards(path)):
                self._drop(path)

    def _drop(self, folder: str) -> None:
        number = self._numbers.pop(folder, None)
        if number is None:
            return
        if folder in self._wanted or folder in self._of_git:
            self._missing.add(folder)
        self._folders[number].discard(folder)
        if not self._folders[number]:
            del self._folders[number]
            if number not in self._outer:
                self._inotify.remove(number)


def upwards(path: str) -> Iterable[str]:
    """The path and the folders that hold it, without ``/``."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def overflow_note(times: int) -> str:
    """What is said after events were lost."""
    size = limit("max_queued_events")
    raised = max(2 * size, 65_536)
    return (
        f"More came at once than the system keeps ({size} events), {times} time(s): everything was read again. If that happens"
        f" often, raise the limit: sudo sysctl fs.inotify.max_queued_events={raised}"
    )
