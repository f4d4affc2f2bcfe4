"""History in SQLite: what goes in comes out, in the order it went in."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.faults import answer_of, python
from tests.support.records import NOON, TREE, a_failure, a_gate_run, a_run
from verifyd.app.history_ports import GateRun, RunRecord, Store
from verifyd.edge.store import SqliteStore, open_store
from verifyd.edge.store_queries import Retention
from verifyd.errors import StoreError
from verifyd.timing import Sample


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """The folder of our state, not made yet."""
    return tmp_path / "verifyd"


@pytest.fixture
def store(state_dir: Path) -> Iterator[SqliteStore]:
    """An open store without history."""
    with open_store(state_dir) as store:
        yield store


def test_fits_the_port(store: Store) -> None:
    """The class has all that the application asks for: this line is checked by mypy."""
    assert store.notes == ()


def test_a_gate_run_comes_out_as_it_went_in(store: SqliteStore) -> None:
    """Every field survives, odd bytes in the log's path and an empty report included."""
    full = a_gate_run(
        reason="flaky", reused=True, fingerprints=("f2", "f1"), log="/state/\udcff\n/log", report='{"é": "\udcff"}'
    )
    bare = GateRun(
        gate="lint",
        tree=TREE,
        head=None,
        status="unproven",
        reason=None,
        exit_code=None,
        started_at=NOON,
        duration_s=0.0,
        cpu_s=0.0,
        peak_rss_bytes=0,
    )
    store.add_run(a_run(full, bare))
    assert store.gate_runs() == (bare, full)


def test_a_run_comes_out_as_it_went_in(store: SqliteStore) -> None:
    """Every field survives but the gates, which are asked for by themselves."""
    run = a_run(a_gate_run(), base=None, head=None, reason="unsaved", report='{"é": 1}')
    store.add_run(run)
    assert store.newest_run(tree=run.tree, pipeline=run.pipeline) == msgspec.structs.replace(run, gates=())


def test_newest_run_is_of_that_tree_that_pipeline_and_whole(store: SqliteStore) -> None:
    """An answer about another tree or other gates is never given as one about these."""
    store.add_run(a_run(whole=False))
    assert store.newest_run(tree=TREE, pipeline="ab" * 32) is None
    store.add_run(a_run(readiness="not_ready"))
    store.add_run(a_run(readiness="ready"))
    store.add_run(a_run(whole=False, readiness="unproven"))
    newest = store.newest_run(tree=TREE, pipeline="ab" * 32)
    assert newest is not None
    assert newest.readiness == "ready"
    assert store.newest_run(tree="00" * 20, pipeline="ab" * 32) is None
    assert store.newest_run(tree=TREE, pipeline="00" * 32) is None


def test_trees_are_found_by_the_beginning_of_their_ids(store: SqliteStore) -> None:
    """Each once, the newest run's first; one that was never run as a whole is not known."""
    for tree in ("abc1", "abc2", "abcf", "abc1", "abd0"):
        store.add_run(msgspec.structs.replace(a_run(), tree=tree))
    store.add_run(msgspec.structs.replace(a_run(whole=False), tree="abc3"))
    assert store.trees_beginning("abc") == ("abc1", "abcf", "abc2")
    assert store.trees_beginning("abd0") == ("abd0",)
    assert store.trees_beginning("ffff") == ()


def test_history_survives_closing(state_dir: Path) -> None:
    """What one process adds the next one reads, and closing leaves one file."""
    with open_store(state_dir) as store:
        store.add_run(a_run(a_gate_run()))
    with open_store(state_dir) as store:
        assert store.gate_runs() == (a_gate_run(),)
    assert sorted(path.name for path in state_dir.iterdir()) == ["history.db"]


def test_only_the_user_reads_history(state_dir: Path) -> None:
    """The folder is 0700 whoever made it, and every file in it 0600: reports quote source code."""
    state_dir.mkdir(mode=0o755)
    with open_store(state_dir) as store:
        store.add_run(a_run(a_gate_run()))
        modes = {path.name: path.stat().st_mode & 0o777 for path in [state_dir, *state_dir.iterdir()]}
    assert modes == {"verifyd": 0o700, "history.db": 0o600, "history.db-wal": 0o600, "history.db-shm": 0o600}


def test_order_is_the_order_of_adding(store: SqliteStore) -> None:
    """Fault 6: a clock set back by a day changes no order; sequence numbers give it."""
    store.add_run(a_run(a_gate_run(tree="aa"), tree="aa"))
    yesterday = NOON - timedelta(days=1)
    store.add_run(a_run(a_gate_run(tree="bb", started_at=yesterday), tree="bb", started_at=yesterday))
    assert [run.tree for run in store.gate_runs()] == ["bb", "aa"]
    assert store.last_ready_tree() == "bb"


def test_gate_runs_are_newest_first_and_limited(store: SqliteStore) -> None:
    """The limit keeps the newest; a gate's name picks its own."""
    for number in range(5):
        store.add_run(a_run(a_gate_run("tests", duration_s=float(number)), a_gate_run("lint")))
    assert [run.duration_s for run in store.gate_runs("tests", limit=2)] == [4.0, 3.0]
    assert [run.gate for run in store.gate_runs(limit=3)] == ["lint", "tests", "lint"]
    assert store.gate_runs("types") == ()
    assert store.gate_names() == ("lint", "tests")


def test_samples_are_measured_verdicts_oldest_first(store: SqliteStore) -> None:
    """Reused and unproven runs are no samples; the limit keeps the newest."""
    store.add_run(a_run(a_gate_run(duration_s=1.0)))
    store.add_run(a_run(a_gate_run(duration_s=9.0, reused=True), a_gate_run("lint", duration_s=8.0)))
    store.add_run(a_run(a_gate_run(duration_s=7.0, status="unproven", reason="killed")))
    store.add_run(a_run(a_failure(duration_s=2.0, key=None)))
    expected = (Sample(duration_s=1.0, passed=True, key="k1"), Sample(duration_s=2.0, passed=False, key=None))
    assert store.samples("tests") == expected
    assert store.samples("tests", limit=1) == expected[1:]


def test_passes_are_those_with_a_test_count(store: SqliteStore) -> None:
    """A pass that counted no tests, and a failure that did, say nothing about how many there were."""
    counted = a_gate_run(tests_ran=10)
    for gate_run in (counted, a_gate_run(tests_ran=None), a_failure(tests_ran=9)):
        store.add_run(a_run(gate_run))
    assert store.passes("tests") == (counted,)


def test_last_ready_tree_is_of_a_whole_run(store: SqliteStore) -> None:
    """A run of some gates only, or one that was not ready, does not count."""
    assert store.last_ready_tree() is None
    store.add_run(a_run(tree="aa"))
    store.add_run(a_run(tree="bb", whole=False))
    store.add_run(a_run(tree="cc", readiness="not_ready"))
    assert store.last_ready_tree() == "aa"


class TestFailedTrees:
    """On how many trees a failure was seen: a task's attempts."""

    def test_each_tree_counts_once(self, store: SqliteStore) -> None:
        """The same tree twice is one tree, and other fingerprints are others."""
        for tree, fingerprint in (("aa", "f1"), ("aa", "f1"), ("bb", "f1"), ("cc", "f2")):
            store.add_run(a_run(a_failure(tree=tree, fingerprints=(fingerprint, "other")), tree=tree))
        assert store.failed_trees("f1") == {"aa", "bb"}
        assert store.failed_trees("never") == frozenset()

    def test_a_pass_of_the_gate_begins_anew(self, store: SqliteStore) -> None:
        """A failure that comes back after it was mended is a new one; another gate's pass does not matter."""
        store.add_run(a_run(a_failure(tree="aa")))
        store.add_run(a_run(a_gate_run("lint")))
        assert store.failed_trees("f1") == {"aa"}
        store.add_run(a_run(a_gate_run("tests")))
        assert store.failed_trees("f1") == frozenset()
        store.add_run(a_run(a_failure(tree="bb")))
        assert store.failed_trees("f1") == {"bb"}


class TestReusable:
    """Which earlier result may answer."""

    def test_the_newest_with_that_key(self, store: SqliteStore) -> None:
        """Its duration is the newest one measured."""
        store.add_run(a_run(a_gate_run(duration_s=1.0)))
        store.add_run(a_run(a_gate_run(duration_s=2.0)))
        assert store.reusable("k1") == a_gate_run(duration_s=2.0)
        assert store.reusable("k2") is None

    def test_a_failure_too(self, store: SqliteStore) -> None:
        """What to do with it is for the application to say."""
        store.add_run(a_run(a_failure()))
        assert store.reusable("k1") == a_failure()

    def test_no_reused_and_no_unproven_one(self, store: SqliteStore) -> None:
        """Trouble of the machine never answers, and an answer that was given again is not given a third time by itself."""
        store.add_run(a_run(a_gate_run(status="unproven", reason="tree_moved"), a_gate_run(reused=True)))
        assert store.reusable("k1") is None

    def test_none_of_a_flaky_key(self, store: SqliteStore) -> None:
        """Equal inputs with both outcomes prove nothing, whichever came last."""
        store.add_run(a_run(a_failure()))
        store.add_run(a_run(a_gate_run()))
        assert store.reusable("k1") is None

    def test_none_without_its_report(self, store: SqliteStore) -> None:
        """A result whose report was not kept cannot be shown again."""
        store.add_run(a_run(a_gate_run(report="")))
        assert store.reusable("k1") is None


class TestBounds:
    """History stays small."""

    def test_old_gate_runs_go_gate_by_gate(self, state_dir: Path) -> None:
        """A gate that runs seldom keeps its few runs, and with them their run."""
        with open_store(state_dir, retention=Retention(gate_runs=10, reports=3, every=1)) as store:
            store.add_run(a_run(a_gate_run("seldom")))
            for number in range(30):
                store.add_run(a_run(a_gate_run("tests", duration_s=float(number), key=f"k{number}")))
            assert [run.duration_s for run in store.gate_runs("tests")] == [
                float(number) for number in range(29, 19, -1)
            ]
            assert len(store.gate_runs("seldom")) == 1
            assert store.rows("SELECT count(*) FROM runs") == [(11,)]

    def test_old_reports_go_first(self, state_dir: Path) -> None:
        """Numbers are kept longer than reports; without its report a result is not reused."""
        with open_store(state_dir, retention=Retention(gate_runs=10, reports=3, every=1)) as store:
            for number in range(5):
                store.add_run(a_run(a_gate_run(key=f"k{number}"), tree=f"t{number}"))
            assert [run.report != "" for run in store.gate_runs()] == [True, True, True, False, False]
            assert (store.reusable("k1"), store.reusable("k2") is not None) == (None, True)
            reports = [store.newest_run(tree=f"t{number}", pipeline="ab" * 32) for number in range(5)]
            assert [run is not None and run.report != "" for run in reports] == [False, False, True, True, True]

    def test_fingerprints_go_with_their_run(self, state_dir: Path) -> None:
        """No row is left that belongs to nothing."""
        with open_store(state_dir, retention=Retention(gate_runs=1, reports=1, every=1)) as store:
            for _ in range(3):
                store.add_run(a_run(a_failure()))
            assert store.rows("SELECT count(*) FROM fingerprints") == [(1,)]

    def test_the_log_is_copied_back_when_it_is_long(self, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """In a process that lives for weeks, the write-ahead log does not grow without end."""
        monkeypatch.setattr("verifyd.edge.store.LOG_LIMIT_BYTES", 100_000)
        longest = 0
        with open_store(state_dir) as store:
            for _ in range(40):
                store.add_run(a_run(a_gate_run()))
                longest = max(longest, (state_dir / "history.db-wal").stat().st_size)
            assert len(store.gate_runs()) == 40
        assert longest < 200_000


def test_several_threads_may_write(store: SqliteStore) -> None:
    """One connection serves them one at a time, and no run is lost."""

    def add() -> None:
        for _ in range(20):
            store.add_run(a_run(a_gate_run()))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.gate_runs(limit=1000)) == 80


ADD_MANY = """
import sys, pathlib
from verifyd.edge.store import open_store
from tests.support.records import a_gate_run, a_run
with open_store(pathlib.Path(sys.argv[1]), wait_s=30) as store:
    for _ in range(25):
        store.add_run(a_run(a_gate_run()))
    assert store.notes == (), store.notes
print('null')
"""


def test_several_processes_may_begin_and_write_at_once(state_dir: Path) -> None:
    """Whoever comes first makes the database; nobody finds it half made, and no run is lost."""
    threads = [threading.Thread(target=lambda: answer_of(python(ADD_MANY, state_dir))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_store(state_dir) as store:
        assert len(store.gate_runs(limit=1000)) == 150
        assert store.rows("PRAGMA integrity_check") == [("ok",)]


class TestRefusals:
    """What is not touched."""

    def test_a_newer_history(self, state_dir: Path) -> None:
        """It is left byte for byte as it is, and the message says what to do."""
        open_store(state_dir).close()
        path = state_dir / "history.db"
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 7")
        connection.close()
        before = path.read_bytes()
        with pytest.raises(StoreError) as caught:
            open_store(state_dir)
        assert str(caught.value) == (
            f"{path}: history was written by a newer verifyd (version 7 of its tables; this one knows 1)\n"
            "  Update verifyd, or move the file away to begin a new history."
        )
        assert path.read_bytes() == before
        assert [entry.name for entry in state_dir.iterdir()] == ["history.db"]

    @pytest.mark.parametrize("planted", ["verifyd", "verifyd/history.db"])
    def test_a_planted_link(self, tmp_path: Path, planted: str) -> None:
        """An agent that may write in the repository alone cannot have us write elsewhere."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (tmp_path / planted).parent.mkdir(exist_ok=True)
        (tmp_path / planted).symlink_to(elsewhere if planted == "verifyd" else elsewhere / "precious")
        with pytest.raises(StoreError) as caught:
            open_store(tmp_path / "verifyd")
        assert str(caught.value) == (
            f"{tmp_path / planted}: is a link or something else that verifyd did not make, so nothing is written there\n"
            "  Look at it, remove it, and run again."
        )
        assert list(elsewhere.iterdir()) == []


def test_a_run_is_kept_whole_or_not_at_all(store: SqliteStore) -> None:
    """One gate that cannot be stored takes the whole run back."""
    impossible = RunRecord(**{**msgspec.structs.asdict(a_run()), "gates": (a_gate_run(), a_gate_run(findings=2**70))})
    with pytest.raises(OverflowError):
        store.add_run(impossible)
    store.add_run(a_run(a_gate_run("lint")))
    assert [run.gate for run in store.gate_runs()] == ["lint"]
