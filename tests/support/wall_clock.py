"""
A wall clock that a test sets, for a process and all that it starts, while files and the monotonic clock keep the system's time.

It is a library of our own that is loaded before the system's: faketime's also handles waiting, and fails Python's ``time.sleep``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from verifyd.edge.linux import IS_LINUX

needs_wall_clock = pytest.mark.skipif(
    not (IS_LINUX and shutil.which("cc")),
    reason="the wall clock jumps by a C library that is preloaded: needs Linux and a C compiler (see scripts/system-packages)",
)

LIBRARY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long set_by_s(void) {
    char text[32] = "";
    int file = open(getenv("WALL_CLOCK"), O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
        close(file);
    }
    return atol(text);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += set_by_s();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (into) *into = exact.tv_sec;
    return exact.tv_sec;
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallClock:
    """
    A clock.

    Attributes:
        setting: How many seconds it is ahead of the system's. Whoever writes it makes it jump; a gate may.
        library: What makes processes go by it.
    """

    setting: Path
    library: Path

    @classmethod
    def make(cls, folder: Path) -> WallClock:
        """One that goes as the system's does."""
        clock = cls(setting=folder / "clock", library=folder / "wall-clock.so")
        clock.jump(0)
        command = ["cc", "-shared", "-fPIC", "-o", str(clock.library), "-x", "c", "-", "-ldl"]
        subprocess.run(command, input=LIBRARY, text=True, check=True)
        return clock

    def jump(self, to_s: int) -> None:
        """Set it, in one step."""
        beside = self.setting.with_suffix(".next")
        beside.write_text(f"{to_s}\n")
        beside.rename(self.setting)

    @property
    def environment(self) -> Mapping[str, str]:
        """Of a process that goes by it."""
        return {"LD_PRELOAD": str(self.library), "WALL_CLOCK": str(self.setting)}
