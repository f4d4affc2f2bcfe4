"""Watches with watchfiles, where there is no inotify: a thread of its own takes what the system tells."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import partial

import anyio
import watchfiles

from verifyd.app.watch_ports import Hint
from verifyd.edge.gathering import Gathering
from verifyd.edge.sweep import ROOT
from verifyd.edge.watch_cookie import cookie, cookie_folder
from verifyd.edge.watch_limits import WatchesUsedUp
from verifyd.edge.watched_places import identity_of, lies_in, root_is_gone

STEP_MS = 10
DEBOUNCE_MS = 200
ROOT_CHECK_MS = 1_000
COOKIE_S = 1.0
_MOST_FAILURES = 10
"""In a row: names that are no UTF-8 may come in a burst."""
_PAUSE_S = 0.05


class WatchfilesWatcher:
    """
    The watcher of macOS. ``next`` belongs to one task of asyncio; the rest may be called in any thread.

    It watches everything below the root and tells only of what lies in the folders that it was given. It loses events
    without a sign (samuelcolvin/watchfiles#348): those of files made at once in a new folder, and those beyond the system's
    limits. So whoever reads a hint reads its folders whole, and looks at everything now and then.

    Raises:
        WatchesUsedUp: watchfiles cannot watch, or failed again and again; so do its methods.
        OSError: The folder for cookies cannot be made.
    """

    def __init__(self, gathering: Gathering) -> None:
        self._places = gathering.places
        self._gathering = gathering
        self._wanted: frozenset[str] = frozenset()
        self._root = identity_of(self._places.root)
        self._cookies = cookie_folder(self._places)
        self._told: set[str] = set()
        self._failures = 0
        self.trouble = ""
        """Why it watches no more; empty while it does."""
        self._is_gone = False
        self._wake: Callable[[], object] = bool
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._take_all, name="verifyd-watch", daemon=True)
        self._thread.start()

    @property
    def backend(self) -> str:
        """The name for the report."""
        return "watchfiles"

    @property
    def notes(self) -> tuple[str, ...]:
        """Locks left behind, noisy files."""
        return self._gathering.notes

    def watch(self, folders: Collection[str]) -> frozenset[str]:
        """Tell of these and the root from now on."""
        with self._changed:
            before, self._wanted = self._wanted, frozenset((*folders, ROOT))
            return self._wanted - before

    async def next(self) -> Hint:
        """The next batch, see ``Watcher``."""
        loop = asyncio.get_running_loop()
        while True:
            ready = asyncio.Event()
            with self._changed:
                self._wake = partial(loop.call_soon_threadsafe, ready.set)
                wait_s = self._look()
            if wait_s is None:
                await ready.wait()
            elif wait_s > 0:
                await anyio.sleep(wait_s)
            else:
                with self._changed:
                    batch = self._gathering.take_batch()
                if batch:
                    return batch

    def drain(self) -> Hint:
        """What was told until a file of our own, written now, was told; everything may have changed when it was not within 1 s."""
        seen = self.told_of_cookie(COOKIE_S)
        with self._changed:
            return self._gathering.take_now() | Hint(lost=not seen)

    def told_of_cookie(self, longest_s: float) -> bool:
        """Write a file of our own and wait until it is told of; False when it was not, or cannot be written."""
        try:
            with cookie(self._places) as path, self._changed:
                self._changed.wait_for(lambda: path in self._told or self._is_over, longest_s)
                seen = path in self._told
                self._told.clear()
                return seen
        except OSError:
            return False

    def close(self) -> None:
        """End the thread; a ``next`` that still waits raises ``anyio.ClosedResourceError``."""
        self._stop.set()
        self._thread.join()
        with self._changed:
            self._tell(Hint())

    def retire(self) -> None:
        """End the thread soon; it has failed, or is of no more use."""
        self._stop.set()

    @property
    def _is_over(self) -> bool:
        return self._is_gone or bool(self.trouble)

    def _look(self) -> float | None:
        if self._is_gone:
            raise root_is_gone(self._places)
        if self.trouble:
            raise WatchesUsedUp(self.trouble)
        if self._stop.is_set():
            raise anyio.ClosedResourceError
        return self._gathering.ready_in_s()

    def _take_all(self) -> None:
        """What the thread does, until it is stopped or there is no more use."""
        while not (self._stop.is_set() or self._is_over):
            try:
                self._take_until_failure()
            except (OSError, RuntimeError) as error:
                # A name that is no UTF-8 is a failure of watchfiles, too: what else was told is lost with it.
                self._fail(str(error))
                self._stop.wait(_PAUSE_S)

    def _take_until_failure(self) -> None:
        places = {self._places.root, self._places.git_dir, self._places.common_dir}
        for changes in watchfiles.watch(
            *(place for place in places if not any(other != place and lies_in(place, other) for other in places)),
            watch_filter=None,
            step=STEP_MS,
            debounce=DEBOUNCE_MS,
            stop_event=self._stop,
            rust_timeout=ROOT_CHECK_MS,
            yield_on_timeout=True,
            force_polling=False,
            ignore_permission_denied=False,  # or it keeps silent about used up watches too
        ):
            self._take([path for _, path in changes])
            if self._is_gone:
                return

    def _take(self, paths: Iterable[str]) -> None:
        with self._changed:
            # What happened before it was watching again is known to nobody.
            lost, self._failures = self._failures > 0, 0
            self._told.update(path for path in paths if lies_in(path, self._cookies))
            self._is_gone = identity_of(self._places.root) != self._root
            hints = [self._places.hint(path) for path in paths]
            touched = frozenset(
                path for hint in hints for path in hint.paths if path.rpartition("/")[0] in self._wanted
            )
            self._tell(Hint(paths=touched, git_state=any(hint.git_state for hint in hints), lost=lost))

    def _fail(self, reason: str) -> None:
        with self._changed:
            self._failures += 1
            self._is_gone = identity_of(self._places.root) != self._root
            if self._failures >= _MOST_FAILURES:
                self.trouble = (
                    f"watchfiles cannot watch here ({reason}), so files are looked at every few seconds instead: raise the"
                    " system's limits for watching, then start again."
                )
            self._tell(Hint(lost=True))

    def _tell(self, hint: Hint) -> None:
        self._gathering.add(hint)
        self._changed.notify_all()
        if hint or self._is_over or self._stop.is_set():
            with suppress(RuntimeError):  # the loop has been closed
                self._wake()
