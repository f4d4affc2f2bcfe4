"""Watches a folder as the daemon does: reads what hints name, and tells the watcher which folders there are now."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from verifyd.app.watch_ports import Hint, Watcher
from verifyd.edge.gathering import Gathering
from verifyd.edge.inotify_watcher import InotifyWatcher
from verifyd.edge.linux import IS_LINUX
from verifyd.edge.noise import NoisyFiles
from verifyd.edge.settling import Settling
from verifyd.edge.watched_places import Places
from verifyd.edge.watcher import Backend, open_watcher

LONG_S = 40
"""Far longer than anything takes; a test that waits so long has failed."""

on_linux = pytest.mark.skipif(not IS_LINUX, reason="inotify is Linux's")
TOLD = [pytest.param(Backend.INOTIFY, marks=on_linux), Backend.WATCHFILES]
told = pytest.mark.parametrize("backend", TOLD)
every = pytest.mark.parametrize("backend", [*TOLD, Backend.POLLING])


def new_repository(folder: Path) -> Path:
    """An empty repository, its path without links."""
    root = Path(os.path.realpath(folder)) / "work"
    subprocess.run(["git", "init", "-q", "-b", "main", root], check=True)
    return root


def git(root: Path, *arguments: str) -> None:
    """Run git in the work tree, as somebody."""
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.invalid")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@asynccontextmanager
async def watching(root: Path, folders: Iterable[str] = (), backend: Backend | None = None) -> AsyncIterator[Watcher]:
    """A watcher of these folders and the root."""
    async with open_watcher(root, root / ".git", root / ".git", backend=backend, poll_s=0.05) as watcher:
        watcher.watch(("", *folders))
        yield watcher


def inotify(
    root: Path, *folders: str, settling: Settling | None = None, noise: NoisyFiles | None = None
) -> InotifyWatcher:
    """A watcher whose times the test sets."""
    places = Places(root=str(root), git_dir=f"{root}/.git", common_dir=f"{root}/.git")
    watcher = InotifyWatcher(Gathering(places=places, settling=settling or Settling(), noise=noise or NoisyFiles()))
    watcher.watch(folders)
    return watcher


async def until(watcher: Watcher, enough: Callable[[Hint], bool]) -> Hint:
    """All hints together, as soon as they are enough."""
    gathered = Hint()
    with anyio.fail_after(LONG_S):
        while not enough(gathered):
            gathered |= await watcher.next()
    return gathered


async def until_told(watcher: Watcher, *paths: str) -> Hint:
    """All hints together, as soon as these paths are among them or events were lost."""
    return await until(watcher, lambda hint: hint.lost or hint.paths >= set(paths))


@dataclass(slots=True, kw_only=True)
class Follower:
    """Knows which files there are, by nothing but hints; calls ``watch`` only when there are other folders than before."""

    root: Path
    watcher: Watcher
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    def read(self, paths: Iterable[str]) -> None:
        """Read these paths, then what is in folders that were not watched until now."""
        todo = set(paths)
        while todo:
            for path in todo:
                self._read_one(path)
            todo = set(self.watcher.watch(self.folders)) if self.folders != self._told else set()
            self._told = set(self.folders)

    def _read_one(self, path: str) -> None:
        below = f"{path}/" if path else ""
        self.files = {file for file in self.files if file != path and not file.startswith(below)}
        self.folders = {folder for folder in self.folders if folder != path and not folder.startswith(below)}
        place = self.root / path
        if place.is_dir() and not place.is_symlink():
            self._read_folder(place)
        elif os.path.lexists(place):
            self.files.add(path)

    def _read_folder(self, place: Path) -> None:
        for inside, folders, files in os.walk(place):
            folders[:] = [name for name in folders if name not in (".git", ".verifyd")]
            here = Path(inside).relative_to(self.root)
            self.folders.add("" if here == Path() else str(here))
            self.files |= {str(here / name) for name in files}

    async def follow_until(self, enough: Callable[[set[str]], bool]) -> None:
        """Follow the hints until the files are what they should be."""
        with anyio.fail_after(LONG_S):
            while not enough(self.files):
                hint = await self.watcher.next()
                self.read([""] if hint.lost else hint.paths)
