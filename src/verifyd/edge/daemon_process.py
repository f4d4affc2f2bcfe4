"""Starts the daemon as a process of its own, and keeps what it prints within bounds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from verifyd.errors import MachineError

LOG_NAME = "daemon.log"
LOG_LIMIT_BYTES = 4 * 1024 * 1024
FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class DetachedProcess:
    """
    A process in a session of its own, with no terminal, that prints to ``<git dir>/verifyd/daemon.log``.

    Attributes:
        log: Where it prints to.
        said_from: Size of the log before it was started.
    """

    def __init__(self, command: Sequence[str], *, home: Path, folder: Path, environment: Mapping[str, str]) -> None:
        """MachineError when it cannot be started."""
        self.log = home / LOG_NAME
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            trim_log(home)
            output = os.open(self.log, FLAGS, 0o600)
        except OSError as error:
            raise MachineError(f"cannot be written: {error.strerror or error}", where=str(self.log)) from error
        try:
            self.said_from = os.fstat(output).st_size
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            raise MachineError(f"cannot be started: {error.strerror or error}", where=command[0]) from error
        finally:
            os.close(output)

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    def ended_with(self) -> int | None:
        """Its exit status, negative for a signal; None while it lives."""
        return self.process.poll()

    def said(self, limit_bytes: int = 4_000) -> str:
        """The end of what it has printed since it was started."""
        with suppress(OSError), self.log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self.said_from, end - limit_bytes))
            return file.read().decode("utf-8", "replace")
        return ""


def trim_log(home: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
    """
    Empty the log when it has grown beyond the limit, what it held moved to ``daemon.log.1``.

    It is copied, not renamed: the daemon goes on appending to the file that it has open.
    """
    path = home / LOG_NAME
    try:
        if os.lstat(path).st_size <= limit_bytes:
            return
        kept = path.read_bytes()[-limit_bytes:]
        path.with_name(f"{LOG_NAME}.1").write_bytes(kept)
        os.truncate(path, 0)
    except OSError:
        return
