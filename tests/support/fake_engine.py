"""An engine that says what a test sets, and a daemon of its own process around it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from msgspec.structs import replace

from tests.support.builders import NOON, TREE, a_failure, a_finding, a_pass, a_report, a_task
from verifyd.app.account import Account
from verifyd.app.daemon import Daemon, DaemonParts, live
from verifyd.app.ports import Repository
from verifyd.app.web_page import WebPage
from verifyd.app.wiring import make_world, open_here
from verifyd.app.world import World
from verifyd.edge.daemon_address import DaemonAddress
from verifyd.report import Report
from verifyd.standing import Event, EventKind, GateStanding, Judged, Phase, Standing


def a_standing(report: Report | None = None, **fields: Any) -> Standing:
    """A tree with its report; without one it is being verified."""
    if report is None:
        running = GateStanding(name="tests", required=True, phase=Phase.RUNNING, elapsed_s=1.0, expected_s=3.0)
        return Standing(**{"tree": TREE, "since": NOON, "gates": (running,), "remaining_s": 2.0, **fields})
    gates = tuple(
        GateStanding(name=gate.verdict.gate.name, required=gate.required, phase=Phase.DONE, verdict=gate.verdict)
        for gate in report.gates
    )
    known: dict[str, Any] = {
        "judged": Judged(tree=TREE, readiness=report.readiness, reason=report.reason, at=NOON, behind=0),
        "watching": "inotify",
    }
    return Standing(**{"tree": TREE, "since": NOON, "gates": gates, "report": report, **known, **fields})


READY = a_standing(a_report(a_pass("tests")))
NOT_READY = a_standing(a_report(a_failure(a_finding())), task=a_task())
VERIFYING = a_standing()


@dataclass
class FakeEngine:
    """
    Says what it is set to.

    Attributes:
        known: Of the tree as it is now.
        waited: What a question that waits is answered with, once *arrives* is set.
        trees: Standings by tree id.
        asked: Every question.
        hangs: Questions are never answered.
        problem: What questions about the tree as it is now raise.
        given_up: Set when a question that waited was cancelled.
        listened: Set when somebody listens to events.
    """

    world: World
    repository: Repository
    known: Standing = field(default_factory=lambda: READY)
    waited: Standing | None = None
    trees: dict[str, Standing] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hangs: bool = False
    problem: Exception | None = None
    started_at: datetime = NOON
    discarded: int = 0
    listeners: list[MemoryObjectSendStream[Event]] = field(default_factory=list)
    reason: str = ""
    arrives: anyio.Event = field(default_factory=anyio.Event)
    given_up: anyio.Event = field(default_factory=anyio.Event)
    listened: anyio.Event = field(default_factory=anyio.Event)
    stopping: anyio.Event = field(default_factory=anyio.Event)

    async def now(self) -> Standing:
        """As it is set."""
        self.asked.append("now")
        if self.problem is not None:
            raise self.problem
        if self.hangs:
            await anyio.sleep_forever()
        return self.known

    def standing(self) -> Standing:
        """As it is set."""
        return self.known

    async def wait_now(self, limit_s: float) -> Standing:
        """What comes within the limit."""
        self.asked.append(f"wait {limit_s:g}")
        if self.problem is not None:
            raise self.problem
        try:
            with anyio.move_on_after(limit_s):
                await self.arrives.wait()
                return self.waited or self.known
            return self.known
        except anyio.get_cancelled_exc_class():
            self.given_up.set()
            raise

    async def of_tree(self, tree: str, limit_s: float) -> Standing | None:
        """By the beginning of its id."""
        self.asked.append(f"tree {tree} {limit_s:g}")
        return next((known for name, known in self.trees.items() if name.startswith(tree)), None)

    async def account(self) -> Account:
        """Without a plan."""
        self.asked.append("account")
        return Account(standing=self.known)

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Event]]:
        """What is told from now on."""
        send, receive = anyio.create_memory_object_stream[Event](100)
        self.listeners.append(send)
        self.listened.set()
        with send, receive:
            yield receive

    def tell(self, kind: EventKind, text: str = "") -> None:
        """Tell all listeners."""
        for number, listener in enumerate(self.listeners, 1):
            listener.send_nowait(Event(number=number, kind=kind, at=NOON, tree=TREE, text=text))

    async def run(self) -> str:
        """Until it is stopped."""
        await self.stopping.wait()
        self.tell(EventKind.STOPPING, self.reason)
        for listener in self.listeners:
            listener.close()
        return self.reason

    async def stop(self, reason: str) -> None:
        """End ``run``."""
        self.reason = self.reason or reason
        self.stopping.set()


def a_daemon(engine: FakeEngine, socket: Path) -> Daemon:
    """The daemon that an engine is in."""
    address = DaemonAddress(
        pid=4711,
        start="1",
        root=str(engine.repository.root),
        git_dir=str(engine.repository.git_dir),
        socket=str(socket),
        version="0.0.test",
        api=1,
        started_at="",
    )
    return Daemon(engine=engine, address=address, page=WebPage())


async def show_nothing(_engine: object) -> None:
    """Nobody looks."""


def main(folder: str, *options: str) -> None:
    """
    A daemon with a fake engine in a process of its own, until it is stopped.

    Options: ``automatic``; ``crash`` (its engine raises); ``hang`` (its engine never answers); ``slow`` (opening it takes a second);
    ``stuck`` (opening it takes for ever);     ``verifying`` (its tree has no report yet); ``release`` (it is of another release); ``api`` (it speaks another API).
    """

    world = make_world()
    repository = open_here(world, folder)

    @asynccontextmanager
    async def open_engine(world: World, repository: Repository, idle_s: float | None) -> AsyncIterator[FakeEngine]:
        if "crash" in options:
            raise RuntimeError("the engine broke")
        if "slow" in options:
            await anyio.sleep(1)
        if "stuck" in options:
            await anyio.sleep_forever()
        standing = VERIFYING if "verifying" in options else NOT_READY
        yield FakeEngine(world, repository, hangs="hang" in options, known=standing)

    def make(daemon: Daemon) -> Any:
        from starlette.responses import PlainTextResponse

        from verifyd.doors.api import make_application

        if "api" in options:
            return PlainTextResponse("the daemon speaks api 2 (verifyd 9.9.9), you speak 1\n", 426)
        release = "9.9.9" if "release" in options else daemon.address.version
        return make_application(replace(daemon, address=replace(daemon.address, version=release)))

    parts = DaemonParts(
        open_engine=open_engine,
        make_application=make,
        show=show_nothing,
        automatic="automatic" in options,
    )
    ending = anyio.run(live, world, repository, parts)
    world.console.say(f"other {ending.other.pid}" if ending.other is not None else ending.reason)


if __name__ == "__main__":
    main(*sys.argv[1:])
