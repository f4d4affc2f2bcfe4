"""Whether a person lets ``verifyd install`` and ``uninstall`` do what they have shown."""

from __future__ import annotations

import click

from verifyd.app.world import World
from verifyd.errors import UsageError


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
