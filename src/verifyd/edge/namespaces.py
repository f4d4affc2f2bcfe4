"""
A folder mounted over another's path, for this process and its children alone; what they change in it is set aside.

Paths stay the same inside, so absolute paths, editable installs and caches keep working; nothing can be seen outside.
Sources: user_namespaces(7), mount_namespaces(7), the kernel's overlayfs documentation.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from stat import S_ISDIR

from verifyd.edge import linux, overlay_changes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT_FLAGS = {  # statvfs's flags and mount's: a remount in a user namespace may not drop one
    os.ST_NOSUID: linux.MS_NOSUID,
    getattr(os, "ST_NODEV", 0): linux.MS_NODEV,
    getattr(os, "ST_NOEXEC", 0): linux.MS_NOEXEC,
    getattr(os, "ST_NOATIME", 0): linux.MS_NOATIME,
    getattr(os, "ST_NODIRATIME", 0): linux.MS_NODIRATIME,
    getattr(os, "ST_RELATIME", 0): linux.MS_RELATIME,
}


class View:
    """
    A view that this process may enter once.

    Args:
        folder: What is seen; nothing in it changes.
        at: Over which path.
        shared: Paths relative to *at* that come through from what lies there now, and are really written to. ``.git`` comes
            through in any case and is read-only, but for paths below it that are named here. Where *folder* has such a path
            itself, *folder*'s is seen.
        kept: Existing folder for the files that are created or changed; None to throw them away.

    Attributes:
        modified: From *leave* on: what was modified, as *overlay_changes.differences* says.
    """

    def __init__(self, folder: str, at: str, shared: Iterable[str] = (), kept: str | None = None) -> None:
        self._folder = folder
        self._at = at
        self._shared = sorted({".git", *shared})
        self._kept = kept
        self.modified: list[str] = []
        self._changes = f"{folder}.changes-{os.getpid()}"
        self._upper = os.path.join(self._changes, "upper")

    def enter(self) -> None:
        """Go into namespaces of our own and mount everything; OSError when the kernel refuses any of it."""
        os.mkdir(self._changes, 0o700)
        _enter_namespaces()
        links = {path: os.readlink(real) for path, real in self._real_paths() if os.path.islink(real)}
        files = {path: os.open(real, linux.O_PATH) for path, real in self._real_paths() if not os.path.islink(real)}
        try:
            self._mount_overlay()
            for path, target in links.items():
                os.makedirs(os.path.dirname(self._seen(path)), exist_ok=True)
                os.symlink(target, self._seen(path))
            for path, source in files.items():
                _bind(source, self._seen(path), read_only=path == ".git")
        finally:
            for source in files.values():
                os.close(source)

    def leave(self) -> list[str]:
        """What was modified; what was set aside is moved to where it is kept, which may raise OSError, or removed."""
        besides = frozenset(self._shared)
        try:
            self.modified = overlay_changes.differences(self._upper, self._folder, besides=besides)
            if self._kept is not None:
                overlay_changes.move(self._upper, self._folder, self._kept, besides=besides)
        finally:
            self.discard()
        return self.modified

    def discard(self) -> None:
        """Remove what was set aside, however far *enter* came."""
        os.chdir("/")
        for mounted in (self._at, self._changes):
            with suppress(OSError):
                linux.unmount(mounted)
        overlay_changes.remove(self._changes)

    def _seen(self, path: str) -> str:
        return os.path.join(self._at, path)

    def _real_paths(self) -> list[tuple[str, str]]:
        """What is shared and exists, and not in the folder too; parents before what is in them."""
        return [
            (path, self._seen(path))
            for path in self._shared
            if os.path.lexists(self._seen(path)) and not os.path.lexists(os.path.join(self._folder, path))
        ]

    def _mount_overlay(self) -> None:
        try:
            self._try_overlay()
        except OSError:  # not every file system can hold the changes: an overlay, as containers have it, cannot
            linux.mount("tmpfs", self._changes, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=0700")
            self._try_overlay()

    def _try_overlay(self) -> None:
        work = os.path.join(self._changes, "work")
        for folder in (self._upper, work):
            os.makedirs(folder, exist_ok=True)
        paths = {"lowerdir": self._folder, "upperdir": self._upper, "workdir": work}
        options = [f"{name}={_escaped(path)}" for name, path in paths.items()]
        # As a kernel's defaults may have it, a changed mode or name would leave a file in *upper* without its content.
        options.append("userxattr" if _in_user_namespace() else "redirect_dir=off,metacopy=off,index=off")
        linux.mount("overlay", self._at, "overlay", 0, ",".join(options))
        with suppress(FileNotFoundError):  # made with mode 0, which nobody but root could remove
            os.chmod(os.path.join(work, "work"), 0o700)


def probe(folder: str) -> None:
    """
    Do what gates do, in a view whose files are below *folder*; this process stays in the namespaces.

    Raises:
        OSError: No view can be had, and why.
    """
    home = os.path.join(folder, f"verifyd-probe-{os.getpid()}")
    os.mkdir(home, 0o700)
    try:
        _try_view(os.path.join(home, "judged"), os.path.join(home, "real"))
    finally:
        overlay_changes.remove(home)


def _try_view(judged: str, real: str) -> None:
    for path in (judged, f"{judged}/old", real):
        os.mkdir(path)
    _write(f"{judged}/old/file", "judged")
    view = View(judged, real)
    try:
        view.enter()
        _write(f"{real}/old/file", "changed")
        os.unlink(f"{real}/old/file")
        os.rmdir(f"{real}/old")
        os.mkdir(f"{real}/old")  # where the file system cannot note that nothing shows through, this fails
        _write(f"{real}/new", "new")
        modified = view.leave()
    except OSError:
        view.discard()
        raise
    if modified != ["new", "old/file"]:
        raise OSError(errno.ENOTSUP, f"a view does not tell what was changed in it: {modified}", real)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _enter_namespaces() -> None:
    """
    A mount namespace; for everybody but root in a user namespace, which allows an ordinary user the former.

    Root stays root: in a user namespace with one user in it, a gate could become nobody else.
    """
    if os.geteuid() == 0:
        try:
            linux.unshare(linux.CLONE_NEWNS)
        except PermissionError:  # root of a container, without CAP_SYS_ADMIN
            _enter_user_namespace()
    else:
        _enter_user_namespace()
    linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)


def _enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNS)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _in_user_namespace() -> bool:
    """Whether this is another user namespace than the machine's first, which maps all ids to themselves."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return file.read().split() != ["0", "0", "4294967295"]


def _bind(source: int, target: str, *, read_only: bool) -> None:
    """Mount what *source* is open on at *target*, which is made when it is not there."""
    mode = os.fstat(source).st_mode
    if not os.path.lexists(target):
        os.makedirs(target if S_ISDIR(mode) else os.path.dirname(target), exist_ok=True)
        if not S_ISDIR(mode):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    linux.mount(f"/proc/self/fd/{source}", target, "", linux.MS_BIND | linux.MS_REC)
    if read_only:
        present = os.statvfs(target).f_flag
        kept = sum(mount_flag for flag, mount_flag in _KEPT_FLAGS.items() if present & flag)
        linux.mount("none", target, "", linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | kept)


def _escaped(path: str) -> str:
    """As an overlay's options want it, where commas and colons separate."""
    return path.replace("\\", "\\\\").replace(",", "\\,").replace(":", "\\:")
