"""The scheduler against gates that only sleep, in virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import pytest
import trio.testing

from verifyd.app.run import Listener, run_gates
from verifyd.pipeline import Gate
from verifyd.plan import Plan, PlannedGate, Skip
from verifyd.timing import Timing
from verifyd.verdict import Status, Verdict

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """trio with a clock that jumps to the next deadline when everybody waits."""
    return ("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)})


def planned(name: str, *, skip: Skip | None = None, **attributes: Any) -> PlannedGate:
    """A gate of a plan with these attributes."""
    gate = Gate(**{"name": name, "line": 1, "script": name, **attributes})
    return PlannedGate(gate=gate, skip=skip, inputs=-1, timing=Timing(), why="")


class Sleeping:
    """Gates that take a given number of seconds and then have a given status; records when each ran."""

    def __init__(self, seconds: Mapping[str, float], failing: tuple[str, ...] = ()) -> None:
        self.seconds = seconds
        self.failing = failing
        self.spans: dict[str, tuple[float, float]] = {}
        self.cancelled: list[str] = []

    async def run(self, planned: PlannedGate) -> Verdict:
        """Sleep, then judge."""
        name, began = planned.gate.name, anyio.current_time()
        try:
            await anyio.sleep(self.seconds[name])
        except BaseException:
            self.cancelled.append(name)
            raise
        self.spans[name] = (began, anyio.current_time())
        status = Status.FAILED if name in self.failing else Status.PASSED
        return Verdict(gate=planned.gate, status=status, reason="exit_status" if name in self.failing else None)


def overlap(spans: Mapping[str, tuple[float, float]], one: str, other: str) -> bool:
    """Whether two gates ran at the same time."""
    return spans[one][0] < spans[other][1] and spans[other][0] < spans[one][1]


async def test_slots_bound_what_runs_at_once() -> None:
    """Three one-second gates on two slots take two seconds, and the first two run side by side."""
    gates = Sleeping({"a": 1, "b": 1, "c": 1})
    began = anyio.current_time()
    await run_gates(Plan(gates=(planned("a"), planned("b"), planned("c"))), gates.run, slots=2)
    assert anyio.current_time() - began == pytest.approx(2)
    assert overlap(gates.spans, "a", "b")
    assert not overlap(gates.spans, "a", "c")


async def test_a_slot_that_is_left_over_is_told_of() -> None:
    """Whoever has work of his own is told of a slot that no gate wants, and of none while gates take all."""
    gates = Sleeping({"a": 3, "b": 1, "c": 1})
    told: list[tuple[int, list[str]]] = []
    plan = Plan(gates=(planned("a"), planned("b"), planned("c")))
    began = anyio.current_time()
    await run_gates(
        plan,
        gates.run,
        slots=2,
        slot_is_free=lambda: told.append((round(anyio.current_time() - began), sorted(gates.spans))),
    )
    assert told == [(2, ["b", "c"])]


async def test_a_wide_gate_takes_its_slots() -> None:
    """A gate with ``cpus=2`` runs beside nothing on two slots, and one that wants more than there are still runs."""
    gates = Sleeping({"wide": 1, "a": 1})
    await run_gates(Plan(gates=(planned("wide", cpus=9), planned("a"))), gates.run, slots=2)
    assert not overlap(gates.spans, "wide", "a")


async def test_an_exclusive_gate_runs_alone_and_is_not_starved() -> None:
    """Gates behind a waiting exclusive gate do not overtake it."""
    gates = Sleeping({"a": 5, "alone": 1, "b": 1})
    plan = Plan(gates=(planned("a"), planned("alone", exclusive=True), planned("b")))
    await run_gates(plan, gates.run, slots=2)
    assert gates.spans == {"a": (0, 5), "alone": (5, 6), "b": (6, 7)}


async def test_needs_are_waited_for() -> None:
    """A gate starts when what it needs has passed, while others go on."""
    gates = Sleeping({"lint": 1, "slow": 3, "tests": 1})
    plan = Plan(gates=(planned("slow"), planned("lint"), planned("tests", needs=("lint",))))
    verdicts = await run_gates(plan, gates.run, slots=2)
    assert gates.spans["tests"] == pytest.approx((1, 2))
    assert {name: verdict.status for name, verdict in verdicts.items()} == dict.fromkeys(
        ("slow", "lint", "tests"), "passed"
    )


async def test_a_missed_need_skips_all_that_follows() -> None:
    """What needs a failed gate is skipped, and what needs that is skipped too, naming the direct need."""
    gates = Sleeping({"lint": 1}, failing=("lint",))
    plan = Plan(gates=(planned("c", needs=("b",)), planned("b", needs=("lint",)), planned("lint")))
    verdicts = await run_gates(plan, gates.run, slots=1)
    assert {name: (verdict.status, verdict.reason) for name, verdict in verdicts.items()} == {
        "lint": ("failed", "exit_status"),
        "b": ("skipped", "needs:lint"),
        "c": ("skipped", "needs:b"),
    }


async def test_a_need_that_does_not_apply_is_met() -> None:
    """A gate whose need is not affected by the change runs; one that needs a manual gate does not."""
    gates = Sleeping({"tests": 1})
    plan = Plan(
        gates=(
            planned("lint", skip=Skip.NOT_AFFECTED),
            planned("deploy", skip=Skip.MANUAL),
            planned("tests", needs=("lint",)),
            planned("after", needs=("deploy",)),
        )
    )
    verdicts = await run_gates(plan, gates.run, slots=1)
    assert verdicts["tests"].status is Status.PASSED
    assert verdicts["after"].reason == "needs:deploy"


async def test_fail_fast_ends_the_others() -> None:
    """With fail_fast a failure cancels what runs and what waits; both are unproven, not failed. What needs it is skipped as ever."""
    gates = Sleeping({"quick": 1, "slow": 100, "waiting": 1}, failing=("quick",))
    plan = Plan(
        gates=(
            planned("quick"),
            planned("slow"),
            planned("waiting", needs=("slow",)),
            planned("after", needs=("quick",)),
        )
    )
    verdicts = await run_gates(plan, gates.run, slots=2, fail_fast=True)
    assert anyio.current_time() == pytest.approx(1)
    assert gates.cancelled == ["slow"]
    assert {name: verdict.reason for name, verdict in verdicts.items()} == {
        "quick": "exit_status",
        "slow": "cancelled",
        "waiting": "cancelled",
        "after": "needs:quick",
    }


async def test_an_optional_failure_is_no_reason_to_hurry() -> None:
    """fail_fast looks at required gates only."""
    gates = Sleeping({"optional": 1, "slow": 3}, failing=("optional",))
    plan = Plan(gates=(planned("optional", optional=True), planned("slow")))
    verdicts = await run_gates(plan, gates.run, slots=2, fail_fast=True)
    assert verdicts["slow"].status is Status.PASSED


async def test_the_listener_hears_of_each_gate_once() -> None:
    """Started is called for gates that run, ended for all that are not left out by the plan."""
    started: list[str] = []
    ended: list[str] = []
    gates = Sleeping({"lint": 1}, failing=("lint",))
    plan = Plan(gates=(planned("lint"), planned("tests", needs=("lint",)), planned("hand", skip=Skip.MANUAL)))
    listener = Listener(
        started=lambda gate: started.append(gate.gate.name), ended=lambda verdict: ended.append(verdict.gate.name)
    )
    await run_gates(plan, gates.run, slots=2, listener=listener)
    assert (started, ended) == (["lint"], ["lint", "tests"])


async def test_cancelling_the_run_cancels_its_gates() -> None:
    """Nothing goes on after the surrounding scope was cancelled."""
    gates = Sleeping({"a": 100, "b": 100})
    with anyio.move_on_after(1) as scope:
        await run_gates(Plan(gates=(planned("a"), planned("b"))), gates.run, slots=2)
    assert scope.cancelled_caught
    assert sorted(gates.cancelled) == ["a", "b"]


async def test_a_gate_may_need_one_that_takes_no_process() -> None:
    """A verdict known beforehand meets a need, or misses it."""
    for status, expected in ((Status.PASSED, "passed"), (Status.FAILED, "skipped")):
        diff = Verdict(gate=planned("diff").gate, status=status, reason=None if status is Status.PASSED else "limits")
        gates = Sleeping({"tests": 1})
        plan = Plan(gates=(planned("tests", needs=("diff",)),))
        verdicts = await run_gates(plan, gates.run, slots=1, known=(diff,))
        assert {name: verdict.status for name, verdict in verdicts.items()} == {"tests": expected}
