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
from verifyd.verdict import counted


def install_git(folder: str, *, yes: bool) -> None:
    """``verifyd install git``: 0 when all hooks are there afterwards, 1 when a line is left for a person to add."""
    world, repository = open_world(folder)
    changes = hook_changes(world, repository)
    for change in changes:
        world.console.say(shown(change))
    written = sum(change.step in (Step.WRITE, Step.CHAIN) for change in changes)
    left = sum(change.step is Step.LINE for change in changes)
    if written:
        agree(world, "install", yes=yes, question="Write these hooks?")
    if any(change.content for change in changes):
        install_hooks(repository, changes)
    told = [f"{counted(written, 'hook')} written"] if written else []
    if left:
        told.append(f"{counted(left, 'line')} {'is' if left == 1 else 'are'} yours to add")
    if told:
        world.console.say(", ".join(told))
    if left:
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
    world.console.say(f"{counted(len(removal.paths), 'hook')} taken back")
