"""Starts the daemon of a work tree for the MCP bridge, and waits until it listens."""

from __future__ import annotations

import threading
from pathlib import Path

from verifyd.app.mcp_place import listening_at
from verifyd.edge.daemon_address import file_of
from verifyd.edge.daemon_client import DaemonAnswer, ask
from verifyd.edge.daemon_lock import is_held
from verifyd.edge.hook_daemon import begin
from verifyd.edge.somebody_else import somebody_else
from verifyd.errors import MachineError, UndeterminedError
from verifyd.evidence.clean import clean_text

LOOK_EVERY_S = 0.02
START_LIMIT_S = 60.0
DEATH_S = 1.0
"""For a process that was killed to be gone."""


def start_daemon(root: str, git_dir: str) -> None:
    """
    Start one, which ends by itself when it is not needed for long, and wait until somebody answers.

    Raises:
        UndeterminedError: It ended instead; the message is what it said.
        MachineError: It could not be started, or does not answer in time.
    """
    if answers(git_dir):
        return
    # By a process that ends: some hosts end a server with all its descendants, and the daemon would be one.
    process = begin(root, git_dir, "--detach")
    for _look in range(int(START_LIMIT_S / LOOK_EVERY_S)):
        code = process.ended_with()
        if answers(git_dir):
            return
        if code not in (None, 0):
            said = clean_text(process.said()).strip()
            raise UndeterminedError(said or f"it ended with {code}", where="the daemon", remedy=f"See {process.log}")
        threading.Event().wait(LOOK_EVERY_S)
    raise MachineError(
        f"process {process.pid} does not answer", where="the daemon", remedy=f"See {process.log}; then: verifyd stop"
    )


def was_killed(git_dir: str) -> bool:
    """Whether the daemon that was written down is gone without having ended: one that ends takes its address with it."""
    for _look in range(int(DEATH_S / LOOK_EVERY_S)):
        if not is_held(Path(git_dir) / "verifyd"):
            return file_of(listening_at(git_dir)).exists()
        threading.Event().wait(LOOK_EVERY_S)
    return False


def stranger(git_dir: str) -> str:
    """A sentence about whoever listens in the daemon's place and is not believed; empty normally."""
    return somebody_else(git_dir)


def answers(git_dir: str) -> bool:
    """Whether a daemon listens and says who it is, whatever its release."""
    return isinstance(ask(listening_at(git_dir), "/v1/version", timeout_s=1.0), DaemonAnswer)
