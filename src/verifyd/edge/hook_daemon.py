"""The daemon that a hook starts where none lives: in a session of its own, ended by itself when nobody needs it."""

from __future__ import annotations

import sys
from pathlib import Path

from verifyd.edge.daemon_lock import is_held
from verifyd.edge.daemon_process import DetachedProcess
from verifyd.edge.environment import inherited_environment
from verifyd.errors import VerifydError

IDLE_HOURS = "12"
GIT_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
"""A hook of git's leaves them behind; the daemon is about the work tree it stands in."""


def start_for_hook(root: str, git_dir: str) -> str:
    """Start it and wait for nothing; why it cannot be started, empty otherwise. Of several that are started, one stays."""
    try:
        begin(root, git_dir)
    except VerifydError as error:
        return f"no daemon lives and none can be started: {error.where}: {error.problem}"
    return ""


def is_daemon_locked(git_dir: str) -> bool:
    """Whether some process holds the lock of this git folder's daemon."""
    return is_held(Path(git_dir) / "verifyd")


def begin(root: str, git_dir: str, *options: str) -> DetachedProcess:
    """Its process, or with ``--detach`` one that starts it and ends; MachineError when it cannot be started."""
    command = [sys.executable, "-P", "-m", "verifyd", "watch", "--plain", "--automatic", "--idle", IDLE_HOURS, *options]
    environment = {name: value for name, value in inherited_environment().items() if name not in GIT_VARIABLES}
    return DetachedProcess(command, home=Path(git_dir) / "verifyd", folder=Path(root), environment=environment)
