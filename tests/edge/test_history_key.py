"""The secret that history is sealed with: kept outside the repository, and what forging a row without it comes to."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from pathlib import Path

from tests.support.records import a_gate_run, a_run
from verifyd.edge.history_key import read_history_key
from verifyd.edge.store import open_store
from verifyd.edge.store_rows import GATE_RUN_COLUMNS, Value, gate_run_values

KEY = "7" * 64


def forge(database: Path, values: tuple[Value, ...]) -> None:
    """Write these values over the only gate run, seal included, as anybody may who can write below ``.git``."""
    names = ", ".join(f"{name} = ?" for name in (*GATE_RUN_COLUMNS, "report", "seal"))
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"UPDATE gate_runs SET {names}", values)


def test_the_key_is_made_once_and_for_the_user_alone(tmp_path: Path) -> None:
    """The second question has the first one's answer, from a file of mode 0600."""
    path = tmp_path / "state" / "history.key"
    key = read_history_key(path)
    assert (len(key), read_history_key(path), stat.S_IMODE(path.stat().st_mode)) == (32, key, 0o600)
    assert [entry.name for entry in path.parent.iterdir()] == ["history.key"]


def test_a_key_that_others_may_read_is_none(tmp_path: Path) -> None:
    """What is returned then is another key, good for this process alone."""
    path = tmp_path / "history.key"
    key = read_history_key(path)
    path.chmod(0o644)
    assert key not in (first := read_history_key(path), second := read_history_key(path))
    assert first != second


def test_a_key_that_cannot_be_kept_is_good_for_this_process(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, a key is returned all the same."""
    (tmp_path / "file").write_text("")
    assert len(read_history_key(tmp_path / "file" / "history.key")) == 32


def test_a_result_sealed_with_the_key_answers(tmp_path: Path) -> None:
    """A store that is opened again with the same secret believes what it wrote."""
    with open_store(tmp_path, secret=b"ours") as store:
        store.add_run(a_run(a_gate_run(status="passed", key=KEY, report="{}")))
    with open_store(tmp_path, secret=b"ours") as store:
        assert store.reusable(KEY) is not None


def test_a_forged_pass_does_not_answer(tmp_path: Path) -> None:
    """A failure that was made a pass by somebody without the secret, in each way to seal it, is deleted unbelieved."""
    for number, forged_with in enumerate((b"", b"guessed")):
        folder = tmp_path / str(number)
        with open_store(folder, secret=b"ours") as store:
            store.add_run(a_run(a_gate_run(status="failed", key=KEY, report="{}")))
        forge(
            folder / "history.db",
            gate_run_values(a_gate_run(status="passed", key=KEY, report="{}"), forged_with),
        )
        with open_store(folder, secret=b"ours") as store:
            assert store.reusable(KEY) is None
            assert store.gate_runs() == ()
