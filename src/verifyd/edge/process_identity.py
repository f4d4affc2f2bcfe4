"""Which process a number means: a number is used again, a number with its start time is not."""

from __future__ import annotations

import os
from pathlib import Path

STAT = "/proc/{}/stat"
START_TIME_FIELD = 22
"""Of ``/proc/PID/stat`` (proc(5)): clock ticks since the machine was started."""


def own_pid() -> int:
    """The number of this process."""
    return os.getpid()


def start_of(pid: int) -> str | None:
    """
    When a process was started, as a text that is only good for comparing; None when there is no such process.

    Where there is no /proc, seconds since 1970 as psutil gives them.
    """
    try:
        # The second field is the program's name in brackets, which may hold spaces and brackets itself.
        return Path(STAT.format(pid)).read_bytes().rpartition(b")")[2].split()[START_TIME_FIELD - 3].decode("ascii")
    except (OSError, IndexError, UnicodeDecodeError):
        return start_by_psutil(pid)


def start_by_psutil(pid: int) -> str | None:
    """The same where the kernel has no /proc."""
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except (psutil.Error, OverflowError, ValueError):
        return None


def is_same_process(pid: int, start: str) -> bool:
    """Whether the process of that number is alive and the one that was started then."""
    return start_of(pid) == start
