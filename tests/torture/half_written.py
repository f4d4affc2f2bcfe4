"""Files that are empty, or half there, while they are written."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from pathlib import Path

import anyio

from tests.support.project import page
from tests.torture.race_gate import object_id
from tests.torture.rounds import Entries, Scene, Tally, engine_over, make_scene

STATE = "state.txt"
END = b"end\n"
SCRIPT = f'test "$(tail -c 4 {STATE})" = end'
"""Passes on what was written to its end."""


def content(number: int) -> bytes:
    """What is written; a part of it never ends as the whole does."""
    return b"%d\n" % number * 2_000 + END


WHOLE = {f"100644 {object_id('blob', content(number))}" for number in range(3_000)}


def expect(entries: Entries) -> dict[str, bool]:
    """The gate passes on whole contents alone."""
    return {"gate": entries.get(STATE) in WHOLE}


async def write(scene: Scene, number: int) -> None:
    """Make it empty, and write it in pieces, with pauses that are shorter and longer than the wait for quiet."""
    text = content(number)
    cuts = sorted(scene.chance.randrange(len(text)) for _ in range(scene.chance.randrange(3)))
    with (scene.root / STATE).open("wb", buffering=0) as file:
        for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
            await anyio.sleep(scene.chance.choice((0, 0.001, 0.004, 0.012, 0.04)))
            file.write(text[begin:end])


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """Whenever the writer is done, the answer is about the whole; what was judged half-written is said of just that."""
    files = {STATE: content(0).decode(), "VERIFY.md": page(gate=SCRIPT)}
    scene = make_scene(folder, files, expect, random.Random(seed))
    async with engine_over(scene) as engine:
        for number in range(1, rounds + 1):
            await write(scene, number % 3_000)
            standing = await engine.ask()
            if standing.report is None or str(standing.report.readiness) != "ready":
                scene.tally.wrong.append(f"round {number}: what was written to its end is not ready")
            scene.tally.rounds += 1
    return scene.tally


def naive(folder: Path, rounds: int) -> int:
    """Run at the first sign of a write, and say it of the file: how often a file that is whole is called broken."""
    folder.mkdir(parents=True)
    state, false = folder / STATE, 0
    state.write_bytes(content(0))

    def write_slowly(text: bytes) -> None:
        with state.open("wb", buffering=0) as file:
            time.sleep(0.02)
            file.write(text)

    for number in range(rounds):
        seen = state.stat().st_mtime_ns
        writer = threading.Thread(target=write_slowly, args=(content(number + 1),))
        writer.start()
        while state.stat().st_mtime_ns == seen:
            time.sleep(0.001)
        false += subprocess.run(["sh", "-eu", "-c", SCRIPT], cwd=folder, check=False).returncode != 0
        writer.join()
    return false
