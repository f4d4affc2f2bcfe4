"""What is remembered of sessions is one small file, changed by one hook at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from verifyd.edge.daemon_place import name_of
from verifyd.edge.session_files import LARGEST_BYTES, change_sessions, sessions_folder

COUNT = """
import sys
from verifyd.edge.session_files import change_sessions
for _ in range(20):
    assert change_sessions(sys.argv[1], lambda data: str(int(data or b"0") + 1).encode())
"""


def noting(seen: list[bytes], becomes: bytes = b"") -> Callable[[bytes], bytes]:
    """A change that notes what it was given."""

    def change(data: bytes) -> bytes:
        seen.append(data)
        return becomes

    return change


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def file_of(git_dir: Path) -> Path:
    """Where it is remembered."""
    return Path(sessions_folder()) / f"{name_of(str(git_dir))}.json"


def remembered(git_dir: Path) -> bytes:
    """What the file holds."""
    return file_of(git_dir).read_bytes()


def test_of_many_hooks_at_once_none_loses_what_another_remembered(tmp_path: Path) -> None:
    """Hosts run the hooks of several sessions at the same time."""
    processes = [subprocess.Popen([sys.executable, "-c", COUNT, str(tmp_path)]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert remembered(tmp_path) == b"80"


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    """The folder and the file."""
    assert change_sessions(str(tmp_path), lambda _data: b"x")
    file = file_of(tmp_path)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file)] == [0o700, 0o600]


def test_it_lies_where_no_repository_reaches(tmp_path: Path, state: Path) -> None:
    """In the user's state folder, and two git folders have nothing in common."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        assert change_sessions(str(tmp_path / name), noting([], name.encode()))
    assert [remembered(tmp_path / name) for name in ("a", "b")] == [b"a", b"b"]
    assert file_of(tmp_path / "a").is_relative_to(state)
    assert list((tmp_path / "a").iterdir()) == []


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Nothing is read through it, and what it leads to stays."""
    file, elsewhere = file_of(tmp_path), tmp_path / "elsewhere"
    file.parent.mkdir(parents=True)
    elsewhere.write_bytes(b"theirs")
    file.symlink_to(elsewhere)
    seen: list[bytes] = []
    assert change_sessions(str(tmp_path), noting(seen, b"ours"))
    assert (seen, elsewhere.read_bytes(), remembered(tmp_path)) == ([b""], b"theirs", b"ours")


def test_a_file_that_is_too_large_to_be_ours_counts_as_none(tmp_path: Path) -> None:
    """It is replaced."""
    file_of(tmp_path).parent.mkdir(parents=True)
    file_of(tmp_path).write_bytes(b"x" * (LARGEST_BYTES + 1))
    assert change_sessions(str(tmp_path), lambda data: b"new" + data)
    assert remembered(tmp_path) == b"new"


def test_a_lock_that_is_held_for_too_long_keeps_nobody(tmp_path: Path) -> None:
    """The change is made, and said not to be kept."""
    import fcntl

    assert change_sessions(str(tmp_path), lambda _data: b"before")
    lock = os.open(f"{file_of(tmp_path)}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    seen: list[bytes] = []
    assert not change_sessions(str(tmp_path), noting(seen, b"after"))
    os.close(lock)
    assert (seen, remembered(tmp_path)) == ([b"before"], b"before")


def test_where_nothing_can_be_written_the_change_is_made_all_the_same(tmp_path: Path, state: Path) -> None:
    """A file stands where the folder would be."""
    state.mkdir()
    (state / "verifyd").write_text("")
    seen: list[bytes] = []
    assert not change_sessions(str(tmp_path), noting(seen, b""))
    assert seen == [b""]
