"""Asks the user's service manager to do something."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

LIMIT_S = 60


def ask_manager(command: Sequence[str]) -> str:
    """Run one of its commands; empty when it did what it was asked, else why not."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except FileNotFoundError:
        return f"{command[0]} is not on this machine"
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    return (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that nothing is left in; one with anything in it stays."""
    with suppress(OSError):
        folder.rmdir()
