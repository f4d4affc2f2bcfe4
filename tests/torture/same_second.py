"""Edits of the same size in the same second, with warm caches of Python's compiled code and of mypy."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import anyio

from tests.support.project import page
from tests.torture.race_gate import object_id
from tests.torture.rounds import Entries, Tally, engine_over, make_scene, overwrite

MODULE = "pack/answer.py"
GOOD, BAD = b"ANSWER: int = 12\n", b"ANSWER: int = ''\n"
"""The bad one neither gives the answer nor has the right type."""
GOOD_ENTRY = f"100644 {object_id('blob', GOOD)}"
IMPORT = "import sys; sys.path.insert(0, 'pack'); import answer; sys.exit(answer.ANSWER != 12)"


def python(*options: str) -> tuple[str, ...]:
    """The command that imports the module."""
    return (sys.executable, "-I", "-S", *options, "-c", IMPORT)


def mypy() -> tuple[str, ...]:
    """The command that checks its types; its cache lies in the work tree."""
    return (sys.executable, "-m", "mypy", "pack/answer.py")


def quoted(command: tuple[str, ...]) -> str:
    """A line of a script."""
    return " ".join(f'"{word}"' if " " in word else word for word in command)


def expect(entries: Entries) -> dict[str, bool]:
    """Each gate passes on the good content alone."""
    return dict.fromkeys(("warm", "local", "types"), entries.get(MODULE) == GOOD_ENTRY)


async def torture_with(folder: Path, rounds: int, seed: int, *, types: bool) -> Tally:
    """The module is good and bad in turn, as fast as answers come, its modification time put back now and then."""
    gates = {"warm": quoted(python("-X", f"pycache_prefix={folder / 'compiled'}")), "local": quoted(python())}
    gates = {"types": quoted(mypy())} if types else gates
    scene = make_scene(folder, {MODULE: GOOD.decode(), "VERIFY.md": page(**gates)}, expect, random.Random(seed))
    place = scene.root / MODULE
    async with engine_over(scene) as engine:
        for _ in range(rounds):
            before = place.stat()
            overwrite(place, scene.chance.choice((GOOD, BAD)))
            if scene.chance.random() < 0.5:
                os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
            if types and scene.chance.random() < 0.3:  # the user's own run writes into the same cache
                await anyio.run_process(mypy(), cwd=scene.root, env=scene.project.environment, check=False)
            await engine.ask()
            scene.tally.rounds += 1
    return scene.tally


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """With Python's compiled forms, warm and in the work tree."""
    return await torture_with(folder, rounds, seed, types=False)


async def torture_types(folder: Path, rounds: int, seed: int) -> Tally:
    """With mypy's cache."""
    return await torture_with(folder, rounds, seed, types=True)


def fool(folder: Path, command: tuple[str, ...], rounds: int) -> int:
    """How often the command, run in the work tree itself, passes on the bad content."""
    place = folder / MODULE
    place.parent.mkdir(parents=True)
    false = 0
    for _ in range(rounds):
        for content in (GOOD, BAD):
            place.write_bytes(content)
            os.utime(place, (1_000_000_000, 1_000_000_000))  # one second, on however slow a machine
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
            false += content == BAD and done.returncode == 0
    return false


def naive(folder: Path, rounds: int) -> int:
    """Python in the work tree."""
    return fool(folder, python(), rounds)


def naive_types(folder: Path, rounds: int) -> int:
    """Mypy in the work tree."""
    return fool(folder, mypy(), rounds)
