"""Report files and results on disk: written whole, read up to a limit, copied within a limit, never through a planted link."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from verifyd.app.file_ports import FilesBeside
from verifyd.edge.file_copying import CopyLimit, copy_files
from verifyd.edge.file_writing import refusal, refusing, remove_leftovers, write_into
from verifyd.edge.folders import open_folder, remove_tree
from verifyd.edge.ignored_files import stamp_files, stamp_links
from verifyd.edge.locking import let_go
from verifyd.edge.matching import find_files
from verifyd.edge.run_folders import free_folders, hold_folder
from verifyd.errors import StoreError

LEFT_OUT_NAME = "LEFT_OUT.txt"


class DiskFiles(Struct, frozen=True, kw_only=True):
    """
    Files on the real disk.

    Writing and removing pass through no link: every path is absolute, and its trusted part was resolved by the caller
    (``Repository.root`` and ``git_dir`` are). An agent that may write in the repository alone could otherwise plant
    ``.verifyd`` as a link and have us write ``.gitignore`` where it points.

    Attributes:
        copy_limit_bytes: Most that one ``copy_matching`` copies.
        copy_limit_files: The same in files.
    """

    copy_limit_bytes: int = 200_000_000
    copy_limit_files: int = 5_000

    def read(self, path: Path, *, limit_bytes: int) -> bytes | None:
        """
        At most *limit_bytes* + 1 bytes of a file (one more, so that a longer one is noticed); None when there is none.

        Raises:
            StoreError: it is no regular file (a pipe would never end) or cannot be read.
        """
        try:
            file = self.open_binary(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with file, refusing(path, "read"):
            return file.read(limit_bytes + 1)

    def open_binary(self, path: Path) -> BinaryIO:
        """
        A file to be streamed; the caller closes it.

        Raises:
            FileNotFoundError, NotADirectoryError: there is none.
            StoreError: it is no regular file or may not be read.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            raise
        except OSError as error:
            raise refusal(path, "read", error) from error
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
        raise StoreError("is not a regular file", where=str(path), remedy="Put a plain file there, or remove it.")

    def size(self, path: Path) -> int | None:
        """Bytes; None when there is no such regular file."""
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def stamps(self, paths: Sequence[Path]) -> Mapping[Path, tuple[int, int, int]]:
        """(mtime in ns, size, inode) of each path that exists."""
        found: dict[Path, tuple[int, int, int]] = {}
        for path in paths:
            try:
                status = path.stat()
            except OSError:
                continue
            found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found

    def stamps_below(self, root: Path, paths: Sequence[str], *, most: int, by_name: bool = True) -> FilesBeside:
        """Stamps of the files at and below *paths*, relative to *root*; *by_name*: what tools make again left out."""
        return stamp_files(root, paths, most=most, by_name=by_name)

    def stamps_behind(self, root: Path, links: Sequence[str], *, most: int) -> FilesBeside:
        """Stamps of the files outside *root* that links in it lead to."""
        return stamp_links(root, links, most=most)

    def write_whole(self, path: Path, content: str | bytes, *, mode: int = 0o644, aside: Path | None = None) -> None:
        """
        Write a file whole and rename it into place: whoever reads sees the old file or the new one, never a part.

        The folder is made if missing. Content and name are on the disk's medium when this returns. A link at *path* is
        replaced, not followed.

        Args:
            content: Text is written as UTF-8, with surrogates as the bytes they stand for.
            mode: Within the user's umask.
            aside: A folder to write it in at first, so that its own never has an unfinished file in it; of no use where it is
                on another file system.

        Raises:
            StoreError: it is not written, or not safely; what is there is whole all the same (faults 2, 13 and 20).
        """
        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        with refusing(path, "written"), open_folder(path.absolute().parent, make=True) as folder:
            if aside is None or not wrote_aside(folder, path.name, data, mode, aside):
                write_into(folder, path.name, data, mode)
                remove_leftovers(folder, path.name)

    def write_out(self, path: Path, text: str) -> None:
        """
        Write where a person pointed (``--output``): into a device or pipe, else a whole file; a link is followed.

        A rename in place of ``/dev/null`` would take it from the whole machine.

        Raises:
            StoreError: it is not written.
        """
        if path.exists() and not path.is_file() and not path.is_dir():
            with refusing(path, "written"), path.open("wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
        else:
            self.write_whole(path.resolve(), text)

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
        read: it is listed in ``LEFT_OUT.txt``, which is then the last of the returned paths.

        Raises:
            StoreError: *target* cannot be written.
        """
        limit = CopyLimit(size_bytes=self.copy_limit_bytes, files=self.copy_limit_files)
        copies, left_out = copy_files(folder, globs, target, limit)
        if not left_out:
            return copies
        says = f"Not copied; {limit.size_bytes:,} bytes and {limit.files:,} files are the most:\n"
        self.write_whole(target / LEFT_OUT_NAME, says + "".join(f"{line}\n" for line in left_out), mode=0o600)
        return (*copies, target / LEFT_OUT_NAME)

    def glob(self, folder: Path, pattern: str) -> tuple[Path, ...]:
        """Regular files below *folder* that match (see ``matching.find_files``), sorted."""
        return tuple(folder / name for name in sorted(find_files(folder, pattern)))

    def run_folders(self, folder: Path) -> tuple[Path, ...]:
        """Folders of earlier runs in *folder*, in the order they were made, those that a live process holds left out."""
        return free_folders(folder)

    @contextmanager
    def held(self, folder: Path) -> Iterator[Path]:
        """
        A new folder (0700) that is marked as in use by this process inside the ``with``, and stays after it.

        Raises:
            StoreError: it cannot be made, or is there already.
        """
        with refusing(folder, "made"):
            descriptor = hold_folder(folder)
        try:
            yield folder
        finally:
            let_go(descriptor)

    def link(self, path: Path, target: Path) -> None:
        """
        A symbolic link at *path*, unless something is there already; folders above it are made.

        Raises:
            StoreError: it cannot be made.
        """
        with refusing(path, "made"):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(path):
                path.symlink_to(target)

    def can_write_in(self, folder: Path) -> bool:
        """Whether files can be made in a folder, which is made when it is not there; found out by making one."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return True
        except OSError:
            return False

    def make_folder(self, path: Path) -> None:
        """
        The folder with those above it, 0700; no error when it is there.

        Raises:
            StoreError: it cannot be made.
        """
        with refusing(path, "made"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove_tree(self, folder: Path) -> None:
        """
        Make sure there is no such folder, nor anything below it; links are removed, not followed.

        Raises:
            StoreError: something of it is still there.
        """
        with refusing(folder, "removed"):
            remove_tree(folder)

    @contextmanager
    def new_folder(self, path: Path) -> Iterator[Path]:
        """
        A new and empty folder, the user's alone (0700), that is gone after the ``with``; leftovers of a crash are removed first.

        Raises:
            StoreError: it cannot be made or removed.
        """
        with refusing(path, "made"):
            remove_tree(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
        try:
            yield path
        finally:
            self.remove_tree(path)


def wrote_aside(folder: int, name: str, data: bytes, mode: int, aside: Path) -> bool:
    """Write a file in the folder *aside* and rename it into its own; False where they are on different file systems."""
    with open_folder(aside.absolute(), make=True) as first:
        remove_leftovers(first, name)
        try:
            write_into(folder, name, data, mode, aside=first)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
    return True
