"""Files that another process holds mapped for writing: its stores move no time of theirs while a page is dirty."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.mappings import Map, mapping_process
from tests.support.repositories import SampleRepository, make_repository
from verifyd.errors import GitError

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who maps what")


@pytest.fixture
def map_file() -> Iterator[Map]:
    """Start processes that map a file each, and end them."""
    with ExitStack() as processes:
        yield lambda path: processes.enter_context(mapping_process(path))


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a file to be mapped."""
    return make_repository(tmp_path, {"f.txt": "bad0\n", ".gitignore": "*.log\n"})


@LINUX
@pytest.mark.parametrize("round_", range(10))
def test_a_store_there_and_back_through_a_dirty_page_counts(
    repository: SampleRepository, map_file: Map, round_: int
) -> None:
    """The page was written before the snapshot; what is written during the gate, and taken back, shows."""
    store = map_file(repository.root / "f.txt")
    store("bad1")
    guard = repository.binary().snapshot_working_tree(repository.open(), base="auto")[1]
    assert guard.moved() == ()
    store("GOOD")
    store("bad1")
    assert guard.moved() == ("f.txt",)


@LINUX
def test_a_mapped_file_is_read_whatever_its_times_say(repository: SampleRepository, map_file: Map) -> None:
    """A store after `git add` moves no time: git itself takes the file for the one it has."""
    store = map_file(repository.root / "f.txt")
    store("bad1")
    time.sleep(0.05)  # the index must be newer than the file by more than a tick
    repository.git("add", "f.txt")
    store("bad2")
    binary, opened = repository.binary(), repository.open()
    tree = binary.snapshot_working_tree(opened, base="auto")[0].tree
    assert binary.read_file(opened, tree, "f.txt") == b"bad2\n"


@LINUX
def test_a_second_name_outside_the_tree_is_seen_through(
    repository: SampleRepository, map_file: Map, tmp_path: Path
) -> None:
    """A hard link is another name for the same file."""
    (tmp_path / "other").hardlink_to(repository.root / "f.txt")
    store = map_file(tmp_path / "other")
    store("bad1")
    guard = repository.binary().snapshot_working_tree(repository.open(), base="auto")[1]
    store("GOOD")
    store("bad1")
    assert guard.moved() == ("f.txt",)


@LINUX
def test_a_mapped_file_that_is_ignored_does_not_count(repository: SampleRepository, map_file: Map) -> None:
    """A database beside the tree may be mapped as long as it likes."""
    repository.write({"x.log": "old0\n"})
    store = map_file(repository.root / "x.log")
    store("old1")
    guard = repository.binary().snapshot_working_tree(repository.open(), base="auto")[1]
    store("old2")
    assert guard.moved() == ()


@LINUX
def test_where_stores_leave_no_trace_there_is_no_snapshot(map_file: Map) -> None:
    """In memory (tmpfs) no store through a mapping ever moves a time: a tree file that is mapped there cannot be guarded."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        repository = make_repository(Path(folder), {"f.txt": "bad0\n", "g.txt": "g\n"})
        store = map_file(repository.root / "f.txt")
        store("bad1")
        with pytest.raises(GitError) as caught:
            repository.binary().snapshot_working_tree(repository.open(), base="auto")
        assert str(caught.value) == (
            f"{repository.root}: the tree does not come to rest: f.txt (held mapped for writing by another process, where"
            " that leaves no trace)\n  Stop what writes there, or list it in .gitignore."
        )
