"""
Edits during a run, and back: the tree is what it was, or another one than the gate saw, and earlier passes are at hand.

A gate tells when it has begun and when it has read, and waits each time, so each edit comes exactly where it hurts.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import anyio

from tests.support.project import page
from tests.torture.race_check import tree_id
from tests.torture.race_gate import object_id, read_files
from tests.torture.rounds import Engine, Entries, Scene, Tally, around, engine_over, make_scene, overwrite
from verifyd.app.judged import Request
from verifyd.app.publish import publish
from verifyd.app.verify import verify

STATE = "state.txt"
GATE = """
signals=$(cat {signals})
await() {{ until [ -e "$signals/$1" ] || [ -e "$signals/over" ]; do sleep 0.003; done; }}
: > "$signals/began"
await go
code=0
grep -q good state.txt || code=1
: > "$signals/saw"
await end
exit $code
"""


class Order(Enum):
    """What is there first, what comes before the gate reads, what comes after, and what is asked about in the end."""

    BAD_GOOD_BAD = ("bad!", "good", "bad!")
    """Back before the run is over: the same tree as at its start."""
    BAD_GOOD = ("bad!", "good", "good")
    """Back only after the run."""
    GOOD_BAD_AFTER = ("good", "good", "bad!")
    """The gate has read when the bad content comes."""
    GOOD_BAD_GOOD = ("good", "bad!", "good")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """
    What the gate tells, and what it is told.

    Attributes:
        current: A file that names the folder of the round's signals: a run that was begun in an earlier round keeps to its own.
    """

    current: Path

    @property
    def folder(self) -> Path:
        """Of this round."""
        return Path(self.current.read_text("utf-8"))

    def begin(self, number: int) -> None:
        """A round in which nothing was said yet."""
        folder = self.current.with_name(f"signals-{number}")
        folder.mkdir()
        beside = self.current.with_name("beside")
        beside.write_text(str(folder), "utf-8")
        beside.replace(self.current)

    def say(self, what: str) -> None:
        """Let the gate go on."""
        (self.folder / what).touch()

    async def heard(self, what: str, over: anyio.Event) -> bool:
        """Until the gate says it; False when its run is over, or nobody needed one."""
        while not (self.folder / what).exists():
            if over.is_set():
                return False
            await anyio.sleep(0.001)
        return True


def content(word: str, number: int) -> bytes:
    """What is written; good and bad are of one size."""
    return f"{word} {number}\n".encode()


def expect(entries: Entries) -> dict[str, bool]:
    """By the blob ids of all good contents that there may be."""
    return {"gate": entries.get(STATE) in GOOD}


GOOD = {f"100644 {object_id('blob', content('good', number))}" for number in range(20_000)}


def scene_for(folder: Path, attributes: str, seed: int) -> tuple[Scene, Signals]:
    """A project with one gate, and how to talk with it."""
    folder.mkdir(parents=True)
    signals = Signals(current=folder / "signals")
    signals.begin(0)
    signals.say("over")
    gate = f"{attributes} paths={STATE} | {GATE.format(signals=signals.current).strip()}"
    files = {STATE: content("good", 0).decode(), "VERIFY.md": page(gate=gate)}
    return make_scene(folder, files, expect, random.Random(seed)), signals


def put(scene: Scene, word: str, number: int) -> None:
    """Write it in one of the ways of editors, the old modification time put back now and then."""
    place = scene.root / STATE
    before = place.stat()
    if scene.chance.random() < 0.5:
        overwrite(place, content(word, number))
    else:
        beside = scene.root / "ignored" / "beside"
        beside.write_bytes(content(word, number))
        beside.replace(place)
    if scene.chance.random() < 0.3:
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))


async def disturb(scene: Scene, signals: Signals, order: Order, number: int, over: anyio.Event) -> None:
    """Edit beside the run of a gate, as *order* says."""
    _, before_it_reads, after = order.value
    if await signals.heard("began", over):
        put(scene, before_it_reads, number)
        await anyio.sleep(scene.chance.choice((0, 0.001, 0.03)))
        signals.say("go")
        if await signals.heard("saw", over):
            put(scene, after, number)
            await anyio.sleep(scene.chance.choice((0, 0.001, 0.03)))
    signals.say("over")


# --- the daemon --------------------------------------------------------------------------------------------------------


async def torture_daemon(folder: Path, rounds: int, seed: int, attributes: str) -> Tally:
    """Rounds in every order; each ends with questions about the bad content, and about one of earlier rounds."""
    scene, signals = scene_for(folder, attributes, seed)
    async with engine_over(scene) as engine:
        for number in range(1, rounds + 1):
            await round_with(scene, signals, engine, number)
            scene.tally.rounds += 1
    return scene.tally


async def round_with(scene: Scene, signals: Signals, engine: Engine, number: int) -> None:
    """One round."""
    order = scene.chance.choice(list(Order))
    signals.begin(number)
    put(scene, order.value[0], number)
    over = anyio.Event()
    async with anyio.create_task_group() as tasks:

        async def ask() -> None:
            await engine.watch.wait_now(60)
            over.set()

        tasks.start_soon(ask)
        await disturb(scene, signals, order, number, over)
    await engine.ask()
    for one in (number, scene.chance.randint(1, number)):
        put(scene, "bad!", one)
        await engine.ask()


# --- one run at a time -------------------------------------------------------------------------------------------------


async def torture_runs(folder: Path, rounds: int, seed: int, attributes: str) -> Tally:
    """The same with runs that follow each other, each with what the ones before it left."""
    scene, signals = scene_for(folder, attributes, seed)
    with around(scene.project, {}):
        for number in range(1, rounds + 1):
            order = scene.chance.choice(list(Order))
            signals.begin(number)
            put(scene, order.value[0], number)
            async with run_beside(scene, number) as over:
                await disturb(scene, signals, order, number, over)
            for one in (number, scene.chance.randint(1, number)):
                put(scene, "bad!", one)
                async with run_beside(scene, one):
                    pass
            scene.tally.rounds += 1
    return scene.tally


@asynccontextmanager
async def run_beside(scene: Scene, number: int) -> AsyncIterator[anyio.Event]:
    """A run, checked when it has ended."""
    entries = scene.now()
    for word in ("good", "bad!"):
        of_word = {**entries, STATE: f"100644 {object_id('blob', content(word, number))}"}
        scene.known[tree_id(of_word)] = of_word
    over = anyio.Event()

    async def run() -> None:
        try:
            result = await verify(scene.world, scene.repository, Request())
            publish(scene.world, scene.repository, result)
            scene.check(result.report, "run")
        finally:
            over.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        yield over


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """All four: the daemon and single runs, frozen and in place."""
    whole = Tally()
    share = max(1, rounds // 4)
    for name, way, attributes in (
        ("daemon-frozen", torture_daemon, "isolate=frozen"),
        ("daemon-place", torture_daemon, "isolate=tree"),
        ("run-frozen", torture_runs, "isolate=frozen"),
        ("run-place", torture_runs, "isolate=tree"),
    ):
        part = await way(folder / name, share, seed, attributes)
        whole.rounds += part.rounds
        whole.counted.update({f"{name} {what}": count for what, count in part.counted.items()})
        whole.wrong += [f"{name}: {one}" for one in part.wrong]
    return whole


# --- the naive way -----------------------------------------------------------------------------------------------------


def naive(folder: Path, rounds: int) -> int:
    """Run in the work tree, and believe the result when the tree's id is afterwards what it was before."""
    folder.mkdir(parents=True)
    state, false = folder / STATE, 0
    for number in range(rounds):
        state.write_bytes(content("bad!", number))
        before = tree_id(read_files(str(folder)))
        signals = Signals(current=folder.with_name("naive-signals"))
        signals.begin(number)
        gate = subprocess.Popen(["sh", "-eu", "-c", GATE.format(signals=signals.current)], cwd=folder)
        for said, word, told in (("began", "good", "go"), ("saw", "bad!", "end")):
            while not (signals.folder / said).exists():
                time.sleep(0.001)
            overwrite(state, content(word, number))
            signals.say(told)
        passed = gate.wait() == 0
        false += passed and tree_id(read_files(str(folder))) == before
    return false
