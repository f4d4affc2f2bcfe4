"""History under real faults: full and read-only disks, damage, locks, deletion, failing syncs, kills (rows 2 and 14 to 20)."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.faults import (
    FILL,
    answer_of,
    killed_at,
    needs_mounts,
    needs_strace,
    with_failing_call,
    with_read_only,
    with_small_disk,
)
from tests.support.records import a_failure, a_gate_run, a_run
from verifyd.edge.store import open_store
from verifyd.errors import StoreError


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """The folder of our state, not made yet."""
    return tmp_path / "verifyd"


def filled(state_dir: Path, runs: int = 30) -> Path:
    """A history of some runs; its file."""
    with open_store(state_dir) as store:
        for number in range(runs):
            store.add_run(a_run(a_gate_run(key=f"k{number}"), a_failure("lint", key=f"l{number}"), tree=f"t{number}"))
    return state_dir / "history.db"


def integrity(path: Path) -> str:
    """What SQLite says of the whole file."""
    with closing(sqlite3.connect(path)) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    return str(answer)


BEGIN = """
import json, os, pathlib, sys
from verifyd.edge.store import open_store
from verifyd.errors import StoreError
from tests.support.records import a_gate_run, a_run
state_dir = pathlib.Path(sys.argv[1]) / 'verifyd'
"""


@needs_mounts
class TestFullDisk:
    """Fault 14."""

    def test_while_open(self, tmp_path: Path) -> None:
        """Fault 14: no run is taken for kept; the database stays sound; once space returns, runs are kept again."""
        script = f"""{BEGIN}{FILL}
said = []
with open_store(state_dir) as store:
    store.add_run(a_run(a_gate_run(tree='before')))
    filler = fill(state_dir.parent)
    for _ in range(3):
        try:
            store.add_run(a_run(a_gate_run(tree='during', report=os.urandom(40000).hex())))
        except StoreError as error:
            said.append(str(error))
    readable = [run.tree for run in store.gate_runs()]
    filler.unlink()
    store.add_run(a_run(a_gate_run(tree='after')))
    check = store.rows('PRAGMA integrity_check')
with open_store(state_dir) as store:
    print(json.dumps([said, readable, check, [run.tree for run in store.gate_runs()], store.notes]))
"""
        said, readable, check, kept, notes = with_small_disk(script, tmp_path)
        path = tmp_path / "verifyd" / "history.db"
        problem = f"{path}: no space is left, so nothing can be recorded\n  Free some space, then run again."
        assert said == [problem] * 3
        assert (readable, check, kept, notes) == (["before"], [["ok"]], ["after", "before"], [])

    def test_before_opening(self, tmp_path: Path) -> None:
        """Fault 14: what is known can still be read, adding a run is refused, and works again once space returns."""
        script = f"""{BEGIN}{FILL}
with open_store(state_dir) as store:
    store.add_run(a_run(a_gate_run(tree='before')))
filler = fill(state_dir.parent)
with open_store(state_dir) as store:
    readable = [run.tree for run in store.gate_runs()]
    notes = store.notes
    try:
        store.add_run(a_run(a_gate_run(tree='during', report=os.urandom(40000).hex())))
        said = None
    except StoreError as error:
        said = str(error)
    filler.unlink()
    store.add_run(a_run(a_gate_run(tree='after')))
    later = store.notes
with open_store(state_dir) as store:
    print(json.dumps([readable, notes, said, later, [run.tree for run in store.gate_runs()]]))
"""
        readable, notes, said, later, kept = with_small_disk(script, tmp_path)
        path = tmp_path / "verifyd" / "history.db"
        assert readable == ["before"]
        assert notes == [f"UNSAVED: no space is left for {path}, and no verdict is given without it; free some space"]
        assert said == f"{path}: no space is left, so nothing can be recorded\n  Free some space, then run again."
        assert (later, kept) == ([], ["after", "before"])

    def test_with_no_history_yet(self, tmp_path: Path) -> None:
        """Fault 14: a disk without room for a first database is a refusal, not a crash, and leaves nothing half made."""
        script = f"""{BEGIN}{FILL}
filler = fill(state_dir.parent)
with open_store(state_dir) as store:
    try:
        store.add_run(a_run(a_gate_run()))
        said = None
    except StoreError as error:
        said = error.problem
filler.unlink()
with open_store(state_dir) as store:
    store.add_run(a_run(a_gate_run(tree='after')))
    print(json.dumps([said, [run.tree for run in store.gate_runs()], sorted(os.listdir(state_dir))]))
"""
        said, kept, names = with_small_disk(script, tmp_path)
        assert said == "no space is left, so nothing can be recorded"
        assert kept == ["after"]
        assert [name for name in names if "probe" in name] == []


@needs_mounts
class TestReadOnly:
    """Fault 15."""

    def test_history_goes_on_in_memory(self, tmp_path: Path) -> None:
        """Fault 15: what was known is read, this run is kept for this process alone, and a note says UNSAVED."""
        path = filled(tmp_path / "verifyd", runs=2)
        before = path.read_bytes()
        script = f"""{BEGIN}
with open_store(state_dir) as store:
    store.add_run(a_run(a_gate_run(tree='mine')))
    print(json.dumps([[run.tree for run in store.gate_runs('tests')], len(store.samples('lint')), store.saves, store.notes]))
"""
        trees, samples, saves, notes = with_read_only(script, tmp_path)
        said = f"UNSAVED: {path} cannot be written, so this run is not kept; make its folder writable"
        assert (trees, samples, saves, notes) == (["mine", "1f" * 20, "1f" * 20], 2, False, [said])
        assert path.read_bytes() == before

    def test_the_file_alone(self, tmp_path: Path) -> None:
        """Fault 15: a database that may not be written, in a folder that may, is the same."""
        path = filled(tmp_path / "verifyd", runs=2)
        before = path.read_bytes()
        script = f"""{BEGIN}
with open_store(pathlib.Path(sys.argv[1]).parent) as store:
    store.add_run(a_run(a_gate_run(tree='mine')))
    print(json.dumps([len(store.gate_runs()), store.saves, len(store.notes)]))
"""
        assert with_read_only(script, path) == [5, False, 1]
        assert path.read_bytes() == before

    def test_with_no_history_yet(self, tmp_path: Path) -> None:
        """Fault 15: where nothing can be made, history begins empty in memory."""
        script = f"""{BEGIN}
with open_store(state_dir) as store:
    store.add_run(a_run(a_gate_run()))
    print(json.dumps([len(store.gate_runs()), store.saves]))
"""
        assert with_read_only(script, tmp_path) == [1, False]
        assert list(tmp_path.iterdir()) == []

    def test_damaged_as_well(self, tmp_path: Path) -> None:
        """Faults 15 and 16 together: a damaged file that cannot be moved aside is left alone, and history begins empty in memory."""
        path = filled(tmp_path / "verifyd", runs=2)
        path.write_bytes(b"not a database at all" * 1000)
        script = f"""{BEGIN}
with open_store(state_dir) as store:
    store.add_run(a_run(a_gate_run()))
    print(json.dumps([len(store.gate_runs()), store.saves]))
"""
        assert with_read_only(script, tmp_path) == [1, False]
        assert [entry.name for entry in path.parent.iterdir()] == ["history.db"]


def test_a_connection_that_may_not_write_any_more_is_opened_anew(state_dir: Path) -> None:
    """Fault 15: when SQLite says read-only in the middle, the file is tried once more before history goes into memory."""
    with open_store(state_dir) as store:
        store.connection.execute("PRAGMA query_only = ON")
        store.add_run(a_run(a_gate_run("after")))
        assert ([run.gate for run in store.gate_runs()], store.saves) == (["after"], True)


class TestDamage:
    """Fault 16."""

    def check_rebuilt(self, state_dir: Path, damaged: bytes) -> None:
        """The damaged file lies aside as it was, a note says so, and history works."""
        with open_store(state_dir) as store:
            (aside,) = (
                entry for entry in state_dir.iterdir() if "corrupt-" in entry.name and not entry.name.endswith("-wal")
            )
            assert store.notes == (f"history was damaged and is begun anew; the old file is {aside}",)
            assert store.gate_runs() == ()
            store.add_run(a_run(a_gate_run()))
        assert aside.read_bytes() == damaged
        assert integrity(state_dir / "history.db") == "ok"

    @pytest.mark.parametrize(
        "what", ["zero length", "one byte", "truncated in a page", "truncated at a page", "text", "zeros"]
    )
    def test_a_damaged_file_is_moved_aside(self, state_dir: Path, what: str) -> None:
        """Fault 16: a new history is begun, and the old file kept for whoever wants to look."""
        path = filled(state_dir)
        whole = path.read_bytes()
        damaged = {
            "zero length": b"",
            "one byte": b"S",
            "truncated in a page": whole[: len(whole) // 2 + 100],
            "truncated at a page": whole[: len(whole) // 8192 * 4096],
            "text": b"<<<<<<< HEAD\n" * 5000,
            "zeros": bytes(len(whole)),
        }[what]
        path.write_bytes(damaged)
        self.check_rebuilt(state_dir, damaged)

    def test_the_old_log_is_not_played_into_the_new_file(self, state_dir: Path) -> None:
        """Fault 16: the write-ahead log of the damaged database goes aside with it."""
        path = filled(state_dir)
        (state_dir / "history.db-wal").write_bytes(b"left by a crash")
        path.write_bytes(b"rubbish" * 1000)
        self.check_rebuilt(state_dir, b"rubbish" * 1000)
        logs = [
            entry.read_bytes()
            for entry in state_dir.iterdir()
            if entry.name.endswith("-wal") and "corrupt" in entry.name
        ]
        assert logs == [b"left by a crash"]

    @pytest.mark.parametrize("seed", range(100))
    def test_random_bytes_at_random_offsets(self, tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
        """Fault 16: whatever byte flips, nothing crashes, no result turns into another, and history works afterwards."""
        state_dir = tmp_path_factory.mktemp("damage") / "verifyd"
        path = filled(state_dir, runs=4)
        chance = random.Random(seed)
        content = bytearray(path.read_bytes())
        for _ in range(chance.choice((1, 4, 64))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        try:
            store = open_store(state_dir)
        except StoreError as error:
            assert "newer verifyd" in error.problem  # noqa: PT017 -- the version number itself was hit
            return
        with store:
            written = {a_gate_run(key=f"k{number}") for number in range(4)} | {
                a_failure("lint", key=f"l{number}") for number in range(4)
            }
            assert set(store.gate_runs()) <= written
            for key in [f"{letter}{number}" for letter in "kl" for number in range(4)]:
                known = store.reusable(key)
                assert known is None or known in written
            store.samples("tests")
            store.failed_trees("f1")
            store.add_run(a_run(a_gate_run(key="after")))
            assert store.reusable("after") == a_gate_run(key="after")

    def test_damage_that_shows_only_later(self, state_dir: Path) -> None:
        """Fault 16: a file that is damaged while it is open is moved aside when the damage shows, and the run is kept."""
        path = filled(state_dir, runs=300)
        with open_store(state_dir) as store:
            with path.open("r+b") as file:
                file.seek(4096)
                file.write(b"\xff" * (path.stat().st_size - 4096))
            store.connection.execute("PRAGMA cache_size = 0")  # or the pages are answered from memory
            store.connection.execute("PRAGMA shrink_memory")
            store.add_run(a_run(a_gate_run(key="after")))
            assert store.reusable("after") == a_gate_run(key="after")
            assert len(store.notes) == 1
            assert store.notes[0].startswith("history was damaged and is begun anew; the old file is ")
        assert integrity(path) == "ok"

    def test_few_damaged_files_are_kept(self, state_dir: Path) -> None:
        """Fault 16: a disk that fails again and again is not filled with what we moved aside."""
        for number in range(6):
            state_dir.mkdir(exist_ok=True)
            (state_dir / "history.db").write_bytes(f"rubbish {number}".encode())
            open_store(state_dir).close()
        kept = {entry.read_bytes() for entry in state_dir.iterdir() if "corrupt" in entry.name}
        assert kept == {b"rubbish 3", b"rubbish 4", b"rubbish 5"}


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
"""
HOLD_FOLDER = """
import fcntl, os, sys
fcntl.flock(os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY), fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another(script: str, path: Path) -> Iterator[None]:
    """Another process that holds a lock and does nothing."""
    command = (sys.executable, "-c", script, str(path))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.kill()


class TestLocked:
    """Fault 17."""

    def test_a_hung_writer_delays_and_does_not_block(self, state_dir: Path) -> None:
        """Fault 17: after a bounded wait adding a run is refused; reading goes on, and the next run after the lock is kept."""
        path = filled(state_dir, runs=1)
        with open_store(state_dir, wait_s=0.2) as store:
            with held_by_another(HOLD, path):
                with pytest.raises(StoreError) as caught:
                    store.add_run(a_run(a_gate_run()))
                assert len(store.gate_runs()) == 2
            store.add_run(a_run(a_gate_run("after")))
            assert [run.gate for run in store.gate_runs()] == ["after", "lint", "tests"]
        assert str(caught.value) == (
            f"{path}: another process has kept history locked for 0.2 s\n"
            "  End that process (`fuser` on the file names it), then run again."
        )

    def test_opening_beside_a_hung_writer(self, state_dir: Path) -> None:
        """Fault 17: a database that is up to date opens beside one; a lock on it makes nothing look damaged."""
        path = filled(state_dir, runs=1)
        with held_by_another(HOLD, path), open_store(state_dir, wait_s=0.2) as store:
            assert (len(store.gate_runs()), store.notes) == (2, ())

    def test_opening_beside_one_that_opens_for_ever(self, state_dir: Path) -> None:
        """Fault 17: the wait for another process that is opening is bounded too."""
        path = filled(state_dir, runs=1)
        with held_by_another(HOLD_FOLDER, path), pytest.raises(StoreError) as caught:
            open_store(state_dir, wait_s=0.2)
        assert caught.value.problem == "another process has kept history locked for 0.2 s"


class TestDeleted:
    """Fault 18."""

    def test_the_folder_is_made_again(self, state_dir: Path) -> None:
        """Fault 18: the next run goes into a new database, not into a file that nobody can find, and a note says so."""
        path = filled(state_dir)
        with open_store(state_dir) as store:
            shutil.rmtree(state_dir)
            store.add_run(a_run(a_gate_run("after")))
            assert store.notes == (f"{path} was deleted or replaced while in use; what is there now is used",)
        with open_store(state_dir) as store:
            assert [run.gate for run in store.gate_runs()] == ["after"]

    def test_reading_begins_anew_too(self, state_dir: Path) -> None:
        """Fault 18: what was deleted is not answered from."""
        filled(state_dir)
        with open_store(state_dir) as store:
            shutil.rmtree(state_dir)
            assert (store.gate_runs(), store.reusable("k1"), store.last_ready_tree()) == ((), None, None)

    def test_another_file_in_its_place_is_used(self, state_dir: Path, tmp_path: Path) -> None:
        """Fault 18: a database that was moved there is the one that is written from then on."""
        filled(tmp_path / "other", runs=1)
        with open_store(state_dir) as store:
            (tmp_path / "other" / "history.db").replace(state_dir / "history.db")
            store.add_run(a_run(a_gate_run("after")))
            assert [run.gate for run in store.gate_runs()] == ["after", "lint", "tests"]

    def test_where_it_cannot_be_made_again(self, state_dir: Path) -> None:
        """Fault 18: a plain file in the folder's place is a refusal that names it, not a crash."""
        filled(state_dir)
        with open_store(state_dir) as store:
            shutil.rmtree(state_dir)
            state_dir.write_text("mine")
            with pytest.raises(StoreError) as caught:
                store.add_run(a_run(a_gate_run()))
        assert str(caught.value).startswith(f"{state_dir}")
        assert state_dir.read_text() == "mine"


class TestFlippedByte:
    """Fault 19."""

    @pytest.mark.parametrize(
        "change",
        [
            "status = 'passed'",
            "report = zeroblob(length(report))",
            "report = NULL, report_hash = ''",
            "exit_code = exit_code + 1",
            "seal = 'x' || seal",
            "started_at = 'x'",
        ],
    )
    def test_a_changed_entry_is_a_miss_and_deleted(self, state_dir: Path, change: str) -> None:
        """Fault 19: an entry that is not what was written does not answer, and goes, so that the gate's next run can."""
        with open_store(state_dir) as store:
            store.add_run(a_run(a_failure(), a_gate_run("lint", key="k2")))
            store.rows(f"UPDATE gate_runs SET {change} WHERE action_key = 'k1'")
            assert store.gate_runs() == (a_gate_run("lint", key="k2"),)
            assert store.reusable("k1") is None
            assert store.rows("SELECT gate FROM gate_runs") == [("lint",)]
            assert store.reusable("k2") == a_gate_run("lint", key="k2")

    def test_a_flipped_byte_of_the_file(self, state_dir: Path) -> None:
        """Fault 19: each byte of a stored entry, flipped on disk, makes it a miss; never another answer."""
        path = filled(state_dir, runs=1)
        whole = path.read_bytes()
        start = whole.index(b"testst") if b"testst" in whole else whole.index(b"tests" + b"1f1f")
        for offset in range(start, start + 200, 7):
            flipped = bytearray(whole)
            flipped[offset] ^= 1
            path.write_bytes(flipped)
            with open_store(state_dir) as store:
                assert store.reusable("k0") in (None, a_gate_run(key="k0"))
                assert set(store.gate_runs()) <= {a_gate_run(key="k0"), a_failure("lint", key="l0")}
                assert a_gate_run(key="k0") not in store.gate_runs(), offset

    def test_a_changed_whole_report_is_not_shown(self, state_dir: Path) -> None:
        """Fault 19: the same holds for the report of a whole run."""
        with open_store(state_dir) as store:
            run = a_run()
            store.add_run(run)
            store.rows("UPDATE runs SET readiness = 'not_ready'")
            assert store.newest_run(tree=run.tree, pipeline=run.pipeline) is None


ADD = f"""{BEGIN}
with open_store(state_dir) as store:
    try:
        store.add_run(a_run(a_gate_run(tree='new')))
        print(json.dumps('added'))
    except StoreError as error:
        print(json.dumps(error.problem))
"""


@needs_strace
class TestFailingCalls:
    """Faults 20 and 2."""

    @pytest.mark.parametrize("when", ["1", "1+"])
    def test_a_failing_sync_is_no_success(self, tmp_path: Path, when: str) -> None:
        """Fault 20: a run whose sync fails once is not taken for written, and not tried again in the hope of better luck."""
        filled(tmp_path / "verifyd", runs=1)
        said = answer_of(with_failing_call(ADD, "fsync,fdatasync", "EIO", tmp_path, when=when))
        assert said == "history cannot be read or written (disk I/O error)"
        assert integrity(tmp_path / "verifyd" / "history.db") == "ok"

    @pytest.mark.slow
    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("runs", [0, 1], ids=["no history yet", "some history"])
    def test_killed_at_every_write(self, tmp_path: Path, runs: int) -> None:
        """Fault 2: killed at any write or sync, the run is there whole or not at all, and the database is sound."""
        calls = "pwrite64,ftruncate,fsync,fdatasync,unlink"
        seen: set[int] = set()
        for number in (*range(1, 24), *range(24, 200, 4)):
            folder = tmp_path / str(number)
            folder.mkdir()
            if runs:
                filled(folder / "verifyd", runs=runs)
            killed = killed_at(ADD, calls, number, folder)
            with open_store(folder / "verifyd") as store:
                found = store.gate_runs()
                assert [run for run in found if run.tree != "new"] == list(
                    reversed((a_gate_run(key="k0"), a_failure("lint", key="l0")))
                )[: 2 * runs]
                seen.add(len(found) - 2 * runs)
                assert store.rows("PRAGMA integrity_check") == [("ok",)]
            if not killed:
                break
        else:
            pytest.fail("the script made more calls than were tried")
        assert seen == {0, 1}
        assert number > 5
