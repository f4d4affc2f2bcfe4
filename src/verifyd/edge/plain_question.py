"""
A question to a work tree's daemon with one C module: what a hook can afford, which is called after each edit.

``daemon_client`` asks the same with the standard library's HTTP, which takes longer to import than the answer takes to come.
"""

from __future__ import annotations

import os
import sys
import time
from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket

LARGEST_ANSWER = 16 * 1024 * 1024
API = b"1"


class Silence(Enum):
    """Why there is no answer."""

    GONE = "no daemon runs for this work tree"
    ELSEWHERE = "somebody else listens in the daemon's place, and is not believed; see: verifyd doctor"
    HANGS = "the daemon does not answer; end it with: verifyd stop"
    FOREIGN = "another user's process listens on the daemon's socket; it is not believed"
    OTHER_TREE = "the daemon that answers is another work tree's; it is not believed"
    OTHER_API = "the daemon is of another release; to renew it: verifyd stop"
    DAMAGED = "the daemon's answer cannot be understood; to renew it: verifyd stop"


class Refusal:
    """
    The daemon answers that it cannot say.

    Attributes:
        body: Its reason, as JSON.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body


def ask_plainly(root: str, git_dir: str, target: str, *, kind: str, timeout_s: float) -> bytes | Refusal | Silence:
    """
    The body of the daemon's answer.

    Args:
        root: Top folder of the work tree, links resolved.
        git_dir: Of the same work tree, links resolved.
        kind: ``application/json`` or ``text/plain``.
        timeout_s: For the whole answer, what the question itself asks to wait included.
    """
    import _socket

    from verifyd.edge.daemon_place import by_short_name, sign_of, socket_of

    end = time.monotonic() + timeout_s
    client = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        client.settimeout(timeout_s)
        try:
            by_short_name(socket_of(git_dir), client.connect)
        except TimeoutError:
            return Silence.HANGS
        except OSError:
            return nobody_or_somebody_else(git_dir)
        # The process at the other end, as the kernel says it: number and user; on macOS a version and the user.
        level, name = (_socket.SOL_SOCKET, _socket.SO_PEERCRED) if hasattr(_socket, "SO_PEERCRED") else (0, 1)
        peer = client.getsockopt(level, name, 76)
        if int.from_bytes(peer[4:8], sys.byteorder) not in trusted_users():
            return Silence.FOREIGN
        client.sendall(f"GET {target} HTTP/1.0\r\nAccept: {kind}\r\nVerifyd-Api: 1\r\n\r\n".encode("ascii"))
        return understood(receive(client, end), sign_of(root, git_dir).encode())
    except TimeoutError:
        return Silence.HANGS
    except (OSError, ValueError):
        return Silence.GONE
    finally:
        client.close()


def nobody_or_somebody_else(git_dir: str) -> Silence:
    """Why nobody listens where the daemon would."""
    from verifyd.edge.somebody_else import listener_elsewhere

    return Silence.GONE if listener_elsewhere(git_dir) is None else Silence.ELSEWHERE


def trusted_users() -> tuple[int, int]:
    """Who is believed: we, and root, from whom nothing is hidden anyway."""
    return os.geteuid(), 0


def receive(client: _socket.socket, end: float) -> bytes:
    """All that comes until the daemon closes; TimeoutError at *end*, however it trickles."""
    pieces, got = [], 0
    while got < LARGEST_ANSWER:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        client.settimeout(left)
        piece = client.recv(65_536)
        if not piece:
            break
        pieces.append(piece)
        got += len(piece)
    return b"".join(pieces)


def understood(got: bytes, sign: bytes) -> bytes | Refusal | Silence:
    """The body of an answer that is whole and from our own work tree's daemon."""
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in lines if b": " in line)
    if b" 426 " in first or headers.get(b"verifyd-api", API) != API:
        return Silence.OTHER_API
    if headers.get(b"verifyd-work-tree", sign) != sign:
        return Silence.OTHER_TREE
    if b"verifyd-work-tree" not in headers or headers.get(b"content-length") != str(len(body)).encode():
        return Silence.DAMAGED
    return body if b" 200 " in first else Refusal(body)
