"""Commands at a terminal of their own, and what stands on its screen in the end."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PIECE = re.compile(
    r"\x1b\[(?P<count>\d*)[\d;]*(?P<letter>[A-Za-z])|\x1b\[\?\d+[hl]|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)"
)


def at_terminal(
    command: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    *,
    out: Path | None = None,
    interrupt_at: bytes | None = None,
) -> tuple[int, list[str]]:
    """
    Run a command at a terminal of 80 columns, and return its exit status and the lines that stand on the screen afterwards.

    Args:
        out: Gets stdout instead of the terminal.
        interrupt_at: Sends SIGINT, as Ctrl-C does, once this is printed.
    """
    ours, theirs = pty.openpty()
    stdout = theirs if out is None else os.open(out, os.O_WRONLY | os.O_CREAT, 0o600)
    with subprocess.Popen(
        command,
        cwd=cwd,
        env={**environment, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        stdin=theirs,
        stdout=stdout,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        for descriptor in {stdout, theirs}:
            os.close(descriptor)
        printed = b""
        while piece := read_some(ours):
            if interrupt_at is not None and interrupt_at not in printed and interrupt_at in printed + piece:
                os.killpg(process.pid, signal.SIGINT)
            printed += piece
    os.close(ours)
    return process.returncode, screen(printed.decode("utf-8"))


def read_some(terminal: int) -> bytes:
    """What a terminal has to say; nothing once the last of its programs has ended, which Linux calls an error."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def screen(printed: str) -> list[str]:
    """What is left to see: lines, with cursor movements and erasures carried out and colours left out."""
    lines, row, column = [""], 0, 0
    for piece in PIECE.finditer(printed):
        count = int(piece["count"] or 1)
        if piece["text"]:
            lines[row] = lines[row][:column].ljust(column) + piece["text"] + lines[row][column + len(piece["text"]) :]
            column += len(piece["text"])
        elif piece["control"] == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif piece["control"] == "\r":
            column = 0
        elif piece["letter"] == "A":
            row = max(0, row - count)
        elif piece["letter"] == "K":
            lines[row] = lines[row][:column] if piece["count"] in ("", "0") else ""
    return [line.rstrip() for line in lines if line.strip()]
