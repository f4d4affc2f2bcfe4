"""What every torture in rounds is made of: an engine in this process over a small project, what it said, and a tally of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import anyio
import anyio.abc
import anyio.to_thread
import pytest

from tests.support.project import Project
from tests.torture.race import surroundings
from tests.torture.race_check import tree_id
from tests.torture.race_gate import read_files
from verifyd.app.approve import approve_pipeline
from verifyd.app.judged import Request, open_tree
from verifyd.app.ports import Repository
from verifyd.app.watch import Watch
from verifyd.app.watch_ports import TreeState
from verifyd.app.wiring import make_world, open_engine
from verifyd.app.world import World
from verifyd.errors import VerifydError
from verifyd.pipeline import ApprovedBy
from verifyd.report import Readiness, Report
from verifyd.standing import EventKind, Standing

Entries = Mapping[str, str]
"""Path to mode and blob id, as git has them."""
Expect = Callable[[Entries], Mapping[str, bool]]
"""A tree's entries in, whether each gate passes on it out."""

LIMIT_S = 60.0
BESIDE = {"__pycache__", ".mypy_cache", ".git"}
"""Not of the tree; a linked work tree's ``.git`` is a file."""
PROOF = {"passed": True, "failed": False}


@dataclass(slots=True, kw_only=True)
class Tally:
    """
    What came of some rounds.

    Attributes:
        counted: How often what was said.
        wrong: Each false verdict, and whatever else must not be.
    """

    rounds: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """For people."""
        counted = ", ".join(f"{name}: {count:,}" for name, count in sorted(self.counted.items()))
        return "\n".join([f"{self.rounds:,} rounds, {len(self.wrong)} wrong ({counted})", *self.wrong[:20]])


@dataclass(slots=True, kw_only=True)
class Scene:
    """
    A project under torture, with the engine over it.

    Attributes:
        expect: What each tree's verdicts have to be.
        known: The entries of every tree that the engine has read.
        extra: Variables that the engine finds besides the user's.
    """

    project: Project
    world: World
    repository: Repository
    chance: random.Random
    expect: Expect
    tally: Tally
    known: dict[str, Entries] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The work tree."""
        return self.project.root

    def now(self) -> dict[str, str]:
        """The entries of the tree as it is on disk, read without git and without us."""
        found = read_files(str(self.root))
        return {path: entry for path, entry in found.items() if not set(path.split("/")) & BESIDE}

    def check(self, report: Report, where: str) -> None:
        """Each verdict of a report is the one that its own tree's content has."""
        entries = self.known.get(report.snapshot.tree)
        if entries is None:
            self.tally.wrong.append(f"{where}: a report about {report.snapshot.tree[:10]}, which nobody has read")
            return
        expected = self.expect(entries)
        for gate in report.gates:
            name, status = gate.verdict.gate.name, str(gate.verdict.status)
            if name not in expected:
                continue
            self.tally.counted[status if status in PROOF else f"unproven: {gate.verdict.reason}"] += 1
            if PROOF.get(status, expected[name]) is not expected[name]:
                self.tally.wrong.append(f"{where}: {name} is {status} on tree {report.snapshot.tree[:10]}")
        if report.readiness is Readiness.READY and not all(expected.values()):
            self.tally.wrong.append(f"{where}: tree {report.snapshot.tree[:10]} is called ready")

    def check_now(self, standing: Standing, where: str) -> None:
        """An answer while nobody edits: about the tree that is on disk, and right about it."""
        tree = tree_id(self.now())
        if standing.tree != tree:
            self.tally.wrong.append(f"{where}: the answer is about {standing.tree[:10]}, the tree is {tree[:10]}")
        if standing.report is None:
            self.tally.wrong.append(f"{where}: no report: {standing.trouble or 'too late'}")
        else:
            self.check(standing.report, where)


@dataclass(slots=True, kw_only=True)
class Engine:
    """A daemon's engine at work in a scene."""

    scene: Scene
    watch: Watch

    async def ask(self) -> Standing:
        """The report on the tree as it is now; checked."""
        standing = await self.watch.wait_now(LIMIT_S)
        await anyio.to_thread.run_sync(self.scene.check_now, standing, "now")
        return standing

    # --- it listens in place of the engine ---------------------------------------------------------------------------

    def take(self, state: TreeState, *, anew: bool) -> None:
        """Remember what is in each tree, and pass it on."""
        self.scene.known.setdefault(state.tree, dict(state.content_ids.items()))
        self.watch.take(state, anew=anew)

    def fail(self, error: VerifydError) -> None:
        """Pass it on."""
        self.scene.tally.counted[f"trouble: {error}"] += 1
        self.watch.fail(error)

    def tick(self) -> None:
        """Pass it on."""
        self.watch.tick()

    async def check_events(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Every verdict that is told, until the engine ends."""
        async with self.watch.events() as events:
            task_status.started()
            async for event in events:
                if event.kind is EventKind.JUDGED:
                    self.scene.check(self.watch.known[event.tree].report, "event")


def make_scene(
    folder: Path,
    files: Mapping[str, str],
    expect: Expect,
    chance: random.Random,
    *,
    extra: Callable[[Project], Mapping[str, str]] = lambda project: {},
) -> Scene:
    """An approved project; *extra*: see ``Scene``."""
    project = Project.make(folder, {".gitignore": "ignored/\n__pycache__/\n.mypy_cache/\n", **files})
    (project.root / "ignored").mkdir()
    return open_scene(project, expect, chance, extra=extra(project))


def open_scene(
    project: Project, expect: Expect, chance: random.Random, *, extra: Mapping[str, str] = MappingProxyType({})
) -> Scene:
    """The same of a project that is there."""
    with around(project, extra):
        world = make_world()
        repository = world.git.open_repository(project.root)
        declared = open_tree(world, repository, Request(), anew=True).declared
        approve_pipeline(world, repository, declared, by=ApprovedBy.FLAG)
    return Scene(
        project=project, world=world, repository=repository, chance=chance, expect=expect, tally=Tally(), extra=extra
    )


@contextmanager
def around(project: Project, extra: Mapping[str, str]) -> Iterator[None]:
    """The user's environment in this process, with *extra*."""
    with surroundings(project), pytest.MonkeyPatch.context() as patch:
        for name, value in extra.items():
            patch.setenv(name, value)
        yield


@asynccontextmanager
async def engine_over(scene: Scene) -> AsyncIterator[Engine]:
    """The engine at work, its first report given."""
    with around(scene.project, scene.extra):
        async with open_engine(scene.world, scene.repository) as watch, anyio.create_task_group() as tasks:
            engine = Engine(scene=scene, watch=watch)
            engine.take(watch.state, anew=False)
            watch.follower.listener = engine
            await tasks.start(engine.check_events)
            tasks.start_soon(watch.run)
            await engine.ask()
            yield engine
            await watch.stop("the torture is over")
        if watch.discarded:
            scene.tally.wrong.append(f"git's own answer differed {watch.discarded} times")


def overwrite(place: Path, content: bytes) -> None:
    """In place, never empty in between when it was not."""
    with place.open("r+b") as file:
        file.write(content)
        file.truncate()
