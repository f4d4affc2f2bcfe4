"""What a process with its family takes at one moment, and whether that grew over many: for the soak."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

GROWTH = {"pss_kb": 1.10, "files": 1.0, "watches": 1.0, "processes": 1.0, "state_kb": 1.25, "temporary_kb": 1.25}
"""How much more than in the second quarter the last quarter's median may be."""
SLACK = 2
"""And so much besides: a file descriptor more or less is none that leaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    What the daemon and its helpers take at one moment.

    Attributes:
        pss_kb: Memory of the whole family, shared pages by halves.
        files: Open file descriptors of the daemon.
        watches: Folders it watches beyond those that there are.
        processes: Of its family without gates, itself included.
        state_kb: On disk below ``.git/verifyd``.
        temporary_kb: In the temporary folders.
    """

    at_s: float
    pss_kb: int
    files: int
    watches: int
    processes: int
    state_kb: int
    temporary_kb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Medians of one thing in the second quarter and in the last."""

    name: str
    early: float
    late: float

    @property
    def grew(self) -> bool:
        """Whether the difference is more than noise."""
        return self.late > self.early * GROWTH[self.name] + SLACK

    def __str__(self) -> str:
        return f"{self.name:>13}: {self.early:>10,.0f} -> {self.late:>10,.0f}{'  GREW' if self.grew else ''}"


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """
    How everything went; nothing can be said of fewer than four samples.

    The first quarter is left out: caches fill, history reaches its size, the heap settles.
    """
    quarter = len(samples) // 4
    if not quarter:
        return []
    parts = samples[quarter : 2 * quarter], samples[3 * quarter :]
    return [
        Trend(name=name, early=early, late=late)
        for name in GROWTH
        for early, late in [(statistics.median(getattr(one, name) for one in part) for part in parts)]
    ]


def sample(pid: int, at_s: float, *, root: Path, temporary: Path) -> Sample:
    """What a daemon over the work tree *root* takes now; Linux only."""
    family = [one for one in descendants(pid) if "verifyd-gate" not in read(Path(f"/proc/{one}/comm"))]
    watches = [line for info in entries(Path(f"/proc/{pid}/fdinfo")) for line in read(info).splitlines()]
    return Sample(
        at_s=round(at_s, 1),
        pss_kb=sum(pss_kb(one) for one in descendants(pid)),
        files=len(entries(Path(f"/proc/{pid}/fd"))),
        watches=sum(line.startswith("inotify") for line in watches) - len(list(folders_of(root))),
        processes=len(family),
        state_kb=used_kb(root / ".git/verifyd"),
        temporary_kb=used_kb(temporary),
    )


def folders_of(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Folders of a work tree with the names of the files in them, git's own and our reports left out; some may just have gone."""
    for top, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in (".git", ".verifyd")]
        yield top, names


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for one in found:
        found += [int(child) for child in read(Path(f"/proc/{one}/task/{one}/children")).split()]
    return found


def pss_kb(pid: int) -> int:
    """Its share of memory; 0 when it is gone."""
    lines = read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def used_kb(folder: Path) -> int:
    """Disk that a folder takes."""
    return sum(blocks_of(os.path.join(top, name)) for top, _, names in os.walk(folder) for name in names) // 2


def blocks_of(path: str) -> int:
    """Of 512 bytes; 0 for a file that is gone."""
    try:
        return os.lstat(path).st_blocks
    except FileNotFoundError:
        return 0


def entries(folder: Path) -> list[Path]:
    """What is in a folder of /proc."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def read(path: Path) -> str:
    """A file of /proc; empty when its process is gone."""
    try:
        return path.read_text()
    except OSError:
        return ""
