"""Whoever follows the hints knows the folder as it is, whatever another process does to it meanwhile."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import anyio
import pytest

from tests.support.watching import LONG_S, Follower, new_repository, on_linux, watching

WRITER = """
import os, random, shutil, sys, time
random.seed(int(sys.argv[1]))
def folder():
    return "/".join(random.choice("abcd") for _ in range(random.randint(1, 4)))
for number in range(400):
    path, file, act = folder(), f"f{random.randint(0, 3)}", random.random()
    try:
        if act < 0.35:
            os.makedirs(path, exist_ok=True)
        elif act < 0.65:
            open(f"{path}/{file}", "w").close()
        elif act < 0.85:
            os.rename(path, folder())
        elif act < 0.93:
            shutil.rmtree(path)
        else:
            os.unlink(f"{path}/{file}")
    except OSError:
        pass
    if number % 8 == 0:
        time.sleep(random.choice([0.001, 0.02]))
"""


def files_of(root: Path) -> set[str]:
    """The files that are there, git's left out."""
    found = set()
    for inside, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        found |= {str((Path(inside) / name).relative_to(root)) for name in names}
    return found


@on_linux
@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(10))
async def test_hints_alone_lead_to_the_files_as_they_are(tmp_path: Path, seed: int) -> None:
    """Folders are made, renamed over each other and removed with files in them, in bursts; no sweep, no lost events."""
    root = new_repository(tmp_path)
    async with watching(root) as watcher:
        follower = Follower(root=root, watcher=watcher)
        follower.read([""])
        writer = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(seed), cwd=root)
        with anyio.fail_after(LONG_S):
            ended = asyncio.ensure_future(writer.wait())
            while not ended.done():
                with anyio.move_on_after(0.02):
                    follower.read((await watcher.next()).paths)
        while hint := watcher.drain():
            assert not hint.lost
            follower.read(hint.paths)
        assert follower.files == files_of(root)
