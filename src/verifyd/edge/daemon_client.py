"""One question to the daemon over its Unix socket, and the answer; a process of another user is never believed."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import Enum

from msgspec import Struct, field

from verifyd.edge.daemon_place import by_short_name
from verifyd.edge.peer import is_trusted, trusted_users

PIECE_BYTES = 64 * 1024


class Unanswered(Enum):
    """Why there is no answer."""

    GONE = "nobody listens"
    SILENT = "connected, but no answer came in time"
    FOREIGN = "another user's process listens"


class DaemonAnswer(Struct, frozen=True, kw_only=True):
    """
    What the daemon said.

    Attributes:
        headers: Names in lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Exchange:
    """
    One message to the daemon, and its answer as it comes; another thread may give it up.

    Attributes:
        given_up: Whether somebody did.
        reached: The socket; None before the daemon was reached.
    """

    def __init__(self) -> None:
        self.given_up = False
        self.reached: socket.socket | None = None
        self.response: http.client.HTTPResponse | None = None

    def post(
        self, path: str, target: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float
    ) -> http.client.HTTPResponse:
        """
        Send the message; the answer's beginning.

        Args:
            timeout_s: Longest silence, then and while the answer is read.

        Raises:
            OSError: Nobody listens, it is another user's process (PermissionError), or it is silent (TimeoutError).
            HTTPException: It went away, or speaks another language.
        """
        self.close()
        self.reached = self.response = None
        connection = UnixConnection(path, timeout_s)
        connection.connect()
        self.reached = connection.sock  # the connection lets go of it once it has the answer's head
        connection.request("POST", target, body=body, headers=dict(headers))
        self.response = connection.getresponse()
        return self.response

    def give_up(self) -> None:
        """End it; whoever reads gets no more."""
        self.given_up = True
        if self.reached is not None:
            with suppress(OSError):
                self.reached.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection."""
        if self.response is not None:
            self.response.close()
        if self.reached is not None:
            self.reached.close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket, to a process of our own user."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("verifyd", timeout=timeout_s)
        self.path = path

    def connect(self) -> None:
        """Connect; PermissionError for another user's process."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(self.timeout)
            by_short_name(self.path, made.connect)
            if not is_trusted(made, trusted_users()):
                raise PermissionError(f"another user's process listens on {self.path}")
        except BaseException:
            made.close()
            raise
        self.sock = made


def ask(
    path: str, target: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, timeout_s: float = 5.0
) -> DaemonAnswer | Unanswered:
    """
    Ask and read the whole answer.

    Args:
        path: Of the socket.
        target: ``/v1/status?wait=5``, quoted.
        timeout_s: For each step, not for all together.
    """
    connection = UnixConnection(path, timeout_s)
    try:
        connection.request(method, target, headers=dict(headers or {}))
        got = connection.getresponse()
        named = {name.lower(): value for name, value in got.getheaders()}
        return DaemonAnswer(status=got.status, headers=named, body=got.read())
    except TimeoutError:
        return Unanswered.SILENT
    except PermissionError:
        return Unanswered.FOREIGN
    except (OSError, http.client.HTTPException):
        return Unanswered.GONE
    finally:
        connection.close()


def stream(path: str, target: str, *, headers: Mapping[str, str] | None = None, timeout_s: float) -> Iterator[bytes]:
    """
    The answer as it comes, ended by the daemon; nothing when it does not answer with 200.

    Args:
        timeout_s: Longest silence.
    """
    connection = UnixConnection(path, timeout_s)
    with suppress(OSError, http.client.HTTPException):
        try:
            connection.request("GET", target, headers=dict(headers or {}))
            got = connection.getresponse()
            while got.status == http.client.OK and (piece := got.read1(PIECE_BYTES)):
                yield piece
        finally:
            connection.close()
