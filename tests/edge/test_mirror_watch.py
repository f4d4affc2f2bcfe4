"""What somebody does in a mirror is told by the system: few files are looked at, and all of them where nobody knows what was missed."""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository
from verifyd.edge import mirror_watch
from verifyd.edge.live_tree import LiveWorkTree
from verifyd.edge.mirror_watch import MirrorWatch
from verifyd.edge.watch_limits import limit

needs_inotify = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has inotify")


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[MirrorWatch]:
    """Two watched folders with a file each, of which it is known what was touched from now on."""
    (tmp_path / "src").mkdir()
    for name in ("a.py", "src/b.py"):
        (tmp_path / name).write_text("")
    watch = MirrorWatch()
    watch.open(tmp_path, ["", "src"])
    assert watch.touched() is None
    yield watch
    watch.close()


@needs_inotify
def test_what_was_touched_is_named_once_with_its_folder(watch: MirrorWatch, tmp_path: Path) -> None:
    """Content there and back, a date, a name, a mode, and a folder."""
    assert watch.touched() == set()
    (tmp_path / "a.py").write_text("1")
    assert watch.touched() == {"a.py", ""}
    assert watch.touched() == set()
    os.utime(tmp_path / "src/b.py")
    assert watch.touched() == {"src/b.py", "src"}
    (tmp_path / "src/b.py").rename(tmp_path / "c.py")
    assert watch.touched() == {"src/b.py", "src", "c.py", ""}
    (tmp_path / "src").chmod(0o700)
    assert watch.touched() == {"src", ""}
    (tmp_path / "a.py").read_text()
    assert watch.touched() == set()


@needs_inotify
def test_a_folder_that_was_added_is_watched(watch: MirrorWatch, tmp_path: Path) -> None:
    """And one that is gone does no harm."""
    (tmp_path / "src/new").mkdir()
    watch.add(tmp_path, "src/new")
    (tmp_path / "src/new/d.py").write_text("")
    assert watch.touched() == {"src", "src/new", "src/new/d.py"}
    (tmp_path / "src/new/d.py").unlink()
    (tmp_path / "src/new").rmdir()
    assert watch.touched() == {"src", "src/new", "src/new/d.py"}
    (tmp_path / "src/new").mkdir()
    watch.add(tmp_path, "src/new")
    assert watch.touched() == {"src", "src/new"}
    (tmp_path / "src/new/d.py").write_text("")
    assert watch.touched() == {"src/new", "src/new/d.py"}


@needs_inotify
def test_after_lost_events_anything_may_have_been_touched(watch: MirrorWatch, tmp_path: Path) -> None:
    """Once; the next question has an answer again."""
    for _ in range(limit("max_queued_events") // 2 + 1):  # two that are alike, one after the other, are one
        os.utime(tmp_path / "a.py")
        os.utime(tmp_path / "src/b.py")
    assert watch.touched() is None
    assert watch.touched() == set()


def test_where_there_are_too_few_watches_anything_may_have_been_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work tree's own watches come first."""
    monkeypatch.setattr(mirror_watch, "limit", lambda name: {"max_user_watches": 16}[name])
    watch = MirrorWatch()
    (tmp_path / "src").mkdir()
    watch.open(tmp_path, ["", "src"])
    assert not watch.is_open
    assert (watch.touched(), watch.touched()) == (None, None)


def test_a_folder_that_cannot_be_watched_ends_it(watch: MirrorWatch, tmp_path: Path) -> None:
    """From then on anything may have been touched."""
    watch.add(tmp_path, "not there")
    assert not watch.is_open
    assert (watch.touched(), watch.touched()) == (None, None)


@pytest.fixture
def looked_through(live: LiveWorkTree) -> LiveWorkTree:
    """A tree in memory, with a mirror of which it is known what was touched from now on."""
    with live.mirror(live.state) as folder:
        assert live.mirror_changes(folder) == ()
    return live


@needs_inotify
def test_a_mirror_that_followed_edits_is_still_watched(
    repository: SampleRepository, looked_through: LiveWorkTree
) -> None:
    """In folders that are new, too; our own writes are not taken for somebody's, and few files are looked at."""
    live = looked_through
    repository.write({"a.py": "a = 2\n", "new/deep/c.py": "c = 1\n"})
    with live.mirror(live.sweep()) as folder:
        assert live.mirror_changes(folder) == ()
        with (folder / "src/b.py").open("r+b") as file, mmap.mmap(file.fileno(), 0) as unseen:
            unseen[0] = ord("B")
            assert live.mirror_changes(folder) == ()
        (folder / "new/deep/c.py").write_text("c = 2\n")
        assert live.mirror_changes(folder) == ("new/deep/c.py", "src/b.py")
    repository.write({"a.py": "a = 3\n"})
    with live.mirror(live.sweep()) as again:
        assert again == folder
        assert [(folder / path).read_text() for path in ("src/b.py", "new/deep/c.py")] == ["b = 2\n", "c = 1\n"]


def test_what_one_gate_was_told_of_the_next_is_told_too(looked_through: LiveWorkTree) -> None:
    """The system tells of it once; both ran in a folder that is not their tree."""
    live = looked_through
    with live.mirror(live.state) as folder, live.mirror(live.state) as same:
        assert folder == same
        (folder / "a.py").write_text("a = 2\n")
        assert live.mirror_changes(folder) == ("a.py",)
        assert live.mirror_changes(folder) == ("a.py",)
