"""The tree of a run, opened before anything asynchronous begins: there a signal would wait for git, however long that takes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from verifyd.app.judged import Opened, Request, open_now
from verifyd.app.ports import Repository
from verifyd.app.world import World


def open_interruptibly(world: World, repository: Repository, request: Request) -> Opened:
    """Open the tree; KeyboardInterrupt when a signal came, after git was ended and what it had begun was removed."""
    world.git.keep_readers()
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
