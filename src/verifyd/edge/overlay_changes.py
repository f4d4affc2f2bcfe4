"""What an overlay's upper folder says against its lower one: the paths that were changed, created or deleted."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from stat import S_IFMT, S_ISCHR, S_ISLNK, S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_CREATED = 10_000
"""More created files than this are left out: a whole install, or the like. Changed and deleted ones never are."""
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
_READ_BYTES = 1 << 20
_EXECUTABLE = 0o111


def differences(upper: str, lower: str, *, besides: frozenset[str]) -> list[str]:
    """
    Paths relative to both, sorted: those of *lower* that are changed or gone, and those that are new.

    What git would not see is left out: files opened for writing or touched but the same, modes but for the executable
    bits, empty folders. So is everything below a path in *besides*.
    """
    found = dict(_differences(upper, lower, "", besides))
    created = sorted(path for path, is_new in found.items() if is_new)
    return sorted([path for path, is_new in found.items() if not is_new] + created[:MOST_CREATED])


def move(upper: str, lower: str, target: str, *, besides: frozenset[str]) -> None:
    """
    Move the files that are new or changed into the folder *target*, under their relative paths.

    Links are left behind, so that none in *target* leads out of it. So are files in the place of which *target* has a folder,
    and the reverse.
    """
    for path, _ in list(_differences(upper, lower, "", besides)):
        source, destination = os.path.join(upper, path), os.path.join(target, path)
        if os.path.isfile(source) and not os.path.islink(source):
            with suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
                os.makedirs(os.path.dirname(destination), exist_ok=True)
                _move_file(source, destination)


def remove(folder: str) -> None:
    """The folder and all below it, links not followed; no error when it was not there."""
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in files:
            os.unlink(os.path.join(parent, name))
        for name in folders:
            path = os.path.join(parent, name)
            if os.path.islink(path):
                os.unlink(path)
            else:
                os.rmdir(path)
    if os.path.lexists(folder):
        os.rmdir(folder)


def _differences(upper: str, lower: str, prefix: str, besides: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """(path, whether it is new) of everything that differs."""
    for name in os.listdir(upper):
        path, above, below = prefix + name, os.path.join(upper, name), os.path.join(lower, name)
        if path in besides:
            continue
        if _is_folder(above):
            if _is_opaque(above) or not _is_folder(below):
                yield from _gone(below, above, path)
            yield from _differences(above, below, path + "/", besides)
        elif _is_whiteout(above):
            yield from _gone(below, above, path)
        elif not os.path.lexists(below):
            yield path, True
        elif _is_folder(below):
            yield path, False
            yield from _gone(below, above, path)
        elif not _is_same(above, below):
            yield path, False


def _gone(below: str, above: str, path: str) -> Iterator[tuple[str, bool]]:
    """The lower file, or every file below the lower folder, where the upper has nothing that could be compared to it."""
    if _is_folder(below):
        for name in os.listdir(below):
            yield from _gone(os.path.join(below, name), os.path.join(above, name), f"{path}/{name}")
    elif os.path.lexists(below) and (_is_folder(above) or not os.path.lexists(above) or _is_whiteout(above)):
        yield path, False


def _is_same(one: str, other: str) -> bool:
    """Whether git would see no difference between two paths that are no folders."""
    left, right = os.lstat(one), os.lstat(other)
    if S_IFMT(left.st_mode) != S_IFMT(right.st_mode):
        return False
    if S_ISLNK(left.st_mode):
        return os.readlink(one) == os.readlink(other)
    if not S_ISREG(left.st_mode):
        return True
    if left.st_size != right.st_size or bool(left.st_mode & _EXECUTABLE) != bool(right.st_mode & _EXECUTABLE):
        return False
    with open(one, "rb") as first, open(other, "rb") as second:
        while portion := first.read(_READ_BYTES):
            if portion != second.read(_READ_BYTES):
                return False
    return True


def _move_file(source: str, destination: str) -> None:
    try:
        os.rename(source, destination)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with open(source, "rb") as read, open(destination, "wb") as written:
            while portion := read.read(_READ_BYTES):
                written.write(portion)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _is_whiteout(path: str) -> bool:
    """How an overlay says that the lower file is deleted."""
    status = os.lstat(path)
    return S_ISCHR(status.st_mode) and status.st_rdev == 0


def _is_opaque(folder: str) -> bool:
    """Whether nothing of the lower folder shows through."""
    for name in _OPAQUE:
        with suppress(OSError):
            if os.getxattr(folder, name, follow_symlinks=False) == b"y":
                return True
    return False
