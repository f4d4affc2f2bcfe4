"""A gate's output into a file of bounded size: its head as it comes, the middle left out, its tail at the end."""

from __future__ import annotations

import os
from contextlib import suppress
from mmap import mmap

READ_BYTES = 1 << 20
LARGEST_TAIL_BYTES = 2 << 20


class CappedLog:
    """
    Copies from a pipe to a file and goes on reading whatever happens to the file, so that the gate is never held up.

    Attributes:
        seen_bytes: Read so far, kept or not.
        lost: Something that should be in the file is not: the disk is full, the folder cannot be written.
    """

    def __init__(self, path: str, cap_bytes: int) -> None:
        """Create the file, readable for its owner alone (output may hold secrets); never raises."""
        self.seen_bytes = 0
        self.lost = False
        self._tail_limit = max(1, min(LARGEST_TAIL_BYTES, cap_bytes // 4))
        self._head_left = cap_bytes - self._tail_limit
        self._buffer = memoryview(mmap(-1, READ_BYTES))  # memory only once it is written to
        self._tail = memoryview(b"")
        self._tail_seen = 0
        self._written = 0
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError:
            self._file = -1
            self.lost = True

    def copy_from(self, pipe: int) -> int:
        """One read of at most READ_BYTES; how many bytes came, 0 at the end of the pipe, -1 when there is nothing now."""
        try:
            count = os.readv(pipe, [self._buffer])
        except BlockingIOError:
            return -1
        self.seen_bytes += count
        if not self.lost:
            head = min(count, self._head_left)
            self._head_left -= head
            self._write(self._buffer[:head])
            self._remember(self._buffer[head:count])
        return count

    def close(self) -> None:
        """Write the tail, with a line before it that says how much is missing."""
        left_out = self._tail_seen - self._tail_limit
        if left_out <= 0:
            self._write(self._tail[: self._tail_seen])
        else:
            oldest = self._tail_seen % self._tail_limit
            self._write(memoryview(b"\n[verifyd: %d bytes left out]\n" % left_out))
            self._write(self._tail[oldest:])
            self._write(self._tail[:oldest])
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _remember(self, portion: memoryview) -> None:
        """Into the ring that holds the tail."""
        if not portion:
            return
        if not self._tail:
            self._tail = memoryview(mmap(-1, self._tail_limit))
        self._tail_seen += len(portion)
        portion = portion[-self._tail_limit :]
        end = self._tail_seen % self._tail_limit
        first = min(end, len(portion))  # what goes to the start of the ring; the rest goes to its end
        self._tail[end - first : end] = portion[len(portion) - first :]
        rest = len(portion) - first
        self._tail[self._tail_limit - rest :] = portion[:rest]

    def _write(self, portion: memoryview) -> None:
        try:
            while portion and not self.lost:
                count = os.write(self._file, portion)
                self._written += count
                portion = portion[count:]
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        """Say so at the end of what was written, over its last bytes: a full disk takes no new ones."""
        self.lost = True
        note = f"\n[verifyd: the rest is lost: {os.strerror(error.errno or 0)}]\n".encode()
        if self._written >= len(note):
            with suppress(OSError):
                os.pwrite(self._file, note, self._written - len(note))
