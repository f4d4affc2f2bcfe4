"""Folders opened one part at a time, so that a link planted on the way is refused and not followed, and removed whole."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from verifyd.errors import StoreError

SEARCH = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Passing through a folder needs no right to list it; where O_PATH is unknown (macOS), it does."""
LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def open_folder(path: Path, *, make: bool = False) -> Iterator[int]:
    """
    A descriptor of the folder, to be used as ``dir_fd``: what it names stays the same whatever is renamed meanwhile.

    Args:
        path: Absolute; no part of it may be a link. A trusted part that may hold links (``/tmp`` on macOS) is resolved by
            the caller.
        make: Make what is missing, in the user's umask.

    Raises:
        StoreError: a part of the path is a link.
        OSError: FileNotFoundError and whatever else the system says.
    """
    descriptor = open_part(path.anchor or "/", path, None, make=False)
    try:
        for part in path.parts[1:]:
            inner = open_part(part, path, descriptor, make=make)
            os.close(descriptor)
            descriptor = inner
        listed = os.open(".", LIST, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    try:
        yield listed
    finally:
        os.close(listed)


def open_part(part: str, path: Path, within: int | None, *, make: bool) -> int:
    """One component of *path*, opened to pass through."""
    try:
        return os.open(part, SEARCH, dir_fd=within)
    except FileNotFoundError:
        if not make:
            raise
        make_part(part, within)
        return os.open(part, SEARCH, dir_fd=within)
    except OSError as error:
        if is_link(part, within):
            raise link_refusal(part, path) from error
        raise


def make_part(part: str, within: int | None) -> None:
    """One new folder; another process may have made it first."""
    try:
        os.mkdir(part, dir_fd=within)
    except FileExistsError:
        return


def is_link(name: str, within: int | None) -> bool:
    """Whether the name is a symbolic link, wherever that leads."""
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=within, follow_symlinks=False).st_mode)
    except OSError:
        return False


def link_refusal(part: str, path: Path) -> StoreError:
    """What is said of a link on the way."""
    return StoreError(
        f"{part!r} is a symbolic link, and verifyd writes through none: somebody may have put it there",
        where=str(path),
        remedy=f"Remove the link {part!r}, then run again.",
    )


def remove_tree(path: Path) -> None:
    """Remove a folder with all in it, folders without rights included; links are removed, not followed."""
    if not os.path.lexists(path):
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        allow_all(path)
        shutil.rmtree(path)


def allow_all(path: Path) -> None:
    """Give the user all rights to every folder below, so that it can be emptied."""
    path.chmod(0o700)
    for inside, folders, _ in os.walk(path):
        for folder in (Path(inside, name) for name in folders):
            if not folder.is_symlink():
                folder.chmod(0o700)
