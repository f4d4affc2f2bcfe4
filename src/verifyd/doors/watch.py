"""``verifyd watch``: this work tree's daemon in this process, or in one of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import anyio
import click

from verifyd.app.daemon import DaemonParts, Ending, live
from verifyd.app.daemon_start import start_detached
from verifyd.app.judged import Request
from verifyd.app.live_view import show_live, show_plain
from verifyd.app.ports import Repository
from verifyd.app.wiring import open_engine
from verifyd.app.world import World
from verifyd.doors.session import ask_for_approval, only_error
from verifyd.errors import ExitCode, VerifydError

Found = TypeVar("Found")
HOUR_S = 3600.0


def watch(
    world: World, repository: Repository, *, detach: bool, plain: bool, idle_hours: float | None, automatic: bool
) -> None:
    """
    Be the daemon until it ends, or start one that outlives this command; say which one there is already.

    Raises:
        click.exceptions.Exit: Ctrl-C ended it: a script that goes on after a daemon that was asked to end does not go on then.
    """
    if not automatic:
        offer_approval(world, repository)
    if detach:
        detach_daemon(world, repository, idle_hours=idle_hours, automatic=automatic)
        return
    ending = run_watch(world, repository, plain=plain, idle_hours=idle_hours, automatic=automatic)
    if ending.other is not None:
        world.console.say(already_running(ending.other.pid, ending.other.socket))
    else:
        world.console.say(ending.reason)
    if ending.is_interrupt:
        raise click.exceptions.Exit(int(ExitCode.INTERRUPTED))


def offer_approval(world: World, repository: Repository) -> None:
    """On a terminal, offer to approve gates that never were; a page that is wrong is the daemon's to tell, at every edit."""
    with suppress(VerifydError):
        ask_for_approval(world, repository, Request())


def run_watch(
    world: World, repository: Repository, *, plain: bool, idle_hours: float | None = None, automatic: bool = False
) -> Ending:
    """Be the daemon of this work tree in this process, with the real engine, until it ends."""
    from verifyd.doors.api import make_application

    drawn = not plain and world.console.can_ask() and world.console.answer_is_coloured()
    parts = DaemonParts(
        open_engine=open_engine,
        make_application=make_application,
        show=show_live if drawn else show_plain,
        idle_s=idle_hours * HOUR_S if idle_hours is not None else None,
        automatic=automatic,
    )
    return without_group(lambda: live(world, repository, parts))


def detach_daemon(world: World, repository: Repository, *, idle_hours: float | None, automatic: bool) -> None:
    """Start a daemon in a session of its own, and say where it is once it answers."""
    # Safe path: with -m alone, a folder called verifyd in the repository would be imported in our place.
    command = [sys.executable, "-P", "-m", "verifyd", "watch", "--plain"]
    if idle_hours is not None:
        command += ["--idle", f"{idle_hours:g}"]
    if automatic:
        command.append("--automatic")
    found = without_group(lambda: start_detached(world, repository, command))
    pid, socket = found.address.pid, found.address.socket
    world.console.say(already_running(pid, socket) if found.was_there else f"watching (process {pid}, {socket})")


def already_running(pid: int, socket: str) -> str:
    """What a second start says."""
    return f"already running (process {pid}, {socket})"


def without_group(work: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
    """Run async work to its end; an error comes as itself, not as a group."""
    try:
        return anyio.run(work)
    except BaseExceptionGroup as group:
        raise only_error(group) from None
