"""
Ends what carries a run's mark, where the system cannot name a process's orphans: macOS.

Linux needs none of it, its supervisors are told of every orphan. A process that empties its environment gets away here.
Nobody has tried the supervision on macOS yet: there it stops process groups, and this sweep does the rest.
"""

from __future__ import annotations

import psutil

from verifyd.edge.environment import MARK_NAME


def end_marked(mark: str) -> int:
    """SIGKILL to every process of this user whose environment carries the mark; how many there were."""
    ended = 0
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK_NAME) == mark:
                process.kill()
                ended += 1
        except psutil.Error:  # it ended meanwhile, or is another user's
            continue
    return ended
