"""Where hosts keep their settings on this machine, what mode a file has, and what starts verifyd there."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

NEW_FILE = 0o644


def mode_of(path: Path) -> int:
    """The rights of a file that is there, which a new one in its place keeps; those of any new file otherwise."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return NEW_FILE


def real_path(path: Path) -> Path:
    """The file itself, where a person keeps a link to it: the link stays."""
    return Path(os.path.realpath(path))


def missing_folders(path: Path) -> tuple[Path, ...]:
    """The folders above a file that are not there yet, innermost first."""
    return tuple(folder for folder in path.parents if not os.path.lexists(folder))


def program_on_path(environment: Mapping[str, str]) -> tuple[str, ...]:
    """``verifyd`` where PATH leads to one, for settings that others read too; else what is ours."""
    return ("verifyd",) if shutil.which("verifyd", path=environment.get("PATH")) else own_program()


def own_program() -> tuple[str, ...]:
    """This very verifyd, wherever it is started: its script, or Python without the working folder on its path."""
    script = os.path.join(os.path.dirname(sys.executable), "verifyd")
    return (script,) if os.access(script, os.X_OK) else (sys.executable, "-P", "-m", "verifyd")


def is_program(name: str, environment: Mapping[str, str]) -> bool:
    """Whether a command's first word can be started."""
    return shutil.which(name, path=environment.get("PATH")) is not None
