"""Who is a work tree's daemon, written down beside its socket in the user's state folder; and a hint in the git folder."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from verifyd.edge.daemon_place import socket_of
from verifyd.edge.file_writing import refusing, write_into
from verifyd.edge.folders import open_folder
from verifyd.edge.process_identity import is_same_process
from verifyd.edge.somebody_else import HINT, leads_to
from verifyd.json_shape import ShapeError, from_json, to_json

LARGEST_BYTES = 64 * 1024


class DaemonAddress(Struct, frozen=True, kw_only=True):
    """
    Who is the daemon, and where it listens.

    Attributes:
        start: When the process was started, as ``process_identity.start_of`` gives it.
        root: Top folder of the work tree whose daemon it is; bytes that are no UTF-8 as lone surrogates, here and below.
        git_dir: Of the same work tree.
        socket: Path of the Unix socket.
        started_at: UTC, ISO 8601.
    """

    pid: int
    start: str
    root: str
    git_dir: str
    socket: str
    version: str
    api: int
    started_at: str


def file_of(socket: str) -> Path:
    """Where the address is written down that belongs to a socket."""
    return Path(socket).with_suffix(".json")


def write_address(address: DaemonAddress) -> None:
    """Write it whole (0600), and make the hint, a link; StoreError when that fails."""
    written = file_of(address.socket)
    data = (json.dumps(to_json(address), indent=2) + "\n").encode("ascii")
    with refusing(written, "written"), open_folder(written.parent.resolve()) as folder:
        write_into(folder, written.name, data, 0o600)
    hint = Path(address.git_dir, HINT)
    with refusing(hint, "written"), open_folder(hint.parent, make=True) as folder:
        beside = f".{hint.name}.{address.pid}"
        os.symlink(address.socket, beside, dir_fd=folder)
        os.replace(beside, hint.name, src_dir_fd=folder, dst_dir_fd=folder)


def forget_address(socket: Path) -> None:
    """Remove what a daemon that was killed wrote about this socket."""
    with suppress(OSError):
        file_of(os.fspath(socket)).unlink()


def remove_address(address: DaemonAddress) -> None:
    """Remove what we wrote, unless it is another daemon's by now; what is gone already is no error."""
    if read_file(file_of(address.socket)) == address:
        with suppress(OSError):
            file_of(address.socket).unlink()


def remove_hint(address: DaemonAddress) -> None:
    """Remove the hint that leads to us."""
    with suppress(OSError):
        if leads_to(address.git_dir, address.socket):
            Path(address.git_dir, HINT).unlink()


def read_address(git_dir: Path) -> DaemonAddress | None:
    """What the last daemon of this git folder wrote; None when there is nothing or nothing that can be read. It may be dead."""
    try:
        return read_file(file_of(socket_of(os.fspath(git_dir))))
    except OSError:
        return None


def read_file(path: Path) -> DaemonAddress | None:
    """The address in a file; None when there is none."""
    try:
        with path.open("rb") as file:
            return from_json(DaemonAddress, json.loads(file.read(LARGEST_BYTES)))
    except (OSError, ValueError, ShapeError, RecursionError):
        return None


def is_alive(address: DaemonAddress) -> bool:
    """Whether the process that wrote it is alive: the same process, not another one of the same number."""
    return is_same_process(address.pid, address.start)
