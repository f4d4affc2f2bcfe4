"""Prints a log: what a gate wrote reaches the terminal with its control characters shown, not obeyed."""

from __future__ import annotations

from pathlib import Path

from verifyd.app.log import growing_log, last_lines, whole_log
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.doors.session import run_interruptibly
from verifyd.evidence.clean import clean_text


def print_log(world: World, repository: Repository, path: Path, *, lines: int | None, follow: bool) -> None:
    """Print the log; with *follow* until the run that writes it has ended, with *lines* only its end."""
    if follow:
        run_interruptibly(world, lambda: follow_log(world, repository, path))
    elif lines is not None:
        world.console.write_answer(shown(last_lines(world, path, lines)))
    else:
        for piece in whole_log(world, path):
            world.console.write_answer(shown(piece))


async def follow_log(world: World, repository: Repository, path: Path) -> bool:
    """Print the log as it grows; True at its end."""
    async for piece in growing_log(world, repository, path):
        world.console.write_answer(shown(piece))
    return True


def shown(piece: bytes) -> str:
    """Text that a terminal does not obey."""
    return clean_text(piece.decode("utf-8", "replace"))
