"""What is said when the system's watches are used up, with the command that raises the limit."""

from __future__ import annotations

import errno
import os
from pathlib import Path


class WatchesUsedUp(Exception):  # noqa: N818 - not an error of anybody's: the watcher goes on by polling
    """
    The system gives no further watches.

    Attributes:
        note: A sentence with the limit and what raises it.
    """

    def __init__(self, note: str) -> None:
        self.note = note
        super().__init__(note)


_SYSCTL = "fs.inotify"
_PROC = Path("/proc/sys/fs/inotify")
_INSTEAD = "so files are looked at every few seconds instead"


def used_up(error: OSError) -> WatchesUsedUp:
    """What the error of a call to inotify means for a person."""
    if error.errno == errno.ENOSPC:
        return WatchesUsedUp(limit_note("watched folders", "max_user_watches"))
    if error.errno == errno.ENOMEM:
        return WatchesUsedUp(
            f"The system has no memory left to watch folders, {_INSTEAD}: end other programs, then start again."
        )
    if no_file_can_be_opened():
        return WatchesUsedUp(
            f"No more files can be opened, {_INSTEAD}: raise the limit (ulimit -n 4096), then start again."
        )
    return WatchesUsedUp(limit_note("watching programs", "max_user_instances"))


def limit_note(what: str, name: str) -> str:
    """The sentence about one limit."""
    now = limit(name)
    shown = f" ({now})" if now else ""
    raised = max(2 * now, 524_288 if name == "max_user_watches" else 1_024)
    return f"The limit of {what}{shown} is reached, {_INSTEAD}: raise it (sudo sysctl {_SYSCTL}.{name}={raised}), then start again."


def limit(name: str) -> int:
    """One of the limits in ``/proc/sys/fs/inotify``; 0 when it is not known."""
    try:
        return int((_PROC / name).read_text())
    except (OSError, ValueError):
        return 0


def no_file_can_be_opened() -> bool:
    """Whether this process, and not the user's watchers, is at its limit: both are told as EMFILE."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return True
    return False
