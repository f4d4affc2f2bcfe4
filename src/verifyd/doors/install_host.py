"""``verifyd install claude`` and its like: shows the change of the host's settings, asks, does it, and says what is left to do."""

from __future__ import annotations

from verifyd.app.host_install import HostChange, carry_out, host_installed, host_uninstalled, wish_for
from verifyd.app.world import World
from verifyd.doors.agreement import agree, show_change
from verifyd.doors.commands import open_world
from verifyd.hosts.installed import HOSTS, Where

LEFT_TO_DO = {
    "claude": "Claude Code reads it at the start of a session; in a folder that it does not know yet it asks whether you trust it.",
    "codex": "Codex runs no hook that you have not trusted: start codex here and say yes, or see /hooks. Then: verifyd doctor",
    "cursor": "Cursor reads it at once. Its cloud agents run no hooks at the end of a turn.",
    "gemini": "Gemini CLI reads it at the start of a session, in folders that you trust.",
    "copilot": "Copilot CLI reads it at the start of a session, in folders that you trust.",
    "opencode": "opencode reads it at its start.",
}


def install_host(folder: str, host: str, *, yes: bool, user: bool, wait_s: int, attempts: int) -> None:
    """``verifyd install HOST``."""
    world, repository = open_world(folder)
    where = Where.USER if user else Where.PROJECT
    wish = wish_for(world, where, wait_s=wait_s, attempts=attempts)
    change = host_installed(world, repository, host, where, wish)
    if not change.is_one:
        world.console.say(f"{change.path}: verifyd's hooks are there already")
        return
    go_through(world, "install", change, yes=yes, question=f"Let {HOSTS[host].name} run these hooks?")
    world.console.say(f"{change.path}: written. {LEFT_TO_DO[host]}")


def uninstall_host(folder: str, host: str, *, yes: bool, user: bool) -> None:
    """``verifyd uninstall HOST``."""
    world, repository = open_world(folder)
    change = host_uninstalled(world, repository, host, Where.USER if user else Where.PROJECT)
    if not change.is_one:
        world.console.say(f"{change.path}: none of verifyd's hooks is here")
        return
    go_through(world, "uninstall", change, yes=yes, question="Take this back?")
    world.console.say(f"{change.path}: taken back")


def go_through(world: World, command: str, change: HostChange, *, yes: bool, question: str) -> None:
    """Show, ask, do."""
    show_change(world, change.path, change.before, change.after)
    agree(world, command, yes=yes, question=question)
    carry_out(world, change)
