"""What the application needs of the world, each need a small protocol; ``wiring`` alone knows who provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol

from verifyd.change import Change
from verifyd.outcome import End
from verifyd.pipeline import Approval
from verifyd.snapshot import Snapshot

if TYPE_CHECKING:
    from verifyd.timing import Sample  # the statistics behind it are not needed before a snapshot


class Clock(Protocol):
    """Moments and durations."""

    def now(self) -> datetime:
        """This moment, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since some fixed point; never goes back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit's id with its tree's."""

    commit: str
    tree: str


class Git(Protocol):
    """The git binary. Every method raises GitError when git refuses; none touches the user's repository, index or objects."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenView:
    """
    A folder that a process sees in place of another.

    Attributes:
        folder: Where the judged tree was written.
        at: The repository's own path: *folder* is mounted over it, in the process's private namespace.
        shared: Paths below *at*, relative, that come through from the real tree (what git ignores; ``.git`` read-only).
        changes: Existing folder that receives the files which the process created or changed in its view, under their
            relative paths, when it has ended; None to throw them away.
    """

    folder: Path
    at: Path
    shared: tuple[str, ...] = ()
    changes: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """
    One process tree to run under supervision.

    Attributes:
        name: For messages: the gate's name, or ``<gate>:server``.
        mark: Value of ``VERIFYD_RUN`` in *environment*: what finds strays.
        environment: The whole environment, nothing is inherited.
        log: Receives stdout and stderr, interleaved; created.
        log_cap_bytes: Past it the middle is left out: the head and the tail stay.
        timeout_s: None for no limit (a server).
        grace_s: Seconds after SIGINT, and again after SIGTERM, before the next signal.
        max_processes: More than this many at once ends the job as TOO_MANY_PROCESSES.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    mark: str
    log: Path
    log_cap_bytes: int = 32 * 1024 * 1024
    timeout_s: float | None = None
    grace_s: float = 2.0
    max_processes: int = 2000
    view: FrozenView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """
    How a job ended. When this exists, no process of the job is left.

    Attributes:
        exit_code: None unless *end* is EXITED; negative is -signal.
        duration_s: Seconds, start to the end of the job's own process, the clean-up after it left out.
        cpu_s: Of the whole tree, orphans included.
        modified: Paths the job changed in its frozen view, relative; empty otherwise.
        leaked: Processes alive after the job's own process had ended by itself; all were ended.
        trouble: What the machine said, for NOT_STARTED; empty otherwise.
    """

    end: End
    exit_code: int | None
    duration_s: float
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0
    log_bytes: int = 0
    log_lost: bool = False
    modified: tuple[str, ...] = ()
    leaked: int = 0
    trouble: str = ""


class Running(Protocol):
    """A job under way."""

    async def wait(self) -> JobEnd:
        """Until it has ended. Cancelling the wait stops the job (shielded) before the cancellation goes on."""
        ...

    async def stop(self) -> JobEnd:
        """SIGINT, SIGTERM, SIGKILL, each after the grace period, then everything the supervisor holds. Ends as CANCELLED."""
        ...

    def has_ended(self) -> bool:
        """Whether the job's own process is gone."""
        ...


class Processes(Protocol):
    """Supervised process trees."""

    async def start(self, job: Job) -> Running:
        """Start it; a job that cannot be started ends as NOT_STARTED instead of raising."""
        ...

    def can_freeze(self) -> bool:
        """Whether this machine can mount a view over the repository's path (probed once)."""
        ...

    def freezing_trouble(self) -> str:
        """What the machine said when the probe of ``can_freeze`` failed; empty when it can freeze."""
        ...

    async def is_reachable(self, address: str) -> bool:
        """Whether a URL answers with a status below 500, or a ``host:port`` accepts a connection."""
        ...

    def free_port(self) -> int:
        """A TCP port on loopback that nobody listens on now."""
        ...


class ProcessesFactory(Protocol):
    """Opens the supervisor for one run or one daemon life; leaving it ends every job."""

    def __call__(self) -> AbstractAsyncContextManager[Processes]:
        """Enter it to start, leave it to end all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRun:
    """
    One finished gate as history keeps it.

    Attributes:
        key: Action key; None when the result must not be reused.
        fingerprints: Of its failure, for counting attempts; empty unless it makes a task.
        tests_ran: None when its evidence counts no tests.
        reused: True when an earlier result with the same key answered: no sample, and never reused itself.
        report: The gate's entry of readiness.json, as JSON, for answering again without running.
        load: One-minute load average of the machine when it started.
    """

    gate: str
    tree: str
    head: str | None
    status: str
    reason: str | None
    exit_code: int | None
    started_at: datetime
    duration_s: float
    cpu_s: float
    peak_rss_bytes: int
    tests_total: int | None = None
    tests_ran: int | None = None
    tests_failed: int | None = None
    findings: int = 0
    key: str | None = None
    reused: bool = False
    load: float = 0.0
    fingerprints: tuple[str, ...] = ()
    report: str = ""
    log: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """
    One pass over a tree as history keeps it.

    Attributes:
        whole: False when only gates asked for by name were run.
        report: readiness.json's content, the task inside; empty when it was not kept.
    """

    tree: str
    base: str | None
    head: str | None
    pipeline: str
    door: str
    readiness: str
    reason: str | None
    started_at: datetime
    duration_s: float
    whole: bool
    gates: tuple[GateRun, ...] = field(default=())
    report: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRun:
    """A whole run that was ready: its tree, and what HEAD was."""

    tree: str
    head: str | None


class Store(Protocol):
    """
    History of one work tree. Every method raises StoreError when the database cannot serve.

    A corrupt database is moved aside as ``history.db.corrupt-<time>`` and begun anew; *notes* says so.
    """

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know: moved aside, read-only and so not saved, full disk."""
        ...

    def add_run(self, run: RunRecord) -> None:
        """Keep a finished run with its gates, all or nothing."""
        ...

    def newest_run(self, *, tree: str, pipeline: str) -> RunRecord | None:
        """The newest whole run on that tree under that pipeline digest, without its gates; None when there is none."""
        ...

    def gate_names(self) -> tuple[str, ...]:
        """Every gate that was ever run, sorted."""
        ...

    def samples(self, gate: str, *, limit: int = 200) -> tuple[Sample, ...]:
        """Runs of the gate that ended in passed or failed and were not reused, oldest first."""
        ...

    def gate_runs(self, gate: str | None = None, *, limit: int = 100) -> tuple[GateRun, ...]:
        """Finished gates, newest first."""
        ...

    def last_ready_tree(self) -> str | None:
        """Tree of the newest run that was ready as a whole."""
        ...

    def ready_runs(self, *, limit: int) -> tuple[ReadyRun, ...]:
        """Whole runs that were ready, newest first."""
        ...

    def passes(self, gate: str, *, limit: int = 20) -> tuple[GateRun, ...]:
        """The gate's newest passes with a test count, newest first."""
        ...

    def skip_reason(self, tree: str) -> str | None:
        """Why a commit of this tree was let through without a verdict, the last time; None when none was."""
        ...

    def failed_trees(self, fingerprint: str) -> frozenset[str]:
        """Trees on which this fingerprint failed since its gate last passed."""
        ...

    def reusable(self, key: str) -> GateRun | None:
        """The newest passed or failed result with this action key; None when there is none or its outcomes differ."""
        ...


class Approvals(Protocol):
    """Approvals in the user's state folder, one a repository, outside of it."""

    def read(self, repository: Repository) -> Approval | None:
        """The last approval; None when nothing was ever approved. StoreError when it cannot be read."""
        ...

    def write(self, repository: Repository, approval: Approval) -> Path:
        """Keep it; the file it went to (0600)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesBeside:
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

    def write_whole(self, path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
        """Written whole and renamed into place, so that a reader sees the old or the new file, never a part."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeVerdict:
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

    def progress(self) -> Progress:
        """Shows a run while it goes on."""
        ...
