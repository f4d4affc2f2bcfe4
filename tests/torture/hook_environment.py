"""A daemon and runs that are started from a git hook, whose variables tie every git command to the user's commit."""

from __future__ import annotations

import random
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio.to_thread

from tests.support.project import Project, page
from tests.torture.race_gate import object_id
from tests.torture.rounds import Entries, Scene, Tally, engine_over, make_scene, overwrite

STATE = "state.txt"
GOOD, BAD = b"good\n", b"evil\n"
GOOD_ENTRY = f"100644 {object_id('blob', GOOD)}"
OWN = "test's own"
SCRIPT = f"""
own=$(mktemp -d)
git init -q "$own"
cd "$own"
echo "{OWN}" > own.txt
git add own.txt
git -c user.name=A -c user.email=a@example.invalid commit -q -m "In a repository of the test's"
test "$(git ls-files)" = own.txt
cd "$OLDPWD"
grep -q good {STATE}
"""
"""What many tests do: a repository in a temporary folder. In a hook's environment ``git add`` reaches another one."""


def expect(entries: Entries) -> dict[str, bool]:
    """The gate passes on the good content alone."""
    return {"gate": entries.get(STATE) == GOOD_ENTRY}


def of_hook(project: Project) -> Mapping[str, str]:
    """What git sets for the hooks of ``git commit -a`` in a linked work tree, and what else hooks may find."""
    index = project.root / ".git" / "next-index-4711.lock"
    index.write_bytes((project.root / ".git" / "index").read_bytes())
    return {
        "GIT_DIR": str(project.root / ".git"),
        "GIT_INDEX_FILE": str(index),
        "GIT_WORK_TREE": str(project.root),
        "GIT_PREFIX": "",
        "GIT_EDITOR": ":",
        "GIT_OBJECT_DIRECTORY": str(project.root / ".git" / "objects"),
        "GIT_REFLOG_ACTION": "commit",
    }


def of_user(scene: Scene) -> dict[str, bytes]:
    """What belongs to the user: both indexes, HEAD with its log, and the objects' names."""
    folder = scene.root / ".git"
    files = [
        folder / name for name in ("index", "next-index-4711.lock", "HEAD", "logs/HEAD", "refs/heads/main", "config")
    ]
    objects = "\n".join(sorted(str(path) for path in (folder / "objects").rglob("*")))
    return {**{str(file): file.read_bytes() for file in files}, "objects": objects.encode()}


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """An engine with a hook's variables; the gate makes a repository of its own. The user's stays as it is, byte for byte."""
    files = {STATE: GOOD.decode(), "gate.sh": SCRIPT.lstrip(), "VERIFY.md": page(gate="sh -eu gate.sh")}
    scene = make_scene(folder, files, expect, random.Random(seed), extra=of_hook)
    before = of_user(scene)
    async with engine_over(scene) as engine:
        for number in range(rounds):
            (scene.root / "number").write_text(str(number), "utf-8")  # a new tree, so that the gate runs
            overwrite(scene.root / STATE, scene.chance.choice((GOOD, BAD)))
            await engine.ask()
            after = await anyio.to_thread.run_sync(of_user, scene)
            if after != before:
                changed = [name for name in before if before[name] != after[name]]
                scene.tally.wrong.append(f"round {number}: the user's {changed} changed")
                before = after
            scene.tally.rounds += 1
    return scene.tally


HOOKS = {"naive": "sh -eu gate.sh", "ours": f"{shlex.quote(sys.executable)} -m verifyd run --no-reuse > /dev/null 2>&1"}


def commit_through(folder: Path, rounds: int, hook: str) -> int:
    """How many of the user's real commits fail, or hold what they should not, with this pre-commit hook."""
    files = {"VERIFY.md": page(gate="sh -eu gate.sh"), "gate.sh": SCRIPT.lstrip(), STATE: GOOD.decode()}
    project = Project.make(folder, files)
    project.approve()
    linked = Project(root=folder / "linked", environment=project.environment)
    project.git("worktree", "add", "-q", str(linked.root))
    linked.approve()
    place = project.root / ".git" / "hooks" / "pre-commit"
    place.write_text(f"#!/bin/sh\n{HOOKS[hook]}\n", "utf-8")
    place.chmod(0o755)
    spoiled = 0
    for number in range(rounds):
        (linked.root / STATE).write_text(f"good {number}\n", "utf-8")
        command = ["git", "commit", "-q", "-a", "-m", "Change"]
        done = subprocess.run(command, cwd=linked.root, env=linked.environment, capture_output=True, check=False)
        committed = done.returncode == 0
        held = linked.git("ls-tree", "--name-only", "HEAD").split()
        said = linked.git("show", f"HEAD:{STATE}")
        spoiled += (committed, held, said) != (True, ["VERIFY.md", "gate.sh", STATE], f"good {number}")
    return spoiled


def naive(folder: Path, rounds: int) -> int:
    """The gate run by the hook itself."""
    return commit_through(folder, rounds, "naive")


async def torture_commits(folder: Path, rounds: int, seed: int) -> Tally:
    """Real commits in a linked work tree, through a hook that runs verifyd."""
    spoiled = await anyio.to_thread.run_sync(commit_through, folder / str(seed), rounds, "ours")
    return Tally(rounds=rounds, wrong=[f"{spoiled} commits were spoiled"] if spoiled else [])
