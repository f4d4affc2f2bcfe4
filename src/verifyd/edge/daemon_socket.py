"""A work tree's Unix socket that only its user can open, bound by us: what binds it otherwise makes it open to everybody."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from verifyd.edge.daemon_place import by_short_name
from verifyd.errors import MachineError

BACKLOG = 128


class BoundSocket(Struct, frozen=True, kw_only=True):
    """
    A socket that takes connections; somebody else has to answer them.

    Attributes:
        file: Device and inode of its file: another daemon's may stand at the path later.
    """

    listening: socket.socket
    path: Path
    file: tuple[int, int]

    def moved_to(self, path: Path) -> BoundSocket:
        """
        The same socket, found at *path* from now on; a dead daemon's that stands there is replaced, nothing else.

        Raises:
            MachineError: It cannot be moved, or something else stands there.
        """
        with refusing(path):
            remove_socket(path)
            os.rename(self.path, path)
        return replace(self, path=path)

    def close(self) -> None:
        """Take no more connections, and remove the file if it is still ours."""
        self.listening.close()
        with suppress(OSError):
            if file_at(self.path) == self.file:
                self.path.unlink()


def bind_socket(path: Path) -> BoundSocket:
    """
    Bind and listen at *path*, 0600 from its first moment on, in a folder of 0700.

    Whoever calls holds the daemon's lock: a socket that stands there already is a dead daemon's, and is replaced. Nothing
    else is ever removed.

    Raises:
        MachineError: It cannot be done, or something else stands there.
    """
    with refusing(path):
        make_private(path.parent)
        remove_socket(path)
        return BoundSocket(listening=bound(path), path=path, file=file_at(path))


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what the system refuses inside the ``with`` into a MachineError."""
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"no socket can be made at {path}: {error.strerror.lower() if error.strerror else error}",
            where="the daemon",
            remedy="Make the folder writable for you, or set XDG_STATE_HOME to a folder of yours outside the repository.",
        ) from error


def bound(path: Path) -> socket.socket:
    """The socket, which listens; OSError when it cannot be bound."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        by_short_name(os.fspath(path), made.bind)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    finally:
        os.umask(before)
    made.setblocking(False)
    return made


def file_at(path: Path) -> tuple[int, int]:
    """Device and inode; OSError when nothing is there."""
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def make_private(folder: Path) -> None:
    """Make the folder, ours and 0700; OSError when somebody else's stands there."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
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
