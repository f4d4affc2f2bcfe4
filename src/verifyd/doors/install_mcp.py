"""``verifyd install mcp`` and ``uninstall mcp``: shows what would change in the hosts' lists of servers, asks, does it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from verifyd.app.mcp_install import ServerChange, by_hand, carry_out, servers_installed, servers_uninstalled
from verifyd.app.world import World
from verifyd.doors.agreement import agree
from verifyd.doors.commands import open_world
from verifyd.render.shown import shown


def install_mcp(folder: str, *, yes: bool) -> None:
    """``verifyd install mcp``."""
    world, repository = open_world(folder)
    changes = servers_installed(world, repository)
    for change in changes:
        if not change.is_one:
            world.console.say(f"{change.path}: verifyd is there already")
    wanted = [change for change in changes if change.is_one]
    go_through(world, "install", wanted, yes=yes, question="Let these hosts start verifyd mcp?")
    world.console.say(by_hand(world))


def uninstall_mcp(folder: str, *, yes: bool) -> None:
    """``verifyd uninstall mcp``."""
    world, repository = open_world(folder)
    changes = [change for change in servers_uninstalled(world, repository) if change.is_one]
    if not changes:
        world.console.say("no list of servers here names verifyd")
        return
    go_through(world, "uninstall", changes, yes=yes, question="Take this back?")


def go_through(world: World, command: str, changes: Sequence[ServerChange], *, yes: bool, question: str) -> None:
    """Show, ask, do."""
    for change in changes:
        world.console.say(shown_difference(change))
    if not changes:
        return
    agree(world, command, yes=yes, question=question)
    for change in changes:
        carry_out(world, change)


def shown_difference(change: ServerChange) -> str:
    """As a unified difference; nothing of a person's file acts on the terminal, and what looks like a secret is masked."""
    before, after = (
        shown(content.decode("utf-8", "replace")).splitlines() if content is not None else []
        for content in (change.before, change.after)
    )
    old, new = (str(change.path) if content is not None else "/dev/null" for content in (change.before, change.after))
    return "\n".join(difflib.unified_diff(before, after, old, new, lineterm=""))
