"""The watchers against real edits: what was touched is told, and nothing else."""

from __future__ import annotations

import asyncio
import mmap
from functools import partial
from pathlib import Path

import anyio
import pytest

from tests.support.repositories import make_repository, with_submodule
from tests.support.watching import (
    LONG_S,
    Follower,
    every,
    git,
    on_linux,
    told,
    until,
    until_told,
    watching,
)
from verifyd.app.watch_ports import Hint, Watcher
from verifyd.edge.linux import IS_LINUX
from verifyd.edge.watcher import Backend, open_watcher

pytestmark = pytest.mark.anyio


@told
async def test_a_new_a_changed_and_a_deleted_file_are_told(root: Path, backend: Backend) -> None:
    """Each as its path, whatever happened to it."""
    async with watching(root, backend=backend) as watcher:
        assert watcher.backend == backend
        for act in (Path.touch, partial(Path.write_text, data="x"), partial(Path.chmod, mode=0o700), Path.unlink):
            act(root / "a.py")
            assert await until_told(watcher, "a.py") == Hint(paths=frozenset({"a.py"}))
        assert watcher.notes == ()


@told
async def test_a_save_by_renaming_over_is_told(root: Path, backend: Backend) -> None:
    """As editors and agents write: a new file beside it, renamed over it."""
    (root / "a.py").write_text("old")
    async with watching(root, backend=backend) as watcher:
        (root / ".a.py.tmp").write_text("new")
        (root / ".a.py.tmp").rename(root / "a.py")
        assert (await until_told(watcher, "a.py")).paths <= {"a.py", ".a.py.tmp"}


@on_linux
async def test_a_change_through_a_memory_map_is_told_when_it_is_closed(root: Path) -> None:
    """No write happens, but the end of the writer is told; watchfiles tells nothing of it."""
    (root / "a.bin").write_bytes(b"old")
    async with watching(root) as watcher:
        with (root / "a.bin").open("r+b") as file, mmap.mmap(file.fileno(), 3) as mapped:
            mapped[:] = b"new"
        await until_told(watcher, "a.bin")


@every
async def test_files_made_at_once_in_nested_new_folders_are_found(root: Path, backend: Backend) -> None:
    """`mkdir -p` and files in it, again and again, before any watch can be set: whoever reads new folders again misses none."""
    async with watching(root, backend=backend) as watcher:
        follower = Follower(root=root, watcher=watcher)
        made = [f"new{n}/deep/deeper/{name}.py" for n in range(50) for name in "ab"]
        for file in made:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).touch()
        await follower.follow_until(lambda files: files == set(made))
        (root / "new7/deep/deeper/late.py").touch()
        await follower.follow_until(lambda files: files == {*made, "new7/deep/deeper/late.py"})


@every
async def test_a_folder_that_is_moved_in_is_found_with_what_is_in_it(root: Path, backend: Backend) -> None:
    """And edits in it are told from then on; moved out again, it is gone."""
    outside = root.parent / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "a.py").touch()
    async with watching(root, backend=backend) as watcher:
        follower = Follower(root=root, watcher=watcher)
        outside.rename(root / "inside")
        await follower.follow_until(lambda files: files == {"inside/deep/a.py"})
        (root / "inside/deep/b.py").touch()
        await follower.follow_until(lambda files: files == {"inside/deep/a.py", "inside/deep/b.py"})
        (root / "inside").rename(outside)
        await follower.follow_until(lambda files: files == set())


@told
async def test_a_folder_moved_out_is_not_followed(root: Path, backend: Backend) -> None:
    """What happens in it elsewhere is nobody's business."""
    (root / "a").mkdir()
    async with watching(root, ["a"], backend) as watcher:
        (root / "a").rename(root.parent / "away")
        await until_told(watcher, "a")
        watcher.drain()
        (root.parent / "away" / "x").touch()
        assert watcher.drain() == Hint()


@told
async def test_a_folder_renamed_there_and_back_is_still_watched(root: Path, backend: Backend) -> None:
    """Nobody calls ``watch`` again when the tree is the same, so it has to come back by itself."""
    (root / "a").mkdir()
    async with watching(root, ["a"], backend) as watcher:
        (root / "a").rename(root / "b")
        (root / "b").rename(root / "a")
        await until_told(watcher, "a", "b")
        (root / "a" / "x").touch()
        await until_told(watcher, "a/x")


@told
async def test_another_folder_in_the_place_of_a_watched_one_is_watched(root: Path, backend: Backend) -> None:
    """Swapped by two renames, then edited under the name that was watched; the old one is not told under it."""
    for name in ("a", "b"):
        (root / name).mkdir()
    async with watching(root, ["a"], backend) as watcher:
        (root / "a").rename(root / "old")
        (root / "b").rename(root / "a")
        await until_told(watcher, "a", "b", "old")
        watcher.drain()
        (root / "old" / "x").touch()
        (root / "a" / "y").touch()
        assert (await until_told(watcher, "a/y")).paths == {"a/y"}


@told
async def test_only_the_named_folders_are_told_of(root: Path, backend: Backend) -> None:
    """Not others, not those that are no longer named, and not what links lead to."""
    for name in ("named", "other", "linked"):
        (root / name).mkdir()
    (root / "link").symlink_to("linked")
    async with watching(root, ["named", "link"], backend) as watcher:
        watcher.drain()
        for file in ("other/x", "linked/x"):
            (root / file).touch()
        assert watcher.drain() == Hint()
        assert watcher.watch(["", "other", "link"]) == {"other"}
        (root / "named/x").touch()
        (root / "other/y").touch()
        assert (await until_told(watcher, "other/y")).paths == {"other/y"}


@every
async def test_watch_names_the_folders_that_were_not_watched(root: Path, backend: Backend) -> None:
    """Each once, and again after it was left out."""
    for name in ("a", "b"):
        (root / name).mkdir()
    async with open_watcher(root, root / ".git", root / ".git", backend=backend) as watcher:
        assert watcher.watch(["", "a"]) == {"", "a"}
        assert watcher.watch(["", "a"]) == set()
        assert watcher.watch(["", "b"]) == {"b"}
        assert watcher.watch(["", "a", "b"]) == {"a"}


@told
async def test_a_folder_that_vanished_is_no_error(root: Path, backend: Backend) -> None:
    """It may come back, and is told of then."""
    async with watching(root, ["gone", "gone/deep"], backend) as watcher:
        (root / "gone" / "deep").mkdir(parents=True)
        await until(watcher, lambda hint: bool(hint.paths & {"gone", "gone/deep"}))
        (root / "gone" / "deep" / "x").touch()
        await until_told(watcher, "gone/deep/x")


@on_linux
async def test_a_name_that_is_no_utf_8_is_told_as_git_tells_it(root: Path) -> None:
    """With surrogates in the place of its bytes."""
    async with watching(root) as watcher:
        (root / "caf\udce9").touch()
        assert await until_told(watcher, "caf\udce9") == Hint(paths=frozenset({"caf\udce9"}))


@pytest.mark.skipif(not IS_LINUX, reason="macOS takes no name that is no UTF-8")
async def test_a_name_that_watchfiles_cannot_tell_is_lost_with_a_sign(root: Path) -> None:
    """watchfiles fails on it; it is started again, and everything has to be looked at."""
    async with watching(root, backend=Backend.WATCHFILES) as watcher:
        (root / "caf\udce9").touch()
        assert (await until(watcher, lambda hint: hint.lost)).lost
        (root / "later").touch()
        await until_told(watcher, "later")
        (root / "still").touch()
        await until_told(watcher, "still")


@on_linux
async def test_three_thousand_folders_are_watched(root: Path) -> None:
    """The last as well as the first, and nothing but folders."""
    folders = [f"d{n // 100}/{n % 100}" for n in range(3_000)]
    for folder in folders:
        (root / folder).mkdir(parents=True)
    async with watching(root) as watcher:
        named = ["", *folders, *(f"d{n}" for n in range(30))]
        assert watcher.watch(named) == set(named) - {""}
        for folder in (folders[0], folders[-1]):
            (root / folder / "x").touch()
        assert watcher.drain() == Hint(paths=frozenset({f"{folders[0]}/x", f"{folders[-1]}/x"}))


@told
async def test_gits_state_is_told_as_such(root: Path, backend: Backend) -> None:
    """The index, HEAD, refs (new folders of them too), excludes, attributes and settings."""
    git(root, "commit", "-q", "--allow-empty", "-m", "Begin")
    (root / "a.py").touch()
    async with watching(root, backend=backend) as watcher:
        watcher.drain()
        for command in (
            ["add", "a.py"],
            ["commit", "-q", "-m", "Add"],
            ["branch", "feature/deep/x"],
            ["branch", "-f", "feature/deep/x", "HEAD~1"],
            ["checkout", "-q", "-b", "other"],
            ["config", "core.autocrlf", "false"],
            ["pack-refs", "--all"],
        ):
            git(root, *command)
            await until(watcher, lambda hint: hint.git_state)
        for name in ("info/exclude", "info/attributes"):
            (root / ".git" / name).write_text("x")
            assert await until(watcher, lambda hint: hint.git_state) == Hint(git_state=True)


@told
async def test_objects_locks_and_our_own_files_are_not_told(root: Path, backend: Backend) -> None:
    """Otherwise every run would start the next."""
    own = root / ".git" / "verifyd" / "verdicts"
    own.mkdir(parents=True)
    (root / ".verifyd").mkdir()
    async with watching(root, [".verifyd"], backend) as watcher:
        watcher.drain()
        for path in (own / "x", root / ".verifyd/READINESS.md", root / ".git/objects/new", root / ".git/index.lock"):
            path.write_text("x")
        assert watcher.drain() == Hint()
        (root / "a").touch()
        assert watcher.drain() == Hint(paths=frozenset({"a"}))


@on_linux
async def test_a_linked_work_tree_is_told_of_its_own_index_and_the_common_refs(root: Path) -> None:
    """And not of the other work tree's files."""
    git(root, "commit", "-q", "--allow-empty", "-m", "Begin")
    linked = root.parent / "linked"
    git(root, "worktree", "add", "-q", "-b", "side", str(linked))
    async with open_watcher(linked, root / ".git/worktrees/linked", root / ".git") as watcher:
        watcher.watch([""])
        (root / "elsewhere").touch()
        assert watcher.drain() == Hint()
        (linked / "a").touch()
        assert watcher.drain() == Hint(paths=frozenset({"a"}))
        git(linked, "add", "a")
        assert watcher.drain() == Hint(git_state=True)
        git(root, "branch", "new")
        assert watcher.drain() == Hint(git_state=True)


@told
async def test_a_commit_in_a_submodule_is_told_although_no_file_changes(tmp_path: Path, backend: Backend) -> None:
    """The tree names the commit. It is told from a submodule's first moment, also of one whose name has slashes."""
    outer = make_repository(tmp_path, {"a.py": "a\n"})
    async with watching(outer.root, backend=backend) as watcher:
        for name in ("first", "lib/second"):
            inner = with_submodule(outer, name, {"s.py": "s\n"})
            await until(watcher, lambda hint: hint.git_state)
            watcher.drain()
            inner.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
            await until(watcher, lambda hint: hint.git_state)


def open_files() -> int:
    """How many descriptors this process has."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


@told
async def test_closing_gives_everything_back(root: Path, backend: Backend) -> None:
    """No descriptor stays open."""
    before = open_files()
    async with watching(root, backend=backend) as watcher:
        (root / "a").touch()
        await until_told(watcher, "a")
    with anyio.fail_after(LONG_S):
        while open_files() > before:  # noqa: ASYNC110 - watchfiles' own thread ends a little later
            await anyio.sleep(0.01)


@told
async def test_closing_ends_a_wait(root: Path, backend: Backend) -> None:
    """Whoever still waits is told, and the descriptor is closed once the loop has forgotten it."""
    before, ended = open_files(), []

    async def wait(watcher: Watcher) -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await watcher.next()
        ended.append(True)

    with anyio.fail_after(LONG_S):
        async with anyio.create_task_group() as tasks, watching(root, backend=backend) as watcher:
            tasks.start_soon(wait, watcher)
            await anyio.wait_all_tasks_blocked()
        while open_files() > before:  # noqa: ASYNC110 - watchfiles' own thread ends a little later
            await anyio.sleep(0.01)
    assert ended == [True]


@on_linux
async def test_closing_after_a_cancelled_wait_is_silent(root: Path) -> None:
    """A wait that was cancelled, but has not come to its end yet."""
    before = open_files()
    async with watching(root) as watcher:
        waiting = asyncio.ensure_future(watcher.next())
        await anyio.wait_all_tasks_blocked()
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert open_files() == before
