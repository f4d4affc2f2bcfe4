"""What lives below a process: its descendants, the memory they hold and how they are ended, read from /proc."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_READ_BYTES = 1 << 16
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_HAS_CHILDREN_FILES = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def children(pid: int) -> list[int]:
    """
    The direct children, ended ones that nobody has reaped included; empty without /proc, or when *pid* is gone.

    The kernel may leave one out while others end: ask again until the answer stays the same.
    """
    if not _HAS_CHILDREN_FILES:
        return [child for child, parent in _parents().items() if parent == pid]
    found: list[int] = []
    for thread in _entries(f"/proc/{pid}/task"):
        found.extend(map(int, _read(f"/proc/{pid}/task/{thread}/children").split()))
    return found


def descendants(pid: int) -> list[int]:
    """Everything below a process, parents before children; as *children* says otherwise."""
    if not _HAS_CHILDREN_FILES:
        return _descendants_by_parent(pid)
    found = children(pid)
    for child in found:  # grows while it is walked
        found.extend(children(child))
    return found


def resident_bytes(pids: Iterable[int]) -> int:
    """Sum of the resident memory; pages that processes share are counted in each of them."""
    total = 0
    for pid in pids:
        fields = _read(f"/proc/{pid}/statm").split()
        total += int(fields[1]) * _PAGE_BYTES if fields else 0
    return total


def state(pid: int) -> str:
    """One letter as in ps: R, S, D, T, Z …; empty when the process is gone."""
    # The name in the second field may hold spaces and brackets; the last bracket ends it.
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].strip()[:1].decode()


def alive(pids: Iterable[int]) -> list[int]:
    """Those that have not ended."""
    return [pid for pid in pids if state(pid) not in ("", "Z", "X")]


def handles(pid: int, number: signal.Signals) -> bool:
    """Whether the process has a handler of its own for a signal, and so may want time after it."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """
    Send a signal to the processes and to the process groups they are in, this process's own group left out.

    A signal to a group reaches all of it at once: a member that forks in that moment cannot leave a child behind.
    """
    groups = {pid: _group(pid) for pid in pids}
    own = os.getpgrp()
    for group in set(groups.values()) - {0, own}:
        _try_signal(-group, number)
    for pid, group in groups.items():
        if group in (0, own):
            _try_signal(pid, number)


def freeze(pid: int) -> None:
    """Stop everything below a process, until a look finds nothing new: stopped processes cannot fork."""
    stopped: set[int] = set()
    while new := set(descendants(pid)) - stopped:
        send(new, signal.SIGSTOP)
        stopped |= new


def _try_signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # ended meanwhile; or a program with another user's rights
        os.kill(pid, number)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return 0


def _descendants_by_parent(pid: int) -> list[int]:
    parents = _parents()
    found = [pid]
    for ancestor in found:
        found.extend(child for child, parent in parents.items() if parent == ancestor)
    return found[1:]


def _parents() -> dict[int, int]:
    parents = {}
    for entry in _entries("/proc"):
        fields = _read(f"/proc/{entry}/stat").rpartition(b")")[2].split() if entry.isdigit() else []
        if fields:
            parents[int(entry)] = int(fields[1])
    return parents


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # the process ended meanwhile; or there is no /proc
        return []


def _read(path: str) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(file, _READ_BYTES)
    except OSError:
        return b""
    finally:
        os.close(file)
