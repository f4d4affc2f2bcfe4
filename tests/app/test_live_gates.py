"""The runs of a daemon's gates, in virtual time: shared between trees, begun anew, brought to their end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
import trio.testing

from verifyd.app.live_gates import OVERTAKEN, CpuSlots, LiveGates
from verifyd.errors import ConfigurationError
from verifyd.pipeline import Gate
from verifyd.plan import PlannedGate
from verifyd.timing import Timing
from verifyd.verdict import Reason, Status, Verdict

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """trio with a clock that jumps to the next deadline when everybody waits."""
    return ("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)})


class VirtualClock:
    """The event loop's clock."""

    def now(self) -> datetime:
        """A moment that does not matter here."""
        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic_s(self) -> float:
        """The loop's seconds."""
        return anyio.current_time()


@dataclass
class Runs:
    """
    Gates that sleep for as long as they are expected to take.

    Attributes:
        began: (gate, content, seconds since the start) of each run.
        cut: The same of each run that was ended early.
        status: What each run gives.
    """

    gates: LiveGates
    start_s: float
    status: Status = Status.PASSED
    began: list[tuple[str, str, float]] = field(default_factory=list)
    cut: list[tuple[str, str, float]] = field(default_factory=list)

    def now(self) -> float:
        """Seconds since the start."""
        return round(anyio.current_time() - self.start_s, 3)

    def runner(self, planned: PlannedGate, content: str) -> Callable[[], Awaitable[Verdict]]:
        """A run of the gate on some content."""

        async def run() -> Verdict:
            self.began.append((planned.gate.name, content, self.now()))
            try:
                await anyio.sleep(planned.expected_s or 1.0)
            except BaseException:
                self.cut.append((planned.gate.name, content, self.now()))
                raise
            return Verdict(gate=planned.gate, status=self.status, explanation=content)

        return run

    async def verdict(
        self, planned: PlannedGate, content: str, *, wanted: Callable[[], bool] = lambda: True
    ) -> Verdict:
        """The verdict on some content, which is the key too."""
        return await self.gates.verdict(
            planned, key=content, tree=content, run=self.runner(planned, content), is_wanted=wanted
        )


@asynccontextmanager
async def running(slots: int = 2) -> AsyncIterator[tuple[Runs, anyio.abc.TaskGroup]]:
    """Gates, and a task group for those who ask."""
    async with anyio.create_task_group() as tasks:
        gates = LiveGates(tasks=tasks, slots=CpuSlots(slots), clock=VirtualClock(), started=lambda _: None)
        yield Runs(gates=gates, start_s=anyio.current_time()), tasks


def planned(name: str, seconds: float = 10.0, *, exclusive: bool = False) -> PlannedGate:
    """A gate that takes so long."""
    gate = Gate(name=name, line=1, script=name, exclusive=exclusive)
    return PlannedGate(gate=gate, skip=None, inputs=-1, timing=Timing(runs=3, estimate_s=seconds), why="")


async def test_a_run_whose_inputs_did_not_change_counts_for_the_new_tree_too() -> None:
    """Two trees with the same action key share one run; the second says that its verdict was measured for another."""
    async with running() as (runs, tasks):
        found: list[Verdict] = []

        async def ask() -> None:
            found.append(await runs.verdict(planned("tests"), "same"))

        tasks.start_soon(ask)
        await anyio.sleep(3)
        runs.gates.steer({"tests": "same"})
        second = await runs.verdict(planned("tests"), "same")
        await anyio.lowlevel.checkpoint()
        assert runs.began == [("tests", "same", 0.0)]
        assert (runs.now(), second.status, second.reused, found[0].reused) == (10.0, Status.PASSED, True, False)


async def test_a_run_less_than_half_done_is_ended_and_begun_anew() -> None:
    """The new tree's verdict comes one full run after the edit."""
    async with running() as (runs, tasks):
        tasks.start_soon(runs.verdict, planned("tests"), "old")
        await anyio.sleep(4)
        runs.gates.steer({"tests": "new"})
        verdict = await runs.verdict(planned("tests"), "new")
        assert (verdict.explanation, runs.now()) == ("new", 14.0)
        assert runs.cut == [("tests", "old", 4.0)]


async def test_a_run_more_than_half_done_comes_to_its_end_first() -> None:
    """The old tree gets its verdict, then the gate runs for the new one; never twice at once."""
    async with running() as (runs, tasks):
        old: list[Verdict] = []

        async def ask() -> None:
            old.append(await runs.verdict(planned("tests"), "old"))

        tasks.start_soon(ask)
        await anyio.sleep(6)
        runs.gates.steer({"tests": "new"})
        verdict = await runs.verdict(planned("tests"), "new")
        assert runs.began == [("tests", "old", 0.0), ("tests", "new", 10.0)]
        assert (old[0].explanation, verdict.explanation, runs.now()) == ("old", "new", 20.0)


async def test_whoever_waits_for_a_run_that_is_cut_short_is_told() -> None:
    """A verdict that never comes is unproven, with the reason."""
    async with running() as (runs, tasks):
        found: list[Verdict] = []

        async def ask() -> None:
            found.append(await runs.verdict(planned("tests"), "old"))

        tasks.start_soon(ask)
        await anyio.sleep(1)
        runs.gates.steer({})
        await anyio.sleep(1)
        assert [(one.status, one.reason, one.explanation) for one in found] == [
            (Status.UNPROVEN, Reason.CANCELLED, OVERTAKEN)
        ]
        assert runs.gates.underway == {}


async def test_a_gate_that_is_not_wanted_any_more_is_not_begun() -> None:
    """It waited for the run of another tree, and meanwhile its own was overtaken."""
    async with running() as (runs, tasks):
        tasks.start_soon(runs.verdict, planned("tests"), "first")
        await anyio.sleep(6)
        wanted = [True]
        found: list[Verdict] = []

        async def ask() -> None:
            found.append(await runs.verdict(planned("tests"), "second", wanted=lambda: wanted[0]))

        tasks.start_soon(ask)
        await anyio.sleep(1)
        wanted[0] = False
        await anyio.sleep(10)
        assert [one.reason for one in found] == [Reason.CANCELLED]
        assert runs.began == [("tests", "first", 0.0)]


async def test_a_shared_run_without_proof_is_run_again_for_the_second() -> None:
    """A run that the machine spoiled says nothing of the inputs: the other tree gets a run of its own."""
    async with running() as (runs, tasks):
        runs.status = Status.UNPROVEN
        tasks.start_soon(runs.verdict, planned("tests"), "same")
        await anyio.sleep(1)
        second = await runs.verdict(planned("tests"), "same")
        assert (len(runs.began), second.reused, runs.now()) == (2, False, 20.0)


async def test_runs_of_all_trees_share_the_slots() -> None:
    """A gate of a new tree waits for the slot that an older tree's gate still takes."""
    async with running(slots=1) as (runs, tasks):
        tasks.start_soon(runs.verdict, planned("slow"), "old")
        await anyio.sleep(6)
        await runs.verdict(planned("quick", 1.0), "new")
        assert runs.began == [("slow", "old", 0.0), ("quick", "new", 10.0)]


async def test_an_exclusive_gate_runs_beside_nothing() -> None:
    """Neither beside its own tree's gates nor beside another's."""
    async with running(slots=4) as (runs, tasks):
        tasks.start_soon(runs.verdict, planned("alone", 5.0, exclusive=True), "one")
        await anyio.sleep(1)
        await runs.verdict(planned("other", 1.0), "one")
        assert runs.began == [("alone", "one", 0.0), ("other", "one", 5.0)]


async def test_a_run_that_cannot_be_judged_says_why_and_leaves_the_rest_alone() -> None:
    """The error reaches who asked; another gate's run goes on."""
    async with running() as (runs, tasks):

        async def broken() -> Verdict:
            await anyio.sleep(1)
            raise ConfigurationError("the problem matcher is wrong")

        tasks.start_soon(runs.verdict, planned("other"), "tree")
        with pytest.raises(ConfigurationError, match="the problem matcher is wrong"):
            await runs.gates.verdict(planned("lint"), key="tree", tree="tree", run=broken, is_wanted=lambda: True)
        assert list(runs.gates.underway) == ["other"]


async def test_a_gate_gone_from_the_page_is_ended() -> None:
    """Nobody will ask for its verdict any more."""
    async with running() as (runs, tasks):
        tasks.start_soon(runs.verdict, planned("gone"), "tree")
        await anyio.sleep(1)
        runs.gates.steer({"other": "tree"})
        await anyio.sleep(0.1)
        assert runs.cut == [("gone", "tree", 1.0)]
