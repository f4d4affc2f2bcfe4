"""The tree of a run, opened while what comes after it is imported: git is waited for anyway."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from verifyd.app.imports_ahead import import_ahead
from verifyd.app.judged import Opened, Request, open_now
from verifyd.app.ports import Repository
from verifyd.app.world import World

NEEDED_NEXT = (
    "anyio._backends._asyncio",
    "verifyd.doors.session",
    "verifyd.edge.processes",
    "verifyd.edge.store",
    "verifyd.edge.tools",
    "verifyd.app.reuse",
)
"""What a run needs between its snapshot and its first gate, in that order."""


def prepare() -> None:
    """Begin to import what is needed after the snapshot; returns at once."""
    import_ahead(NEEDED_NEXT)


def open_interruptibly(world: World, repository: Repository, request: Request) -> Opened:
    """Open the tree; KeyboardInterrupt when a signal came, after git was ended and what it had begun was removed."""
    with signals_interrupt():
        return open_now(world, repository, request)


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does, so that what was begun is cleaned up."""
    earlier = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
