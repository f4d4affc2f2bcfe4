"""How the watchers gather real edits into batches, and what they tell when asked about now."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from threading import Event, Thread

import anyio
import anyio.to_thread
import pytest

from tests.support.watching import LONG_S, git, inotify, on_linux, told, until_told, watching
from verifyd.app.watch_ports import Hint
from verifyd.edge.noise import NoisyFiles
from verifyd.edge.settling import Settling
from verifyd.edge.watcher import Backend

pytestmark = pytest.mark.anyio


@on_linux
async def test_a_burst_is_one_batch(root: Path) -> None:
    """500 files that were written before anybody looked."""
    async with watching(root) as watcher:
        for number in range(500):
            (root / f"{number}.py").write_text("x")
        with anyio.fail_after(LONG_S):
            assert await watcher.next() == Hint(paths=frozenset(f"{number}.py" for number in range(500)))
        assert watcher.drain() == Hint()


@on_linux
async def test_edits_wait_for_gits_lock(root: Path) -> None:
    """What is written while index.lock is there comes with it, in one batch, when it is gone."""
    watcher = inotify(root, "", settling=Settling(longest_s=0.02, longest_locked_s=LONG_S))
    lock, batches = root / ".git/index.lock", []

    async def take() -> None:
        batches.append(await watcher.next())

    try:
        with anyio.fail_after(LONG_S):
            async with anyio.create_task_group() as tasks:
                lock.touch()
                tasks.start_soon(take)
                for number in range(10):
                    (root / f"{number}.py").touch()
                    await anyio.sleep(0.03)
                assert batches == []
                lock.unlink()
    finally:
        watcher.close()
    assert batches == [Hint(paths=frozenset(f"{number}.py" for number in range(10)))]


@on_linux
async def test_a_lock_that_was_left_behind_holds_nothing_up_for_ever(root: Path) -> None:
    """Fault 33: the edit is told all the same, and a note names the lock and what to do."""
    watcher = inotify(root, "", settling=Settling(longest_locked_s=0.1))
    (root / ".git/index.lock").touch()
    try:
        for name in ("a.py", "b.py"):
            (root / name).touch()
            assert await until_told(watcher, name) == Hint(paths=frozenset({name}))
        assert [note.split(",")[0] for note in watcher.notes] == [
            f"{root}/.git/index.lock has been there for more than 0.1 s"
        ]
    finally:
        watcher.close()


@on_linux
async def test_a_branch_switch_is_one_batch(root: Path) -> None:
    """Fault 26: all 1,000 files of a checkout and git's state come together, while git is running beside the watcher."""
    git(root, "commit", "-q", "--allow-empty", "-m", "Begin")
    git(root, "checkout", "-q", "-b", "far")
    for number in range(1_000):
        (root / f"{number}.py").write_text(str(number))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Add")
    watcher = inotify(root, "", settling=Settling(quiet_s=0.05, longest_s=LONG_S, longest_locked_s=LONG_S))
    try:
        with anyio.fail_after(LONG_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(partial(anyio.to_thread.run_sync, partial(git, root, "checkout", "-q", "main")))
                batch = await watcher.next()
    finally:
        watcher.close()
    assert batch.paths == {f"{number}.py" for number in range(1_000)}


@on_linux
async def test_an_endless_writer_is_named_and_holds_nothing_up(root: Path) -> None:
    """Fault 27: batches come although a program writes without a pause, and a note names the file to ignore."""
    watcher = inotify(root, "", settling=Settling(longest_s=0.05), noise=NoisyFiles(batches=5, pause_s=LONG_S))
    stop = Event()

    def write() -> None:
        with (root / "app.log").open("a", buffering=1) as log:
            while not stop.wait(0.001):
                log.write("again\n")

    writer = Thread(target=write)
    writer.start()
    try:
        with anyio.fail_after(LONG_S):
            for _ in range(6):
                assert (await watcher.next()).paths == {"app.log"}
        assert [note.split(" is written")[0] for note in watcher.notes] == ["app.log"]
    finally:
        stop.set()
        writer.join()
        watcher.close()


@on_linux
async def test_what_a_cancelled_wait_had_gathered_is_not_lost(root: Path) -> None:
    """The next one gets it."""
    watcher = inotify(root, "", settling=Settling(quiet_s=LONG_S, longest_s=LONG_S))
    try:
        (root / "a").touch()
        with anyio.move_on_after(0.05):
            await watcher.next()
        assert watcher.drain() == Hint(paths=frozenset({"a"}))
    finally:
        watcher.close()


@on_linux
def test_every_write_of_our_own_is_in_the_next_drain(root: Path) -> None:
    """1,000 times, at once after the write."""
    watcher = inotify(root, "")
    try:
        for number in range(1_000):
            (root / f"{number % 7}.py").write_text(str(number))
            assert watcher.drain() == Hint(paths=frozenset({f"{number % 7}.py"}))
    finally:
        watcher.close()


WRITER = """
import sys
for line in sys.stdin:
    with open(line.rstrip("\\n"), "w") as file:
        file.write(line)
    print("written", flush=True)
"""


@on_linux
def test_every_write_of_another_process_is_in_the_drain_after_it(root: Path) -> None:
    """1,000 times, as soon as the other process says that it has written."""
    watcher = inotify(root, "")
    command = [sys.executable, "-I", "-S", "-c", WRITER]
    try:
        with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdin is not None
            assert writer.stdout is not None
            for number in range(1_000):
                print(f"{number % 7}.py", file=writer.stdin, flush=True)
                assert writer.stdout.readline() == "written\n"
                assert watcher.drain() == Hint(paths=frozenset({f"{number % 7}.py"}))
            writer.stdin.close()
    finally:
        watcher.close()


@told
async def test_a_drain_tells_of_what_was_done_before_it(root: Path, backend: Backend) -> None:
    """Twenty writes, each told by the drain after it, or else everything has to be looked at."""
    async with watching(root, backend=backend) as watcher:
        watcher.drain()
        for number in range(20):
            (root / f"{number}.py").touch()
            hint = watcher.drain()
            assert hint.lost or f"{number}.py" in hint.paths


async def test_a_drain_without_a_sign_from_watchfiles_is_lost(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its own file is not told of in time, everything has to be looked at."""
    monkeypatch.setattr("verifyd.edge.watchfiles_watcher.COOKIE_S", 0.0)
    async with watching(root, backend=Backend.WATCHFILES) as watcher:
        assert watcher.drain().lost


async def test_polling_asks_for_a_look_at_everything(root: Path) -> None:
    """Each time, and a drain too."""
    async with watching(root, backend=Backend.POLLING) as watcher:
        assert [watcher.backend, *watcher.notes] == [
            "polling",
            "Files are looked at every few seconds, as was asked for.",
        ]
        assert [await watcher.next(), watcher.drain()] == [Hint(lost=True)] * 2
