"""``verifyd install systemd`` and ``uninstall systemd``: shows what would change, asks, does it, and says what the machine refused."""

from __future__ import annotations

import shlex

from verifyd.app.service import ServiceChange, carry_out, installed, uninstalled
from verifyd.app.world import World
from verifyd.doors.agreement import agree, show_change
from verifyd.doors.commands import end, open_world
from verifyd.errors import ExitCode
from verifyd.verdict import counted


def install_service(folder: str, *, yes: bool) -> None:
    """``verifyd install systemd``."""
    world, repository = open_world(folder)
    change = installed(world, repository)
    question = "Have the daemon of this work tree started whenever you log in?"
    go_through(world, "install", change, yes=yes, question=question)
    world.console.say("the daemon of this work tree runs, and is started whenever you log in")


def uninstall_service(folder: str, *, yes: bool) -> None:
    """``verifyd uninstall systemd``."""
    world, repository = open_world(folder)
    change = uninstalled(world, repository)
    if not change.writes:
        world.console.say("no service keeps the daemon of this work tree")
        return
    go_through(world, "uninstall", change, yes=yes, question="Take this back?")
    world.console.say(f"{counted(len(change.writes), 'file')} taken back")


def go_through(world: World, command: str, change: ServiceChange, *, yes: bool, question: str) -> None:
    """Show the change, ask, do it; ends the command where the machine refused something."""
    for file in change.writes:
        show_change(world, file.path, file.before, file.after)
    for words in (*change.first, *change.then):
        world.console.say(f"runs: {shlex.join(words)}")
    agree(world, command, yes=yes, question=question)
    refused = carry_out(world, change)
    for refusal in refused:
        world.console.say(f"not done: {refusal}")
    if refused:
        end(ExitCode.UNPROVEN)
