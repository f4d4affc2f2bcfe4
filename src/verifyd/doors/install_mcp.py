"""``verifyd install mcp`` and ``uninstall mcp``: shows what would change in the hosts' lists of servers, asks, does it."""

from __future__ import annotations

from collections.abc import Sequence

from verifyd.app.mcp_install import ServerChange, by_hand, carry_out, servers_installed, servers_uninstalled
from verifyd.app.world import World
from verifyd.doors.agreement import agree, show_change
from verifyd.doors.commands import open_world
from verifyd.verdict import counted


def install_mcp(folder: str, *, yes: bool) -> None:
    """``verifyd install mcp``."""
    world, repository = open_world(folder)
    changes = servers_installed(world, repository)
    for change in changes:
        if not change.is_one:
            world.console.say(f"{change.path}: verifyd is there already")
    wanted = [change for change in changes if change.is_one]
    done = ""
    if wanted:
        go_through(world, "install", wanted, yes=yes, question="Let these hosts start verifyd mcp?")
        done = f"{counted(len(wanted), 'file')} written. "
    world.console.say(f"{done}{by_hand(world)}")


def uninstall_mcp(folder: str, *, yes: bool) -> None:
    """``verifyd uninstall mcp``."""
    world, repository = open_world(folder)
    changes = [change for change in servers_uninstalled(world, repository) if change.is_one]
    if not changes:
        world.console.say("no list of servers here names verifyd")
        return
    go_through(world, "uninstall", changes, yes=yes, question="Take this back?")
    world.console.say(f"{counted(len(changes), 'file')} taken back")


def go_through(world: World, command: str, changes: Sequence[ServerChange], *, yes: bool, question: str) -> None:
    """Show, ask, do."""
    for change in changes:
        show_change(world, change.path, change.before, change.after)
    agree(world, command, yes=yes, question=question)
    for change in changes:
        carry_out(world, change)
