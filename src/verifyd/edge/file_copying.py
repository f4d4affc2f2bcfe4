"""Files that globs match, copied within a limit and through no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from verifyd.edge.folders import open_folder
from verifyd.edge.matching import find_files
from verifyd.errors import StoreError

CHUNK_BYTES = 1024 * 1024


class NotCopiedError(Exception):
    """A file may not be copied."""


class CopyLimit(Struct, frozen=True, kw_only=True):
    """Most that is copied at once."""

    size_bytes: int
    files: int


def copy_files(
    folder: Path, globs: Sequence[str], target: Path, limit: CopyLimit
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Copy what matches below *folder* into *target*; the copies, and a line for each file that was left out."""
    names = frozenset[str]().union(*(find_files(folder, glob, whole_folders=True) for glob in globs))
    copies: list[Path] = []
    left_out: list[str] = []
    space_bytes = limit.size_bytes
    for name in sorted(names):
        try:
            if len(copies) >= limit.files:
                raise NotCopiedError("too many files")
            space_bytes -= copy_file(folder, name, target, space_bytes)
        except (OSError, NotCopiedError, StoreError) as error:
            left_out.append(f"{printable(name)}: {reason(error)}")
        else:
            copies.append(target / name)
    return tuple(copies), tuple(left_out)


def copy_file(folder: Path, name: str, target: Path, limit_bytes: int) -> int:
    """Copy one file; its size in bytes. NotCopiedError, with nothing kept, past the limit, even while it grows."""
    destination = target.absolute() / name
    with (
        open_source(folder.resolve() / name, limit_bytes) as source,
        open_folder(destination.parent, make=True) as inside,
    ):
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(destination.name, flags, 0o600, dir_fd=inside), "wb") as copy:
                return copy_bytes(source, copy, limit_bytes)
        except (OSError, NotCopiedError):
            with suppress(OSError):
                os.unlink(destination.name, dir_fd=inside)
            raise


@contextmanager
def open_source(path: Path, limit_bytes: int) -> Iterator[BinaryIO]:
    """A regular file of at most that size, reached through no link."""
    with open_folder(path.parent) as inside:
        descriptor = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=inside)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotCopiedError("not a regular file")
        if found.st_size > limit_bytes:
            raise NotCopiedError(f"too large: {found.st_size:,} bytes")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def copy_bytes(source: BinaryIO, copy: BinaryIO, limit_bytes: int) -> int:
    """Copy to the end of the source; the number of bytes."""
    copied = 0
    while chunk := source.read(CHUNK_BYTES):
        copied += len(chunk)
        if copied > limit_bytes:
            raise NotCopiedError("too large: it grew while it was copied")
        copy.write(chunk)
    return copied


def printable(name: str) -> str:
    """A file's name for a list: what a terminal would act on is spelled out."""
    return name if name.isprintable() else ascii(name)


def reason(error: OSError | NotCopiedError | StoreError) -> str:
    """Why a file was left out, without the path that is said already."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return error.problem if isinstance(error, StoreError) else str(error)
