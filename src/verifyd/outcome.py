"""What one gate's process did, before anyone judges it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from msgspec import Struct


class End(StrEnum):
    """How a gate's process came to its end."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    NOT_STARTED = "not_started"
    NOT_FOUND = "not_found"
    """Its program, the shell, is not on this machine."""
    SERVER_NOT_READY = "server_not_ready"
    TOO_MANY_PROCESSES = "too_many_processes"


class View(StrEnum):
    """Which files the gate saw; the report names it, because it is what makes the verdict exact."""

    TREE = "tree"
    """The working tree itself, guarded: any difference between start and end voids the verdict."""
    FROZEN = "frozen"
    """The judged tree mounted over the repository's own path, in a private namespace."""
    COPY = "copy"
    """The judged tree at another path, where no namespace can be had."""


class Outcome(Struct, frozen=True, kw_only=True):
    """
    What one gate's process did.

    Attributes:
        exit_code: None unless *end* is EXITED; negative is -signal (POSIX).
        started_at: UTC.
        duration_s: Seconds on a monotonic clock, spawn to reaped.
        cpu_s: User and system time of the whole process tree, orphans included.
        peak_rss_bytes: The largest sum over the process tree that was sampled.
        log: File with stdout and stderr interleaved, bytes as written, the middle left out past the cap.
        log_bytes: How much the gate wrote, whether or not it was kept.
        log_lost: True when the log could not be written (a full disk), so the text proves nothing.
        moved: Paths of the judged tree that changed under the gate, whoever changed them; in a frozen view, those of the copy that it shows.
        modified: Paths that the gate changed in its throw-away view; empty in the working tree.
        leaked: Processes still alive when the gate's own process had ended; all were ended.
        trouble: For NOT_STARTED, NOT_FOUND and SERVER_NOT_READY: what the machine said.
        artifacts: Files kept with the run.
        tail: The last lines it wrote, cleaned; for a task where no finding tells what is wrong.
    """

    gate: str
    end: End
    exit_code: int | None = None
    started_at: datetime
    duration_s: float
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0
    log: Path | None = None
    log_bytes: int = 0
    log_lost: bool = False
    view: View = View.TREE
    moved: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    leaked: int = 0
    trouble: str = ""
    artifacts: tuple[Path, ...] = ()
    tail: str = ""
