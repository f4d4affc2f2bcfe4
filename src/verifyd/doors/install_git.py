"""``verifyd install git`` and ``uninstall git``: shows what would change, asks, does it."""

from __future__ import annotations

from verifyd.app.git_hooks import (
    HookChange,
    Step,
    hook_changes,
    hook_removals,
    install_hooks,
    remove_hooks,
)
from verifyd.doors.agreement import agree
from verifyd.doors.commands import end, open_world
from verifyd.errors import ExitCode


def install_git(folder: str, *, yes: bool) -> None:
    """``verifyd install git``: 0 when all hooks are there afterwards, 1 when a line is left for a person to add."""
    world, repository = open_world(folder)
    changes = hook_changes(world, repository)
    for change in changes:
        world.console.say(shown(change))
    if any(change.step in (Step.WRITE, Step.CHAIN) for change in changes):
        agree(world, "install", yes=yes, question="Write these hooks?")
    if any(change.content for change in changes):
        install_hooks(repository, changes)
    if any(change.step is Step.LINE for change in changes):
        end(ExitCode.NOT_READY)


def shown(change: HookChange) -> str:
    """What would be done to one hook."""
    if change.step is Step.LINE:
        return f"{change.name}: add one line {change.line}"
    return f"{change.path}: {change.step}"


def uninstall_git(folder: str, *, yes: bool) -> None:
    """``verifyd uninstall git``."""
    world, repository = open_world(folder)
    removal = hook_removals(world, repository)
    for sentence in removal.left:
        world.console.say(sentence)
    if not removal.paths:
        world.console.say("none of verifyd's git hooks is here")
        return
    for path in removal.paths:
        world.console.say(f"{path}: remove{', and put back what was there before' if path in removal.replaced else ''}")
    agree(world, "uninstall", yes=yes, question="Take these back?")
    remove_hooks(repository, removal)
