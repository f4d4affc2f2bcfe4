"""What the daemon's doors need of the engine that watches a work tree: its standing now, and what happens from now on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from verifyd.app.account import Account
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.standing import Event, Standing


class Engine(Protocol):
    """Watches one work tree and verifies each tree that it becomes."""

    @property
    def world(self) -> World:
        """The providers it works with."""
        ...

    @property
    def repository(self) -> Repository:
        """The work tree it watches."""
        ...

    @property
    def started_at(self) -> datetime:
        """When it began to watch, UTC."""
        ...

    @property
    def discarded(self) -> int:
        """How often git's own answer about the tree differed from ours; ``doctor`` shows it."""
        ...

    def standing(self) -> Standing:
        """What is known, without looking at the work tree first: for a live view, never for an answer."""
        ...

    async def now(self) -> Standing:
        """What is known about the tree as it is now: every edit that was finished before the call is in it."""
        ...

    async def wait_now(self, limit_s: float) -> Standing:
        """
        Like ``now``, once the tree of the moment of the call has its report, or is certain not to be ready; as it stands after
        *limit_s* otherwise.
        """
        ...

    async def of_tree(self, tree: str, limit_s: float) -> Standing | None:
        """What is known about a tree by its id or the beginning of it, waited for until it is whole; None when it is unknown."""
        ...

    async def account(self) -> Account:
        """Why each gate of the tree as it is now runs or does not, once that is decided; what is known so far otherwise."""
        ...

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """What happens from now on; a reader that falls too far behind loses the oldest."""
        ...

    async def run(self) -> str:
        """Watch and verify until it is stopped or the work tree is gone; why it ended. Gates under way are ended first."""
        ...

    async def stop(self, reason: str) -> None:
        """Have ``run`` end; the first reason counts."""
        ...


EngineFactory = Callable[[World, Repository, float | None], AbstractAsyncContextManager[Engine]]
"""
Opens the engine, which then only has to be ``run``; leaving it closes what it works with.

The number: seconds without an edit or a question after which it ends by itself; None for never.
"""
