"""What is asked of the history database, what is written to it, and how much of it is kept, as SQL."""

# ruff: noqa: S608 -- what is put into these texts are our own column names; values always go in as parameters

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from msgspec import Struct

from verifyd.app.history_ports import RunRecord
from verifyd.edge.store_rows import GATE_RUN_COLUMNS, RUN_COLUMNS, Value, gate_run_values, run_values
from verifyd.edge.store_schema import transaction

RUN_NAMES = ", ".join((*RUN_COLUMNS, "report", "seal"))
GATE_RUN_NAMES = ", ".join((*GATE_RUN_COLUMNS, "report", "seal"))
PROVEN = "status IN ('passed', 'failed') AND NOT reused"

SAMPLES = f"SELECT duration_s, status, action_key FROM gate_runs WHERE gate = ? AND {PROVEN} ORDER BY id DESC LIMIT ?"
GATE_RUNS = f"SELECT {GATE_RUN_NAMES} FROM gate_runs ORDER BY id DESC LIMIT ?"
GATE_RUNS_OF_GATE = f"SELECT {GATE_RUN_NAMES} FROM gate_runs WHERE gate = ? ORDER BY id DESC LIMIT ?"
PASSES = f"""
    SELECT {GATE_RUN_NAMES} FROM gate_runs
    WHERE gate = ? AND status = 'passed' AND tests_ran IS NOT NULL ORDER BY id DESC LIMIT ?
"""
NEWEST_RUN = f"SELECT {RUN_NAMES} FROM runs WHERE tree = ? AND pipeline = ? AND whole ORDER BY id DESC LIMIT 1"
TREES_BETWEEN = "SELECT tree FROM runs WHERE tree >= ? AND tree < ? AND whole GROUP BY tree ORDER BY max(id) DESC"
LAST_READY_TREE = "SELECT tree FROM runs WHERE whole AND readiness = 'ready' ORDER BY id DESC LIMIT 1"
READY_RUNS = "SELECT tree, head FROM runs WHERE whole AND readiness = 'ready' ORDER BY id DESC LIMIT ?"
SKIP_REASON = "SELECT reason FROM runs WHERE tree = ? AND readiness = 'skipped' ORDER BY id DESC LIMIT 1"
FAILED_TREES = """
    SELECT DISTINCT failed.tree
    FROM fingerprints JOIN gate_runs AS failed ON failed.id = fingerprints.gate_run
    WHERE fingerprints.fingerprint = ? AND failed.id > coalesce(
        (SELECT max(good.id) FROM gate_runs AS good WHERE good.gate = failed.gate AND good.status = 'passed'), 0)
"""
OUTCOMES_OF_KEY = f"SELECT DISTINCT status FROM gate_runs WHERE action_key = ? AND {PROVEN}"
NEWEST_OF_KEY = f"SELECT id, {GATE_RUN_NAMES} FROM gate_runs WHERE action_key = ? AND {PROVEN} ORDER BY id DESC LIMIT 1"


class Retention(Struct, frozen=True, kw_only=True):
    """
    How much is kept: ten gates come to 13 MB at most, which are checked whole in 25 ms at each opening.

    Attributes:
        gate_runs: Newest runs of each gate.
        reports: Newest runs, and newest runs of each gate, that keep their report, and so can answer again without running.
        every: Collecting happens at each run whose number this divides.
    """

    gate_runs: int = 2_000
    reports: int = 500
    every: int = 16


def insert_run(connection: sqlite3.Connection, run: RunRecord, retention: Retention, secret: bytes = b"") -> None:
    """Write one run with its gates in one transaction, and now and then collect what is too old."""
    with transaction(connection):
        number = insert(connection, "runs", (*RUN_COLUMNS, "report", "seal"), run_values(run, secret))
        for gate_run in run.gates:
            columns = ("run", *GATE_RUN_COLUMNS, "report", "seal")
            gate_run_number = insert(connection, "gate_runs", columns, (number, *gate_run_values(gate_run, secret)))
            for fingerprint in sorted(set(gate_run.fingerprints)):
                insert(connection, "fingerprints", ("fingerprint", "gate_run"), (fingerprint, gate_run_number))
        if number % retention.every == 0:
            collect(connection, retention)


def insert(connection: sqlite3.Connection, table: str, columns: Sequence[str], values: Sequence[Value]) -> int:
    """Write one row; its number. Table and columns are ours, never a user's text."""
    marks = ", ".join("?" * len(columns))
    cursor = connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(values))
    return int(cursor.lastrowid or 0)


def collect(connection: sqlite3.Connection, retention: Retention) -> None:
    """Drop gate runs past the newest few thousand of their gate, reports past the newest few hundred, and runs left empty."""
    gates = [gate for (gate,) in connection.execute("SELECT DISTINCT gate FROM gate_runs")]
    for gate in gates:
        connection.execute(
            "DELETE FROM gate_runs WHERE gate = ?1 AND id <= "
            "(SELECT id FROM gate_runs WHERE gate = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            (gate, retention.gate_runs),
        )
        connection.execute(
            "UPDATE gate_runs SET report = NULL WHERE gate = ?1 AND report IS NOT NULL AND id <= "
            "(SELECT id FROM gate_runs WHERE gate = ?1 AND report IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            (gate, retention.reports),
        )
    connection.execute(
        "DELETE FROM runs WHERE id <= (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?) "
        "AND NOT EXISTS (SELECT 1 FROM gate_runs WHERE gate_runs.run = runs.id)",
        (retention.gate_runs,),
    )
    connection.execute(
        "UPDATE runs SET report = NULL WHERE report IS NOT NULL AND id <= "
        "(SELECT id FROM runs WHERE report IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (retention.reports,),
    )
