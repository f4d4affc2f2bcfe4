"""The few Linux system calls that Python has no function for; on other systems, each says that it did nothing."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys

IS_LINUX = sys.platform.startswith("linux")

# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

# <linux/sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000

# <fcntl.h>, where macOS has none
O_PATH = getattr(os, "O_PATH", 0)

# <linux/mount.h>
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
MNT_DETACH = 2

# <malloc.h> of the GNU C library
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 128 * 1024

_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


def become_subreaper() -> bool:
    """Make orphaned descendants this process's own children (PR_SET_CHILD_SUBREAPER); False where there is no such thing."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(number: signal.Signals) -> bool:
    """
    Be sent the signal when the parent ends, however it ends; False where there is no such thing.

    The kernel means the *thread* that forked, so the parent must fork from a thread that stays. A parent that ended
    before this call is not noticed: compare ``os.getppid()`` after it.
    """
    return _prctl(_PR_SET_PDEATHSIG, number)


def name_process(name: str) -> None:
    """What ``ps`` and ``top`` show; at most 15 bytes are kept."""
    if _libc is not None:
        _libc.prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()), 0, 0, 0)


def unshare(flags: int) -> None:
    """Leave the namespaces named by CLONE_NEW… flags for new ones; OSError when the kernel refuses."""
    _check("unshare", _required().unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """mount(2); OSError with the target's name when the kernel refuses."""
    result = _required().mount(
        os.fsencode(source), os.fsencode(target), os.fsencode(kind), ctypes.c_ulong(flags), os.fsencode(options)
    )
    _check(f"mount {kind or 'bind'}", result, target)


def unmount(target: str) -> None:
    """umount2(2), detaching at once even when it is in use; OSError when the kernel refuses."""
    _check("umount", _required().umount2(os.fsencode(target), MNT_DETACH), target)


def _prctl(option: int, value: int) -> bool:
    return _libc is not None and _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0


def _required() -> ctypes.CDLL:
    if _libc is None:
        raise OSError(errno.ENOSYS, "there are no namespaces", sys.platform)
    return _libc


def _check(call: str, result: int, path: str | None = None) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}", path)


def give_back_memory() -> None:
    """Have the C library give memory that is free back to the system (malloc_trim); nothing where it cannot."""
    if _libc is not None and hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)


def keep_heap_small() -> None:
    """
    Have the C library hold little that is free, for the length of the process (mallopt); nothing where it cannot.

    It has a heap for each thread, up to eight a core, though Python's threads take turns: one does. And it begins to keep
    large blocks in its heaps once one was freed, up to 32 MB, and takes small ones out of them that hold them for ever: each
    is asked of the system by itself. A daemon over 42,000 files takes 12 MB less of 80.
    """
    if _libc is not None and hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_ARENA_MAX, 1)
        _libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
