"""
Messages between this program and its supervisors: built-in values in, length-prefixed bytes out, and back.

marshal and not JSON: both ends are the same interpreter, and importing json doubles the start of the zygote (20 ms for 10).
"""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_PREFIX_BYTES = 4
_READ_BYTES = 1 << 16


def pack(message: dict[str, Any]) -> bytes:
    """One message as bytes; the values may be None, bool, int, float, str, bytes, and lists, tuples and dicts of those."""
    body = marshal.dumps(message)
    return len(body).to_bytes(_PREFIX_BYTES, "big") + body


class Unpacker:
    """Puts messages together again from bytes that arrive in any portions."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, received: bytes) -> Iterator[dict[str, Any]]:
        """The messages that *received* completes, in order."""
        self._pending += received
        while len(self._pending) >= _PREFIX_BYTES:
            end = _PREFIX_BYTES + int.from_bytes(self._pending[:_PREFIX_BYTES], "big")
            if len(self._pending) < end:
                return
            body = bytes(self._pending[_PREFIX_BYTES:end])
            del self._pending[:end]
            yield marshal.loads(body)  # noqa: S302  # private socket pair; the other end is our own code


class Channel:
    """The supervisor's end of the socket to the main program."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._unpacker = Unpacker()
        self._waiting: list[dict[str, Any]] = []

    def has_waiting(self) -> bool:
        """Whether *receive* would give messages that poll(2) does not know of, because they came with an earlier one."""
        return bool(self._waiting)

    def receive(self) -> list[dict[str, Any]] | None:
        """Whole messages that came, perhaps none yet; None when the main program is gone. Blocks when nothing is there."""
        if self._waiting:
            received, self._waiting = self._waiting, []
            return received
        try:
            portion = os.read(self.fd, _READ_BYTES)
        except ConnectionResetError:
            portion = b""
        return list(self._unpacker.feed(portion)) if portion else None

    def receive_one(self) -> dict[str, Any] | None:
        """Wait for the next whole message; what came with it is kept for *receive*. None when the main program is gone."""
        while (received := self.receive()) is not None:
            if received:
                self._waiting = received[1:]
                return received[0]
        return None

    def send(self, message: dict[str, Any]) -> None:
        """Send it whole; nothing when the main program is gone."""
        portion = memoryview(pack(message))
        try:
            while portion:
                portion = portion[os.write(self.fd, portion) :]
        except (BrokenPipeError, ConnectionResetError):
            pass
