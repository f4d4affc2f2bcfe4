"""Messages as lines on stdin and stdout: one JSON text a line, and nothing else is ever written there."""

from __future__ import annotations

import os
import sys
import threading

LONGEST_LINE = 1024 * 1024


class MessageLines:
    """
    Lines of this process's stdin and stdout.

    Attributes:
        writing: So that two answers at once do not mix.
    """

    def __init__(self) -> None:
        self.writing = threading.Lock()

    def read(self) -> bytes | None:
        """The next line, cut where it is longer than LONGEST_LINE (it then is longer than that); None at the end."""
        line = sys.stdin.buffer.readline(LONGEST_LINE + 1)
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):  # the rest of the line is no message of its own
            rest = sys.stdin.buffer.readline(LONGEST_LINE + 1)
        return line or None

    def write(self, message: bytes) -> None:
        """All of a message, and the end of its line; OSError when nobody reads."""
        with self.writing:
            left = message + b"\n"
            while left:
                left = left[os.write(1, left) :]
