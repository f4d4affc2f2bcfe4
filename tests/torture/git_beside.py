"""Two work trees of one repository, each with a daemon's engine, and their users, who use git all the while."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread

from tests.support.project import Project, page
from tests.torture.race_gate import object_id
from tests.torture.rounds import Engine, Entries, Tally, engine_over, open_scene

STATE = "state.txt"
GOOD, BAD = "good\n", "evil\n"
GOOD_ENTRY = f"100644 {object_id('blob', GOOD.encode())}"
NAMES = ("one.txt", "two.txt", "deep/three.txt")
ASK_EVERY = 8


def expect(entries: Entries) -> dict[str, bool]:
    """Each gate passes on the good content alone."""
    return dict.fromkeys(("frozen", "placed"), entries.get(STATE) == GOOD_ENTRY)


@dataclass(slots=True)
class User:
    """
    Somebody who works with git in one work tree.

    Attributes:
        branch: What is checked out at the beginning.
        commands: How many were run.
        failed: What those said that failed.
    """

    project: Project
    branch: str
    chance: random.Random
    commands: int = 0
    failed: list[str] = field(default_factory=list)

    def git(self, *arguments: str) -> str:
        """Run a command; it may not fail."""
        self.commands += 1
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.project.root,
            env=self.project.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            self.failed.append(f"git {' '.join(arguments)}: {done.stdout[-200:]}{done.stderr[-400:]}")
        return done.stdout.strip()

    def edit(self) -> None:
        """Some files."""
        self.project.write({STATE: self.chance.choice((GOOD, BAD))})
        self.project.write({self.chance.choice(NAMES): f"{self.chance.random()}\n" for _ in range(2)})

    def commit(self) -> None:
        """Some edits."""
        self.edit()
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"Change {self.commands}")

    def stash(self) -> None:
        """Away and back."""
        self.project.write({NAMES[0]: f"{self.chance.random()}\n"})
        self.git("stash", "-q", "-u")
        self.git("stash", "pop", "-q")
        self.git("add", "-A")

    def rebase(self) -> None:
        """A topic of two commits onto a newer one, files apart."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "All that there is")
        topic = f"topic-{self.branch}-{self.commands}"
        self.git("checkout", "-q", "-b", topic)
        for number in range(2):
            self.project.write({f"topics/{topic}-{number}.txt": f"{number}\n"})
            self.git("add", "-A")
            self.git("commit", "-q", "-m", "On the topic")
        self.git("checkout", "-q", self.branch)
        self.commit()
        self.git("rebase", "-q", self.branch, topic)
        self.git("checkout", "-q", self.branch)
        self.git("merge", "-q", "--ff-only", topic)

    def look(self) -> None:
        """Commands that refresh the index."""
        self.edit()
        self.git("status", "--short")
        self.git("diff", "--stat")

    def go_back(self) -> None:
        """Another commit's files, and back."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "All that there is")
        self.git("checkout", "-q", "--detach", "HEAD~1")
        self.git("checkout", "-q", self.branch)

    def collect(self) -> None:
        """What git does by itself; with ``--prune=now`` it takes objects of the other work tree's commit under way, without us too."""
        self.git("gc", "-q")

    def act(self) -> None:
        """One of them."""
        acts: list[Callable[[], None]] = [self.commit, self.rebase, self.look, self.go_back]
        if self.branch == "main":  # work trees share one stash, and git refuses to collect twice at once
            acts = [*(*acts, self.stash) * 4, self.collect]
        self.chance.choice(acts)()


def of_user(project: Project) -> dict[str, bytes]:
    """The user's indexes and the names of all objects, refs and locks; ours lie in a folder of their own."""
    folder = Path(project.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
    files = [one for one in folder.rglob("*") if one.is_file() and "verifyd" not in one.relative_to(folder).parts]
    return {str(one): one.read_bytes() for one in files}


async def work(user: User, engine: Engine, commands: int) -> None:
    """Act, ask now and then, and see at each question that nothing of the user's was touched while the user rested."""
    scene = engine.scene
    while user.commands < commands:
        await anyio.to_thread.run_sync(user.act)
        if scene.chance.randrange(ASK_EVERY) == 0:
            await engine.ask()
        scene.tally.rounds = user.commands


async def rest(engines: list[Engine]) -> None:
    """Nobody works: verdicts come, and everything of the user's stays as it is."""
    project = engines[0].scene.project
    before = await anyio.to_thread.run_sync(of_user, project)
    for engine in engines:
        (engine.scene.root / "rest.txt").write_text("a new tree\n", "utf-8")
        await engine.ask()
    after = await anyio.to_thread.run_sync(of_user, project)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            engines[0].scene.tally.wrong.append(f"the user's {name} changed")


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """Two users run *rounds* git commands in all; none fails, verdicts fit their trees, and nothing of theirs is touched."""
    gates = page(frozen=f"grep -q good {STATE}", placed=f"isolate=tree | grep -q good {STATE}")
    first = Project.make(
        folder, {STATE: GOOD, ".gitignore": "ignored/\n", **dict.fromkeys(NAMES, "1\n"), "VERIFY.md": gates}
    )
    first.commit("Go on")
    second = Project(root=folder / "linked", environment=first.environment)
    first.git("worktree", "add", "-q", "-b", "other", str(second.root))
    chance = random.Random(seed)
    users = [User(first, "main", random.Random(chance.random())), User(second, "other", random.Random(chance.random()))]
    scenes = [open_scene(user.project, expect, random.Random(chance.random())) for user in users]
    async with engine_over(scenes[0]) as one, engine_over(scenes[1]) as other:
        async with anyio.create_task_group() as tasks:
            for user, engine in zip(users, (one, other), strict=True):
                tasks.start_soon(work, user, engine, rounds // 2)
        for engine in (one, other):
            await engine.ask()
        await rest([one, other])
    whole = Tally(rounds=sum(user.commands for user in users))
    for scene, user in zip(scenes, users, strict=True):
        whole.counted += scene.tally.counted
        whole.wrong += scene.tally.wrong + user.failed
    return whole


def naive(folder: Path, rounds: int) -> int:
    """A status and an ``add -A`` in the user's own index, without a pause, beside a user: how many commands fail."""
    user = User(Project.make(folder, {STATE: GOOD}), "main", random.Random(1))
    loop = "while :; do git status > /dev/null 2>&1; git add -A > /dev/null 2>&1; done"
    beside = subprocess.Popen(["sh", "-c", loop], cwd=user.project.root, env=user.project.environment)
    try:
        for _ in range(rounds):
            user.commit()
    finally:
        beside.kill()
        beside.wait()
    return len(user.failed)
