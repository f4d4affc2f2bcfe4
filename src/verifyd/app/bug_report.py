"""An error that is our bug -> a file with its traceback, two lines on stderr and exit code 70; with the standard library alone."""

from __future__ import annotations

import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from verifyd.errors import ExitCode


def report_bug(error: BaseException) -> ExitCode:
    """
    Keep the traceback and say where it is; the exit code to end with.

    It imports nothing else of ours: what is broken may be the very module that would have helped. An error that nobody
    handles ends Python with 1, which means ``not ready`` here.
    """
    text = "".join(traceback.format_exception(error))
    path = write_bug_report(text)
    first = f"verifyd: this is our bug, not yours: {type(error).__name__}: {printable(str(error))}"
    second = f"  The traceback is in {path}." if path else text
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{first}\n{second}\n")
    return ExitCode.BUG


def printable(text: str) -> str:
    """Text without what a terminal would obey or cannot show: those characters as Python writes them."""
    shown = "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


def write_bug_report(text: str) -> Path | None:
    """A traceback into a file of its own; None when even that fails."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="verifyd-bug-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(text)
        return Path(file.name)
    except OSError:
        return None
