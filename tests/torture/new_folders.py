"""Folders within new folders, with files in them at once: most of these files no event is about."""

from __future__ import annotations

import random
import shutil
import threading
import time
from pathlib import Path

import watchfiles

from tests.support.project import page
from tests.torture.rounds import Entries, Tally, engine_over, make_scene

BAD = "bad.txt"


def expect(entries: Entries) -> dict[str, bool]:
    """The gate fails where any file is called so."""
    return {"gate": not any(path.endswith(f"/{BAD}") for path in entries)}


def nest(folder: Path, chance: random.Random, *, bad: bool) -> None:
    """Make folders three to six deep, each with a file as soon as it is there."""
    place = folder
    depth = chance.randint(3, 6)
    for level in range(depth):
        place = place / f"n{chance.randrange(3)}"
        place.mkdir(parents=True, exist_ok=True)
        (place / (BAD if bad and level == depth - 1 else f"f{chance.randrange(9)}.txt")).write_text(f"{level}\n")


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """Nested folders, some with a bad file at the bottom, come and go."""
    files = {"top/first.txt": "1\n", "VERIFY.md": page(gate=f'test -z "$(find . -name {BAD})"')}
    scene = make_scene(folder, files, expect, random.Random(seed))
    async with engine_over(scene) as engine:
        for _ in range(rounds):
            if scene.chance.random() < 0.5:
                for grown in (scene.root / "top").glob("n*"):
                    shutil.rmtree(grown)
            nest(scene.root / "top", scene.chance, bad=scene.chance.random() < 0.5)
            await engine.ask()
            scene.tally.rounds += 1
    return scene.tally


def naive(folder: Path, rounds: int) -> int:
    """Keep a list of files by what is told: how often the bad one is missing from it a second later."""
    folder.mkdir(parents=True)
    folder = folder.resolve()
    known: set[str] = set()
    stop, ready = threading.Event(), threading.Event()

    def follow() -> None:
        for changes in watchfiles.watch(
            folder, step=10, debounce=50, rust_timeout=20, yield_on_timeout=True, stop_event=stop, watch_filter=None
        ):
            ready.set()
            known.update(path for _, path in changes)

    follower = threading.Thread(target=follow)
    follower.start()
    ready.wait()
    false, chance = 0, random.Random(1)
    for number in range(rounds):
        nest(folder / str(number), chance, bad=True)
        time.sleep(0.3)
        false += not any(path.startswith(f"{folder}/{number}/") and path.endswith(BAD) for path in known)
    stop.set()
    follower.join()
    return false
