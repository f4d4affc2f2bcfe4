"""What this machine has: slots, load, platform."""

from __future__ import annotations

import math
import os
import platform
from pathlib import Path

CGROUP_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def cpu_slots() -> int:
    """CPU cores that this process may use: affinity and cgroup limits respected; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = cgroup_cores(CGROUP_CPU_MAX)
    return max(1, cores if allowed is None else min(cores, math.ceil(allowed)))


def cgroup_cores(cpu_max: Path) -> float | None:
    """Cores that cgroup v2 allows (``cpu.max``: quota and period in microseconds, or ``max``); None without a limit."""
    try:
        quota, period = cpu_max.read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def load_average() -> float:
    """Runnable processes over the last minute; 0 where the system does not say."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def platform_name() -> str:
    """``linux-x86_64``: part of every action key."""
    return f"{platform.system().lower()}-{platform.machine()}"
