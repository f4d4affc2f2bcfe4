"""Tells what kind of file system a folder lies on, and whether other machines write to it unseen."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

REMOTE = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "davfs",
        "drvfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "lustre",
    }
    | {"ncpfs", "nfs", "nfs4", "prl_fs", "smb3", "smbfs", "v9fs", "vboxsf", "virtiofs", "vmhgfs"}
)
"""Linux tells only of what programs on this machine do; these are also written to from elsewhere."""


def remote_kind(path: str) -> str:
    """``nfs4`` or the like when the path lies on a file system that other machines write to; ``""`` otherwise, or unknown."""
    try:
        kind = kind_of(path, MOUNTS.read_text("utf-8", "surrogateescape"))
    except OSError:
        return ""
    return kind if kind in REMOTE else ""


def kind_of(path: str, mounts: str) -> str:
    """
    The kind of file system that an absolute path lies on.

    Args:
        mounts: Text of ``/proc/self/mountinfo``, proc_pid_mountinfo(5): the mount point is the fifth field, the kind the first
            after ``-``. A later mount hides an earlier one at the same point.
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        point = unescaped(fields.split(" ")[4]).rstrip("/")
        if len(point) >= len(best) and (path == point or path.startswith(point + "/")):
            best, kind = point, rest.split(" ")[0]
    return kind


def unescaped(field: str) -> str:
    r"""A field in which blanks, tabs, line ends and backslashes stand as ``\040`` and the like."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)
