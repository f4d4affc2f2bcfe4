"""The sweep by mark, for systems without subreapers; the marks are real, the system is whatever the tests run on."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess

from verifyd.edge.strays import end_marked


def test_marked_processes_are_ended_and_others_are_not() -> None:
    """Every process that carries the mark gets SIGKILL and is counted; one with another mark goes on."""
    mark = secrets.token_hex(6)
    marked = [subprocess.Popen(["sleep", "600"], env={**os.environ, "VERIFYD_RUN": mark}) for _ in range(3)]
    other = subprocess.Popen(["sleep", "600"], env={**os.environ, "VERIFYD_RUN": mark + "0"})
    try:
        assert end_marked(mark) == 3
        assert [process.wait() for process in marked] == [-signal.SIGKILL] * 3
        assert other.poll() is None
    finally:
        for process in (*marked, other):
            process.kill()
            process.wait()
