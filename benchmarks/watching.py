"""Our inotify watcher beside watchfiles as we use it and as it comes: delay, idle cost, watches, and what each one loses."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import anyio.lowlevel
import watchfiles

from measure import print_table, repository
from verifyd.app.watch_ports import Hint, Watcher
from verifyd.edge.watcher import Backend, open_watcher

OURS = "verifyd, inotify"
TUNED = "verifyd, watchfiles 10/200"
PLAIN = "watchfiles 50/1600"
BACKENDS = {OURS: Backend.INOTIFY, TUNED: Backend.WATCHFILES}
NAMES = (OURS, TUNED, PLAIN)
FOLDERS, IGNORED_FOLDERS = 28, 1_380
NESTED = 100
BURST = 12_000
QUIET_S = 2.0
"""Nothing more is told when nothing was told for this long."""


class Plain:
    """watchfiles with its defaults but for the filter, behind the same port."""

    backend = "watchfiles"
    notes = ()

    def __init__(self, root: Path) -> None:
        self._root = root
        self._changes = watchfiles.awatch(root, watch_filter=None)

    def watch(self, folders: Collection[str]) -> frozenset[str]:
        """It watches everything, always."""
        return frozenset(folders) & frozenset()

    async def next(self) -> Hint:
        """The next changes, without git's."""
        changes = await anext(self._changes)
        paths = (path.removeprefix(f"{self._root}/") for _, path in changes)
        return Hint(paths=frozenset(path for path in paths if not path.startswith(".git")))

    def drain(self) -> Hint:
        """It has none."""
        return Hint()

    async def close(self) -> None:
        """End its thread."""
        await self._changes.aclose()


@asynccontextmanager
async def watching(name: str, root: Path) -> AsyncIterator[Watcher]:
    """One of the three, told of the folders that git does not ignore."""
    if name != PLAIN:
        async with open_watcher(root, root / ".git", root / ".git", backend=BACKENDS[name]) as watcher:
            watcher.watch(["", *(f"package{number}" for number in range(FOLDERS - 1))])
            yield watcher
        return
    plain = Plain(root)
    with anyio.move_on_after(0.5):  # its thread begins to watch with the first call
        await plain.next()
    plain = Plain(root)
    try:
        yield plain
    finally:
        await plain.close()


async def delays(root: Path, name: str, runs: int) -> list[float]:
    """Seconds from the end of a write to the hint, at random moments of the watcher's own rhythm."""
    taken = []
    target = root / "package1" / "edited.py"
    async with watching(name, root) as watcher:
        for number in range(runs + 1):
            waiting = asyncio.ensure_future(told_at(watcher, "package1/edited.py"))
            await anyio.sleep(0.3 + random.random() / 10)
            await asyncio.to_thread(target.write_text, f"EDIT = {number}\n")
            written = time.perf_counter()
            taken.append(max(0.0, await waiting - written))
            await anyio.sleep(0.2)
    return taken[1:]


async def told_at(watcher: Watcher, path: str) -> float:
    """When the path was told."""
    while path not in (await watcher.next()).paths:
        pass
    return time.perf_counter()


async def idle(root: Path, name: str, seconds: float) -> tuple[float, float, int]:
    """Share of a core, wake-ups a second, and watches of a watcher while nothing happens."""
    async with watching(name, root) as watcher:
        waiting = asyncio.ensure_future(watcher.next())
        await anyio.sleep(1)
        before = resource.getrusage(resource.RUSAGE_SELF)
        await anyio.sleep(seconds)
        after = resource.getrusage(resource.RUSAGE_SELF)
        watches = kernel_watches()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s / seconds, (after.ru_nvcsw - before.ru_nvcsw) / seconds, watches


def kernel_watches() -> int:
    """How many folders this process has asked the kernel to watch; 0 where it does not say."""
    folder = Path("/proc/self/fdinfo")
    texts = [path.read_text() for path in folder.iterdir() if path.exists()] if folder.exists() else []
    return sum(line.startswith("inotify wd") for text in texts for line in text.splitlines())


async def told_until_quiet(watcher: Watcher, on_hint: Callable[[Hint], None]) -> None:
    """Hand on hints until none comes any more."""
    while True:
        with anyio.move_on_after(QUIET_S) as scope:
            on_hint(await watcher.next())
        if scope.cancelled_caught:
            return


async def nested(root: Path, name: str) -> tuple[int, int]:
    """Of files made at once in new nested folders: told by name, and found by reading told folders again."""
    told: set[str] = set()
    found: set[str] = set()
    folders = {""}

    def read(hint: Hint) -> None:
        told.update(hint.paths)
        todo = set(hint.paths)
        while todo:
            for path in todo:
                inside = [path, *(str(below.relative_to(root)) for below in (root / path).rglob("*"))]
                folders.update(place for place in inside if (root / place).is_dir())
                found.update(place for place in inside if (root / place).is_file())
            todo = set(watcher.watch(folders)) - {""}

    made = [f"new{NAMES.index(name)}-{number}/deep/deeper/{number}.py" for number in range(NESTED)]
    async with watching(name, root) as watcher:
        waiting = asyncio.ensure_future(told_until_quiet(watcher, read))
        await anyio.sleep(0.2)
        for path in made:
            (root / path).parent.mkdir(parents=True)
            (root / path).touch()
            await anyio.lowlevel.checkpoint()
        await waiting
    return len(told & set(made)), len(found & set(made))


async def overflowed(root: Path, name: str) -> None:
    """In a process of its own: say that it watches, then what was told after it was stopped and went on."""
    told: set[str] = set()
    signs = [False]

    def keep(hint: Hint) -> None:
        told.update(hint.paths)
        signs[0] |= hint.lost

    async with watching(name, root) as watcher:
        print("watching", flush=True)
        keep(await watcher.next())
        await told_until_quiet(watcher, keep)
    print(json.dumps([len({path for path in told if path.startswith("burst")}), signs[0]]), flush=True)


def overflow(root: Path, name: str) -> tuple[int, bool]:
    """Of files made while the watcher could not read: how many were told, and whether it said that some were lost."""
    command = [sys.executable, __file__, "--child", name, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.5)
        child.send_signal(signal.SIGSTOP)
        for number in range(BURST):
            (root / f"burst{number}").touch()
        child.send_signal(signal.SIGCONT)
        told, lost = json.loads(child.stdout.readline())
    for number in range(BURST):
        (root / f"burst{number}").unlink()
    return told, lost


def make_folders(root: Path) -> None:
    """What lies in the folder besides the sources: installed packages, which git ignores."""
    (root / ".gitignore").write_text(".venv/\n")
    for number in range(IGNORED_FOLDERS):
        (root / ".venv" / f"{number}").mkdir(parents=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30, metavar="N", help="writes for the delay (default 30)")
    parser.add_argument("--idle", type=float, default=20, metavar="S", help="seconds of idling (default 20)")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        asyncio.run(overflowed(Path(asked.child[1]), asked.child[0]))
        return
    files = {f"package{number}/module.py": "X = 1\n" for number in range(FOLDERS - 1)}
    # watchfiles tells real paths.
    tempfile.tempdir = os.path.realpath(tempfile.gettempdir())
    with repository(files) as root:
        make_folders(root)
        taken = {name: asyncio.run(delays(root, name, asked.runs)) for name in NAMES}
        print_table("From a write to its hint", taken, against=OURS)
        print(f"\n### Idle for {asked.idle:g} s, {FOLDERS} folders of sources and {IGNORED_FOLDERS:,} ignored ones\n")
        print("| | % of a core | wake-ups/s | watches |\n|---|---|---|---|")
        for name in NAMES:
            share, wakes, watches = asyncio.run(idle(root, name, asked.idle))
            print(f"| {name} | {share:.3%} | {wakes:.1f} | {watches:,} |".replace("% |", " |", 1))
        print(f"\n### {NESTED} files in new nested folders, and {BURST:,} files while it could not read\n")
        print("| | nested: told by name | found by reading told folders | burst: told | said that some were lost |")
        print("|---|---|---|---|---|")
        for name in NAMES:
            told, found = asyncio.run(nested(root, name))
            burst, said = overflow(root, name)
            print(f"| {name} | {told} | {found} | {burst:,} | {'yes' if said else 'no'} |")


if __name__ == "__main__":
    main()
