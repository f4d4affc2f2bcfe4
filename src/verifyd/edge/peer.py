"""Who is at the other end of a Unix socket, as the kernel says it: what a socket's mode promises may be wrong (fault 69)."""

from __future__ import annotations

import os
import socket
import struct
import sys

SOL_LOCAL = 0
LOCAL_PEERCRED = 1
XUCRED = "=IIh16I"
"""macOS's ``struct xucred``: version, user, number of groups, groups (sys/ucred.h); two bytes are padding."""


def peer_user(connection: socket.socket) -> int:
    """
    The user id of the process that made the connection.

    Raises:
        OSError: The kernel does not say.
    """
    if sys.platform == "darwin":
        found = connection.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, struct.calcsize(XUCRED) + 2)
        return int(struct.unpack_from("=II", found)[1])
    _pid, user, _group = struct.unpack("=iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(user)


def trusted_users() -> frozenset[int]:
    """Whose questions are answered: ours, and root's, from whom nothing is hidden anyway."""
    return frozenset({os.geteuid(), 0})


def is_trusted(connection: socket.socket, users: frozenset[int]) -> bool:
    """Whether the other end is one of these users; not when the kernel does not say."""
    try:
        return peer_user(connection) in users
    except OSError:
        return False
