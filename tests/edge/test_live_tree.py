"""The tree in memory: after any edit, hinted or not, the tree that git itself gives for what is on disk."""

from __future__ import annotations

import os

import pytest

from tests.support.repositories import FILES, SampleRepository
from verifyd.app.beside import links_in
from verifyd.app.watch_ports import Hint, TreeState
from verifyd.edge.live_tree import LiveWorkTree
from verifyd.edge.path_reading import packed
from verifyd.edge.sweep import stamp_of


def check(repository: SampleRepository, state: TreeState) -> None:
    """Hold all that a state says against git's own answers and the one-shot reader's."""
    binary, opened = repository.binary(), repository.open()
    assert state.tree == repository.tree_on_disk()
    assert dict(state.content_ids) == dict(binary.content_ids(opened, state.tree))
    snapshot, _guard = binary.snapshot_working_tree(opened, base="auto")
    assert (state.files, state.notes, state.conflicted) == (snapshot.paths, snapshot.notes, snapshot.conflicted)
    assert state.ignored == binary.ignored_paths(opened)
    assert sorted(state.links) == sorted(links_in(state.content_ids))


def test_the_first_state_is_the_one_shot_readers(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Tree, content, files and what is ignored are as the one-shot reader has them."""
    check(repository, live.state)
    assert live.state.folders == frozenset({"", "src", "src/deep"})


@pytest.mark.parametrize("is_hinted", [True, False])
def test_an_edit_is_read(repository: SampleRepository, live: LiveWorkTree, is_hinted: bool) -> None:
    """By its hint, and by a sweep without one."""
    repository.write({"src/deep/c.py": "c = 33\n"})
    state = live.read(Hint(paths=frozenset({"src/deep/c.py"}))) if is_hinted else live.sweep()
    check(repository, state)
    assert state.number == 2


def test_nothing_changed_is_the_same_state(live: LiveWorkTree) -> None:
    """The very object."""
    first = live.state
    assert live.read(Hint(paths=frozenset({"a.py"}))) is first
    assert live.sweep() is first


def test_new_and_lost_files_and_folders_are_seen(repository: SampleRepository, live: LiveWorkTree) -> None:
    """New folders are looked at as a whole; what is ignored in them is not part of the tree."""
    repository.write({"new/deep/d.py": "d\n", "new/noise.log": "", "new/build/x": "", "noise.log": ""})
    (repository.root / "new/empty").mkdir()
    state = live.read(Hint(paths=frozenset({"new"})))
    check(repository, state)
    assert state.folders == frozenset({"", "src", "src/deep", "new", "new/deep", "new/empty"})
    repository.remove("new", "src/deep")
    state = live.read(Hint(paths=frozenset({"new/deep/d.py", "src/deep/c.py"})))
    check(repository, state)
    assert state.folders == frozenset({"", "src"})


def test_a_file_and_a_folder_may_change_places(repository: SampleRepository, live: LiveWorkTree) -> None:
    """`src` becomes a file, `a.py` becomes a folder, and back."""
    repository.remove("src", "a.py")
    repository.write({"src": "now a file\n", "a.py/__init__.py": "now a folder\n"})
    check(repository, live.sweep())
    repository.remove("src", "a.py")
    repository.write(FILES)
    check(repository, live.read(Hint(paths=frozenset({"src", "a.py"}))))


def test_a_same_size_edit_in_the_same_tick_is_seen(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Whatever the times say: what was read in the tick of its change is read again by the next sweep."""
    path = repository.root / "a.py"
    for number in range(30):
        path.write_bytes(b"a = 2\n")
        live.read(Hint(paths=frozenset({"a.py"})))
        with path.open("r+b") as file:
            file.write(b"b = %d" % (number % 10))
        assert live.sweep().tree == repository.tree_on_disk()


def test_a_rule_file_changes_what_belongs_to_the_tree(repository: SampleRepository, live: LiveWorkTree) -> None:
    """A new .gitignore, and one that is gone."""
    repository.write({"src/.gitignore": "x*\n", "src/x1": "", "src/y": ""})
    check(repository, live.read(Hint(paths=frozenset({"src/x1", "src/.gitignore", "src/y"}))))
    repository.remove("src/.gitignore")
    check(repository, live.sweep())


def test_git_commands_change_no_tree_but_what_is_ignored(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Adding and committing leave the state alone; an ignored file that is added by force belongs to the tree."""
    repository.write({"n.py": "n\n", "keep.log": "k\n"})
    state = live.sweep()
    repository.git("add", "n.py")
    repository.git("commit", "--quiet", "--message", "More")
    assert live.read(Hint(git_state=True)) is state
    repository.git("add", "--force", "keep.log")
    state = live.read(Hint(git_state=True))
    check(repository, state)
    assert "keep.log" in state.files
    repository.git("rm", "--quiet", "--cached", "keep.log")
    check(repository, live.sweep())


def test_hidden_bits_hide_nothing(repository: SampleRepository, live: LiveWorkTree) -> None:
    """assume-unchanged and skip-worktree are noted, and an edit is seen all the same."""
    repository.git("update-index", "--assume-unchanged", "a.py")
    repository.git("update-index", "--skip-worktree", "src/b.py")
    noted = live.sweep().notes
    repository.write({"a.py": "other\n", "src/b.py": "other\n"})
    state = live.sweep()
    snapshot, _guard = repository.binary().snapshot_working_tree(repository.open(), base="auto")
    assert (state.tree, state.notes) == (snapshot.tree, snapshot.notes)
    assert len(noted) == 1


def test_a_write_through_a_link_outside_is_seen(repository: SampleRepository, live: LiveWorkTree) -> None:
    """No event tells of a write through another name of the file."""
    outside = repository.root.parent / "outside"
    os.link(repository.root / "a.py", outside)
    live.sweep()
    outside.write_text("written outside\n")
    check(repository, live.sweep())


def test_git_agrees(repository: SampleRepository, live: LiveWorkTree) -> None:
    """The comparison with git's answer finds no difference, and none is made up."""
    repository.write({"a.py": "a = 5\n"})
    assert live.cross_check()
    assert live.discarded == 0


def test_a_wrong_state_is_thrown_away(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Were an edit missed, the comparison with git's answer would find it."""
    repository.write({"a.py": "a = 5\n"})
    seen = (repository.root / "a.py").lstat()
    live._kept.stamps["a.py"] = packed(*stamp_of(seen))
    assert not live.cross_check()
    assert live.discarded == 1
    check(repository, live.state)


def test_the_snapshot_is_the_one_shot_readers(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Base and HEAD included, which are read anew."""
    repository.write({"a.py": "a = 5\n"})
    state = live.sweep()
    repository.git("commit", "--quiet", "--allow-empty", "--message", "Empty")
    snapshot, _guard = repository.binary().snapshot_working_tree(repository.open(), base="auto")
    assert live.snapshot(state, "auto") == snapshot
    assert [file.path for file in repository.binary().change(live.snapshot(state, "auto")).files] == ["a.py"]


def test_a_guard_begins_with_its_state(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Nothing moved, then an edit and back; for a state that is no longer the newest, everything moved."""
    first = live.state
    guard = live.guard(first)
    assert guard.moved() == ()
    repository.write({"a.py": "other\n"})
    repository.write({"a.py": FILES["a.py"]})
    assert guard.moved() == ("a.py",)
    repository.write({"a.py": "third\n"})
    assert live.guard(first).moved() != ()


def test_links_are_followed(repository: SampleRepository, live: LiveWorkTree) -> None:
    """One that is new, one that becomes a file, one that goes."""
    (repository.root / "one").symlink_to("a.py")
    (repository.root / "src/two").symlink_to("../a.py")
    assert live.sweep().links == ("one", "src/two")
    repository.remove("one", "src/two")
    repository.write({"one": "a file\n"})
    state = live.sweep()
    check(repository, state)
    assert state.links == ()


def test_an_edit_leaves_the_set_of_files_as_it_is(repository: SampleRepository, live: LiveWorkTree) -> None:
    """The very object, also after everything was read anew: what is known of it need not be worked out again."""
    files = live.state.files
    repository.write({"a.py": "a = 5\n"})
    assert live.sweep().files is files
    repository.write({".gitignore": "*.log\nbuild/\n*.tmp\n"})
    state = live.sweep()
    check(repository, state)
    assert state.files is files
