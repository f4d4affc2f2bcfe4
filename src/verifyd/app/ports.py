"""What the application needs of the world, each need a small protocol; ``wiring`` alone knows who provides it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from verifyd.change import Change
from verifyd.pipeline import Approval
from verifyd.snapshot import Snapshot

if TYPE_CHECKING:
    pass  # the statistics behind it are not needed before a snapshot


class Clock(Protocol):
    """Moments and durations."""

    def now(self) -> datetime:
        """This moment, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since some fixed point; never goes back."""
        ...


class Repository(Struct, frozen=True, kw_only=True):
    """
    A git work tree.

    Attributes:
        root: Top folder, absolute, links resolved.
        git_dir: This work tree's own git folder, absolute.
        common_dir: The repository's shared git folder, absolute: the same for all linked work trees.
        substitute: Stands in for *home* for as long as this process lives, when *home* cannot be written; None otherwise.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    substitute: Path | None = None

    @property
    def home(self) -> Path:
        """Where everything of ours that belongs to this work tree is kept."""
        return self.git_dir / "verifyd"

    @property
    def state_dir(self) -> Path:
        """Where we write: *home*, or what stands in for it."""
        return self.home if self.substitute is None else self.substitute

    @property
    def report_dir(self) -> Path:
        """Where the readable files are written."""
        return self.root / ".verifyd"


class Guard(Protocol):
    """Watches the working tree by lstat, from the moment the snapshot was taken."""

    def moved(self) -> tuple[str, ...]:
        """Paths of the tree that differ from the snapshot's moment in content, mode, ctime or existence, sorted; new ones too."""
        ...


class Commit(Struct, frozen=True, kw_only=True):
    """A commit's id with its tree's."""

    commit: str
    tree: str


class Git(Protocol):
    """The git binary. Every method raises GitError when git refuses; none touches the user's repository, index or objects."""

    def keep_readers(self) -> None:
        """Start fewer processes, for a command that soon ends."""
        ...

    def version(self) -> str:
        """``git version 2.39.5``, as git says it; GitError when it is missing or too old."""
        ...

    def open_repository(self, start: Path) -> Repository:
        """The work tree that *start* lies in; GitError for none and for a bare one, saying so."""
        ...

    def snapshot_working_tree(self, repository: Repository, *, base: str) -> tuple[Snapshot, Guard]:
        """The tree as it is on disk, with a guard whose moment is the snapshot's. *base*: a ref, or ``auto`` for HEAD."""
        ...

    def snapshot_staged(self, repository: Repository, *, base: str) -> Snapshot:
        """The tree in the index: what a commit would hold."""
        ...

    def staged_id(self, repository: Repository) -> str:
        """The id of the tree that git would commit now; for a commit's hook alone."""
        ...

    def snapshot_committed(self, repository: Repository, ref: str, *, base: str) -> Snapshot:
        """The tree of a commit (or a tree id); ``auto`` counts the change from the first parent."""
        ...

    def change(self, snapshot: Snapshot) -> Change:
        """What differs between the base tree and the judged tree, renames found, generated files marked."""
        ...

    def paths_changed_between(self, repository: Repository, old_tree: str, new_tree: str) -> frozenset[str] | None:
        """Paths that differ between two trees; None when one of them is no longer known."""
        ...

    def read_file(self, repository: Repository, tree: str, path: str) -> bytes | None:
        """One file's content in a tree; None when it is not there."""
        ...

    def content_ids(self, repository: Repository, tree: str) -> Mapping[str, str]:
        """Every path of a tree with mode and blob id (``100644 <id>``): what a gate's inputs are keyed by."""
        ...

    def write_tree_to(self, repository: Repository, tree: str, folder: Path) -> None:
        """The tree's files, as a checkout would write them, into an empty folder."""
        ...

    def ignored_paths(self, repository: Repository) -> tuple[str, ...]:
        """What git ignores in the working tree, relative, whole folders as one entry without a trailing slash."""
        ...

    def newest_commits(self, repository: Repository, *, limit: int) -> tuple[Commit, ...]:
        """HEAD and its first parents, newest first; none where there is no commit."""
        ...

    def skipped_commits(self, repository: Repository, *, since: str | None) -> tuple[tuple[str, str], ...]:
        """(commit, reason) of those after *since*, HEAD itself in any case, that say they were made without a verdict, newest first."""
        ...

    def is_ancestor(self, repository: Repository, ancestor: str, commit: str) -> bool:
        """Whether *commit* descends from (or is) *ancestor*; False when one is unknown."""
        ...

    def local_environment_names(self) -> frozenset[str]:
        """Environment variables that tie git to one repository: removed from every gate's environment."""
        ...


class Approvals(Protocol):
    """Approvals in the user's state folder, one a repository, outside of it."""

    def read(self, repository: Repository) -> Approval | None:
        """The last approval; None when nothing was ever approved. StoreError when it cannot be read."""
        ...

    def write(self, repository: Repository, approval: Approval) -> Path:
        """Keep it; the file it went to (0600)."""
        ...


class Progress(Protocol):
    """Shows a run while it goes on, inside its ``with``."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def started(self, name: str, expected_s: float | None) -> None:
        """A gate was started."""
        ...

    def ended(self, name: str, status: str, reason: str | None, duration_s: float | None, *, reused: bool) -> None:
        """A gate has its verdict; *duration_s* is None when it was not run, and that of an earlier run when that is reused."""
        ...

    def keep(self) -> None:
        """No answer lists the gates after all: what was shown of each verdict stays."""
        ...


class Console(Protocol):
    """The terminal: answers to stdout, progress and questions to stderr."""

    def write_answer(self, text: str) -> None:
        """The answer, to stdout."""
        ...

    def say(self, text: str) -> None:
        """One line of progress, to stderr."""
        ...

    def can_ask(self) -> bool:
        """Whether a person sits at both ends."""
        ...

    def ask(self, question: str) -> bool:
        """Whether the person says yes; no is the default."""
        ...

    def answer_is_coloured(self) -> bool:
        """Whether the answer goes to a terminal that wants colour."""
        ...

    def width(self) -> int:
        """Columns of the terminal."""
        ...

    def progress(self, *, is_listed: bool = False) -> Progress:
        """Shows a run while it goes on; *is_listed* when an answer on stdout may list each gate afterwards."""
        ...
