"""Report files and results on disk: written whole, read up to a limit, copied within a limit, never through a planted link."""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from verifyd.edge.folders import open_folder
from verifyd.edge.matching import find_files
from verifyd.errors import StoreError

COPY_LIMIT_BYTES = 200_000_000
COPY_LIMIT_FILES = 5_000
LEFT_OUT_NAME = "LEFT_OUT.txt"
CHUNK_BYTES = 1024 * 1024

counter = itertools.count()


class NotCopiedError(Exception):
    """A file may not be copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFiles:
    """
    Files on the real disk.

    Writing and removing pass through no link: every path is absolute, and its trusted part was resolved by the caller
    (``Repository.root`` and ``git_dir`` are). An agent that may write in the repository alone could otherwise plant
    ``.verifyd`` as a link and have us write ``.gitignore`` where it points.

    Attributes:
        copy_limit_bytes: Most that one ``copy_matching`` copies; what is left out is listed in ``LEFT_OUT.txt`` beside it.
        copy_limit_files: The same in files.
    """

    copy_limit_bytes: int = COPY_LIMIT_BYTES
    copy_limit_files: int = COPY_LIMIT_FILES

    def read(self, path: Path, *, limit_bytes: int) -> bytes | None:
        """
        At most *limit_bytes* + 1 bytes of a file (one more, so that a longer one is noticed); None when there is none.

        Raises:
            StoreError: it is no regular file (a pipe would never end) or cannot be read.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise refusal(path, "read", error) from error
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    return file.read(limit_bytes + 1)
        except OSError as error:
            raise refusal(path, "read", error) from error
        finally:
            os.close(descriptor)
        raise StoreError("is not a regular file", where=str(path), remedy="Put a plain file there, or remove it.")

    def write_whole(self, path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
        """
        Write a file whole and rename it into place: whoever reads sees the old file or the new one, never a part.

        The folder is made if missing. Content and name are on the disk's medium when this returns. A link at *path* is
        replaced, not followed.

        Args:
            content: Text is written as UTF-8, with surrogates as the bytes they stand for.
            mode: Within the user's umask.

        Raises:
            StoreError: it is not written; the old file is still there (faults 2, 13 and 20).
        """
        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        try:
            with open_folder(path.absolute().parent, make=True) as folder:
                write_into(folder, path.name, data, mode)
                remove_leftovers(folder, path.name)
        except OSError as error:
            raise refusal(path, "written", error) from error

    def remove(self, path: Path) -> None:
        """
        Make sure there is no such file.

        Raises:
            StoreError: it is still there, or a link stands in the way to it.
        """
        try:
            with open_folder(path.absolute().parent) as folder:
                os.unlink(path.name, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise refusal(path, "removed", error) from error

    def copy_matching(self, folder: Path, globs: Sequence[str], target: Path) -> tuple[Path, ...]:
        """
        Copy what the globs match below *folder* into *target*, under the same relative names, for the user alone (0600).

        A glob that names a folder takes all below it. Links are left out. So is what goes past the limits or cannot be
        read: it is listed in ``LEFT_OUT.txt``, which is then one of the returned paths.

        Raises:
            StoreError: *target* cannot be written.
        """
        names = sorted(frozenset().union(*(find_files(folder, glob, whole_folders=True) for glob in globs)))
        copies: list[Path] = []
        left_out: list[str] = []
        space = self.copy_limit_bytes
        for name in names:
            try:
                if len(copies) >= self.copy_limit_files:
                    raise NotCopiedError(f"more than {self.copy_limit_files:,} files")
                space -= copy_file(folder, name, target, space)
            except (OSError, NotCopiedError, StoreError) as error:
                left_out.append(f"{printable(name)}: {reason(error)}")
                continue
            copies.append(target / name)
        if left_out:
            says = f"Not copied, {self.copy_limit_bytes:,} bytes and {self.copy_limit_files:,} files at most:\n"
            self.write_whole(target / LEFT_OUT_NAME, says + "".join(f"{line}\n" for line in left_out), mode=0o600)
            copies.append(target / LEFT_OUT_NAME)
        return tuple(copies)

    def glob(self, folder: Path, pattern: str) -> tuple[Path, ...]:
        """Regular files below *folder* that match (see ``matching.find_files``), sorted."""
        return tuple(folder / name for name in sorted(find_files(folder, pattern)))

    @contextmanager
    def new_folder(self, path: Path) -> Iterator[Path]:
        """
        A new and empty folder, the user's alone (0700), that is gone after the ``with``; leftovers of a crash are removed first.

        Raises:
            StoreError: it cannot be made or removed.
        """
        try:
            remove_tree(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
        except OSError as error:
            raise refusal(path, "made", error) from error
        try:
            yield path
        finally:
            try:
                remove_tree(path)
            except OSError as error:
                raise refusal(path, "removed", error) from error


def write_into(folder: int, name: str, data: bytes, mode: int) -> None:
    """Write, sync, rename, sync the folder; on failure nothing of ours stays."""
    temporary = f".{name}.{os.getpid()}-{next(counter)}.tmp"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, mode, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


def remove_leftovers(folder: int, name: str) -> None:
    """Remove what processes that were killed in the middle of writing this file left beside it."""
    leftover = re.compile(rf"\.{re.escape(name)}\.(\d+)-\d+\.tmp")
    for entry in os.listdir(folder):
        found = leftover.fullmatch(entry)
        if found is not None and not is_alive(int(found[1])):
            with suppress(OSError):
                os.unlink(entry, dir_fd=folder)


def is_alive(process: int) -> bool:
    """Whether a process of that number exists, whoever's it is."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


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


def refusal(path: Path, done: str, error: OSError) -> StoreError:
    """What a failure of the file system means to the person who asked."""
    remedies = {
        errno.ENOSPC: "Free some space, then run again.",
        errno.EDQUOT: "Free some space, then run again.",
        errno.EROFS: "Make the file system writable, then run again.",
        errno.EACCES: "Make the file and its folder accessible to you, then run again.",
        errno.EPERM: "Make the file and its folder accessible to you, then run again.",
        errno.EISDIR: "Remove the folder of that name, then run again.",
    }
    says = (error.strerror or str(error)).lower()
    remedy = remedies.get(error.errno or 0, "Look at the disk, then run again.")
    return StoreError(f"cannot be {done}: {says}", where=str(path), remedy=remedy)


def printable(name: str) -> str:
    """A file's name for a list: what a terminal would act on is spelled out."""
    return name if name.isprintable() else ascii(name)


def reason(error: OSError | NotCopiedError | StoreError) -> str:
    """Why a file was left out, without the path that is said already."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return error.problem if isinstance(error, StoreError) else str(error)
