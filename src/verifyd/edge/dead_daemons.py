"""What daemons left in the state folder that were killed and never started again: removed by the next one, whoever's it is."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from verifyd.edge.daemon_address import file_of, read_file
from verifyd.edge.daemon_lock import is_held
from verifyd.edge.daemon_place import by_short_name

LEFT_FOR = timedelta(days=7)
"""Where two machines share a home, the other one's daemon listens on a socket that refuses us, for a repository that we may not see."""
CONNECT_S = 0.5


def remove_dead(folder: Path, now: datetime) -> None:
    """Remove sockets and addresses that are old, that nobody listens on, and whose git folder nobody has locked."""
    for path in folder.glob("*.sock"):
        with suppress(OSError):
            made_at = datetime.fromtimestamp(os.lstat(path).st_mtime, UTC)
            if now - made_at > LEFT_FOR and not is_listened_on(path) and not has_daemon(path):
                file_of(str(path)).unlink(missing_ok=True)
                path.unlink()


def is_listened_on(path: Path) -> bool:
    """Whether anything but a refusal comes of connecting."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(CONNECT_S)
        try:
            by_short_name(os.fspath(path), client.connect)
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True


def has_daemon(path: Path) -> bool:
    """Whether the git folder that the address names has a daemon, though it does not listen here."""
    address = read_file(file_of(os.fspath(path)))
    return address is not None and is_held(Path(address.git_dir) / "verifyd")
