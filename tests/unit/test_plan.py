"""Which gates run on a tree, and in what order: the first failure soon, the whole run no later."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest

from tests.support.builders import a_change, a_gate, a_planned
from verifyd.change import Change, ChangeKind, FileChange
from verifyd.pipeline import Door, Gate, Manual, Pipeline
from verifyd.plan import (
    Plan,
    PlannedGate,
    Skip,
    in_order,
    longest_chains,
    make_plan,
    makespan_s,
    matched,
    matches,
    remembered_matches,
)
from verifyd.timing import Timing

TREE = frozenset({"src/calc.py", "src/shop/page.py", "web/page.js", "README.md"})


def plan_of(
    *gates: Gate,
    changed: Sequence[str] = ("src/calc.py",),
    door: Door | None = None,
    selected: Sequence[str] = (),
    slots: int = 1,
) -> Plan:
    """The plan of these gates for a change of these files."""
    return make_plan(
        Pipeline(gates=gates), a_change(*changed), {}, tree_paths=TREE, door=door, selected=selected, slots=slots
    )


def decisions(plan: Plan) -> dict[str, tuple[str | None, str]]:
    """What was decided of each gate, and why."""
    return {planned.gate.name: (planned.skip, planned.why) for planned in plan.gates}


class TestDecisions:
    """Whether a gate runs."""

    def test_a_gate_without_inputs_reads_all_files(self) -> None:
        """It runs on every change, even on none."""
        assert decisions(plan_of(a_gate())) == {"tests": (None, "reads all files")}
        assert decisions(plan_of(a_gate(), changed=())) == {"tests": (None, "reads all files")}

    def test_a_gate_runs_when_the_change_touches_its_inputs(self) -> None:
        """As git understands the globs."""
        plan = plan_of(
            a_gate("py", paths=("**/*.py",)),
            a_gate("web", paths=("web/",)),
            changed=("src/calc.py", "src/shop/page.py"),
        )
        assert decisions(plan) == {
            "py": (None, "the change touches 2 of its inputs"),
            "web": (Skip.NOT_AFFECTED, "the change touches nothing that matches web/"),
        }
        assert [planned.inputs for planned in plan.gates] == [2, 1]

    def test_a_gate_that_failed_when_it_last_ran_is_not_left_out(self) -> None:
        """Its bug may have been committed since: another change must not make a ready tree of it."""
        gate = a_gate("py", paths=("**/*.py",))
        timings = {"py": Timing(runs=2, last_failed=True)}
        plan = make_plan(Pipeline(gates=(gate,)), a_change("README.md"), timings, tree_paths=TREE)
        assert decisions(plan) == {"py": (None, "it failed when it last ran, so it runs until it passes")}

    def test_both_names_of_a_rename_count(self) -> None:
        """A gate that reads the old place is affected too."""
        renamed = FileChange(path="lib/calc.py", old_path="src/calc.py", kind=ChangeKind.RENAMED)
        plan = make_plan(Pipeline(gates=(a_gate(paths=("src/**",)),)), Change(files=(renamed,)), {}, tree_paths=TREE)
        assert decisions(plan) == {"tests": (None, "the change touches 1 of its inputs")}

    def test_a_leading_mark_takes_paths_back(self) -> None:
        """``!`` as in .gitignore."""
        assert matches(["src/**", "!src/shop/**"], TREE) == {"src/calc.py"}

    def test_a_manual_gate_is_listed_with_its_reason(self) -> None:
        """It never runs by itself, whatever changed."""
        plan = plan_of(a_gate("deploy", manual=Manual.OUTSIDE, paths=("src/**",)))
        assert decisions(plan) == {"deploy": (Skip.MANUAL, str(Manual.OUTSIDE))}
        assert plan.to_run == ()

    def test_a_gate_of_another_door_waits_for_it(self) -> None:
        """``when=ci`` runs in CI; a one-shot run leaves nothing out."""
        gate = a_gate(when=frozenset({Door.CI, Door.HOOK}))
        assert decisions(plan_of(gate, door=Door.WATCH)) == {"tests": (Skip.WHEN, "runs only in ci, hook")}
        assert decisions(plan_of(gate, door=Door.CI)) == {"tests": (None, "reads all files")}
        assert decisions(plan_of(gate)) == {"tests": (None, "reads all files")}

    def test_a_gate_asked_for_by_name_runs_with_what_it_needs(self) -> None:
        """Even when the change does not touch them; the others do not run."""
        plan = plan_of(
            a_gate("build", paths=("nothing/**",)),
            a_gate("web", paths=("web/**",), needs=("build",)),
            a_gate("lint"),
            selected=("web",),
        )
        assert decisions(plan) == {
            "build": (None, "needed by a gate asked for"),
            "web": (None, "asked for by name"),
            "lint": (Skip.NOT_SELECTED, "not asked for"),
        }
        assert plan.selected == ("web",)

    def test_a_manual_gate_runs_when_it_is_named_itself(self) -> None:
        """Not when another one needs it: that nobody has asked for."""
        deploy, smoke = a_gate("deploy", manual=Manual.DECLARED), a_gate("smoke", needs=("deploy",))
        assert decisions(plan_of(deploy, smoke, selected=("deploy",)))["deploy"] == (None, "asked for by name")
        assert decisions(plan_of(deploy, smoke, selected=("smoke",)))["deploy"] == (Skip.MANUAL, "declared manual")

    def test_a_gate_that_waits_for_another_door_runs_when_it_is_named(self) -> None:
        """Whoever names it wants it now."""
        gate = a_gate(when=frozenset({Door.CI}))
        assert decisions(plan_of(gate, door=Door.WATCH, selected=("tests",))) == {"tests": (None, "asked for by name")}


class TestTimes:
    """What is expected."""

    def test_history_is_believed_before_the_heading(self) -> None:
        """``(30 s)`` is a first guess."""
        assert a_planned(estimate_s=30.0).expected_s == 30.0
        assert a_planned(estimate_s=30.0, timing=Timing(estimate_s=2.0)).expected_s == 2.0
        assert a_planned().expected_s is None

    def test_the_critical_path_is_the_longest_chain_that_runs(self) -> None:
        """Gates that do not run cost nothing; one unknown time makes it unknown."""
        gates = (
            a_planned("a", estimate_s=2.0),
            a_planned("b", estimate_s=3.0, needs=("a", "gone")),
            a_planned("c", estimate_s=4.0),
            a_planned("d", estimate_s=99.0, skip=Skip.NOT_AFFECTED),
        )
        assert Plan(gates=gates).critical_path_s == 5.0
        assert Plan(gates=(*gates, a_planned("e"))).critical_path_s is None
        assert Plan(gates=()).critical_path_s is None

    def test_long_and_wide_pipelines_are_no_trouble(self) -> None:
        """Neither a chain of 3,000 gates nor 25 layers in which each gate needs all of the one before."""
        chain = {f"g{number}": [f"g{number - 1}"] if number else [] for number in range(3000)}
        assert longest_chains(dict.fromkeys(chain, 1.0), chain)["g2999"] == 3000.0
        layers = {
            f"{layer}.{place}": [f"{layer - 1}.{other}" for other in range(4)] if layer else []
            for layer in range(25)
            for place in range(4)
        }
        assert longest_chains(dict.fromkeys(layers, 1.0), layers)["24.0"] == 25.0
        gates = [a_planned(name, needs=tuple(needs)) for name, needs in list(chain.items())[:1000]]
        assert [planned.gate.name for planned in in_order(gates, slots=2)] == list(chain)[:1000]


def timed(name: str, seconds: float, rate: float = 0.1, **attributes: object) -> PlannedGate:
    """A gate with a past of 50 runs."""
    timing = Timing(runs=50, estimate_s=seconds, failure_rate=rate)
    return a_planned(name, timing=timing, **attributes)


def names(ordered: Sequence[PlannedGate]) -> list[str]:
    """Of the gates, in order."""
    return [planned.gate.name for planned in ordered]


class TestOrder:
    """What comes first."""

    def test_without_a_past_gates_stay_as_declared(self) -> None:
        """Whoever wrote the page had a reason."""
        gates = [a_planned(name) for name in ("lint", "types", "tests")]
        assert names(in_order(gates, slots=1)) == names(in_order(gates, slots=2)) == ["lint", "types", "tests"]

    def test_on_one_slot_the_chance_of_failing_per_second_decides(self) -> None:
        """Quick and often red before slow and often green; a second of either is worth more or less."""
        gates = [timed("slow", 60, 0.5), timed("green", 1, 0.0), timed("quick", 1, 0.3), timed("middle", 10, 0.5)]
        assert names(in_order(gates, slots=1)) == ["quick", "middle", "slow", "green"]

    def test_a_gate_that_a_worthy_one_waits_for_comes_early(self) -> None:
        """Building is dull, but what it is for fails often."""
        gates = [timed("lint", 2, 0.1), timed("build", 1, 0.0), timed("smoke", 1, 0.9, needs=("build",))]
        assert names(in_order(gates, slots=1))[0] == "build"

    def test_few_runs_prove_little(self) -> None:
        """One failure in one run does not make a gate the likeliest to fail."""
        gates = [timed("often", 1, 0.5), a_planned("once", timing=Timing(runs=1, estimate_s=1.0, failure_rate=1.0))]
        assert names(in_order(gates, slots=1)) == ["often", "once"]

    def test_the_longest_gate_starts_no_later_than_the_whole_run_allows(self) -> None:
        """Three quick gates fit beside the long one, so it starts at once; three more before it would make the run longer."""
        gates = [timed("long", 10, 0.1), *(timed(f"quick{number}", 1, 0.5) for number in range(3))]
        ordered = in_order(gates, slots=2)
        assert names(ordered).index("long") <= 1
        assert makespan_s(ordered, 2) == 10.0

    def test_the_longest_gate_waits_while_it_may(self) -> None:
        """Where it is not what the run waits for, likely failures come before it."""
        gates = [timed("long", 4, 0.0), *(timed(f"quick{number}", 2, 0.5) for number in range(4))]
        ordered = in_order(gates, slots=2)
        assert names(ordered)[:2] == ["quick0", "quick1"]
        assert makespan_s(ordered, 2) == 6.0

    def test_a_long_chain_is_started_at_its_head(self) -> None:
        """What the last gate waits for is what must not wait."""
        gates = [
            timed("lint", 3, 0.9),
            timed("docs", 3, 0.9),
            timed("build", 5, 0.0),
            timed("e2e", 5, 0.0, needs=("build",)),
        ]
        ordered = in_order(gates, slots=2)
        assert makespan_s(ordered, 2) == 10.0
        assert names(ordered).index("build") <= 1


def a_pipeline(seed: int) -> list[PlannedGate]:
    """Four to nine gates as projects have them: a few seconds, a minute, now and then red; some wait for others, some take two slots."""
    chosen = random.Random(seed)
    gates: list[PlannedGate] = []
    for number in range(chosen.randint(4, 9)):
        needs = tuple(gate.gate.name for gate in gates if chosen.random() < 0.12)
        gates.append(
            timed(
                f"g{number}",
                round(chosen.lognormvariate(1.0, 1.2), 2),
                chosen.choice([0.0, 0.02, 0.05, 0.1, 0.3]),
                needs=needs,
                cpus=chosen.choice([1, 1, 1, 2]),
                exclusive=chosen.random() < 0.05,
            )
        )
    chosen.shuffle(gates)
    return gates


def spans(ordered: Sequence[PlannedGate], slots: int) -> dict[str, tuple[float, float]]:
    """When each gate begins and ends, told step by step and apart from the code under test."""
    ends: dict[str, float] = {}
    begins: dict[str, float] = {}
    now, left = 0.0, list(ordered)
    while left:
        busy = [gate for gate in ordered if gate.gate.name in begins and ends[gate.gate.name] > now]
        for gate in list(left):
            free = slots - sum(min(other.gate.cpus, slots) for other in busy)
            ready = all(need in ends and ends[need] <= now for need in gate.gate.needs)
            alone = gate.gate.exclusive
            if any(other.gate.exclusive for other in busy):
                break
            if ready and alone and busy:
                break
            if ready and min(gate.gate.cpus, slots) <= free:
                begins[gate.gate.name], ends[gate.gate.name] = now, now + (gate.expected_s or 0.0)
                busy.append(gate)
                left.remove(gate)
        now = min(end for end in ends.values() if end > now)
    return {name: (begins[name], ends[name]) for name in begins}


def first_failure_s(ordered: Sequence[PlannedGate], slots: int) -> float:
    """Expected seconds to the first failure, given that there is one, gates failing independently of each other at their end."""
    told = sorted((end, name) for name, (_, end) in spans(ordered, slots).items())
    rates = {gate.gate.name: gate.timing.failure_rate for gate in ordered}
    still, expected, chance = 1.0, 0.0, 0.0
    for end, name in told:
        expected += end * still * rates[name]
        chance += still * rates[name]
        still *= 1 - rates[name]
    return expected / chance if chance else 0.0


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_the_order_is_one_of_the_gates_given(slots: int) -> None:
    """None lost, none twice, for 200 pipelines; and what is expected of it is what happens step by step."""
    for seed in range(200):
        gates = a_pipeline(seed)
        ordered = in_order(gates, slots=slots)
        assert sorted(names(ordered)) == sorted(names(gates))
        assert makespan_s(ordered, slots) == pytest.approx(max(end for _, end in spans(ordered, slots).values()))


@pytest.mark.parametrize("slots", [2, 4])
def test_the_whole_run_takes_no_longer_for_an_earlier_failure(slots: int) -> None:
    """At most half a hundredth longer than as declared, and than with the likeliest failures first, for 200 pipelines."""
    for seed in range(200):
        gates = a_pipeline(seed)
        taken = makespan_s(in_order(gates, slots=slots), slots)
        assert taken <= makespan_s(gates, slots) * 1.0051
        assert taken <= makespan_s(in_order(gates, slots=1), slots) * 1.0051


def plain_pipelines() -> list[list[PlannedGate]]:
    """200 pipelines of four to eight gates that wait for nothing."""
    pipelines = []
    for seed in range(200):
        chosen = random.Random(seed)
        count = chosen.randint(4, 8)
        pipelines.append(
            [
                timed(f"g{number}", round(chosen.lognormvariate(1.0, 1.2), 2), chosen.choice([0.02, 0.05, 0.1, 0.3]))
                for number in range(count)
            ]
        )
    return pipelines


def test_on_one_slot_no_order_finds_failures_earlier() -> None:
    """Held against all 720 orders of six gates; a past of 50 runs is smoothed a little, so a hundredth is allowed."""
    for gates in [gates for gates in plain_pipelines() if len(gates) == 6][:5]:
        best = min(first_failure_s(order, 1) for order in itertools.permutations(gates))
        assert first_failure_s(in_order(gates, slots=1), 1) <= best * 1.01


def test_on_one_slot_failures_come_in_half_the_time_of_the_declared_order() -> None:
    """In the sum over 200 pipelines (engine.md: 0.24 to 0.49)."""
    found = sum(first_failure_s(in_order(gates, slots=1), 1) for gates in plain_pipelines())
    assert found <= 0.5 * sum(first_failure_s(gates, 1) for gates in plain_pipelines())


def test_on_two_slots_failures_come_earlier_and_the_run_ends_no_later() -> None:
    """In the sum over 200 pipelines: a fifth earlier at least, while the whole run gets shorter, not longer."""
    found = sum(first_failure_s(in_order(gates, slots=2), 2) for gates in plain_pipelines())
    assert found <= 0.8 * sum(first_failure_s(gates, 2) for gates in plain_pipelines())
    taken = sum(makespan_s(in_order(gates, slots=2), 2) for gates in plain_pipelines())
    assert taken <= sum(makespan_s(gates, 2) for gates in plain_pipelines())


def test_matches_follow_the_set_of_paths() -> None:
    """New paths are matched, lost ones are gone, and equal globs of another set of paths say nothing wrong."""
    globs = ("src/**", "!src/gen/**")
    first = frozenset({"src/a.py", "src/gen/b.py", "docs/c.md"})
    assert matched(globs, first) == {"src/a.py"}
    assert matched(globs, (first - {"src/a.py"}) | {"src/d.py", "src/gen/e.py"}) == {"src/d.py"}
    assert matched(globs, frozenset()) == frozenset()
    assert matched(globs, first) == {"src/a.py"}


def test_known_paths_are_not_matched_again() -> None:
    """Of a set with one path more only that one is looked at: what is remembered of the others stands, right or wrong."""
    globs = ("remembered/**",)
    paths = frozenset({"remembered/a", "other"})
    remembered_matches[globs] = (paths, frozenset({"other"}))
    assert matched(globs, paths) == {"other"}
    assert matched(globs, paths | {"remembered/new"}) == {"other", "remembered/new"}
