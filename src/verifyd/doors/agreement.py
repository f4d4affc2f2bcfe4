"""What ``verifyd install`` and ``uninstall`` would change, shown to a person, and whether that person lets them."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from verifyd.app.world import World
from verifyd.errors import UsageError
from verifyd.render.shown import shown


def show_change(world: World, path: Path, before: bytes | str | None, after: bytes | str | None) -> None:
    """Say what one file holds and what it would, as a unified difference; None for no file."""
    old, new = (str(path) if content is not None else "/dev/null" for content in (before, after))
    world.console.say("\n".join(difflib.unified_diff(lines_of(before), lines_of(after), old, new, lineterm="")))


def lines_of(content: bytes | str | None) -> list[str]:
    """As they may be shown: nothing of a person's file acts on the terminal, and what looks like a secret is masked."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content or ""
    return shown(text).splitlines()


def agree(world: World, command: str, *, yes: bool, question: str) -> None:
    """
    Go on when the person says so.

    Args:
        command: The command that asks, ``install`` or ``uninstall``.
        yes: The person has said so on the command line.

    Raises:
        UsageError: Nobody can be asked.
        click.Abort: The answer is no.
    """
    if yes:
        return
    if not world.console.can_ask():
        remedy = "Do it without being asked: add --yes"
        raise UsageError("there is no terminal to ask on", where=command, remedy=remedy)
    if not world.console.ask(question):
        raise click.Abort
