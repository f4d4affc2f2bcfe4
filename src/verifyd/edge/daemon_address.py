"""Where a work tree's daemon is: written for the clients when it listens, believed by nobody without a question."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from verifyd.edge.file_writing import refusing, write_into
from verifyd.edge.folders import open_folder
from verifyd.edge.process_identity import is_same_process
from verifyd.json_shape import ShapeError, from_json

JSON_NAME = "daemon.json"
PLAIN_NAME = "daemon.addr"
"""The socket's path alone: what the quick client reads, which has no time for JSON."""
LARGEST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonAddress:
    """
    Who is the daemon, and where it listens.

    Attributes:
        start: When the process was started, as ``process_identity.start_of`` gives it.
        socket: Path of the Unix socket; bytes that are no UTF-8 as lone surrogates.
        started_at: UTC, ISO 8601.
    """

    pid: int
    start: str
    socket: str
    version: str
    api: int
    started_at: str


def write_address(home: Path, address: DaemonAddress) -> None:
    """Write both files (0600), whole; StoreError when they cannot be written."""
    with refusing(home / JSON_NAME, "written"), open_folder(home, make=True) as folder:
        write_into(folder, JSON_NAME, (json.dumps(asdict(address), indent=2) + "\n").encode("ascii"), 0o600)
        write_into(folder, PLAIN_NAME, os.fsencode(address.socket), 0o600)


def remove_address(home: Path) -> None:
    """Remove both files; what is gone already is no error."""
    for name in (PLAIN_NAME, JSON_NAME):
        with suppress(OSError):
            (home / name).unlink()


def read_address(home: Path) -> DaemonAddress | None:
    """What the last daemon wrote; None when there is nothing or nothing that can be read. It may be dead."""
    try:
        descriptor = os.open(
            home / JSON_NAME, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        )  # a pipe there keeps nobody waiting
        with os.fdopen(descriptor, "rb") as file:
            return from_json(DaemonAddress, json.loads(file.read(LARGEST_BYTES) or b""), unknown_keys=True)
    except (OSError, ValueError, ShapeError, RecursionError):
        return None


def is_alive(address: DaemonAddress) -> bool:
    """Whether the process that wrote it is alive: the same process, not another one of the same number."""
    return is_same_process(address.pid, address.start)
