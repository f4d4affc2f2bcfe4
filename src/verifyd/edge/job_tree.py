"""The processes of one job: what they use while they run, and their end, however they try to get away."""

from __future__ import annotations

import os
import resource
import signal
import sys

from verifyd.edge import process_tree

_CHILDREN = resource.RUSAGE_CHILDREN


class JobTree:
    """
    Everything below this process, which is its subreaper: a descendant that outlives its parent becomes our child.

    So the tree has ended exactly when this process has no children left, and the time of all of it was counted.

    Attributes:
        leader: The job's own process, also its session's and group's id.
        exit_status: The leader's, negative for a signal; None while it lives.
        ended: Nothing is left.
    """

    def __init__(self) -> None:
        self.leader = 0
        self.exit_status: int | None = None
        self.ended = False
        self._sampled_bytes = 0
        self._samples = 0

    def reap(self) -> None:
        """Take note of those that ended."""
        while not self.ended:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.ended = True
                return
            if pid == 0:
                return
            if pid == self.leader:
                self.exit_status = os.waitstatus_to_exitcode(status)

    def sample(self) -> int:
        """Measure the memory all of it holds now; how many processes there are."""
        pids = process_tree.descendants(os.getpid())
        self._samples += 1
        self._sampled_bytes = max(self._sampled_bytes, process_tree.resident_bytes(pids))
        return len(pids)

    def cpu_s(self) -> float:
        """User and system time of all that was reaped, orphans included."""
        usage = resource.getrusage(_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def peak_bytes(self) -> int:
        """
        The largest sum that was sampled, or the largest single process when that held more between two samples.

        The latter counts from what this process holds, because a child begins in its memory: below that it says nothing,
        and is given only for a job too short for two samples.
        """
        largest = _largest_bytes(_CHILDREN)
        if self._samples > 1 and largest <= _largest_bytes(resource.RUSAGE_SELF):
            return self._sampled_bytes
        return max(self._sampled_bytes, largest)

    def living(self) -> list[int]:
        """All that have not ended."""
        return [] if self.ended else process_tree.alive(process_tree.descendants(os.getpid()))

    def is_working(self) -> bool:
        """Whether any of it runs, wants to run or waits for a disk; False while all of it sleeps."""
        return any(process_tree.state(pid) in ("R", "D") for pid in self.living())

    def interrupt(self) -> None:
        """SIGINT to the leader's group, as a terminal sends it."""
        _signal([self.leader], signal.SIGINT)

    def terminate(self) -> list[int]:
        """SIGTERM to all of it; those that have a handler for it, and so may want some time."""
        pids = self.living() or self._known()
        stubborn = [pid for pid in pids if process_tree.handles(pid, signal.SIGTERM)]
        _signal(pids, signal.SIGTERM)
        return stubborn

    def kill_found(self, *, crowd: int) -> None:
        """
        SIGKILL to all of it that a look finds; what forks during the look is found by the next one.

        More than *crowd* processes are stopped before, so that fewer fork than are killed.
        """
        pids = process_tree.descendants(os.getpid())
        if len(pids) > crowd:
            process_tree.freeze(os.getpid())
            pids = process_tree.descendants(os.getpid())
        process_tree.send(pids or self._known(), signal.SIGKILL)

    def _known(self) -> list[int]:
        """Where there is no /proc: the leader, while its id is its own, and with it its group."""
        return [self.leader] if self.exit_status is None else []


def _signal(pids: list[int], number: signal.Signals) -> None:
    """Send a signal, and see that stopped processes take it."""
    process_tree.send(pids, number)
    process_tree.send(pids, signal.SIGCONT)


def _largest_bytes(who: int) -> int:
    """ru_maxrss counts bytes on macOS and KiB elsewhere (getrusage(2))."""
    return resource.getrusage(who).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
