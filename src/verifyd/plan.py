"""Which gates run on this tree, in what order, what is skipped and why: a function of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pathspec import GitIgnoreSpec

from verifyd.change import Change
from verifyd.pipeline import Door, Gate, Pipeline
from verifyd.timing import Timing


class Skip(StrEnum):
    """Why a gate does not run; ``needs:<gate>`` is only known during the run and is made by ``skip_for``."""

    NOT_AFFECTED = "not_affected"
    MANUAL = "manual"
    WHEN = "when"
    NOT_SELECTED = "not_selected"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedGate:
    """
    One gate with what was decided about it.

    Attributes:
        skip: None when it runs.
        inputs: Files of the tree that its ``paths`` match; -1 when it reads all files.
        timing: What history says; estimates are None without history.
        why: One phrase for ``plan``: why it runs, or why not.
    """

    gate: Gate
    skip: Skip | None
    inputs: int
    timing: Timing
    why: str

    @property
    def expected_s(self) -> float | None:
        """Seconds it will take: from history, else from the heading; None when nobody knows."""
        return self.timing.estimate_s if self.timing.estimate_s is not None else self.gate.estimate_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    The gates of one run.

    Attributes:
        gates: In the order they are to be started; those that do not run last, as declared.
        selected: Names that were asked for; empty means all.
    """

    gates: tuple[PlannedGate, ...]
    selected: tuple[str, ...] = ()

    @property
    def to_run(self) -> tuple[PlannedGate, ...]:
        """The gates that run, in order."""
        return tuple(planned for planned in self.gates if planned.skip is None)

    @property
    def critical_path_s(self) -> float | None:
        """Expected seconds of the longest chain of ``needs``; None while any gate on it has no estimate."""
        expected = {planned.gate.name: planned.expected_s for planned in self.to_run}
        if not expected or any(seconds is None for seconds in expected.values()):
            return None
        known = {name: seconds for name, seconds in expected.items() if seconds is not None}
        return max(
            chain_s(planned.gate.name, known, {p.gate.name: p.gate.needs for p in self.to_run})
            for planned in self.to_run
        )


def chain_s(name: str, seconds: Mapping[str, float], needs: Mapping[str, Sequence[str]]) -> float:
    """Seconds from the start of the first gate that *name* waits for to the end of *name*; needs has no cycle (the reader refuses them)."""
    before = (chain_s(needed, seconds, needs) for needed in needs[name] if needed in seconds)
    return seconds[name] + max(before, default=0.0)


def matches(globs: Sequence[str], paths: Iterable[str]) -> frozenset[str]:
    """The paths that gitignore-style globs match (``**/*.py``, ``web/``, a leading ``!`` takes back)."""
    spec = GitIgnoreSpec.from_lines(globs)
    return frozenset(path for path in paths if spec.match_file(path))


def make_plan(
    pipeline: Pipeline,
    change: Change,
    timings: Mapping[str, Timing],
    *,
    tree_paths: frozenset[str],
    door: Door | None = None,
    selected: Sequence[str] = (),
    slots: int = 1,
) -> Plan:
    """
    Decide what runs.

    Args:
        door: Where the run was asked for; None for a one-shot run, where ``when`` leaves nothing out.
        selected: Gate names asked for by name: they run even when the change does not touch their inputs or they are
            declared manual, and so does what they need.
        slots: CPU slots of the machine, for the order.
    """
    wanted = with_needs(pipeline, selected)
    planned = [
        plan_gate(
            gate, change, timings.get(gate.name, Timing()), tree_paths, door=door, selected=selected, wanted=wanted
        )
        for gate in pipeline.gates
    ]
    runs = [gate for gate in planned if gate.skip is None]
    rest = [gate for gate in planned if gate.skip is not None]
    return Plan(gates=(*in_order(runs, slots=slots), *rest), selected=tuple(selected))


def with_needs(pipeline: Pipeline, selected: Sequence[str]) -> frozenset[str]:
    """The selected names and all they need, to any depth; empty when nothing was selected."""
    wanted: set[str] = set()
    waiting = list(selected)
    while waiting:
        name = waiting.pop()
        gate = pipeline.gate(name)
        if gate is not None and name not in wanted:
            wanted.add(name)
            waiting.extend(gate.needs)
    return frozenset(wanted)


def plan_gate(
    gate: Gate,
    change: Change,
    timing: Timing,
    tree_paths: frozenset[str],
    *,
    door: Door | None,
    selected: Sequence[str],
    wanted: frozenset[str],
) -> PlannedGate:
    """Decide about one gate."""
    inputs = len(matches(gate.paths, tree_paths)) if gate.paths else -1
    skip, why = decide(gate, change, door=door, selected=selected, wanted=wanted)
    return PlannedGate(gate=gate, skip=skip, inputs=inputs, timing=timing, why=why)


def decide(
    gate: Gate, change: Change, *, door: Door | None, selected: Sequence[str], wanted: frozenset[str]
) -> tuple[Skip | None, str]:
    """Whether one gate runs, and the phrase that says why."""
    if gate.name in selected:
        return None, "asked for by name"
    if selected and gate.name not in wanted:
        return Skip.NOT_SELECTED, "not asked for"
    if gate.manual is not None:
        return Skip.MANUAL, str(gate.manual)
    if door is not None and door not in gate.when:
        return Skip.WHEN, f"runs only in {', '.join(sorted(gate.when))}"
    if gate.paths:
        touched = matches(gate.paths, change.paths)
        if not touched and gate.name not in wanted:
            return Skip.NOT_AFFECTED, f"the change touches nothing that matches {', '.join(gate.paths)}"
        return None, f"the change touches {len(touched)} of its inputs" if touched else "needed by a gate asked for"
    return None, "reads all files"


def in_order(runs: Sequence[PlannedGate], *, slots: int) -> tuple[PlannedGate, ...]:
    """
    Order by the chance of failing per second, with the longest chain started first where there is a slot to spare.

    On one slot, chance per second alone is the known optimum for the time to the first failure. On more, the gate that
    ends last bounds the whole run, so it takes one slot from the start and the others are ordered beside it. A gate
    without history counts as short: it is probably cheap, and running it teaches how long it takes.
    """
    ordered = sorted(runs, key=lambda planned: -chance_per_second(planned))
    if slots > 1 and len(ordered) > 1 and all(planned.expected_s is not None for planned in ordered):
        longest = max(ordered, key=lambda planned: tail_s(planned, ordered))
        first = head_of(longest, ordered)
        ordered.remove(first)
        ordered.insert(0, first)
    return tuple(ordered)


def tail_s(planned: PlannedGate, ordered: Sequence[PlannedGate]) -> float:
    """Expected seconds of the chain of needs that ends with this gate."""
    seconds = {other.gate.name: other.expected_s or 0.0 for other in ordered}
    return chain_s(planned.gate.name, seconds, {other.gate.name: other.gate.needs for other in ordered})


def head_of(planned: PlannedGate, ordered: Sequence[PlannedGate]) -> PlannedGate:
    """The gate that the longest chain starts with."""
    by_name = {other.gate.name: other for other in ordered}
    needed = [by_name[name] for name in planned.gate.needs if name in by_name]
    if not needed:
        return planned
    return head_of(max(needed, key=lambda other: tail_s(other, ordered)), ordered)


def chance_per_second(planned: PlannedGate) -> float:
    """Failure rate over expected seconds; with no history, as if it failed one time in ten and took a second."""
    return max(planned.timing.failure_rate, 0.05) / max(planned.expected_s or 1.0, 0.01)
