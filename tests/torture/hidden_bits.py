"""Files that git was told not to look at: ``git update-index --assume-unchanged`` and ``--skip-worktree``."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import anyio.to_thread

from tests.support.project import Project, page
from tests.torture.race_gate import object_id
from tests.torture.rounds import Entries, Tally, engine_over, make_scene, overwrite

STATE = "state.txt"
GOOD, BAD = b"good\n", b"evil\n"
GOOD_ENTRY = f"100644 {object_id('blob', GOOD)}"
BITS = ("--assume-unchanged", "--no-assume-unchanged", "--skip-worktree", "--no-skip-worktree")
FILES = {STATE: GOOD.decode(), "VERIFY.md": page(gate=f"grep -q good {STATE}")}


def expect(entries: Entries) -> dict[str, bool]:
    """The gate passes on the good content alone."""
    return {"gate": entries.get(STATE) == GOOD_ENTRY}


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """The bits are set and taken back at random, before and after edits."""
    scene = make_scene(folder, FILES, expect, random.Random(seed))
    async with engine_over(scene) as engine:
        for _ in range(rounds):
            for what in scene.chance.sample(("edit", "bit"), 2):
                if what == "edit":
                    overwrite(scene.root / STATE, scene.chance.choice((GOOD, BAD)))
                else:
                    await anyio.to_thread.run_sync(scene.project.git, "update-index", scene.chance.choice(BITS), STATE)
            await engine.ask()
            scene.tally.rounds += 1
    return scene.tally


def naive(folder: Path, rounds: int) -> int:
    """Reuse by the tree that ``git add -A`` in a copy of the index gives: how often the bad content has the good one's."""
    project = Project.make(folder, FILES)
    project.git("update-index", "--assume-unchanged", STATE)
    known: dict[str, bool] = {}
    false = 0
    for _ in range(rounds):
        for content in (GOOD, BAD):
            overwrite(project.root / STATE, content)
            tree = tree_by_copy(project)
            done = subprocess.run(["grep", "-q", "good", STATE], cwd=project.root, check=False)
            known.setdefault(tree, done.returncode == 0)
            false += content == BAD and known[tree]
    return false


def tree_by_copy(project: Project) -> str:
    """As most tools do it."""
    index = project.root.parent / "copied-index"
    index.write_bytes((project.root / ".git" / "index").read_bytes())
    environment = {**project.environment, "GIT_INDEX_FILE": str(index)}
    subprocess.run(["git", "add", "-A"], cwd=project.root, env=environment, check=True)
    done = subprocess.run(["git", "write-tree"], cwd=project.root, env=environment, check=True, capture_output=True)
    return done.stdout.decode()
