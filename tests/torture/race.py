"""
The race: a process edits at random moments what a daemon verifies, and every verdict and every answer about "now" is checked.

The daemon's engine runs in this process, with real gates; the outcome of each is a function of the files that it sees.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import anyio.abc
import anyio.to_thread
import pytest

from tests.support.project import Project
from tests.support.repository import ROOT
from tests.torture import race_gate
from tests.torture.race_check import Answered, Checker, GateSaid, Said
from tests.torture.race_gate import MODULES, PACK, TOKENS, WARM, module_text
from tests.torture.race_progress import Progress
from verifyd.app.approve import approve_pipeline, propose
from verifyd.app.finish import Result
from verifyd.app.judged import Request
from verifyd.app.ports import Repository
from verifyd.app.retries import SPOILED
from verifyd.app.watch import Watch
from verifyd.app.watch_ports import TreeState
from verifyd.app.wiring import make_world, open_engine
from verifyd.app.world import World
from verifyd.edge.mirrors import MOST
from verifyd.errors import VerifydError
from verifyd.pipeline import ApprovedBy
from verifyd.report import Readiness
from verifyd.standing import EventKind, Standing

MARK = "VERIFYD_RACE"
"""Every process of a gate inherits it."""
EARLY = 3
"""Rests until memory, descriptors and watches have to keep what they are."""
MEMORY_GROWN_BYTES = 48 * 1024 * 1024
DESCRIPTORS_GROWN = 8
GIT_FOLDERS = 50
"""More of git's own are watched nowhere."""
PATIENCE = 1.4
SLACK_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceGate:
    """
    One gate of the race.

    Attributes:
        seconds: Between its first and its last look.
        looks: At least 2; each file is read at one of them.
        inside: The beginning of the paths that it reads.
    """

    name: str
    seconds: float
    inside: str = ""
    attributes: str = ""
    looks: int = 2

    def section(self, folder: Path) -> str:
        """Its part of VERIFY.md."""
        declared = f" paths={self.inside}**" if self.inside else ""
        warm = f" -X pycache_prefix={folder / 'compiled'}"
        command = f"{shlex.quote(sys.executable)} -I -S{warm} {folder / 'gate.py'} {self.name} {self.seconds} {self.looks} {self.inside}"
        return f"## {self.name}\n```sh {self.attributes}{declared}\n{command.rstrip()}\n```\n"


def make_gates(fast_s: float, middle_s: float, slow_s: float) -> tuple[RaceGate, ...]:
    """The race's gates: frozen and in place, with and without paths."""
    return (
        RaceGate(name="fast", seconds=fast_s),
        RaceGate(name="middle", seconds=middle_s, inside="src/"),
        RaceGate(name="slow", seconds=slow_s),
        RaceGate(name="place", seconds=fast_s, attributes="isolate=tree"),
        RaceGate(
            name="placelong", seconds=middle_s, inside="lib/", attributes="isolate=tree on_change=finish", looks=10
        ),
        RaceGate(name=WARM, seconds=0, inside=PACK),
    )


SHORT = make_gates(0.1, 0.5, 1.5)
LONG = make_gates(0.1, 2.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    What a race is like.

    Attributes:
        gaps_s: Shortest and longest pause between two edits, log-uniform.
        hold_s: Shortest and longest time that an edit is held before it is taken back, log-uniform.
        counted: Share of the edits that end in a counter, so that the tree is another one for sure.
        rest_after: Edits until the editor rests, so that everything has to come to its end.
        only: Kinds of edits; empty for all.
        stops: Whether the first thing that is wrong ends it.
        is_timed: Whether verdicts have to come in time.
        tell: Told a line at each rest.
    """

    edits: int
    seed: int
    gates: tuple[RaceGate, ...] = SHORT
    gaps_s: tuple[float, float] = (0.001, 3.0)
    hold_s: tuple[float, float] = (0.001, 1.0)
    counted: float = 0.6
    rest_after: int = 250
    only: tuple[str, ...] = ()
    stops: bool = False
    is_timed: bool = False
    tell: Callable[[str], None] = lambda line: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the engine takes of the machine, at rest."""

    memory_bytes: int
    descriptors: int
    watches: int
    tasks: int

    @classmethod
    def now(cls) -> Health:
        """Of this process."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
        descriptors, watches = 0, 0
        for one in Path("/proc/self/fdinfo").iterdir():
            try:
                text = one.read_text("utf-8")
            except OSError:
                continue
            descriptors, watches = descriptors + 1, watches + text.count("inotify wd:")
        return cls(
            memory_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
            descriptors=descriptors,
            watches=watches,
            tasks=len(anyio.get_running_tasks()),
        )


@dataclass
class Race:
    """
    A race under way.

    Attributes:
        trees, said, answered: What is still to be checked.
        judged_s: When complete verdicts came; None for a rest, in which none has to.
        health: At each rest.
        pipeline_s: The longest that a whole pass was expected to take, as measured; at first what the gates sleep.
    """

    options: Options
    folder: Path
    project: Project
    repository: Repository
    world: World
    checker: Checker
    progress: Progress
    trees: list[TreeState] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    judged_s: list[float | None] = field(default_factory=list)
    health: list[Health] = field(default_factory=list)
    pipeline_s: float = 0.0
    over: anyio.Event = field(default_factory=anyio.Event)

    @property
    def wrong(self) -> list[str]:
        """What was wrong."""
        return self.checker.wrong

    # --- its life ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """The whole race."""
        async with open_engine(self.world, self.repository) as watch:
            self.note_tree(watch.state)
            watch.follower.listener = Recorder(watch=watch, race=self)
            async with anyio.create_task_group() as engine:
                engine.start_soon(watch.run)
                async with anyio.create_task_group() as asking:
                    for task in (self.listen, self.ask, self.ask_for_reports, self.ask_for_trees):
                        asking.start_soon(task, watch)
                    asking.start_soon(self.check_regularly)
                    asking.start_soon(self.read_published)
                    async with self.editing():
                        await self.look_after(watch)
                    await anyio.sleep(0.1)
                    asking.cancel_scope.cancel()
                if watch.discarded:
                    self.wrong.append(f"git's own answer differed {watch.discarded} times")
                await watch.stop("the race is over")
        self.read_history()
        await self.check_now()
        self.look_for_processes()
        self.look_at_health()
        self.look_at_times()

    @asynccontextmanager
    async def editing(self) -> AsyncIterator[None]:
        """The editor's process; sets *over* when it has ended."""
        options = self.options
        command = [sys.executable, "-m", "tests.torture.race_editor", str(self.project.root), str(self.folder)]
        command += ["--seed", str(options.seed), "--edits", str(options.edits), "--rest-after", str(options.rest_after)]
        command += ["--gaps", *map(str, options.gaps_s), "--hold", *map(str, options.hold_s)]
        command += ["--counted", str(options.counted)]
        command += ["--only", *options.only]
        environment = {**self.project.environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
        with (self.folder / "editor.err").open("wb") as errors:
            process = subprocess.Popen(  # noqa: ASYNC220  # once, and anyio's would be waited for in another way
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stderr=errors
            )
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.wait_for, process)
                yield
        finally:
            process.kill()
            process.wait()

    async def wait_for(self, process: subprocess.Popen[bytes]) -> None:
        """Until the editor has ended, or there is no more reason to go on."""
        while process.poll() is None and not (self.options.stops and self.wrong):  # noqa: ASYNC110  # nobody tells
            await anyio.sleep(0.05)
        if process.returncode:
            self.wrong.append(f"the editor failed: {(self.folder / 'editor.err').read_text('utf-8')[-2_000:]}")
        self.over.set()

    async def look_after(self, watch: Watch) -> None:
        """Whenever the editor rests, see the newest tree verified, and let the editor go on; until it has ended."""
        while not self.over.is_set():
            if self.progress.resting:
                await self.rest(watch)
                self.progress.resting = 0
            await anyio.sleep(0.02)

    async def rest(self, watch: Watch) -> None:
        """Nobody edits: there is a whole verdict on the very tree that git sees."""
        self.judged_s.append(None)
        tree = await anyio.to_thread.run_sync(tree_by_git, self.project, self.folder / "scratch")
        with anyio.move_on_after(60 + 4 * sum(gate.seconds for gate in self.options.gates)):
            standing = await watch.wait_now(60)
            while not is_settled(standing):
                await anyio.sleep(0.2)
                standing = await watch.wait_now(60)
        if standing.tree != tree:
            self.wrong.append(f"at rest: git says {tree[:10]}, and the answer is about {standing.tree[:10]}")
        if not is_settled(standing):
            says = standing.report.explanation if standing.report is not None else standing.trouble
            self.wrong.append(f"at rest: no whole verdict on tree {tree[:10]}: {says}")
        self.note_standing("at rest", standing)
        if watch.current is not None:
            self.pipeline_s = max(self.pipeline_s, watch.current.expected_s() or 0.0)
        self.health.append(Health.now())
        self.options.tell(f"{self.progress.done:,} edits, {len(self.wrong)} wrong, {self.health[-1]}")
        self.judged_s.append(self.world.clock.monotonic_s())

    # --- what is published and answered ----------------------------------------------------------------------------

    def note_tree(self, state: TreeState) -> None:
        """A tree was read."""
        self.trees.append(state)

    def note_standing(self, where: str, standing: Standing) -> None:
        """A verdict was answered, or the beginning of one."""
        if standing.report is not None and standing.report.snapshot.tree != standing.tree:
            self.wrong.append(f"{where}: about tree {standing.tree[:10]}, with a report about another one")
        gates = [
            GateSaid(gate=one.name, status=str(one.verdict.status), reason=text_of(one.verdict.reason))
            for one in standing.gates
            if one.verdict is not None
        ]
        readiness = str(standing.report.readiness) if standing.report is not None else None
        self.said.append(Said(where=where, tree=standing.tree, readiness=readiness, gates=tuple(gates)))

    async def listen(self, watch: Watch) -> None:
        """Take down every event."""
        began_s = self.world.clock.monotonic_s()
        async with watch.events() as events:
            async for event in events:
                self.record(f"{self.world.clock.monotonic_s() - began_s:.3f} {event}")
                self.checker.counted[f"event {event.kind}"] += 1
                if event.kind is EventKind.TROUBLE:
                    self.checker.counted[f"trouble: {event.text[:100]}"] += 1
                elif event.kind is EventKind.JUDGED:
                    self.judged_s.append(self.world.clock.monotonic_s())
                    self.said.append(said_in("event", watch.known[event.tree]))
        if not watch.stopping.is_set():
            self.wrong.append("the events ended before the daemon")

    def record(self, line: str) -> None:
        """For whoever looks into it afterwards."""
        with (self.folder / "events.log").open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    async def ask(self, watch: Watch) -> None:
        """Ask about now, as soon as an edit is done and in between."""
        last = -1
        while True:
            for _ in range(20):
                if self.progress.done != last:
                    break
                await anyio.sleep(0.001)
            last = done = self.progress.done
            standing = await watch.now()
            self.note_answer("now", watch, standing, done)

    async def ask_for_reports(self, watch: Watch) -> None:
        """Wait for reports on now, for shorter and longer times."""
        limits_s = [0.01, 0.1, 0.5, 2.0, 10.0]
        while True:
            limits_s.append(limits_s.pop(0))
            done = self.progress.done
            standing = await watch.wait_now(limits_s[0])
            self.note_answer("wait_now", watch, standing, done)
            await anyio.sleep(0.05)

    def note_answer(self, where: str, watch: Watch, standing: Standing, done: int) -> None:
        """An answer about now was given."""
        begun = self.progress.begun
        if watch.unread:  # it says so, and names the last tree that could be read
            self.checker.counted[f"{where}: the tree cannot be read"] += 1
            if standing.report is not None or not standing.trouble:
                self.wrong.append(f"{where}: a report, or no reason, while the tree cannot be read: {watch.unread}")
        else:
            self.answered.append(Answered(where=where, tree=standing.tree, done=done, begun=begun))
        self.note_standing(where, standing)

    async def ask_for_trees(self, watch: Watch) -> None:
        """Ask about a tree that is under way, and about one that was judged before."""
        while True:
            for tree in (watch.state.tree, next(iter(watch.known), watch.state.tree)):
                standing = await watch.of_tree(tree, 5)
                if standing is not None:
                    if standing.tree != tree:
                        self.wrong.append(f"of_tree: asked about {tree[:10]}, answered about {standing.tree[:10]}")
                    self.note_standing("of_tree", standing)
            await anyio.sleep(0.2)

    async def read_published(self) -> None:
        """Read readiness.json whenever it is another one."""
        file, last = self.repository.report_dir / "readiness.json", 0
        while True:
            await anyio.sleep(0.02)
            try:
                content, number = file.read_bytes(), file.stat().st_ino
            except OSError:
                continue
            if number != last:
                last, told = number, json.loads(content)
                gates = [
                    GateSaid(gate=one["name"], status=one["status"], reason=one["reason"]) for one in told["gates"]
                ]
                self.said.append(
                    Said(where="readiness.json", tree=told["tree"], readiness=told["readiness"], gates=tuple(gates))
                )

    def read_history(self) -> None:
        """Every row."""
        with self.world.open_store(self.repository) as store:
            for row in store.gate_runs(limit=1_000_000):
                gate = GateSaid(gate=row.gate, status=row.status, reason=row.reason)
                self.said.append(Said(where="history", tree=row.tree, gates=(gate,)))

    # --- checks ----------------------------------------------------------------------------------------------------

    async def check_regularly(self) -> None:
        """For ever."""
        while True:
            await anyio.sleep(0.25)
            await self.check_now()

    async def check_now(self) -> None:
        """All that has come in until now."""
        trees, self.trees = self.trees, []
        said, self.said = self.said, []
        answered, self.answered = self.answered, []
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.check, trees, said, answered)

    def check(self, trees: list[TreeState], said: list[Said], answered: list[Answered]) -> None:
        """In a thread: a look at each."""
        for state in trees:
            self.checker.learn(state.tree, dict(state.content_ids.items()))
        for one in said:
            self.checker.check(one)
        if (self.folder / "edits.log").exists():
            self.checker.read_log()
            self.checker.ask_later(answered)

    def look_for_processes(self) -> None:
        """Nothing that a gate started is left."""
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit() and os.environ[MARK].encode() in (process / "environ").read_bytes():
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    self.wrong.append(f"a process is left: {command}")
            except OSError:
                continue

    def look_at_health(self) -> None:
        """What the engine takes does not grow."""
        if len(self.health) <= EARLY:
            return
        first, last = self.health[EARLY - 1], self.health[-1]
        if last.memory_bytes - first.memory_bytes > MEMORY_GROWN_BYTES:
            self.wrong.append(f"memory grew from {first.memory_bytes:,} to {last.memory_bytes:,} bytes")
        if last.descriptors - first.descriptors > DESCRIPTORS_GROWN:
            self.wrong.append(f"open files grew from {first.descriptors} to {last.descriptors}")
        folders = sum(".git" not in folder.parts for folder in self.repository.root.glob("**/"))
        if last.watches > (1 + MOST) * folders + GIT_FOLDERS:
            self.wrong.append(f"there are {last.watches} watches, for {folders} folders and their mirrors")

    def look_at_times(self) -> None:
        """Verdicts kept arriving."""
        longest = max(gaps_between(self.judged_s), default=0.0)
        slots = self.world.machine.slots
        seconds = [gate.seconds for gate in self.options.gates]
        pipeline_s = max(sum(seconds) / slots, *seconds, self.pipeline_s)
        self.checker.counted["longest time without a verdict, ms"] = round(longest * 1_000)
        if self.options.is_timed and longest > PATIENCE * pipeline_s + SLACK_S:
            self.wrong.append(f"no complete verdict for {longest:.1f} s, and the pipeline takes {pipeline_s:.1f} s")

    def summary(self) -> str:
        """What was checked, a line each, and what was wrong."""
        lines = [f"{number:>9,}  {what}" for what, number in sorted(self.checker.counted.items())]
        health = [f"          {one}" for one in (self.health[:1] + self.health[-1:])]
        return "\n".join([*lines, *health, f"{len(self.wrong)} wrong", *self.wrong[:50]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Stands between the follower and the engine, and takes down every tree."""

    watch: Watch
    race: Race

    def take(self, state: TreeState, *, anew: bool) -> None:
        """Pass it on."""
        if state.number != self.watch.state.number:
            self.race.note_tree(state)
        self.watch.take(state, anew=anew)

    def fail(self, error: VerifydError) -> None:
        """Pass it on."""
        self.watch.fail(error)

    def tick(self) -> None:
        """Pass it on."""
        self.watch.tick()


def gaps_between(moments: list[float | None]) -> Iterator[float]:
    """Seconds between one verdict and the next, rests left out."""
    for before, after in itertools.pairwise(moments):
        if before is not None and after is not None:
            yield after - before


def text_of(reason: object) -> str | None:
    """A reason as text."""
    return str(reason) if reason is not None else None


def said_in(where: str, result: Result) -> Said:
    """A report as it is checked."""
    gates = [
        GateSaid(
            gate=one.verdict.gate.name,
            status=str(one.verdict.status),
            reason=text_of(one.verdict.reason),
            log=one.verdict.outcome.log if one.verdict.outcome is not None else None,
        )
        for one in result.report.gates
    ]
    report = result.report
    return Said(where=where, tree=report.snapshot.tree, readiness=str(report.readiness), gates=tuple(gates))


def is_settled(standing: Standing) -> bool:
    """Whether every gate has come to a verdict that proves something; of a tree that is not ready, what was spoiled stays so."""
    report = standing.report
    if report is None:
        return False
    unproven = [gate.verdict.reason for gate in report.gates if str(gate.verdict.status) == "unproven"]
    return not unproven or (report.readiness is Readiness.NOT_READY and SPOILED.issuperset(unproven))


def tree_by_git(project: Project, scratch: Path) -> str:
    """What git itself makes of the work tree, with an index and an object folder of its own."""
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "objects").mkdir(parents=True)
    environment = {
        **project.environment,
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(project.root / ".git" / "objects"),
    }
    apart = replace(project, environment=environment)
    apart.git("read-tree", "HEAD")  # what is tracked stays so although a rule ignores it
    apart.git("add", "--all")
    return apart.git("write-tree")


def first_files(gates: tuple[RaceGate, ...], folder: Path) -> Mapping[str, str]:
    """The work tree before the first edit."""
    page = "# Verification\n\nThe race's gates.\n\n" + "\n".join(gate.section(folder) for gate in gates)
    return {
        "VERIFY.md": page,
        ".gitignore": "ignored/\n",
        **{f"src/f{number:02}.txt": f"{number}\n" * 40 for number in range(12)},
        **{f"lib/deep/er/g{number}.txt": f"{number}\n" * 9 for number in range(8)},
        **{f"{PACK}{name}.py": module_text(TOKENS[number]).decode() for number, name in enumerate(MODULES)},
    }


@contextmanager
def surroundings(project: Project) -> Iterator[None]:
    """The user's environment, in this process, with a mark that gates inherit."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GIT_", "VERIFYD"))]:
            patch.delenv(name)
        for name in ("HOME", "PATH", "XDG_STATE_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            patch.setenv(name, project.environment[name])
        patch.setenv(MARK, secrets.token_hex(8))
        yield


def race(options: Options, folder: Path) -> Race:
    """Run a race in an empty folder; what came of it."""
    shutil.copy(
        race_gate.__file__, folder / "gate.py"
    )  # whoever edits this repository meanwhile does not edit the gates
    project = Project.make(folder, first_files(options.gates, folder))
    (project.root / "ignored").mkdir()
    with surroundings(project):
        world = make_world()
        repository = world.git.open_repository(project.root)
        declared = propose(world, repository, Request()).declared
        approve_pipeline(world, repository, declared, by=ApprovedBy.FLAG)
        checker = Checker(
            folder=folder,
            gates={gate.name: gate.inside for gate in options.gates},
            page=race_gate.read_entry(str(project.root), "VERIFY.md") or "",
        )
        run = Race(
            options=options,
            folder=folder,
            project=project,
            repository=repository,
            world=world,
            checker=checker,
            progress=Progress(folder / "progress"),
        )
        anyio.run(run.run)
    return run
