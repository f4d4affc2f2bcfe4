"""Whether something listens where no daemon of ours would: it is named, and never asked anything."""

from __future__ import annotations

import os
import sys

from verifyd.edge.daemon_place import by_short_name, socket_of

HINT = "verifyd/daemon.sock"
"""In the git folder: a link to its daemon's socket, for people's own tools. Anybody may have made it who writes there."""
CONNECT_S = 0.5
SOL_LOCAL, LOCAL_PEERPID = 0, 2
"""macOS's way to ask for the process at the other end (sys/un.h)."""


def somebody_else(git_dir: str) -> str:
    """A sentence about who listens in the daemon's place and is not believed; empty when nobody does."""
    process = listener_elsewhere(git_dir)
    if process is None:
        return ""
    number = f" (process {process})" if process else ""  # 0: it runs where we see no processes, in another container
    return (
        f"somebody else listens in the daemon's place{number}; it is not believed "
        "(a daemon of yours with another XDG_STATE_HOME looks the same)"
    )


def listener_elsewhere(git_dir: str) -> int | None:
    """The process that listens where the hint says, which is not where our daemon would; None when there is none."""
    import _socket

    try:
        if leads_to(git_dir, socket_of(git_dir)):
            return None
        client = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    except (OSError, ValueError):
        return None
    try:
        client.settimeout(CONNECT_S)
        by_short_name(f"{git_dir}/{HINT}", client.connect)
        if sys.platform == "darwin":
            return client.getsockopt(SOL_LOCAL, LOCAL_PEERPID)
        return int.from_bytes(client.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[:4], sys.byteorder)
    except (OSError, ValueError):
        return None
    finally:
        client.close()


def leads_to(git_dir: str, socket: str) -> bool:
    """Whether the hint is a link to this socket."""
    try:
        return os.readlink(f"{git_dir}/{HINT}") == socket
    except OSError:
        return False
