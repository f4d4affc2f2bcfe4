"""Completion for bash, zsh and fish: the scripts, and the gate names they offer."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from verifyd.errors import VerifydError

VARIABLE = "_VERIFYD_COMPLETE"


def completion_script(command: click.Command, shell: str) -> str:
    """The script that a shell sources; ValueError for a shell that click does not know."""
    found = get_completion_class(shell)
    if found is None:
        raise ValueError(f"no completion for {shell}")
    return found(command, {}, "verifyd", VARIABLE).source()


def gate_names() -> list[str]:
    """Names of the gates that VERIFY.md declares here; none when it cannot be read: completion never complains."""
    from verifyd.app.wiring import make_world, open_here
    from verifyd.verify_md.reader import parse_verify_md

    try:
        world = make_world()
        content = world.files.read(open_here(world, ".").root / "VERIFY.md", limit_bytes=1024 * 1024)
        return [gate.name for gate in parse_verify_md(content or b"").gates]
    except VerifydError:
        return []
