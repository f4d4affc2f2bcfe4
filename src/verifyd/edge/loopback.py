"""A TCP port that only this machine reaches; all of its users, though, and every page in their browsers."""

from __future__ import annotations

import errno
import os
import socket

from verifyd.errors import MachineError

LOOPBACK = "127.0.0.1"
BACKLOG = 128
FREE_ONE = "Name another one, or none for a free one: verifyd watch --web [PORT]"


def bind_loopback(port: int) -> socket.socket:
    """
    A socket that takes connections on 127.0.0.1; somebody else has to answer them.

    Args:
        port: 0 for one that is free.

    Raises:
        MachineError: The port is taken, or not ours to take.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # What our last daemon's connections left for a minute must not keep the next one from its port.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {os.strerror(error.errno or 0)}"
        raise MachineError(f"port {port} of {LOOPBACK} {why}", remedy=FREE_ONE) from error
    return listening
