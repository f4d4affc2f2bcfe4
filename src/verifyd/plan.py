"""Which gates run on this tree, in what order, what is skipped and why: a function of values."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from graphlib import TopologicalSorter

from msgspec import Struct
from msgspec.structs import replace

from verifyd.change import Change
from verifyd.pipeline import Door, Gate, Pipeline
from verifyd.timing import Timing

TOLERANCE = 1.005
"""
How much longer the whole run may take for an earlier first failure. Not more: between the end of a quick gate and the start of
the long one that waits for its slot lies its judgement as well, which no expectation knows of.
"""
MOST_MOVES = 10
"""Gates that are moved forward before the order of the longest chains is taken as it is."""
MOST_GATES = 60
"""With more, the longest chains come first at once: trying places out would take longer than it saves."""

REMEMBERED_MATCHES = 16
remembered_matches: dict[tuple[str, ...], tuple[frozenset[str], frozenset[str]]] = {}
"""By globs: the paths that were matched last, and which of them did."""


class Skip(StrEnum):
    """Why a gate does not run; ``needs:<gate>`` is only known during the run and is made by ``skip_for``."""

    NOT_AFFECTED = "not_affected"
    MANUAL = "manual"
    WHEN = "when"
    NOT_SELECTED = "not_selected"


class PlannedGate(Struct, frozen=True, kw_only=True):
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


class Plan(Struct, frozen=True, kw_only=True):
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
        known = {planned.gate.name: planned.expected_s for planned in self.to_run if planned.expected_s is not None}
        if not known or len(known) < len(self.to_run):
            return None
        return max(longest_chains(known, {planned.gate.name: planned.gate.needs for planned in self.to_run}).values())


def longest_chains(seconds: Mapping[str, float], needs: Mapping[str, Sequence[str]]) -> Mapping[str, float]:
    """
    For each gate, seconds from the start of the first that it waits for to its own end.

    Args:
        needs: Of each gate; without a cycle (the reader refuses them). Gates without seconds do not count.
    """
    graph = {name: [need for need in needs[name] if need in seconds] for name in seconds}
    ends: dict[str, float] = {}
    for name in TopologicalSorter(graph).static_order():
        ends[name] = seconds[name] + max((ends[need] for need in graph[name]), default=0.0)
    return ends


def matches(globs: Sequence[str], paths: Iterable[str]) -> frozenset[str]:
    """The paths that gitignore-style globs match (``**/*.py``, ``web/``, a leading ``!`` takes back)."""
    from pathspec import GitIgnoreSpec  # a fortieth of the start-up time, and many pipelines hold no glob

    spec = GitIgnoreSpec.from_lines(globs)
    return frozenset(path for path in paths if spec.match_file(path))


def matched(globs: tuple[str, ...], paths: frozenset[str]) -> frozenset[str]:
    """
    As ``matches``, and of paths that were asked for before only those are matched that are new.

    An edit leaves the set of paths as it is, the very object; and whether a path matches is no matter of the others.
    """
    before, found = remembered_matches.pop(globs, (frozenset[str](), frozenset[str]()))
    if before is not paths and before != paths:
        before, found = paths, (found & paths) | matches(globs, paths - before)
    remembered_matches[globs] = (before, found)
    while len(remembered_matches) > REMEMBERED_MATCHES:
        remembered_matches.pop(next(iter(remembered_matches), globs), None)
    return found


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
            declared manual. What they need runs too, unless it is manual: that must be named itself.
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
    inputs = len(matched(gate.paths, tree_paths)) if gate.paths else -1
    skip, why = decide(gate, change, door=door, selected=selected, wanted=wanted, last_failed=timing.last_failed)
    return PlannedGate(gate=gate, skip=skip, inputs=inputs, timing=timing, why=why)


def decide(
    gate: Gate,
    change: Change,
    *,
    door: Door | None,
    selected: Sequence[str],
    wanted: frozenset[str],
    last_failed: bool,
) -> tuple[Skip | None, str]:
    """
    Whether one gate runs, and the phrase that says why.

    A gate that failed when it last ran is never left out for its inputs: what made it fail may be in the base by now, by a
    commit, and a change elsewhere would make the tree ready with it.
    """
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
        if touched:
            return None, f"the change touches {len(touched)} of its inputs"
        if gate.name in wanted:
            return None, "needed by a gate asked for"
        if last_failed:
            return None, "it failed when it last ran, so it runs until it passes"
        return Skip.NOT_AFFECTED, f"the change touches nothing that matches {', '.join(gate.paths)}"
    return None, "reads all files"


def with_doubtful(plan: Plan, doubtful: Sequence[str], *, slots: int) -> Plan:
    """
    The plan with gates that are not affected run all the same.

    Args:
        doubtful: Names of gates of which nobody knows whether they passed on their inputs as they are: that the change does
            not touch these proves nothing then, for the base itself may be broken.
    """
    why = "the change does not touch its inputs, but it is not known to have passed on them"
    gates = [
        replace(planned, skip=None, why=why) if planned.gate.name in doubtful else planned for planned in plan.gates
    ]
    runs = [planned for planned in gates if planned.skip is None]
    rest = [planned for planned in gates if planned.skip is not None]
    return Plan(gates=(*in_order(runs, slots=slots), *rest), selected=plan.selected)


def in_order(runs: Sequence[PlannedGate], *, slots: int) -> tuple[PlannedGate, ...]:
    """
    Order by the chance of failing per second, with long chains started no later than the whole run's time allows.

    On one slot, chance per second is the known optimum for the time to the first failure. On more, the whole run must not
    take longer for it: while it would, the gate with the longest chain behind it is moved forward, no further than needed.
    Gates of equal worth stay as declared.
    """
    worth, ahead = worths(runs), seconds_ahead(runs)
    ordered = needs_first(sorted(runs, key=lambda planned: -worth[planned.gate.name]))
    if slots < 2 or len(ordered) < 2:
        return tuple(ordered)
    chains = needs_first(sorted(runs, key=lambda planned: -ahead[planned.gate.name]))
    if len(ordered) > MOST_GATES:
        return tuple(chains)
    kept = min((list(runs), chains), key=lambda order: makespan_s(order, slots))
    target = min(makespan_s(ordered, slots), makespan_s(kept, slots)) * TOLERANCE
    for planned in chains[:MOST_MOVES]:
        if makespan_s(ordered, slots) <= target:
            break
        ordered = moved_forward(planned, ordered, slots, target)
    return tuple(needs_first(ordered if makespan_s(ordered, slots) <= target else kept))


def needs_first(ordered: Sequence[PlannedGate]) -> list[PlannedGate]:
    """The same order, but each gate after those it needs: what is shown as the order is one that can be kept."""
    waiting, missing = list(ordered), {planned.gate.name for planned in ordered}
    told: list[PlannedGate] = []
    while waiting:
        planned = next(one for one in waiting if missing.isdisjoint(one.gate.needs))
        waiting.remove(planned)
        missing.remove(planned.gate.name)
        told.append(planned)
    return told


def moved_forward(planned: PlannedGate, ordered: Sequence[PlannedGate], slots: int, target: float) -> list[PlannedGate]:
    """The order with one gate at the latest place at which the whole run meets its target, else at which it is shortest."""
    rest = [other for other in ordered if other is not planned]
    tried = [[*rest[:at], planned, *rest[at:]] for at in range(list(ordered).index(planned), -1, -1)]
    return min(tried, key=lambda order: max(makespan_s(order, slots), target))


def worths(runs: Sequence[PlannedGate]) -> Mapping[str, float]:
    """For each gate the chance of failing per second, alone or together with gates that wait for it, whichever is better."""
    behind = dependents(runs)
    by_name = {planned.gate.name: planned for planned in runs}
    best: dict[str, tuple[float, float]] = {}
    for name in TopologicalSorter(behind).static_order():
        chance, seconds = chance_of_failing(by_name[name]), assumed_s(by_name[name])
        together = [(chance + best[other][0], seconds + best[other][1]) for other in behind[name]]
        best[name] = max([(chance, seconds), *together], key=lambda pair: pair[0] / pair[1])
    return {name: chance / seconds for name, (chance, seconds) in best.items()}


def seconds_ahead(runs: Sequence[PlannedGate]) -> Mapping[str, float]:
    """For each gate its own seconds and those of the longest chain of gates that wait for it."""
    return longest_chains({planned.gate.name: assumed_s(planned) for planned in runs}, dependents(runs))


def dependents(runs: Sequence[PlannedGate]) -> dict[str, list[str]]:
    """For each gate the gates that need it."""
    behind: dict[str, list[str]] = {planned.gate.name: [] for planned in runs}
    for planned in runs:
        for need in planned.gate.needs:
            if need in behind:
                behind[need].append(planned.gate.name)
    return behind


def assumed_s(planned: PlannedGate) -> float:
    """Expected seconds; one where nobody knows: it is probably cheap, and running it teaches how long it takes."""
    return max(planned.expected_s if planned.expected_s is not None else 1.0, 0.01)


def chance_of_failing(planned: PlannedGate) -> float:
    """Failure rate, 0 to 1, as if two more runs had been seen of which a fifth failed: few samples prove little."""
    timing = planned.timing
    return (timing.failure_rate * timing.runs + 0.2) / (timing.runs + 2)


def makespan_s(ordered: Sequence[PlannedGate], slots: int) -> float:
    """Expected seconds of the whole run when gates are started in this order as slots come free and needs are met."""
    waiting, running, now, ended = list(ordered), list[tuple[float, int, PlannedGate]](), 0.0, set[str]()
    names = {planned.gate.name for planned in ordered}
    while waiting or running:
        while (planned := next_to_start(waiting, [one for *_, one in running], ended, names, slots)) is not None:
            waiting.remove(planned)
            heapq.heappush(running, (now + assumed_s(planned), len(waiting), planned))
        now, _, planned = heapq.heappop(running)
        ended.add(planned.gate.name)
    return now


def next_to_start(
    waiting: Sequence[PlannedGate], running: Sequence[PlannedGate], ended: set[str], names: set[str], slots: int
) -> PlannedGate | None:
    """The first gate in line that may start; an exclusive one is overtaken by none, and runs alone."""
    if any(planned.gate.exclusive for planned in running):
        return None
    free = slots - sum(min(planned.gate.cpus, slots) for planned in running)
    for planned in waiting:
        if any(need in names and need not in ended for need in planned.gate.needs):
            continue
        if planned.gate.exclusive:
            return None if running else planned
        if min(planned.gate.cpus, slots) <= free:
            return planned
    return None
