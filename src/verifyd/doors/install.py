"""``verifyd install`` and ``uninstall``: shows what would change, asks, does it, and says what the machine refused."""

from __future__ import annotations

import difflib
import shlex

from verifyd.app.service import FileChange, ServiceChange, carry_out, installed, uninstalled
from verifyd.app.world import World
from verifyd.doors.agreement import agree
from verifyd.doors.commands import end, open_world
from verifyd.errors import ExitCode


def install_service(folder: str, *, yes: bool) -> None:
    """``verifyd install systemd``."""
    world, repository = open_world(folder)
    change = installed(world, repository)
    question = "Have the daemon of this work tree started whenever you log in?"
    go_through(world, "install", change, yes=yes, question=question)


def uninstall_service(folder: str, *, yes: bool) -> None:
    """``verifyd uninstall systemd``."""
    world, repository = open_world(folder)
    change = uninstalled(world, repository)
    if not change.writes:
        world.console.say("no service keeps the daemon of this work tree")
        return
    go_through(world, "uninstall", change, yes=yes, question="Take this back?")


def go_through(world: World, command: str, change: ServiceChange, *, yes: bool, question: str) -> None:
    """Show the change, ask, do it."""
    for file in change.writes:
        world.console.say(shown_change(file))
    for words in (*change.first, *change.then):
        world.console.say(f"runs: {shlex.join(words)}")
    agree(world, command, yes=yes, question=question)
    refused = carry_out(world, change)
    for refusal in refused:
        world.console.say(f"not done: {refusal}")
    if refused:
        end(ExitCode.UNPROVEN)


def shown_change(file: FileChange) -> str:
    """The change of one file as a unified difference."""
    before, after = (text.splitlines() if text is not None else [] for text in (file.before, file.after))
    old, new = (str(file.path) if text is not None else "/dev/null" for text in (file.before, file.after))
    return "\n".join(difflib.unified_diff(before, after, old, new, lineterm=""))
