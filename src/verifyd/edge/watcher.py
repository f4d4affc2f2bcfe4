"""Opens the best watcher that works here: inotify, watchfiles, or else looking at everything every few seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import anyio
import anyio.to_thread

from verifyd.app.watch_ports import Hint, Watcher
from verifyd.edge.clock import SystemClock
from verifyd.edge.file_systems import remote_kind
from verifyd.edge.gathering import Gathering
from verifyd.edge.inotify import Inotify
from verifyd.edge.inotify_watcher import InotifyWatcher
from verifyd.edge.linux import IS_LINUX
from verifyd.edge.polling_watcher import POLL_S, PollingWatcher
from verifyd.edge.watch_cookie import cookie, cookie_folder
from verifyd.edge.watch_limits import WatchesUsedUp, used_up
from verifyd.edge.watched_places import Places
from verifyd.edge.watchfiles_watcher import WatchfilesWatcher

SELF_TEST_S = 2.0
_FIRST_COOKIES_S = 0.2


class Telling(Watcher, Protocol):
    """A watcher that is told of changes by the system, which may come to an end."""

    def retire(self) -> None:
        """It will not be asked any more: give back what can be given back, and end a ``next`` that waits."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Backend(StrEnum):
    """What tells of changes."""

    INOTIFY = "inotify"
    WATCHFILES = "watchfiles"
    POLLING = "polling"


@asynccontextmanager
async def open_watcher(
    root: Path, git_dir: Path, common_dir: Path, *, backend: Backend | None = None, poll_s: float = POLL_S
) -> AsyncIterator[Watcher]:
    """
    Watch a work tree; it tells of no file until ``watch`` has named its folder, and of git's state at once.

    Before it is handed out, a file of our own below ``<git_dir>/verifyd`` shows whether the system tells of writes. Where
    it does not, where other machines write too, and where watches run out, now or later, it polls, and a note says why.

    Args:
        backend: Try this one and no other, but for polling; None: inotify on Linux, watchfiles elsewhere.
        poll_s: How often everything is looked at where nothing else works.
    """
    places = Places(root=str(root), git_dir=str(git_dir), common_dir=str(common_dir))
    try:
        inner = await open_telling(places, backend or (Backend.INOTIFY if IS_LINUX else Backend.WATCHFILES))
    except WatchesUsedUp as end:
        yield PollingWatcher(places, reason=end.note, poll_s=poll_s)
        return
    watcher = FallingBack(inner, lambda reason: PollingWatcher(places, reason=reason, poll_s=poll_s))
    try:
        yield watcher
    finally:
        inner.close()


class FallingBack:
    """A watcher that goes on by polling when the one inside it can do no more."""

    def __init__(self, inner: Telling, poll: Callable[[str], PollingWatcher]) -> None:
        self._inner = inner
        self._poll = poll
        self._now: Watcher = inner

    @property
    def backend(self) -> str:
        """The name of what is in use now."""
        return self._now.backend

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""
        return self._now.notes

    def watch(self, folders: Collection[str]) -> frozenset[str]:
        """See ``Watcher``; after falling back, all of them are new."""
        try:
            return self._now.watch(folders)
        except WatchesUsedUp as end:
            return self._fall_back(end).watch(folders)

    async def next(self) -> Hint:
        """See ``Watcher``."""
        try:
            return await self._now.next()
        except WatchesUsedUp as end:
            self._fall_back(end)
            return Hint(lost=True)

    def drain(self) -> Hint:
        """See ``Watcher``."""
        try:
            return self._now.drain()
        except WatchesUsedUp as end:
            return self._fall_back(end).drain()

    def _fall_back(self, end: WatchesUsedUp) -> Watcher:
        if self._now is self._inner:
            self._now = self._poll(end.note)
            self._inner.retire()
        return self._now


async def open_telling(places: Places, backend: Backend) -> Telling:
    """A watcher that is told of changes, and was proved to be; WatchesUsedUp when there is none."""
    if backend is Backend.POLLING:
        raise WatchesUsedUp("Files are looked at every few seconds, as was asked for.")
    for place in (places.root, places.git_dir):
        refuse_remote(place)
    try:
        cookie_folder(places)
    except OSError as error:
        raise not_writable(places, error) from error
    if backend is Backend.WATCHFILES:
        return await start_watchfiles(places)
    await prove_inotify(places)
    return InotifyWatcher(Gathering(places=places))


def refuse_remote(place: str) -> None:
    """Raise WatchesUsedUp when other machines may write there."""
    kind = remote_kind(place)
    if kind:
        raise WatchesUsedUp(
            f"{place} is on a file system ({kind}) that other machines write to unseen, so files are looked at every few"
            " seconds: a work tree on a local disk is verified sooner."
        )


async def prove_inotify(places: Places) -> None:
    """Raise WatchesUsedUp unless the system tells of a file of our own that is written now."""
    try:
        queue = Inotify()
    except OSError as error:
        raise used_up(error) from error
    try:
        watch(queue, cookie_folder(places))
        with cookie(places), anyio.move_on_after(SELF_TEST_S):
            await queue.readable()
            return
    except OSError as error:
        raise not_writable(places, error) from error
    finally:
        queue.close()
    raise nothing_was_told(places)


def watch(queue: Inotify, folder: str) -> None:
    """Watch one folder; WatchesUsedUp when the system gives no watch."""
    try:
        queue.add(folder)
    except OSError as error:
        raise used_up(error) from error


async def start_watchfiles(places: Places) -> WatchfilesWatcher:
    """A watcher that has told of a file of our own; WatchesUsedUp when it does not."""
    watcher = WatchfilesWatcher(Gathering(places=places))
    clock = SystemClock()
    until_s = clock.monotonic_s() + SELF_TEST_S
    # The first cookies may be written before its thread has begun to watch.
    while not await anyio.to_thread.run_sync(watcher.told_of_cookie, _FIRST_COOKIES_S):
        if watcher.trouble or clock.monotonic_s() >= until_s:
            await anyio.to_thread.run_sync(watcher.close)
            raise WatchesUsedUp(watcher.trouble) if watcher.trouble else nothing_was_told(places)
    return watcher


def nothing_was_told(places: Places) -> WatchesUsedUp:
    """What is said when the self-test fails."""
    return WatchesUsedUp(
        f"The system told nothing of a file written in {places.own_folder} within {SELF_TEST_S:g} s, so files are looked at"
        " every few seconds: a work tree on a local disk is verified sooner."
    )


def not_writable(places: Places, error: OSError) -> WatchesUsedUp:
    """What is said when the file for the self-test cannot be written."""
    return WatchesUsedUp(
        f"{places.own_folder} cannot be written to ({error.strerror}), so nobody knows whether the system tells of changes, and"
        " files are looked at every few seconds: make it writable, then start again."
    )
