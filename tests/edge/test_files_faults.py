"""Report files under real faults: killed in the middle, failing syncs, full and read-only disks (rows 2, 13, 15 and 20)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.faults import (
    FILL,
    answer_of,
    killed_at,
    names_in,
    needs_mounts,
    needs_strace,
    with_failing_call,
    with_read_only,
    with_small_disk,
)
from verifyd.edge.files import DiskFiles

WRITE = """
import json, os, pathlib, sys
from verifyd.edge.files import DiskFiles
from verifyd.errors import StoreError
folder = pathlib.Path(sys.argv[1])
def write(content):
    try:
        DiskFiles().write_whole(folder / 'report', content)
    except StoreError as error:
        return str(error)
"""


@needs_strace
@pytest.mark.timeout(300)
@pytest.mark.parametrize("calls", ["write", "fsync", "rename,renameat,renameat2", "openat", "close"])
def test_killed_at_every_call(tmp_path: Path, calls: str) -> None:
    """Fault 2: killed at any call, the report is the old one or the new one, whole; what is left beside it goes with the next."""
    old, new = "old" * 1000, "new" * 100_000
    path = tmp_path / "report"
    seen = set()
    start = 1
    if calls in ("openat", "close"):
        # Python opens and closes some hundred files before it gets to us: begin shortly before.
        while killed_at(f"{WRITE}", calls, start + 20, tmp_path):
            start += 20
    for number in range(start, start + 60):
        path.write_text(old)
        killed = killed_at(f"{WRITE}write('new' * 100_000)", calls, number, tmp_path)
        content = path.read_text()
        assert content in (old, new)
        assert [name for name in names_in(tmp_path) if not name.endswith(".tmp")] == ["report"]
        seen.add((killed, content == new))
        if not killed:
            break
    assert (False, True) in seen
    assert (True, False) in seen
    DiskFiles().write_whole(path, "next")
    assert names_in(tmp_path) == ["report"]


@needs_strace
@pytest.mark.parametrize("when", ["1", "1+"])
def test_a_failing_sync_of_the_file_is_no_success(tmp_path: Path, when: str) -> None:
    """Fault 20: it is not taken for written, not even when a second try would do; the old report stays, nothing else is left."""
    (tmp_path / "report").write_text("old")
    said = answer_of(with_failing_call(f"{WRITE}print(json.dumps(write('new')))", "fsync", "EIO", tmp_path, when=when))
    path = tmp_path / "report"
    assert said == f"{path}: cannot be written: input/output error\n  Look at the disk, then run again."
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["report"]


@needs_strace
def test_a_failing_sync_of_the_folder_is_no_success(tmp_path: Path) -> None:
    """Fault 20: when only the new name may be lost, that is said too; what can be read is whole."""
    (tmp_path / "report").write_text("old")
    said = answer_of(with_failing_call(f"{WRITE}print(json.dumps(write('new')))", "fsync", "EIO", tmp_path, when="2"))
    assert said is not None
    assert (tmp_path / "report").read_text() == "new"
    assert names_in(tmp_path) == ["report"]


@needs_strace
def test_a_failing_rename_is_no_success(tmp_path: Path) -> None:
    """Fault 20: the old report stays, nothing else is left."""
    (tmp_path / "report").write_text("old")
    calls = "rename,renameat,renameat2"
    said = answer_of(with_failing_call(f"{WRITE}print(json.dumps(write('new')))", calls, "EIO", tmp_path))
    assert said is not None
    assert (tmp_path / "report").read_text() == "old"
    assert names_in(tmp_path) == ["report"]


@needs_mounts
def test_a_full_disk(tmp_path: Path) -> None:
    """Fault 13: the old report stays, nothing else is left, the message says what to do; with space again it is written."""
    script = f"""{WRITE}{FILL}
write('old')
filler = fill(folder)
said = write('new' * 100_000)
left = [(folder / 'report').read_text(), sorted(os.listdir(folder))]
filler.unlink()
print(json.dumps([said, left, write('new'), (folder / 'report').read_text()]))
"""
    said, left, again, content = with_small_disk(script, tmp_path)
    assert (
        said == f"{tmp_path / 'report'}: cannot be written: no space left on device\n  Free some space, then run again."
    )
    assert left == ["old", ["filler", "report"]]
    assert (again, content) == (None, "new")


@needs_mounts
def test_a_full_disk_for_copies(tmp_path: Path) -> None:
    """Fault 13: artifacts that cannot be kept, nor listed as left out, are a refusal; no half copy is left."""
    script = f"""{WRITE}{FILL}
(folder / 'from').mkdir()
(folder / 'from' / 'picture').write_bytes(bytes(200_000))
fill(folder)
try:
    DiskFiles().copy_matching(folder / 'from', ['**'], folder / 'to')
    said = None
except StoreError as error:
    said = error.problem
print(json.dumps([said, sorted(path.name for path in (folder / 'to').rglob('*'))]))
"""
    said, left = with_small_disk(script, tmp_path)
    assert (said, left) == ("cannot be written: no space left on device", [])


@needs_mounts
def test_a_read_only_folder(tmp_path: Path) -> None:
    """Fault 15: the refusal names the file and what to do."""
    said = with_read_only(f"{WRITE}print(json.dumps(write('new')))", tmp_path)
    assert said == (
        f"{tmp_path / 'report'}: cannot be written: read-only file system\n  Make the file system writable, then run again."
    )
