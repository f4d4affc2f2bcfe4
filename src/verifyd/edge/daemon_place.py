"""
Where a work tree's daemon listens: in the user's state folder, which nobody can write who is kept to the repository and its ``.git``.

The place follows from the git folder alone, so no file has to say where it is: whoever answers there was let in by the user. Only what
Python has loaded anyway is imported: the quick client asks after each edit.
"""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_NAME = 103 if sys.platform == "darwin" else 107
"""Bytes of ``sun_path``, its last zero left out (fault 68)."""


def state_folder() -> str:
    """Where the user's state is kept, as platformdirs finds it; what is not absolute counts as not set (XDG Base Directory 0.8)."""
    named = os.environ.get("XDG_STATE_HOME", "")
    if named.startswith("/"):
        return f"{named.rstrip('/')}/verifyd"
    inside = "Library/Application Support" if sys.platform == "darwin" else ".local/state"
    return f"{home_folder().rstrip('/')}/{inside}/verifyd"


def home_folder() -> str:
    """The user's own folder; the root where neither HOME nor the list of users says."""
    named = os.environ.get("HOME", "")
    if named.startswith("/"):
        return named
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


def socket_of(git_dir: str) -> str:
    """The path of the socket of this git folder's daemon, whether one listens or not; OSError when there is no such folder."""
    return f"{state_folder()}/daemons/{name_of(git_dir)}.sock"


def name_of(git_dir: str) -> str:
    """
    What a git folder is called in the state folder; OSError when there is no such folder.

    The kernel knows it so, by device and inode: short, the same by whatever path, and another one for each folder of a machine,
    where two containers with one state folder may well call two repositories the same.
    """
    found = os.stat(git_dir)
    return f"{found.st_dev}-{found.st_ino}"


def sign_of(root: str, git_dir: str) -> str:
    """
    What a daemon signs each answer with: the work tree that it is about, as its top folder and its git folder, both hexadecimal.

    The git folder alone does not say it: a ``.git`` file makes any folder a work tree of a git folder that has a daemon already.
    """
    return f"{os.fsencode(root).hex()}-{os.fsencode(git_dir).hex()}"


def by_short_name(path: str, use: Callable[[str], None]) -> None:
    """
    Bind or connect a socket by a name that the kernel takes, however long its path is.

    Raises:
        OSError: What *use* raises; where there is no /proc, ENAMETOOLONG.
    """
    if len(os.fsencode(path)) <= LONGEST_NAME:
        use(path)
        return
    if not os.path.isdir("/proc/self/fd"):
        raise OSError(errno.ENAMETOOLONG, f"longer than {LONGEST_NAME} bytes", path)
    folder, name = os.path.split(path)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        use(f"/proc/self/fd/{opened}/{name}")
    finally:
        os.close(opened)
