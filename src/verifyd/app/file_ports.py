"""What the application needs of files on disk: reports, results, verdict files and the hooks of git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    pass  # the statistics behind it are not needed before a snapshot
from verifyd.app.ports import Repository


class FilesBeside(Struct, frozen=True, kw_only=True):
    """
    Files that are in no tree and that a gate may read all the same.

    Attributes:
        stamps: By path: what changes when the file is written, even with what it held before.
        overflow: The path at which there were too many to look at; empty when all were looked at.
    """

    stamps: Mapping[str, str]
    overflow: str = ""


class Files(Protocol):
    """Report files and results on disk."""

    def read(self, path: Path, *, limit_bytes: int) -> bytes | None:
        """At most *limit_bytes* + 1 bytes of a file; None when there is none."""
        ...

    def write_whole(self, path: Path, content: str | bytes, *, mode: int = 0o644, aside: Path | None = None) -> None:
        """Written whole (in the folder *aside* at first) and renamed into place: a reader sees the old or the new file, never a part."""
        ...

    def write_out(self, path: Path, text: str) -> None:
        """To where a person pointed: into a device or pipe, else a whole file, a link followed."""
        ...

    def remove(self, path: Path) -> None:
        """Gone afterwards; no error when it was not there."""
        ...

    def copy_matching(self, folder: Path, globs: Sequence[str], target: Path) -> tuple[Path, ...]:
        """Copy what the globs match below *folder* into *target*, links not followed out of it; the copies' paths."""
        ...

    def glob(self, folder: Path, pattern: str) -> tuple[Path, ...]:
        """Regular files below *folder* that match, sorted."""
        ...

    def stamps(self, paths: Sequence[Path]) -> Mapping[Path, tuple[int, int, int]]:
        """(mtime in ns, size, inode) of each path that exists."""
        ...

    def stamps_below(self, root: Path, paths: Sequence[str], *, most: int, by_name: bool = True) -> FilesBeside:
        """Stamps of the files at and below *paths*, relative to *root*; *by_name*: what tools make again left out."""
        ...

    def stamps_behind(self, root: Path, links: Sequence[str], *, most: int) -> FilesBeside:
        """Stamps of the files outside *root* that links in it lead to."""
        ...

    def open_binary(self, path: Path) -> BinaryIO:
        """A file to be streamed; FileNotFoundError when there is none. The caller closes it."""
        ...

    def size(self, path: Path) -> int | None:
        """Bytes; None when there is no such file."""
        ...

    def run_folders(self, folder: Path) -> tuple[Path, ...]:
        """Folders of earlier runs below *folder*, oldest first, those that a live process holds left out."""
        ...

    def held(self, folder: Path) -> AbstractContextManager[Path]:
        """A new folder that is marked as in use by this process inside the ``with``, and stays after it."""
        ...

    def link(self, path: Path, target: Path) -> None:
        """A symbolic link at *path*, unless something is there already; folders above it are made."""
        ...

    def can_write_in(self, folder: Path) -> bool:
        """Whether files can be made in a folder, which is made when it is not there."""
        ...

    def make_folder(self, path: Path) -> None:
        """The folder with those above it; no error when it is there. StoreError when it cannot be made."""
        ...

    def remove_tree(self, folder: Path) -> None:
        """The folder and all below it, links not followed; no error when it was not there."""
        ...

    def new_folder(self, path: Path) -> AbstractContextManager[Path]:
        """A folder that exists inside the ``with`` and is gone after it, whatever was put in it."""
        ...


class TreeVerdict(Struct, frozen=True, kw_only=True):
    """
    What one whole run found out about one tree, as the commit hook may believe it.

    Attributes:
        readiness: At the commit hook's door: ``ready``, ``not_ready`` or ``unproven``.
        base: Commit that the change was counted from, ``none`` for no commit; ``-`` where the verdict does not depend on it.
        base_name: ``auto`` or the ref that VERIFY.md counts from.
        pipeline: Digest of the approved pipeline that ran.
        measured_at: When the run began, UTC.
        rests_on: Files and folders outside the tree whose change ends it: programs, installed packages.
    """

    tree: str
    readiness: str
    base: str
    base_name: str
    pipeline: str
    measured_at: datetime
    rests_on: tuple[Path, ...] = ()


class VerdictFiles(Protocol):
    """One small file for each judged tree, which git and sh alone can check (docs/adr/0018)."""

    def write(self, repository: Repository, verdict: TreeVerdict, environment: Mapping[str, str]) -> None:
        """Keep it in place of an earlier one about the same tree. StoreError when it cannot be written."""
        ...

    def read(self, repository: Repository, tree: str, environment: Mapping[str, str]) -> TreeVerdict | None:
        """The verdict on a tree, if it is ours, of this environment and approval, and all that it rests on is as it was."""
        ...


class GitHooks(Protocol):
    """The hooks that ``verifyd install git`` left in a repository."""

    def are_installed(self, repository: Repository) -> bool:
        """Whether they were installed and not uninstalled since."""
        ...

    def commit_made_here(self, repository: Repository) -> str | None:
        """HEAD's commit when it was made by ``git commit`` in this very work tree; None otherwise, and where nobody knows."""
        ...
