"""A gate's log, bytes as written, in; lines of readable text out: the ends of a huge log, never the whole of it."""

from __future__ import annotations

from typing import BinaryIO

from verifyd.evidence.clean import strip_sequences

END_BYTES = 3 * 512 * 1024
"""How much is read from each end of a log."""

END_LINES = 20_000
"""How many lines are read at each end of what was read."""

LONGEST_LINE = 2_000
"""Characters of a line that are looked at: no tool writes a longer place."""

GAP = "[… the middle of the log was not read …]"


def read_ends(file: BinaryIO, end_bytes: int = END_BYTES) -> bytes:
    """The first and last bytes of a seekable file; the whole of it when it is no longer than both."""
    size = file.seek(0, 2)
    file.seek(0)
    if size <= 2 * end_bytes:
        return file.read(2 * end_bytes)
    head = file.read(end_bytes)
    file.seek(size - end_bytes)
    return head + f"\n{GAP}\n".encode() + file.read(end_bytes)


def cut_middle(content: bytes, end_bytes: int = END_BYTES) -> bytes:
    """Like read_ends, for bytes in memory."""
    if len(content) <= 2 * end_bytes + 2 * len(GAP):
        return content
    return content[:end_bytes] + f"\n{GAP}\n".encode() + content[-end_bytes:]


def text_of(content: bytes) -> str:
    """Decoded, wrong bytes replaced; escape sequences gone; no-break spaces (pyright) made ordinary ones."""
    return strip_sequences(content.decode("utf-8", "replace")).replace("\u00a0", " ")


def limit_lines(text: str, end_lines: int = END_LINES) -> str:
    """The first and last lines of a text of very many: the work on a log is bounded by lines as well as by bytes."""
    if text.count("\n") <= 2 * end_lines:
        return text
    lines = text.split("\n")
    return "\n".join([*lines[:end_lines], GAP, *lines[-end_lines:]])


def lines_of(text: str) -> list[str]:
    """Lines, each cut to the longest that is looked at."""
    return [line[:LONGEST_LINE] for line in text.split("\n")]
