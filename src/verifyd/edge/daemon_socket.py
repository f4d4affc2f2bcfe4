"""A folder's Unix socket that only its user can open, bound by us: what binds it otherwise makes it open to everybody."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from verifyd.errors import MachineError

SOCKET_NAME = "daemon.sock"
LONGEST_PATH = 103 if sys.platform == "darwin" else 107
"""Bytes of ``sun_path``, its last zero left out (fault 68)."""
BACKLOG = 128


def bind_socket(home: Path, environment: Mapping[str, str]) -> tuple[socket.socket, Path]:
    """
    Bind and listen, in *home* where that is possible, else in the user's runtime folder, else in a temporary one.

    Whoever calls holds the daemon's lock: a socket that stands there already is a dead daemon's, and is replaced. Nothing
    else is ever removed.

    Returns:
        The socket, which takes connections but answers none yet, and its path.

    Raises:
        MachineError: No place took it.
    """
    troubles = []
    for path in places(home, environment):
        try:
            return bind_at(path), path
        except OSError as error:
            troubles.append(f"{path}: {error.strerror or error}")
    raise MachineError(
        f"no socket can be made: {'; '.join(troubles)}",
        where="the daemon",
        remedy="Set XDG_RUNTIME_DIR to a folder of yours with a short path.",
    )


def places(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Where the socket may be, best first; each folder is there and only ours."""
    name = f"{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}.sock"
    yield home / SOCKET_NAME
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "verifyd" / name
    yield Path(tempfile.gettempdir()) / f"verifyd-{os.geteuid()}" / name
    yield Path("/tmp") / f"verifyd-{os.geteuid()}" / name  # noqa: S108 - its folder is made 0700, or refused


def bind_at(path: Path) -> socket.socket:
    """Bind one place, 0600 from its first moment on; OSError when it cannot be done or something else stands there."""
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise OSError(f"longer than {LONGEST_PATH} bytes")
    make_private(path.parent)
    remove_socket(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        made.bind(os.fsencode(path))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    finally:
        os.umask(before)
    made.setblocking(False)
    return made


def make_private(folder: Path) -> None:
    """Make the folder, ours and 0700; OSError when somebody else's stands there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{folder} is not this user's own folder")
    if stat.S_IMODE(found.st_mode) & 0o077:
        os.chmod(folder, 0o700)


def remove_socket(path: Path) -> None:
    """Remove a socket that a dead daemon left; FileExistsError for anything else, which stays."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(f"something that is no socket stands at {path}")
    os.unlink(path)
