"""The file of the history database: opened, checked and migrated, or moved aside, or copied into memory."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from verifyd.edge.store_schema import MIGRATIONS, Migration, expected_schema, migrate, schema_of, version_of
from verifyd.errors import StoreError

SIDE_FILES = ("-wal", "-shm", "-journal")
DAMAGED_KEPT = 3
"""Damaged databases that are kept for a person to look at; older ones are deleted."""
VERSIONS_EVER = 1_000
"""No release will come this far: a larger version number is damage."""
MAGIC = b"SQLite format 3\0"
PAUSE_S = 0.02
"""Between two tries to lock the folder."""


class Trouble(Enum):
    """What kind of failure SQLite or the file system reports."""

    DAMAGED = "damaged"
    FULL = "full"
    READ_ONLY = "read-only"
    BUSY = "busy"
    OTHER = "other"


class DamagedError(Exception):
    """The file is no sound history database."""


class BusyError(Exception):
    """Another process keeps the database or its folder locked."""


Failure = sqlite3.Error | OSError | DamagedError | BusyError | UnicodeDecodeError
FAILURES = (sqlite3.Error, OSError, DamagedError, BusyError, UnicodeDecodeError)
"""The last one comes from Python's own module, for a message of SQLite that quotes damaged text."""

TROUBLE_OF_CODE = {
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_FORMAT: Trouble.DAMAGED,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
}
TROUBLE_OF_ERRNO = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
}


def trouble_of(error: Failure, folder: Path) -> Trouble:
    """
    What kind of failure this is.

    About the files beside the database (``-wal``, ``-shm``) SQLite only says CANTOPEN or IOERR, on a full disk as on a
    read-only one, so *folder* is asked with a file of one page.
    """
    if isinstance(error, DamagedError | UnicodeDecodeError):
        return Trouble.DAMAGED
    if isinstance(error, BusyError):
        return Trouble.BUSY
    if isinstance(error, OSError):
        return TROUBLE_OF_ERRNO.get(error.errno or 0, Trouble.OTHER)
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if primary in TROUBLE_OF_CODE:
        return TROUBLE_OF_CODE[primary]
    probe = folder / f".probe-{os.getpid()}"
    try:
        probe.write_bytes(bytes(64 * 1024))
    except OSError as refusal:
        return TROUBLE_OF_ERRNO.get(refusal.errno or 0, Trouble.OTHER)
    finally:
        with_no_error_remove(probe)
    return Trouble.OTHER


def with_no_error_remove(path: Path) -> None:
    """Remove a file of ours; one that cannot be removed was never made."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def open_file(path: Path, *, wait_s: float, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """
    Open the database for writing, made if there is none (0600), checked whole and migrated.

    Raises:
        DamagedError, sqlite3.Error, OSError: for ``trouble_of``.
        StoreError: a newer verifyd wrote it (it is left as it is), or a link stands where it belongs.
    """
    make_private(path)
    connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")  # a damaged text must not end the reader
        refuse_newer(connection, path, len(migrations))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a verdict that was given survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        # Only closing copies the log back, alone on the file: before 3.51.3 SQLite could lose data when one process
        # did so while another wrote (sqlite.org/wal.html, "the WAL-reset bug").
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        check_sound(connection, migrations)
        migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def alone_in(folder: Path, wait_s: float) -> Iterator[None]:
    """
    Make our folder (0700) if missing and be the only process that opens a database there, inside the ``with``.

    Otherwise one could find the file that another has just begun, and take it for a damaged one.

    Raises:
        BusyError: another process has been opening for longer than *wait_s*.
        StoreError: a link stands where the folder belongs.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_planted(folder, stat.S_ISDIR)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # another part of us may have made it in the user's umask
            os.fchmod(descriptor, 0o700)
        lock_folder(descriptor, wait_s)
        yield
    finally:
        os.close(descriptor)


def lock_folder(descriptor: int, wait_s: float) -> None:
    """Lock an open folder; BusyError when it stays locked."""
    pause = threading.Event()
    for _ in range(max(1, int(wait_s / PAUSE_S))):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pause.wait(PAUSE_S)
        else:
            return
    raise BusyError


def make_private(path: Path) -> None:
    """An empty file, readable and writable by the user alone, unless there is one."""
    if not os.path.lexists(path):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600))
        return
    refuse_planted(path, stat.S_ISREG)
    if not os.access(path, os.W_OK):  # SQLite would open it for reading, and only say so at the first run
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:  # a file of a few bytes SQLite would take for a new database
            raise DamagedError("it does not begin as a database does")


def refuse_planted(path: Path, is_ours: Callable[[int], bool]) -> None:
    """StoreError when a link or something else stands where our folder or file belongs: an agent may have put it there."""
    if not is_ours(path.lstat().st_mode):
        raise StoreError(
            "is a link or something else that verifyd did not make, so nothing is written there",
            where=str(path),
            remedy="Look at it, remove it, and run again.",
        )


def refuse_newer(connection: sqlite3.Connection, path: Path, newest: int) -> None:
    """StoreError for a database from a newer release, before anything is written to it."""
    version = version_of(connection)
    if version > VERSIONS_EVER or version < 0:
        raise DamagedError(f"version {version}")
    if version > newest:
        raise StoreError(
            f"history was written by a newer verifyd (version {version} of its tables; this one knows {newest})",
            where=str(path),
            remedy="Update verifyd, or move the file away to begin a new history.",
        )


def check_sound(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """DamagedError unless SQLite finds every page in order and the tables are the ones this version has."""
    connection.execute("BEGIN")  # version and tables as of one moment
    try:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise DamagedError(str(answer))
        if schema_of(connection) != expected_schema(version_of(connection), migrations):
            raise DamagedError("its tables are not those of its version")
    finally:
        with suppress(sqlite3.Error):
            connection.rollback()


def log_of(path: Path) -> Path:
    """The write-ahead log beside a database."""
    return path.with_name(f"{path.name}-wal")


def status_of(path: Path) -> os.stat_result | None:
    """What the system says of a file; None when there is none."""
    try:
        return path.stat()
    except OSError:
        return None


def is_same_file(path: Path, opened: os.stat_result | None) -> bool:
    """Whether the path still leads to the file that was opened, and not to none or to another one (fault 18)."""
    now = status_of(path)
    return opened is not None and now is not None and (now.st_dev, now.st_ino) == (opened.st_dev, opened.st_ino)


def remove_own_log(path: Path, opened_log: os.stat_result | None) -> None:
    """
    Remove the log of a database that was taken from under us, if it is still there.

    SQLite leaves it where it is then, and would play it into whatever database comes to that place.
    """
    if is_same_file(log_of(path), opened_log):
        for suffix in SIDE_FILES:
            with_no_error_remove(path.with_name(path.name + suffix))


def move_aside(path: Path) -> Path:
    """
    Rename a damaged database, its log with it, to ``<name>.corrupt-<time of its last write, UTC>``; where it went.

    The log has to go too: SQLite would play it back into the next database of that name.
    """
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y%m%dT%H%M%SZ")
    target = free_name(path.with_name(f"{path.name}.corrupt-{moment}"))
    for suffix in SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(target.with_name(target.name + suffix))
    path.rename(target)
    forget_old_damage(path)
    return target


def free_name(wanted: Path) -> Path:
    """The name itself, else with ``-2``, ``-3`` after it."""
    names = (wanted, *(wanted.with_name(f"{wanted.name}-{number}") for number in range(2, 1_000)))
    return next((name for name in names if not os.path.lexists(name)), wanted)


def forget_old_damage(path: Path) -> None:
    """Keep the newest few damaged databases, so that a disk that fails again and again is not filled by us."""
    kept = sorted(
        (aside for aside in path.parent.glob(f"{path.name}.corrupt-*") if not aside.name.endswith(SIDE_FILES)),
        key=lambda aside: (aside.stat().st_ctime_ns, aside.name),
    )
    for aside in kept[:-DAMAGED_KEPT]:
        for suffix in ("", *SIDE_FILES):
            with_no_error_remove(aside.with_name(aside.name + suffix))


def open_memory(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """A database in memory with what *path* holds, where that can be read without writing beside it; else empty."""
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        with reading(path) as source:
            refuse_newer(source, path, len(migrations))
            check_sound(source, migrations)
            source.backup(memory)
    except (*FAILURES, StoreError):
        memory.close()
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    memory.text_factory = lambda data: data.decode("utf-8", "replace")
    memory.execute("PRAGMA foreign_keys = ON")
    migrate(memory, migrations)
    return memory


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """
    The database as it lies there, opened so that SQLite writes nothing.

    A log that was not copied back yet cannot be read that way, and without it the file may be half old, half new.
    """
    log = status_of(log_of(path))
    if log is not None and log.st_size:
        raise DamagedError("its log was not copied back")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        yield connection
