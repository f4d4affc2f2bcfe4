"""A daemon in, what it knows at this moment out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifyd.app.finish import Result
from verifyd.app.live_pass import LivePass
from verifyd.plan import PlannedGate
from verifyd.standing import GateStanding, Judged, Phase, Standing
from verifyd.verdict import Verdict

if TYPE_CHECKING:
    from verifyd.app.watch import Watch


def standing_of(watch: Watch, *, result: Result | None = None) -> Standing:
    """
    What is known of the newest tree.

    Args:
        result: Of an earlier tree, to be told instead.
    """
    current = watch.current
    if current is not None and current.state.number != watch.state.number:
        current = None
    found = result or result_of(watch, current)
    return Standing(
        tree=result.report.snapshot.tree if result is not None else watch.state.tree,
        since=result.report.started_at if result is not None else watch.since,
        gates=gates_of(watch, current) if result is None and current is not None else (),
        report=found.report if found is not None else None,
        task=found.task if found is not None else None,
        judged=judged_of(watch),
        trouble=trouble_of(watch, current) if result is None else "",
        watching=watch.watcher.backend,
        notes=(*watch.watcher.notes, *watch.reports.notes, *watch.untidy),
        remaining_s=remaining_s(watch, current) if result is None and current is not None else None,
    )


def trouble_of(watch: Watch, current: LivePass | None) -> str:
    """Why the newest tree cannot be verified: it cannot be opened, or a gate's run could not be judged."""
    if watch.trouble or current is None or current.error is None:
        return watch.trouble
    return str(current.error)


def result_of(watch: Watch, current: LivePass | None) -> Result | None:
    """The report about the newest tree, early or whole; None while it is not known whether it still holds."""
    if current is None or watch.trouble or not watch.decided.is_set():
        return None
    if not current.done.is_set():
        return current.early
    return current.result if current.is_whole else None


def judged_of(watch: Watch) -> Judged | None:
    """The newest complete verdict."""
    if watch.newest is None:
        return None
    number, result, at = watch.newest
    return Judged(
        tree=result.report.snapshot.tree,
        readiness=result.report.readiness,
        reason=result.report.reason,
        at=at,
        behind=watch.state.number - number,
    )


def gates_of(watch: Watch, current: LivePass) -> tuple[GateStanding, ...]:
    """The gates of the newest tree's pass, in the order of its plan."""
    if current.plan is None:
        return ()
    built_in = [
        GateStanding(name=one.gate.name, required=True, phase=Phase.DONE, verdict=one) for one in current.built_in
    ]
    return (*built_in, *(gate_standing(watch, current, planned) for planned in current.plan.gates))


def gate_standing(watch: Watch, current: LivePass, planned: PlannedGate) -> GateStanding:
    """One gate."""
    name, live = planned.gate.name, watch.shared.gates.underway.get(planned.gate.name)
    verdict: Verdict | None = current.verdict_on(planned)
    runs = verdict is None and live is not None and live.started_s is not None and live.key == current.keys.get(name)
    elapsed_s = (
        watch.world.clock.monotonic_s() - live.started_s if runs and live is not None and live.started_s else None
    )
    return GateStanding(
        name=name,
        required=not planned.gate.optional and planned.gate.manual is None,
        phase=Phase.DONE if verdict is not None else Phase.RUNNING if runs else Phase.WAITING,
        elapsed_s=elapsed_s,
        expected_s=planned.expected_s,
        verdict=verdict,
        kept=runs and live is not None and live.tree != current.state.tree,
    )


def remaining_s(watch: Watch, current: LivePass) -> float | None:
    """Expected seconds until the whole report; None when nobody knows, and once it is there."""
    expected_s = current.expected_s()
    if expected_s is None or current.done.is_set():
        return None
    return max(0.0, expected_s - (watch.world.clock.monotonic_s() - current.started_s))
