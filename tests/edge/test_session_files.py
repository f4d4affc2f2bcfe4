"""What is remembered of sessions is one small file, changed by one hook at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from verifyd.edge.session_files import FILE_NAME, LARGEST_BYTES, change_sessions

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


def remembered(git_dir: Path) -> bytes:
    """What the file holds."""
    return (git_dir / "verifyd" / "sessions" / FILE_NAME).read_bytes()


def test_of_many_hooks_at_once_none_loses_what_another_remembered(tmp_path: Path) -> None:
    """Hosts run the hooks of several sessions at the same time."""
    processes = [subprocess.Popen([sys.executable, "-c", COUNT, str(tmp_path)]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert remembered(tmp_path) == b"80"


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    """The folder and the file."""
    assert change_sessions(str(tmp_path), lambda _data: b"x")
    folder = tmp_path / "verifyd" / "sessions"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Nothing is read through it, and what it leads to stays."""
    folder, elsewhere = tmp_path / "verifyd" / "sessions", tmp_path / "elsewhere"
    folder.mkdir(parents=True)
    elsewhere.write_bytes(b"theirs")
    (folder / FILE_NAME).symlink_to(elsewhere)
    seen: list[bytes] = []
    assert change_sessions(str(tmp_path), noting(seen, b"ours"))
    assert (seen, elsewhere.read_bytes(), remembered(tmp_path)) == ([b""], b"theirs", b"ours")


def test_a_file_that_is_too_large_to_be_ours_counts_as_none(tmp_path: Path) -> None:
    """It is replaced."""
    folder = tmp_path / "verifyd" / "sessions"
    folder.mkdir(parents=True)
    (folder / FILE_NAME).write_bytes(b"x" * (LARGEST_BYTES + 1))
    assert change_sessions(str(tmp_path), lambda data: b"new" + data)
    assert remembered(tmp_path) == b"new"


def test_a_lock_that_is_held_for_too_long_keeps_nobody(tmp_path: Path) -> None:
    """The change is made, and said not to be kept."""
    import fcntl

    assert change_sessions(str(tmp_path), lambda _data: b"before")
    lock = os.open(tmp_path / "verifyd" / "sessions" / "lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    seen: list[bytes] = []
    assert not change_sessions(str(tmp_path), noting(seen, b"after"))
    os.close(lock)
    assert (seen, remembered(tmp_path)) == ([b"before"], b"before")


def test_where_nothing_can_be_written_the_change_is_made_all_the_same(tmp_path: Path) -> None:
    """A file stands where the folder would be."""
    (tmp_path / "verifyd").write_text("")
    seen: list[bytes] = []
    assert not change_sessions(str(tmp_path), noting(seen, b""))
    assert seen == [b""]
