"""Mirrors: a folder with exactly one tree's files in checkout form, brought from tree to tree, never under its users' feet."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from pathlib import Path

from tests.support.contents import contents
from tests.support.repositories import FILES, SampleRepository, with_submodule
from verifyd.app.watch_ports import TreeState
from verifyd.edge.live_tree import LiveWorkTree, open_live_tree


def written(repository: SampleRepository, state: TreeState, folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """What a checkout of the tree writes."""
    repository.binary().write_tree_to(repository.open(), state.tree, folder)
    return contents(folder)


def test_a_mirror_is_what_a_checkout_writes(repository: SampleRepository, live: LiveWorkTree, tmp_path: Path) -> None:
    """Modes and links included."""
    (repository.root / "run").write_text("#!/bin/sh\n")
    (repository.root / "run").chmod(0o755)
    (repository.root / "link").symlink_to("src")
    state = live.sweep()
    with live.mirror(state) as folder:
        assert contents(folder) == written(repository, state, tmp_path / "checkout")


def test_a_mirror_follows_to_any_tree(repository: SampleRepository, live: LiveWorkTree, tmp_path: Path) -> None:
    """Edits, modes, links, deletions, folders that become files and files that become folders, in the same folder."""
    with live.mirror(live.state) as first:
        pass
    (repository.root / "a.py").chmod(0o755)
    repository.remove("src")
    repository.write({"src": "now a file\n", "new/deep/d": "longer than before\n", "new/e": ""})
    state = live.sweep()
    with live.mirror(state) as second:
        assert contents(second) == written(repository, state, tmp_path / "second")
    repository.remove("a.py", "src", "new")
    repository.write({"a.py/x": "1", "src/b.py": "b", "new": ""})
    (repository.root / "link").symlink_to("new")
    state = live.sweep()
    with live.mirror(state) as third:
        assert contents(third) == written(repository, state, tmp_path / "third")
    assert first == second == third


def test_users_of_one_tree_share_a_mirror_and_others_get_their_own(
    repository: SampleRepository, live: LiveWorkTree
) -> None:
    """Nothing changes in a folder that somebody is in, however many trees are asked for."""
    trees: list[tuple[TreeState, str]] = []
    for number in range(5):
        text = f"a = {number}\n"
        repository.write({"a.py": text})
        trees.append((live.sweep(), text))
    with live.mirror(trees[0][0]) as one, live.mirror(trees[0][0]) as same, live.mirror(trees[1][0]) as two:
        assert one == same != two
        with live.mirror(trees[2][0]) as three, live.mirror(trees[3][0]) as four, live.mirror(trees[4][0]) as five:
            folders = (one, two, three, four, five)
            assert len(set(folders)) == 5
            assert [(folder / "a.py").read_text() for folder in folders] == [text for _, text in trees]
        assert not five.exists()
    with live.mirror(trees[3][0]) as again:
        assert again in (one, two, three)
        assert (again / "a.py").read_text() == "a = 3\n"


def test_a_tree_of_the_past_comes_out_of_objects(repository: SampleRepository, live: LiveWorkTree) -> None:
    """What is no longer on disk anywhere."""
    repository.write({"a.py": "an untracked past\n"})
    past = live.sweep()
    repository.write({"a.py": "now\n"})
    live.sweep()
    with live.mirror(past) as folder:
        assert (folder / "a.py").read_text() == "an untracked past\n"


def test_what_was_changed_in_a_mirror_is_mended(
    repository: SampleRepository, live: LiveWorkTree, tmp_path: Path
) -> None:
    """Edits there and back, deletions, new files and folders, and other modes are gone for the next user."""
    expected = written(repository, live.state, tmp_path / "checkout")
    with live.mirror(live.state) as folder:
        (folder / "a.py").write_text("a = 2\n")
        (folder / "src/deep/c.py").unlink()
        (folder / "src/deep").rmdir()
        (folder / "src/__pycache__").mkdir()
        (folder / "src/__pycache__/b.pyc").write_text("x")
        (folder / "src").chmod(0o700)
        os.link(folder / "src/b.py", folder.parent / "other name")
        (folder / "new").symlink_to("a.py")
    repository.write({"src/b.py": "b = 3\n"})
    state = live.sweep()
    with live.mirror(state) as folder:
        assert contents(folder) == {**expected, "src/b.py": (expected["src/b.py"][0], b"b = 3\n")}
    assert (folder.parent / "other name").read_text() == "b = 2\n"


def test_what_somebody_writes_into_a_mirror_is_seen_while_it_is_used(
    repository: SampleRepository, live: LiveWorkTree
) -> None:
    """There and back, its date too; who asks for the same tree gets another mirror, and the next user a mended one."""
    before = live.state
    with live.mirror(before) as folder:
        assert live.mirror_changes(folder) == ()
        dates = (folder / "a.py").stat()
        for text in ("a = 2\n", FILES["a.py"]):
            (folder / "a.py").write_text(text)
        os.utime(folder / "a.py", ns=(dates.st_atime_ns, dates.st_mtime_ns))
        (folder / "src/new.py").write_text("")
        assert live.mirror_changes(folder) == ("a.py", "src", "src/new.py")
        with live.mirror(before) as other:
            assert folder != other
            assert live.mirror_changes(other) == ()
    repository.write({"a.py": "a = 3\n"})
    with live.mirror(live.sweep()) as first, live.mirror(before) as second:
        assert {folder, other} == {first, second}
        assert [(one / "src/new.py").exists() for one in (first, second)] == [False, False]
        assert [live.mirror_changes(one) for one in (first, second)] == [(), ()]


def test_a_mirror_beyond_those_that_are_kept_is_looked_through_too(
    repository: SampleRepository, live: LiveWorkTree
) -> None:
    """It is made for one use; one that was removed has moved as a whole."""
    with ExitStack() as opened:
        for number in range(3):
            repository.write({"a.py": f"a = {number}\n"})
            opened.enter_context(live.mirror(live.sweep()))
        repository.write({"a.py": "a = 3\n"})
        folder = opened.enter_context(live.mirror(live.sweep()))
        (folder / "a.py").unlink()
        assert live.mirror_changes(folder) == ("", "a.py")
        folder.rename(folder.parent / "away")
        assert live.mirror_changes(folder) == ("",)
        folder.mkdir()


def test_converted_files_are_in_checkout_form(repository: SampleRepository, live: LiveWorkTree, tmp_path: Path) -> None:
    """Line endings as .gitattributes says, also when only that file changed."""
    repository.write({".gitattributes": "*.txt eol=crlf\n", "t.txt": "1\r\n2\r\n", "u.dat": "1\r\n"})
    state = live.sweep()
    with live.mirror(state) as folder:
        assert (folder / "t.txt").read_bytes() == b"1\r\n2\r\n"
        assert contents(folder) == written(repository, state, tmp_path / "one")
    repository.write({"t.txt": "3\r\n"})
    state = live.sweep()
    assert state.tree == repository.tree_on_disk()
    with live.mirror(state) as folder:
        assert contents(folder) == written(repository, state, tmp_path / "two")
    repository.write({".gitattributes": "*.txt text eol=lf\n"})
    state = live.sweep()
    with live.mirror(state) as folder:
        assert (folder / "t.txt").read_bytes() == b"3\n"
        assert contents(folder) == written(repository, state, tmp_path / "three")


def test_submodules_are_written_too(repository: SampleRepository, tmp_path: Path) -> None:
    """And are gone with their commit."""
    with_submodule(repository, "sub", {"s.py": "s\n", "deep/t.py": "t\n"})
    with open_live_tree(repository.binary(), repository.open()) as live:
        with live.mirror(live.state) as folder:
            assert contents(folder) == written(repository, live.state, tmp_path / "one")
        repository.write({"a.py": "other\n"})
        state = live.sweep()
        with live.mirror(state) as folder:
            assert contents(folder) == written(repository, state, tmp_path / "two")
        repository.git("rm", "--quiet", "--force", "sub")
        state = live.sweep()
        with live.mirror(state) as folder:
            assert contents(folder) == written(repository, state, tmp_path / "three")


def second(folder: Path, name: str) -> float:
    """When a file was changed, as tools see it."""
    return (folder / name).stat().st_mtime


def test_changed_files_get_later_whole_seconds_and_others_keep_theirs(
    repository: SampleRepository, live: LiveWorkTree
) -> None:
    """Content that comes back included, in whichever mirror: something was built from other content meanwhile."""
    seen: list[float] = []
    untouched: set[float] = set()
    for text in ("a = 2\n", "a = 3\n", "a = 2\n", "a = 1\n", "a = 3\n"):
        repository.write({"a.py": text})
        state = live.sweep()
        with live.mirror(state) as folder, live.mirror(state) as same:
            assert folder == same
            seen.append(second(folder, "a.py"))
            untouched.add(second(folder, "src/b.py"))
    assert seen == sorted(set(seen))
    assert all(moment == int(moment) for moment in seen)
    assert len(untouched) == 1


def test_a_tree_that_comes_back_is_not_shared_with_old_dates(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Who is in the old mirror keeps it; who comes gets one whose dates are later than what was built meanwhile."""
    first = live.state
    with live.mirror(first) as old:
        before = second(old, "a.py")
        repository.write({"a.py": "a = 2\n"})
        with live.mirror(live.sweep()) as between:
            later = second(between, "a.py")
        repository.write({"a.py": FILES["a.py"]})
        with live.mirror(live.sweep()) as again:
            assert second(old, "a.py") == before < later < second(again, "a.py")


def test_dates_outlive_the_process(repository: SampleRepository) -> None:
    """Unchanged content keeps its second over a restart, and what changed in between gets a later one."""
    seconds: list[float] = []
    for text in ("a = 2\n", "a = 3\n", "a = 3\n", "a = 4\n"):
        with open_live_tree(repository.binary(), repository.open()) as live:
            repository.write({"a.py": text})
            with live.mirror(live.sweep()) as folder:
                seconds.append(second(folder, "a.py"))
    assert seconds[1] == seconds[2]
    assert seconds[0] < seconds[1] < seconds[3]


def test_mirrors_are_gone_afterwards_and_with_dead_owners(repository: SampleRepository) -> None:
    """Nothing is left of a process that ended well; what one that was killed left, the next removes."""
    with open_live_tree(repository.binary(), repository.open()) as live, live.mirror(live.state) as folder:
        home = folder.parents[2]
        assert stat.S_IMODE(folder.parents[1].stat().st_mode) == 0o700
        left = home / "left"
        left.mkdir()
        (left / ".held").write_text("1\n")
    assert not folder.parents[1].exists()
    with open_live_tree(repository.binary(), repository.open()) as live, live.mirror(live.state):
        assert not left.exists()
