"""More events than the system keeps, and an edit whose own event is among the lost ones."""

from __future__ import annotations

import os
import random
from pathlib import Path

import anyio

from tests.support.project import page
from tests.torture.race_check import tree_id
from tests.torture.race_gate import object_id
from tests.torture.rounds import LIMIT_S, Entries, Scene, Tally, engine_over, make_scene, overwrite
from verifyd.app.watch import Watch
from verifyd.edge.inotify import Inotify
from verifyd.edge.watch_limits import limit

STATE = "state.txt"
GOOD, BAD = b"good\n", b"evil\n"
GOOD_ENTRY = f"100644 {object_id('blob', GOOD)}"


def expect(entries: Entries) -> dict[str, bool]:
    """The gate passes on the good content alone."""
    return {"gate": entries.get(STATE) == GOOD_ENTRY}


def flood(folder: Path) -> None:
    """As many events as the queue holds; two files in turn, since equal events are kept as one."""
    for _ in range(limit("max_queued_events") // 2 + 1):
        for name in ("one", "two"):
            os.utime(folder / name)


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """The engine reads nothing while the queue runs over, and the edit comes last. It is then asked, or left alone."""
    files = {STATE: GOOD.decode(), "one": "", "two": "", "VERIFY.md": page(gate=f"grep -q good {STATE}")}
    scene = make_scene(folder, files, expect, random.Random(seed))
    async with engine_over(scene) as engine:
        for _ in range(rounds):
            flood(scene.root)
            overwrite(scene.root / STATE, scene.chance.choice((GOOD, BAD)))
            if scene.chance.random() < 0.2:
                await found_unasked(scene, engine.watch)
            await engine.ask()
            scene.tally.rounds += 1
        noticed = [note for note in engine.watch.watcher.notes if "More came at once than the system keeps" in note]
    if not noticed:
        scene.tally.wrong.append("no overflow was said: nothing was tried")
    return scene.tally


async def found_unasked(scene: Scene, watch: Watch) -> None:
    """Nobody asks: the edit is found all the same."""
    tree = tree_id(scene.now())
    with anyio.move_on_after(LIMIT_S) as waiting:
        while watch.state.tree != tree:  # noqa: ASYNC110  # the engine tells nobody what it has read
            await anyio.sleep(0.01)
    if waiting.cancelled_caught:
        scene.tally.wrong.append("an edit behind lost events was not found")


def naive(folder: Path, rounds: int) -> int:
    """Believe what events tell of the file: how often the newest edit is unknown."""
    folder.mkdir(parents=True)
    for name in ("one", "two", STATE):
        (folder / name).touch()
    false = 0
    for _ in range(rounds):
        inotify = Inotify()
        inotify.add(str(folder))
        flood(folder)
        overwrite(folder / STATE, BAD)
        told: list[bytes | str] = []
        while events := inotify.read():
            told += [event[2] for event in events]
        false += STATE not in told and STATE.encode() not in told
        inotify.close()
    return false
