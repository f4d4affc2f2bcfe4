"""A command into a process: forked, in a session of its own, with three open files and nothing else of ours."""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress

from verifyd.edge import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

_SENTINEL = b"\0"
_STATUS_FD = 3
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
_HIGHEST_FD = 1 << 16
"""The zygote starts with nothing above 4 and holds one file a job; without close_range(2) each number costs a call."""


def open_output_pipe() -> tuple[int, int]:
    """Read end (not blocking) and write end of a pipe as large as an ordinary user may have one."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    if linux.IS_LINUX:
        with suppress(OSError):  # this user's pipes together hold all they may
            fcntl.fcntl(reader, _F_SETPIPE_SZ, _PIPE_BYTES)
    return reader, writer


def launch(command: Sequence[str], *, folder: str, environment: Mapping[str, str], output: int) -> tuple[int, int]:
    """
    Start the command with stdin from /dev/null, stdout and stderr to *output*, no other file and no controlling terminal.

    Returns:
        The process id, and a pipe to read to its end: what came is for *trouble_of*.
    """
    status, told = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _become(command, folder, environment, output, told, parent)
        finally:
            os._exit(127)
    os.close(told)
    return pid, status


def trouble_of(status: bytes) -> str | None:
    """
    Why the command did not start; None when it did.

    The last thing before exec is a sentinel. Without it no exit status is the command's own, whatever it is: a failed
    sandbox looks like exit 1.
    """
    if status == _SENTINEL:
        return None
    return status.removeprefix(_SENTINEL).decode(errors="replace") or "the process ended before its command was started"


def close_all_from(first: int) -> None:
    """Close every descriptor from *first* on."""
    os.closerange(first, min(os.sysconf("SC_OPEN_MAX"), _HIGHEST_FD))


def _become(
    command: Sequence[str], folder: str, environment: Mapping[str, str], output: int, told: int, parent: int
) -> NoReturn:
    os.setsid()
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(127)
    standard_input = os.open(os.devnull, os.O_RDONLY)
    # Through high numbers first, so that no duplicate lands on a descriptor that is still needed.
    sources = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (standard_input, output, output, told)]
    for target, source in enumerate(sources):
        os.dup2(source, target, inheritable=target != _STATUS_FD)
    close_all_from(_STATUS_FD + 1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        os.chdir(folder)
        os.write(_STATUS_FD, _SENTINEL)
        os.execvpe(command[0], list(command), dict(environment))
    except OSError as error:
        what = f"{command[0]}: {error.strerror}" if error.filename != folder else f"{folder}: {error.strerror}"
        os.write(_STATUS_FD, what.encode())
        os._exit(127)
