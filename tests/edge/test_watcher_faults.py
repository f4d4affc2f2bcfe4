"""What the watchers do when the root goes, events are lost, watches run out, or the system tells of nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.faults import answer_of, mount_command, needs_mounts, needs_strace, python
from tests.support.watching import LONG_S, every, new_repository, on_linux, until, watching
from verifyd.app.watch_ports import Hint, Watcher
from verifyd.edge.watch_limits import limit
from verifyd.edge.watcher import Backend
from verifyd.errors import WatchError

pytestmark = pytest.mark.anyio
SENTENCE = "the folder that is watched was moved, removed or unmounted"
NAMESPACE = ("unshare", "--user", "--map-root-user")


@cache
def can_limit() -> bool:
    """Whether this machine lets us set limits in a user namespace of our own."""
    command = (*NAMESPACE, "sh", "-c", "echo 100 > /proc/sys/user/max_inotify_watches")
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


needs_limits = pytest.mark.skipif(not can_limit(), reason="no user namespace with limits of our own can be had here")


BEGIN = """
import asyncio, json, os, pathlib, subprocess, sys
import anyio
from tests.support.watching import LONG_S, Backend, new_repository, until, watching
root = pathlib.Path(sys.argv[1])
def show(watcher, *more):
    print(json.dumps([watcher.backend, list(watcher.notes), *more]))
def said(hint):
    return [sorted(hint.paths), hint.lost, hint.git_state]
def limit_to(name, count):
    pathlib.Path(f'/proc/sys/user/max_inotify_{name}').write_text(str(count))
"""
OPEN = (
    BEGIN
    + """
async def main():
    async with watching(root) as watcher:
        show(watcher, said(await watcher.next()), said(watcher.drain()), sorted(watcher.watch(['', 'a'])))
asyncio.run(main())
"""
)


def with_limit(name: str, count: int, script: str, root: Path) -> Any:
    """Run a script in a user namespace in which only so many inotify instances or watches may be had; what it printed."""
    steps = f'echo {count} > /proc/sys/user/max_inotify_{name} && exec "$@"'
    return answer_of(python(script, root, before=(*NAMESPACE, "sh", "-c", steps, "sh")))


# --- the root --------------------------------------------------------------------------------------------------------


def move(old: Path, new: Path) -> None:
    """Rename a folder."""
    old.rename(new)


async def ends(watcher: Watcher) -> str:
    """What is said when there is nothing left to watch."""
    with pytest.raises(WatchError) as caught:
        await until(watcher, lambda _: False)
    return caught.value.problem


@every
async def test_a_root_that_was_renamed_is_an_error(root: Path, backend: Backend) -> None:
    """Fault 24: the folder has another name."""
    async with watching(root, backend=backend) as watcher:
        move(root, root.parent / "elsewhere")
        assert await ends(watcher) == SENTENCE


@every
async def test_a_root_that_was_removed_is_an_error(root: Path, backend: Backend) -> None:
    """Fault 24: the folder is gone, with its git folder."""
    async with watching(root, backend=backend) as watcher:
        await asyncio.to_thread(shutil.rmtree, root)
        assert await ends(watcher) == SENTENCE


@every
async def test_a_root_whose_outer_folder_was_renamed_is_an_error(root: Path, backend: Backend) -> None:
    """Fault 24: its own name is the same, but it is elsewhere."""
    async with watching(root, backend=backend) as watcher:
        move(root.parent, root.parent.with_name("elsewhere"))
        try:
            assert await ends(watcher) == SENTENCE
        finally:
            root.parent.with_name("elsewhere").rename(root.parent)


UNMOUNTED = (
    BEGIN
    + """
from verifyd.errors import WatchError
async def main():
    inside = new_repository(root)
    async with watching(inside) as watcher:
        subprocess.run(['umount', '--lazy', root], check=True)
        try:
            await until(watcher, lambda hint: False)
        except WatchError as error:
            print(json.dumps(error.problem))
asyncio.run(main())
"""
)


@needs_mounts
def test_a_root_that_was_unmounted_is_an_error(tmp_path: Path) -> None:
    """Fault 24: the folder that is there now is another one."""
    mount = 'mount -t tmpfs none "$1" && shift && exec "$@"'
    before = (*mount_command(), "sh", "-c", mount, "sh", str(tmp_path))
    assert answer_of(python(UNMOUNTED, tmp_path, before=before)) == SENTENCE


# --- lost events -----------------------------------------------------------------------------------------------------


def overflow(root: Path) -> None:
    """Make more events than the system keeps; two files in turn, since equal events are kept as one."""
    times = limit("max_queued_events") // 2 + 1
    if times > 1_000_000:
        pytest.skip("the queue of this machine is too long to overflow")
    for _ in range(times):
        for name in ("a", "b"):
            os.utime(root / name)


@on_linux
async def test_an_overflow_is_noticed_and_said(root: Path) -> None:
    """Fault 21: everything has to be looked at, a note says so, and later edits are told as ever."""
    for name in ("a", "b"):
        (root / name).touch()
    async with watching(root) as watcher:
        overflow(root)
        with anyio.fail_after(LONG_S):
            assert (await watcher.next()).lost
        size = limit("max_queued_events")
        assert watcher.notes == (
            (
                f"More came at once than the system keeps ({size} events), 1 time(s): everything was read again. If that happens"
                f" often, raise the limit: sudo sysctl fs.inotify.max_queued_events={max(2 * size, 65_536)}"
            ),
        )
        watcher.drain()
        (root / "c").touch()
        assert watcher.drain() == Hint(paths=frozenset({"c"}))


@on_linux
async def test_folders_that_were_swapped_during_an_overflow_are_watched_under_their_names(root: Path) -> None:
    """Fault 21: the events that told of the renames are lost, so every watch is set anew."""
    for name in ("a", "b"):
        (root / name).mkdir()
    async with watching(root, ["a", "b"]) as watcher:
        overflow(root)
        for old, new in (("a", "aside"), ("b", "a"), ("aside", "b")):
            (root / old).rename(root / new)
        assert watcher.drain().lost
        (root / "a" / "x").touch()
        assert watcher.drain() == Hint(paths=frozenset({"a/x"}))


@on_linux
async def test_a_root_renamed_during_an_overflow_is_an_error(root: Path) -> None:
    """Faults 21, 24: the event that told of it is lost."""
    for name in ("a", "b"):
        (root / name).touch()
    async with watching(root) as watcher:
        overflow(root)
        move(root, root.parent / "elsewhere")
        assert watcher.drain().lost
        assert await ends(watcher) == SENTENCE


# --- no watches ------------------------------------------------------------------------------------------------------


def note(what: str, name: str, least: int) -> str:
    """The sentence about a limit of this machine."""
    now = limit(name)
    return (
        f"The limit of {what} ({now}) is reached, so files are looked at every few seconds instead: raise it"
        f" (sudo sysctl fs.inotify.{name}={max(2 * now, least)}), then start again."
    )


@needs_limits
@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_too_few_watches_at_the_start_make_it_poll(root: Path, count: int) -> None:
    """Fault 22: for our own file, git's folders or the root; a note names the limit and what raises it."""
    assert with_limit("watches", count, OPEN, root) == [
        "polling",
        [note("watched folders", "max_user_watches", 524_288)],
        [[], True, False],
        [[], True, False],
        ["a"],
    ]


@needs_limits
def test_no_instance_at_the_start_makes_it_poll(root: Path) -> None:
    """Fault 23: as with watches, with the other limit."""
    assert with_limit("instances", 0, OPEN, root)[:2] == [
        "polling",
        [note("watching programs", "max_user_instances", 1_024)],
    ]


NO_FILES = (
    BEGIN
    + """
from verifyd.edge.watch_limits import used_up
import errno, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
held = []
try:
    while True:
        held.append(os.open('/dev/null', os.O_RDONLY))
except OSError as error:
    message = used_up(error).note
for one in held:
    os.close(one)
print(json.dumps(message))
"""
)


@on_linux
def test_a_process_that_may_open_no_more_files_is_told_apart(root: Path) -> None:
    """Fault 23: the system says the same, but the remedy is another."""
    assert answer_of(python(NO_FILES, root)) == (
        "No more files can be opened, so files are looked at every few seconds instead: raise the limit (ulimit -n 4096), then"
        " start again."
    )


RUN_OUT = (
    BEGIN
    + """
async def main():
    folders = [f'd{n}' for n in range(30)]
    async with watching(root) as watcher:
        before, told = watcher.backend, []
        async with anyio.create_task_group() as tasks:
            async def take():
                with anyio.fail_after(LONG_S):
                    while [[], True, False] not in told:
                        told.append(said(await watcher.next()))
            tasks.start_soon(take)
            await anyio.sleep(0.05)
            for folder in folders:
                (root / folder).mkdir()
            limit_to('watches', 25)
            await anyio.sleep(0.05)
            with anyio.fail_after(LONG_S):
                again = sorted(watcher.watch(['', *folders])) == sorted(['', *folders])
        show(watcher, before, again, told[-1], said(watcher.drain()))
asyncio.run(main())
"""
)


@needs_limits
def test_watches_that_run_out_later_make_it_poll(root: Path) -> None:
    """Fault 22: whoever waits is woken, all folders are to be read again, and a note says so."""
    assert with_limit("watches", 1_000, RUN_OUT, root) == [
        "polling",
        [note("watched folders", "max_user_watches", 524_288)],
        "inotify",
        True,
        [[], True, False],
        [[], True, False],
    ]


MEANWHILE = (
    BEGIN
    + """
async def main():
    (root / 'a').mkdir()
    async with watching(root, ['a', 'b', 'c']) as watcher:
        before = watcher.backend
        limit_to('watches', 1)
        (root / 'b').mkdir()
        first = said(watcher.drain())
        show(watcher, before, first)
asyncio.run(main())
"""
)


@needs_limits
def test_watches_that_run_out_for_a_new_folder_make_it_poll(root: Path) -> None:
    """Fault 22: nobody called ``watch``; the folder was to be watched as soon as it is there."""
    assert with_limit("watches", 1_000, MEANWHILE, root) == [
        "polling",
        [note("watched folders", "max_user_watches", 524_288)],
        "inotify",
        [[], True, False],
    ]


@needs_limits
def test_watches_that_watchfiles_lacks_make_it_poll(root: Path) -> None:
    """Fault 22: watchfiles says so at its start."""
    script = OPEN.replace("watching(root)", "watching(root, backend=Backend.WATCHFILES)")
    backend, notes, *_ = with_limit("watches", 3, script, root)
    assert [backend, [note.split(" (")[0] for note in notes]] == ["polling", ["watchfiles cannot watch here"]]


# --- a system that tells of nothing ----------------------------------------------------------------------------------


@on_linux
@needs_strace
def test_a_system_that_tells_of_nothing_makes_it_poll(root: Path) -> None:
    """Fault 25: every watch is accepted and none is set; our own file shows it within two seconds."""
    options = ("-f", "-o", os.devnull, "-e", "trace=inotify_add_watch", "-e", "inject=inotify_add_watch:retval=1")
    backend, notes, *_ = answer_of(python(OPEN, root, before=("strace", *options)))
    assert [backend, *notes] == [
        "polling",
        (
            f"The system told nothing of a file written in {root}/.git/verifyd within 2 s, so files are looked at every few"
            " seconds: a work tree on a local disk is verified sooner."
        ),
    ]


@on_linux
async def test_a_file_system_that_others_write_to_is_polled(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 25: writes by other machines are told by nobody, although our own are; the list of mounts is the test's."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"40 22 0:30 / {root} rw - nfs4 server:/files rw\n")
    monkeypatch.setattr("verifyd.edge.file_systems.MOUNTS", mounts)
    async with watching(root) as watcher:
        assert [watcher.backend, *watcher.notes] == [
            "polling",
            (
                f"{root} is on a file system (nfs4) that other machines write to unseen, so files are looked at every few seconds:"
                " a work tree on a local disk is verified sooner."
            ),
        ]


OVERLAY = (
    BEGIN
    + """
async def main():
    async with watching(root, ['deep']) as watcher:
        (root / 'deep' / 'below.py').write_text('new')
        show(watcher, said(watcher.drain()))
asyncio.run(main())
"""
)


@needs_mounts
def test_an_overlay_tells_of_a_file_that_comes_from_below(tmp_path: Path) -> None:
    """Fault 25: the first write copies it up, which is told; as in a container."""
    lower, upper, work, merged = (tmp_path / name for name in ("lower", "upper", "workdir", "merged"))
    for folder in (lower, upper, work, merged):
        folder.mkdir()
    (new_repository(lower) / "deep").mkdir()
    (lower / "work/deep/below.py").write_text("old")
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    mount = ("sh", "-c", 'mount -t overlay -o "$1" none "$2" && shift 2 && exec "$@"', "sh", options, str(merged))
    done = python(OVERLAY, merged / "work", before=(*mount_command(), *mount))
    if "mount:" in done.stderr:
        pytest.skip(f"no overlay can be mounted here: {done.stderr.strip()}")
    assert answer_of(done) == ["inotify", [], [["deep/below.py"], False, False]]


@on_linux
@needs_mounts
async def test_a_write_through_another_mount_is_told(root: Path, tmp_path: Path) -> None:
    """Fault 25: a program in other mounts writes by another path; the folder is the same."""
    other = tmp_path / "other"
    other.mkdir()
    async with watching(root) as watcher:
        steps = 'mount --bind "$1" "$2" && touch "$2/a.py"'
        command = (*mount_command(), "sh", "-c", steps, "sh", str(root), str(other))
        await asyncio.to_thread(subprocess.run, command, check=True)
        assert watcher.drain() == Hint(paths=frozenset({"a.py"}))


@on_linux
@needs_mounts
def test_a_git_folder_that_cannot_be_written_to_makes_it_poll(root: Path) -> None:
    """Without a file of our own nobody knows whether the system tells of anything."""
    steps = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    before = (*mount_command(), "sh", "-c", steps, "sh", str(root))
    backend, notes, *_ = answer_of(python(OPEN, root, before=before))
    assert [backend, *notes] == [
        "polling",
        (
            f"{root}/.git/verifyd cannot be written to (Read-only file system), so nobody knows whether the system tells of"
            " changes, and files are looked at every few seconds: make it writable, then start again."
        ),
    ]
