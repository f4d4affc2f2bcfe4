"""Watches nothing and asks for a look at everything every few seconds: for systems that tell of no changes."""

from __future__ import annotations

from collections.abc import Collection

import anyio

from verifyd.app.watch_ports import Hint
from verifyd.edge.sweep import ROOT
from verifyd.edge.watched_places import Places, identity_of, root_is_gone

POLL_S = 2.0


class PollingWatcher:
    """
    The watcher that always works.

    Args:
        reason: Why nothing better does: its note.
    """

    def __init__(self, places: Places, *, reason: str, poll_s: float = POLL_S) -> None:
        self._places = places
        self._root = identity_of(places.root)
        self._poll_s = poll_s
        self._folders: frozenset[str] = frozenset()
        self.notes: tuple[str, ...] = (reason,)

    @property
    def backend(self) -> str:
        """The name for the report."""
        return "polling"

    def watch(self, folders: Collection[str]) -> frozenset[str]:
        """Those that are new, for whoever reads them again."""
        before, self._folders = self._folders, frozenset((*folders, ROOT))
        return self._folders - before

    async def next(self) -> Hint:
        """Every few seconds: everything may have changed."""
        await anyio.sleep(self._poll_s)
        if identity_of(self._places.root) != self._root:
            raise root_is_gone(self._places)
        return Hint(lost=True)

    def drain(self) -> Hint:
        """Everything may have changed."""
        return Hint(lost=True)
