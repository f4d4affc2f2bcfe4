"""A history of any earlier version goes on under this one, with all that is in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.records import a_failure, a_gate_run, a_run
from verifyd.edge.store import open_store
from verifyd.edge.store_file import DamagedError, check_sound
from verifyd.edge.store_schema import MIGRATIONS, migrate, version_of

VERSIONS = Path(__file__).parent / "store_versions"
"""``v<n>.sql``: what version n wrote for the runs of ``write_known_runs``, as ``.dump`` prints it. Never edited once released."""

ADD_A_COLUMN = (*MIGRATIONS, ("ALTER TABLE runs ADD COLUMN host TEXT", "CREATE INDEX runs_of_host ON runs (host)"))
BREAK_HALFWAY = (*MIGRATIONS, ("ALTER TABLE runs ADD COLUMN host TEXT", "ALTER TABLE nowhere ADD COLUMN host TEXT"))


def known_runs() -> tuple[object, ...]:
    """What every stored version holds, newest first."""
    return (a_failure("lint", key="k3", tree="bb"), a_gate_run(key="k2", tree="bb"), a_gate_run())


def write_known_runs(state_dir: Path) -> Path:
    """Write them with this version; the file."""
    with open_store(state_dir) as store:
        store.add_run(a_run(a_gate_run()))
        lint, tests = a_failure("lint", key="k3", tree="bb"), a_gate_run(key="k2", tree="bb")
        store.add_run(a_run(tests, lint, tree="bb", readiness="not_ready"))
    return state_dir / "history.db"


def test_every_version_is_stored() -> None:
    """A new step in MIGRATIONS comes with a dump of the version it makes, for the releases after it."""
    assert sorted(path.name for path in VERSIONS.iterdir()) == [
        f"v{number + 1}.sql" for number in range(len(MIGRATIONS))
    ]


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_a_history_of_each_version_goes_on(tmp_path: Path, version: int) -> None:
    """What was written by that version is read, reused, counted and added to by this one."""
    (tmp_path / "verifyd").mkdir()
    with closing(sqlite3.connect(tmp_path / "verifyd" / "history.db")) as connection:
        connection.executescript((VERSIONS / f"v{version}.sql").read_text("utf-8"))
        connection.execute(f"PRAGMA user_version = {version}")
    with open_store(tmp_path / "verifyd") as store:
        assert store.notes == ()
        assert store.gate_runs() == known_runs()
        assert store.reusable("k2") == a_gate_run(key="k2", tree="bb")
        assert store.failed_trees("f1") == {"bb"}
        assert store.last_ready_tree() == a_run().tree
        store.add_run(a_run(a_gate_run("after")))
        assert len(store.gate_runs()) == 4
        assert version_of(store.connection) == len(MIGRATIONS)


def test_a_step_keeps_what_is_there(tmp_path: Path) -> None:
    """The next release adds a step: the rows stay, the version rises, and what the step made is there."""
    path = write_known_runs(tmp_path / "verifyd")
    with open_store(path.parent, migrations=ADD_A_COLUMN) as store:
        assert (store.gate_runs(), store.notes) == (known_runs(), ())
        assert store.rows("SELECT host FROM runs") == [(None,), (None,)]
        assert version_of(store.connection) == len(MIGRATIONS) + 1


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    """All steps or none: a database is never left between two versions."""
    path = write_known_runs(tmp_path / "verifyd")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(connection, BREAK_HALFWAY)
        assert version_of(connection) == len(MIGRATIONS)
        check_sound(connection, MIGRATIONS)


def test_tables_that_are_not_those_of_the_version_are_damage(tmp_path: Path) -> None:
    """A foreign or half-deleted database is not written into."""
    path = write_known_runs(tmp_path / "verifyd")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP INDEX gate_runs_of_key")
        with pytest.raises(DamagedError) as caught:
            check_sound(connection, MIGRATIONS)
    assert str(caught.value) == "its tables are not those of its version"


def test_migrating_beside_another_process_that_did_it(tmp_path: Path) -> None:
    """The version is read again under the lock, so no step is made twice."""
    path = tmp_path / "history.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as one,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        migrate(one)
        migrate(other)
        assert version_of(other) == len(MIGRATIONS)
