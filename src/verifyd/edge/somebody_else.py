"""Whether something listens where no daemon of ours would: it is named, and never asked anything."""

from __future__ import annotations

import os
import sys

from verifyd.edge.daemon_place import by_short_name, socket_of

HINT = "verifyd/daemon.addr"
"""In the git folder: where its daemon says that it listens. Anybody may have written it who writes there, so it is only good for this."""
LONGEST_HINT = 4_096
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
        hint = read_hint(git_dir)
        if not hint or hint == socket_of(git_dir):
            return None
        client = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    except (OSError, ValueError):
        return None
    try:
        client.settimeout(CONNECT_S)
        by_short_name(hint, client.connect)
        if sys.platform == "darwin":
            return client.getsockopt(SOL_LOCAL, LOCAL_PEERPID)
        return int.from_bytes(client.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[:4], sys.byteorder)
    except (OSError, ValueError):
        return None
    finally:
        client.close()


def read_hint(git_dir: str) -> str:
    """What the hint names; a pipe in its place keeps nobody waiting."""
    opened = os.open(f"{git_dir}/{HINT}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.fsdecode(os.read(opened, LONGEST_HINT))
    finally:
        os.close(opened)
