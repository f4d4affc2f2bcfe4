"""The tables of the history database, as numbered steps that lead from any earlier version to the present one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

Migration = tuple[str, ...]
"""The statements that lead from one version to the next."""

MIGRATIONS: tuple[Migration, ...] = (
    (
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            tree TEXT NOT NULL,
            base TEXT,
            head TEXT,
            pipeline TEXT NOT NULL,
            door TEXT NOT NULL,
            readiness TEXT NOT NULL,
            reason TEXT,
            started_at TEXT NOT NULL,
            duration_s REAL NOT NULL,
            whole INTEGER NOT NULL,
            report_hash TEXT NOT NULL,
            report BLOB,
            seal TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX runs_of_tree ON runs (tree, pipeline, id)",
        "CREATE INDEX runs_with_report ON runs (id) WHERE report IS NOT NULL",
        "CREATE INDEX ready_runs ON runs (id) WHERE whole AND readiness = 'ready'",
        """
        CREATE TABLE gate_runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            gate TEXT NOT NULL,
            tree TEXT NOT NULL,
            head TEXT,
            status TEXT NOT NULL,
            reason TEXT,
            exit_code INTEGER,
            started_at TEXT NOT NULL,
            duration_s REAL NOT NULL,
            cpu_s REAL NOT NULL,
            peak_rss_bytes INTEGER NOT NULL,
            tests_total INTEGER,
            tests_ran INTEGER,
            tests_failed INTEGER,
            findings INTEGER NOT NULL,
            action_key TEXT,
            reused INTEGER NOT NULL,
            load REAL NOT NULL,
            fingerprints TEXT NOT NULL,
            log BLOB,
            report_hash TEXT NOT NULL,
            report BLOB,
            seal TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX gate_runs_of_gate ON gate_runs (gate, id)",
        "CREATE INDEX gate_runs_of_run ON gate_runs (run)",
        "CREATE INDEX gate_runs_of_key ON gate_runs (action_key, id) WHERE action_key IS NOT NULL",
        "CREATE INDEX gate_runs_with_report ON gate_runs (gate, id) WHERE report IS NOT NULL",
        """
        CREATE TABLE fingerprints (
            fingerprint TEXT NOT NULL,
            gate_run INTEGER NOT NULL REFERENCES gate_runs (id) ON DELETE CASCADE,
            PRIMARY KEY (fingerprint, gate_run)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX fingerprints_of_gate_run ON fingerprints (gate_run)",
    ),
)
"""
Step n leads from version n to n + 1; a step that was released is never edited, another one is added.

``id`` gives the order everywhere: a clock may be set back, a sequence number may not (fault 6).
"""


def version_of(connection: sqlite3.Connection) -> int:
    """The version the database says it has; 0 for a new one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """
    Bring a database to the newest version, all steps or none, and leave a newer one alone.

    The version is read again under the write lock: another process may have migrated while this one waited.
    """
    if version_of(connection) >= len(migrations):
        return
    with transaction(connection):
        for statement in (statement for step in migrations[version_of(connection) :] for statement in step):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Alone as a writer; all of what is done inside the ``with``, or nothing, whatever ends it (an interrupt included)."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise


def schema_of(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """All that the database declares, in a stable order."""
    return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").fetchall()


def expected_schema(version: int, migrations: Sequence[Migration] = MIGRATIONS) -> list[tuple[object, ...]]:
    """What a sound database of that version declares."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, migrations[:version])
        return schema_of(connection)
    finally:
        connection.close()
