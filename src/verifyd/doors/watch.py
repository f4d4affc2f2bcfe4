"""``verifyd watch``: this work tree's daemon in this process, or in one of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import anyio
import click
from msgspec import Struct

from verifyd.app.daemon import Daemon, DaemonParts, Ending, live
from verifyd.app.daemon_start import start_detached
from verifyd.app.judged import Request
from verifyd.app.live_view import show_live, show_plain
from verifyd.app.ports import Repository
from verifyd.app.wiring import open_engine
from verifyd.app.world import World
from verifyd.doors.session import ask_for_approval, only_error
from verifyd.doors.web_opening import ask_for_page, open_page
from verifyd.errors import ExitCode, VerifydError

Found = TypeVar("Found")
HOUR_S = 3600.0


class WatchOptions(Struct, frozen=True, kw_only=True):
    """
    What ``verifyd watch`` was asked for.

    Attributes:
        idle_hours: After which it ends by itself; None for never.
        web_port: Where it shows a page in a browser, 0 for a free port; None for no page.
        automatic: Whether no person started it.
    """

    detach: bool = False
    plain: bool = False
    idle_hours: float | None = None
    web_port: int | None = None
    automatic: bool = False


def watch(world: World, repository: Repository, options: WatchOptions) -> None:
    """
    Be the daemon until it ends, or start one that outlives this command; say which one there is already.

    Raises:
        click.exceptions.Exit: Ctrl-C ended it: a script that goes on after a daemon that was asked to end does not go on then.
    """
    if not options.automatic:
        offer_approval(world, repository)
    if options.detach:
        detach_daemon(world, repository, options)
        return
    ending = run_watch(world, repository, options)
    if ending.other is not None:
        world.console.say(already_running(ending.other.pid, ending.other.socket))
        show_page(world, repository, options)
    else:
        world.console.say(ending.reason)
    if ending.is_interrupt:
        raise click.exceptions.Exit(int(ExitCode.INTERRUPTED))


def offer_approval(world: World, repository: Repository) -> None:
    """On a terminal, offer to approve gates that never were; a page that is wrong is the daemon's to tell, at every edit."""
    with suppress(VerifydError):
        ask_for_approval(world, repository, Request())


def run_watch(world: World, repository: Repository, options: WatchOptions) -> Ending:
    """Be the daemon of this work tree in this process, with the real engine, until it ends."""
    from verifyd.doors.api import make_application

    async def begin(daemon: Daemon) -> None:
        if options.web_port is not None:
            write_page(world, await open_page(daemon, options.web_port))

    drawn = not options.plain and world.console.can_ask() and world.console.answer_is_coloured()
    parts = DaemonParts(
        open_engine=open_engine,
        make_application=make_application,
        show=show_live if drawn else show_plain,
        begin=begin,
        idle_s=options.idle_hours * HOUR_S if options.idle_hours is not None else None,
        automatic=options.automatic,
    )
    return without_group(lambda: live(world, repository, parts))


def detach_daemon(world: World, repository: Repository, options: WatchOptions) -> None:
    """Start a daemon in a session of its own, and say where it is once it answers."""
    # Safe path: with -m alone, a folder called verifyd in the repository would be imported in our place.
    command = [sys.executable, "-P", "-m", "verifyd", "watch", "--plain"]
    if options.idle_hours is not None:
        command += ["--idle", f"{options.idle_hours:g}"]
    if options.automatic:
        command.append("--automatic")
    found = without_group(lambda: start_detached(world, repository, command))
    pid, socket = found.address.pid, found.address.socket
    world.console.say(already_running(pid, socket) if found.was_there else f"watching (process {pid}, {socket})")
    show_page(world, repository, options)


def show_page(world: World, repository: Repository, options: WatchOptions) -> None:
    """Have another process's daemon open its page, where one was asked for: what that one prints is kept, and no secret shall be in it."""
    if options.web_port is not None:
        write_page(world, ask_for_page(repository, options.web_port))


def write_page(world: World, url: str) -> None:
    """The one thing of ``watch`` that a script may want: on stdout."""
    world.console.write_answer(f"{url}\n")


def already_running(pid: int, socket: str) -> str:
    """What a second start says."""
    return f"already running (process {pid}, {socket})"


def without_group(work: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
    """Run async work to its end; an error comes as itself, not as a group."""
    try:
        return anyio.run(work)
    except BaseExceptionGroup as group:
        raise only_error(group) from None
