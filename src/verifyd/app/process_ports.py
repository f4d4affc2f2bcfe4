"""What the application needs of running processes: jobs in, their ends out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from verifyd.outcome import End

if TYPE_CHECKING:
    pass  # the statistics behind it are not needed before a snapshot


class FrozenView(Struct, frozen=True, kw_only=True):
    """
    A folder that a process sees in place of another.

    Attributes:
        folder: Where the judged tree was written.
        at: The repository's own path: *folder* is mounted over it, in the process's private namespace.
        shared: Paths below *at*, relative, that come through from the real tree (what git ignores; ``.git`` read-only).
        changes: Existing folder that receives the files which the process created or changed in its view, under their
            relative paths, when it has ended; None to throw them away.
    """

    folder: Path
    at: Path
    shared: tuple[str, ...] = ()
    changes: Path | None = None


class Job(Struct, frozen=True, kw_only=True):
    """
    One process tree to run under supervision.

    Attributes:
        name: For messages: the gate's name, or ``<gate>:server``.
        mark: Value of ``VERIFYD_RUN`` in *environment*: what finds strays.
        environment: The whole environment, nothing is inherited.
        log: Receives stdout and stderr, interleaved; created.
        log_cap_bytes: Past it the middle is left out: the head and the tail stay.
        timeout_s: None for no limit (a server).
        grace_s: Seconds after SIGINT, and again after SIGTERM, before the next signal.
        max_processes: More than this many at once ends the job as TOO_MANY_PROCESSES.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    mark: str
    log: Path
    log_cap_bytes: int = 32 * 1024 * 1024
    timeout_s: float | None = None
    grace_s: float = 2.0
    max_processes: int = 2000
    view: FrozenView | None = None


class JobEnd(Struct, frozen=True, kw_only=True):
    """
    How a job ended. When this exists, no process of the job is left.

    Attributes:
        exit_code: None unless *end* is EXITED; negative is -signal.
        duration_s: Seconds, start to the end of the job's own process, the clean-up after it left out.
        cpu_s: Of the whole tree, orphans included.
        modified: Paths the job changed in its frozen view, relative; empty otherwise.
        leaked: Processes alive after the job's own process had ended by itself; all were ended.
        trouble: What the machine said, for NOT_STARTED and NOT_FOUND; empty otherwise.
    """

    end: End
    exit_code: int | None
    duration_s: float
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0
    log_bytes: int = 0
    log_lost: bool = False
    modified: tuple[str, ...] = ()
    leaked: int = 0
    trouble: str = ""


class Running(Protocol):
    """A job under way."""

    async def wait(self) -> JobEnd:
        """Until it has ended. Cancelling the wait stops the job (shielded) before the cancellation goes on."""
        ...

    async def stop(self) -> JobEnd:
        """SIGINT, SIGTERM, SIGKILL, each after the grace period, then everything the supervisor holds. Ends as CANCELLED."""
        ...

    def has_ended(self) -> bool:
        """Whether the job's own process is gone."""
        ...


class Processes(Protocol):
    """Supervised process trees."""

    async def start(self, job: Job) -> Running:
        """Start it; a job that cannot be started ends as NOT_STARTED instead of raising."""
        ...

    def can_freeze(self) -> bool:
        """Whether this machine can mount a view over the repository's path (probed once)."""
        ...

    def freezing_trouble(self) -> str:
        """What the machine said when the probe of ``can_freeze`` failed; empty when it can freeze."""
        ...

    async def is_reachable(self, address: str) -> bool:
        """Whether a URL answers with a status below 500, or a ``host:port`` accepts a connection."""
        ...

    def free_port(self) -> int:
        """A TCP port on loopback that nobody listens on now."""
        ...


class ProcessesFactory(Protocol):
    """Opens the supervisor for one run or one daemon life; leaving it ends every job."""

    def __call__(self) -> AbstractAsyncContextManager[Processes]:
        """Enter it to start, leave it to end all."""
        ...
