"""History of one work tree in an SQLite file: runs and gate runs in, samples and earlier results out."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from verifyd.action_key import content_part
from verifyd.app.history_ports import GateRun, ReadyRun, RunRecord
from verifyd.edge.store_file import (
    FAILURES,
    Failure,
    Trouble,
    alone_in,
    is_same_file,
    log_of,
    move_aside,
    open_file,
    open_memory,
    remove_own_log,
    status_of,
    trouble_of,
)
from verifyd.edge.store_queries import (
    FAILED_TREES,
    GATE_RUNS,
    GATE_RUNS_OF_GATE,
    LAST_READY_TREE,
    NEWEST_OF_KEY,
    NEWEST_RUN,
    OUTCOMES_OF_KEY,
    PASSES,
    READY_RUNS,
    SAMPLES,
    SKIP_REASON,
    TREES_BETWEEN,
    Retention,
    insert_run,
)
from verifyd.edge.store_rows import Value, has_report, is_sound, make_gate_run, make_run
from verifyd.edge.store_schema import MIGRATIONS, Migration
from verifyd.errors import StoreError
from verifyd.timing import Sample

DATABASE_NAME = "history.db"
WAIT_S = 5.0
"""Longest wait for another process that writes; past it the answer is StoreError (fault 17)."""
LOG_LIMIT_BYTES = 4 * 1024 * 1024
"""A write-ahead log larger than this is copied back by closing and opening again."""

Answer = TypeVar("Answer")


def open_store(
    state_dir: Path,
    *,
    secret: bytes = b"",
    wait_s: float = WAIT_S,
    retention: Retention | None = None,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> SqliteStore:
    """
    Open ``history.db`` in *state_dir*, made if there is none; a context manager that closes it.

    Args:
        secret: Rows that were not sealed with it are not believed; with an empty one, only damage is found.

    Raises:
        StoreError: locked for longer than *wait_s*, written by a newer release, or not to be opened for another reason.
            A damaged, read-only or full one is no error here: ``notes`` says so.
    """
    return SqliteStore(
        state_dir / DATABASE_NAME,
        secret=secret,
        wait_s=wait_s,
        retention=retention or Retention(),
        migrations=migrations,
    )


class SqliteStore:
    """
    The history database of one work tree; safe to use from several threads, one at a time.

    It is on disk (``saves``), or in memory with what could be read of the file: where the file is read-only, runs are kept
    for this process only; where the disk is full, adding a run tries the disk again and is refused while it fails.
    """

    def __init__(
        self, path: Path, *, secret: bytes, wait_s: float, retention: Retention, migrations: Sequence[Migration]
    ) -> None:
        self.path = path
        self.secret = secret
        self.wait_s = wait_s
        self.retention = retention
        self.migrations = migrations
        self.lock = threading.RLock()
        self.remarks: list[str] = []
        self.opened: os.stat_result | None = None
        self.opened_log: os.stat_result | None = None
        self.trouble: Trouble | None = None
        self.connection = self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Copy the log back into the file and let go of it."""
        with self.lock:
            self.connection.close()

    @property
    def saves(self) -> bool:
        """Whether what is added goes to disk."""
        return self.trouble is None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of how history fares, a sentence each."""
        unsaved = {
            Trouble.FULL: f"UNSAVED: no space is left for {self.path}, and no verdict is given without it; free some space",
            Trouble.READ_ONLY: f"UNSAVED: {self.path} cannot be written, so this run is not kept; make its folder writable",
        }
        return (*self.remarks, *(unsaved[self.trouble] for _ in range(1) if self.trouble in unsaved))

    # --- opening and mending ---------------------------------------------------------------------------------------

    def open(self, *, damaged: bool = False) -> sqlite3.Connection:
        """On disk if possible, a damaged file moved aside, else in memory; one process at a time."""
        try:
            with alone_in(self.path.parent, self.wait_s):
                if damaged and is_same_file(self.path, self.opened):
                    self.begin_anew()
                connection = self.open_mended()
                self.opened, self.opened_log = self.path.stat(), status_of(log_of(self.path))
        except FAILURES as error:
            return self.open_in_memory(error)
        self.trouble = None
        return connection

    def open_mended(self) -> sqlite3.Connection:
        """On disk; a damaged file is moved aside once and a new one begun (fault 16)."""
        try:
            return open_file(self.path, wait_s=self.wait_s, migrations=self.migrations)
        except FAILURES as error:
            if trouble_of(error, self.path.parent) is not Trouble.DAMAGED:
                raise
            self.begin_anew()
        return open_file(self.path, wait_s=self.wait_s, migrations=self.migrations)

    def begin_anew(self) -> None:
        """Move the damaged file out of the way."""
        aside = move_aside(self.path)
        self.remark(f"history was damaged and is begun anew; the old file is {aside}")

    def open_in_memory(self, error: Failure) -> sqlite3.Connection:
        """Go on without the disk where it is full or read-only (faults 14 and 15); StoreError for all else."""
        trouble = trouble_of(error, self.path.parent)
        if trouble not in (Trouble.FULL, Trouble.READ_ONLY):
            raise self.refusal(error) from error
        self.trouble = trouble
        self.opened = None
        return open_memory(self.path, self.migrations)

    def remark(self, sentence: str) -> None:
        """Add a note once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def reopen(self) -> None:
        """Let go of the file and open what is at its path now."""
        self.connection.close()
        self.connection = self.open()

    def refusal(self, error: Failure) -> StoreError:
        """What a failure means to the person who asked."""
        remedies = {
            Trouble.BUSY: (
                f"another process has kept history locked for {self.wait_s:g} s",
                "End that process (`fuser` on the file names it), then run again.",
            ),
            Trouble.FULL: ("no space is left, so nothing can be recorded", "Free some space, then run again."),
            Trouble.READ_ONLY: ("history cannot be written", "Make the folder writable, then run again."),
        }
        otherwise = (f"history cannot be read or written ({error})", "Look at the disk, then run again.")
        problem, remedy = remedies.get(trouble_of(error, self.path.parent), otherwise)
        return StoreError(problem, where=str(self.path), remedy=remedy)

    def ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """
        Put a question to the database; once more when it turns out to be damaged, deleted or read-only by now.

        Raises:
            StoreError: it cannot answer.
        """
        with self.lock:
            if self.saves and not is_same_file(self.path, self.opened):
                self.remark(f"{self.path} was deleted or replaced while in use; what is there now is used")
                self.connection.close()
                remove_own_log(self.path, self.opened_log)
                self.connection = self.open()
            try:
                return question(self.connection)
            except (sqlite3.Error, UnicodeDecodeError) as error:
                if not self.mend(error):
                    raise self.refusal(error) from error
            try:
                return question(self.connection)
            except (sqlite3.Error, UnicodeDecodeError) as error:
                raise self.refusal(error) from error

    def mend(self, error: Failure) -> bool:
        """Clear up after a failed question; whether it is worth asking again."""
        trouble = trouble_of(error, self.path.parent)
        if trouble in (Trouble.FULL, Trouble.BUSY):
            return False
        self.connection.close()
        self.connection = self.open(damaged=trouble is Trouble.DAMAGED)
        return trouble is not Trouble.OTHER

    # --- writing ---------------------------------------------------------------------------------------------------

    def add_run(self, run: RunRecord) -> None:
        """
        Keep a finished run with its gates, all or nothing; it is on the disk's medium when this returns.

        Raises:
            StoreError: it is not kept, so no verdict may be given (faults 13, 14, 17 and 20).
        """
        with self.lock:
            if self.trouble is not None:
                self.reopen()
            if self.trouble is Trouble.FULL:
                raise self.refusal(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            self.ask(lambda connection: insert_run(connection, run, self.retention, self.secret))
            if self.saves and not is_same_file(self.path, self.opened):
                self.ask(lambda connection: insert_run(connection, run, self.retention, self.secret))
            self.copy_back_log()

    def copy_back_log(self) -> None:
        """Keep the write-ahead log short in a process that lives long."""
        log = status_of(log_of(self.path))
        if self.saves and log is not None and log.st_size > LOG_LIMIT_BYTES:
            self.reopen()

    # --- reading ---------------------------------------------------------------------------------------------------

    def samples(self, gate: str, *, limit: int = 200) -> tuple[Sample, ...]:
        """Runs of the gate that ended in passed or failed and were not reused, oldest first, the newest *limit* of them."""
        rows = self.rows(SAMPLES, gate, limit)
        return tuple(
            Sample(duration_s=duration_s, passed=status == "passed", key=content_part(key) if key else None)
            for duration_s, status, key in reversed(rows)
        )

    def gate_runs(self, gate: str | None = None, *, limit: int = 100) -> tuple[GateRun, ...]:
        """Finished gates, newest first."""
        rows = self.rows(GATE_RUNS, limit) if gate is None else self.rows(GATE_RUNS_OF_GATE, gate, limit)
        return tuple(make_gate_run(row) for row in rows if is_sound(row, self.secret))

    def gate_names(self) -> tuple[str, ...]:
        """Every gate that was ever run, sorted."""
        return tuple(str(name) for (name,) in self.rows("SELECT DISTINCT gate FROM gate_runs ORDER BY gate"))

    def passes(self, gate: str, *, limit: int = 20) -> tuple[GateRun, ...]:
        """The gate's newest passes with a test count, newest first."""
        return tuple(make_gate_run(row) for row in self.rows(PASSES, gate, limit) if is_sound(row, self.secret))

    def newest_run(self, *, tree: str, pipeline: str) -> RunRecord | None:
        """The newest whole run on that tree under that pipeline digest, without its gates; None when there is none."""
        return next(
            (make_run(row) for row in self.rows(NEWEST_RUN, tree, pipeline) if is_sound(row, self.secret)), None
        )

    def trees_beginning(self, digits: str) -> tuple[str, ...]:
        """Trees with a whole run whose id begins with these lower-case digits, the newest run's first."""
        return tuple(str(tree) for (tree,) in self.rows(TREES_BETWEEN, digits, digits + "g"))  # "g" follows all digits

    def last_ready_tree(self) -> str | None:
        """Tree of the newest run that was ready as a whole."""
        return next((str(tree) for (tree,) in self.rows(LAST_READY_TREE)), None)

    def ready_runs(self, *, limit: int) -> tuple[ReadyRun, ...]:
        """Whole runs that were ready, newest first."""
        return tuple(ReadyRun(tree=tree, head=head) for tree, head in self.rows(READY_RUNS, limit))

    def skip_reason(self, tree: str) -> str | None:
        """Why a commit of this tree was let through without a verdict, the last time; None when none was."""
        return next((str(reason) for (reason,) in self.rows(SKIP_REASON, tree)), None)

    def failed_trees(self, fingerprint: str) -> frozenset[str]:
        """Trees on which this fingerprint failed since its gate last passed."""
        return frozenset(str(tree) for (tree,) in self.rows(FAILED_TREES, fingerprint))

    def reusable(self, key: str) -> GateRun | None:
        """
        The newest passed or failed result with this action key.

        None when there is none, when the key was seen with both outcomes (flaky), or when the entry is not what was
        written: then it is deleted, and the gate runs again (fault 19).
        """
        if len(self.rows(OUTCOMES_OF_KEY, key)) != 1:
            return None
        ((number, *row),) = self.rows(NEWEST_OF_KEY, key)
        if not is_sound(row, self.secret):
            self.rows("DELETE FROM gate_runs WHERE id = ?", number)
            return None
        return make_gate_run(row) if has_report(row) else None

    def rows(self, query: str, *values: Value) -> list[tuple[Any, ...]]:
        """All rows of an answer; StoreError when there is no answer."""
        return self.ask(lambda connection: connection.execute(query, values).fetchall())
