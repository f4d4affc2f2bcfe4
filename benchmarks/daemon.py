"""A daemon over a repository and what it tells, as the benchmarks of the daemon see it."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from measure import VERIFYD, call

PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    One event of the daemon.

    Attributes:
        at_s: When it was read here, on ``time.perf_counter``.
    """

    at_s: float
    kind: str
    tree: str
    gate: str | None
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A daemon that has judged the tree as it is."""

    root: Path
    process: subprocess.Popen[bytes]
    events: queue.SimpleQueue[Told]

    def next(self, kind: str, *, status: str | None = None, tree: str | None = None) -> Told:
        """The next event of a kind, with that status and about that tree where they are given; queue.Empty when none comes."""
        end_s = time.perf_counter() + PATIENCE_S
        while True:
            told = self.events.get(timeout=max(0.0, end_s - time.perf_counter()))
            if told.kind == kind and status in (None, told.status) and tree in (None, told.tree):
                return told

    def forget(self) -> None:
        """Let go of what was told so far."""
        with suppress(queue.Empty):
            while True:
                self.events.get_nowait()

    def family(self) -> list[psutil.Process]:
        """The daemon and all that it has started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu_s(self) -> float:
        """Processor time of them all so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self.family())

    def pss_mb(self) -> float:
        """Memory of them all, what they share counted once."""
        return sum(one.memory_full_info().pss for one in self.family()) / 1024**2


@contextmanager
def watched(root: Path) -> Iterator[Daemon]:
    """Approve what is there, and have a daemon over it that has judged it."""
    call([*VERIFYD, "approve", "--yes"], root)
    process = subprocess.Popen(
        [*VERIFYD, "watch", "--plain"], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = root / ".git/verifyd/daemon.sock"
        wait_until_there(address)
        call([*VERIFYD, "status", "--wait", f"{PATIENCE_S:g}"], root, expect=(0, 1, 3))
        events: queue.SimpleQueue[Told] = queue.SimpleQueue()
        follow(str(address.readlink()), events)
        yield Daemon(root=root, process=process, events=events)
    finally:
        process.terminate()
        process.wait(30)


def wait_until_there(path: Path) -> None:
    """Until a file is there."""
    end_s = time.perf_counter() + PATIENCE_S
    while not path.exists():
        if time.perf_counter() > end_s:
            raise TimeoutError(path)
        time.sleep(0.005)


def follow(address: str, events: queue.SimpleQueue[Told]) -> None:
    """Read the daemon's events in a thread until it ends; returns once it listens."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: verifyd\r\nVerifyd-Api: 1\r\n\r\n")
    stream = connection.makefile("rb")
    assert b" 200 " in stream.readline()

    def read() -> None:
        for line in stream:
            at_s = time.perf_counter()
            if line.startswith(b"data:"):
                data = json.loads(line.removeprefix(b"data:"))
                told = {name: data.get(name) for name in ("kind", "tree", "gate", "status")}
                events.put(Told(at_s=at_s, **told))

    threading.Thread(target=read, daemon=True).start()


def p95(taken: Sequence[float]) -> float:
    """The value that nineteen of twenty stay below."""
    ordered = sorted(taken)
    return ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
