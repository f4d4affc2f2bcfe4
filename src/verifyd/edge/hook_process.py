"""The process that an agent's host starts for a hook: its folder, its environment, what it reads and what it writes."""

from __future__ import annotations

import os

LARGEST_PAYLOAD = 64 * 1024 * 1024
SILENT_STDIN_S = 10.0


class UnreadableError(Exception):
    """The payload cannot be read; the argument says why."""


def is_inside_gate() -> bool:
    """Whether a gate started us: an agent that is being tested is not to be sent to work."""
    return "VERIFYD_RUN" in os.environ


def own_folder() -> str:
    """The folder that the host has started us in; empty when it was removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def read_stdin() -> bytes:
    """The payload, to its end; UnreadableError for one that is too large, or that nobody writes."""
    import select

    pieces: list[bytes] = []
    got = 0
    while True:
        try:
            ready, _, _ = select.select([0], [], [], SILENT_STDIN_S)
            piece = os.read(0, 1024 * 1024) if ready else None
        except OSError as error:
            raise UnreadableError("stdin is closed") from error
        if piece is None and not pieces:
            raise UnreadableError(f"nothing came on stdin within {SILENT_STDIN_S:g} s")
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        got += len(piece)
        if got > LARGEST_PAYLOAD:
            raise UnreadableError(f"it is larger than {LARGEST_PAYLOAD // 1024 // 1024} MB")


def write(descriptor: int, text: str) -> None:
    """All of it; a host that has gone hears nothing."""
    data = text.encode("utf-8", "backslashreplace")
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError:
            return


def has_file(folder: str, name: str) -> bool:
    """Whether a folder holds something of that name, a link followed."""
    return os.path.exists(f"{folder}/{name}")
