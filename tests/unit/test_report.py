"""Readiness of a tree, and the report that says it."""

from __future__ import annotations

import pytest

from tests.support.builders import (
    NOON,
    a_change,
    a_failure,
    a_file_change,
    a_gate,
    a_gate_report,
    a_pass,
    a_planned,
    a_report,
    a_skip,
    a_snapshot,
    an_unproven,
    later,
)
from verifyd.change import Change, ChangeKind
from verifyd.outcome import End, Outcome
from verifyd.pipeline import DIFF_GATE, ApprovedBy, Manual
from verifyd.plan import Plan, Skip
from verifyd.report import Approved, Hold, make_report, readiness_of
from verifyd.timing import Timing
from verifyd.verdict import Reason, Status, Verdict

UNIGNORED = "node_modules/ (1 file) is in no .gitignore, so every run reads it and it counts as changed; add this line to .gitignore: node_modules/"
CHANGED = Hold(reason=Reason.PIPELINE_CHANGED, explanation="VERIFY.md has changed")


@pytest.mark.parametrize(
    "verdicts,holds,expected",
    [
        ([a_pass("lint"), a_pass("tests")], [], ("ready", None, "")),
        ([a_pass("lint"), a_skip("web", "not_affected")], [], ("ready", None, "")),
        ([a_pass("lint"), a_skip("web", "when")], [], ("ready", None, "")),
        ([a_skip("web", "not_affected")], [], ("ready", None, "")),
        (
            [a_pass("lint"), a_skip("deploy", "manual", gate=a_gate("deploy", manual=Manual.DECLARED))],
            [],
            ("ready", None, ""),
        ),
        ([a_pass(), a_failure(gate=a_gate("extra", optional=True))], [], ("ready", None, "")),
        ([a_pass(), an_unproven("extra", gate=a_gate("extra", optional=True))], [], ("ready", None, "")),
        (
            [a_pass("lint"), a_failure()],
            [],
            ("not_ready", "exit_status", "failed: tests (exit status 1, expected 0)"),
        ),
        (
            [a_failure(name="lint"), a_failure(), an_unproven("types")],
            [],
            ("not_ready", "exit_status", "failed: lint, tests"),
        ),
        ([a_pass(), an_unproven("types")], [], ("unproven", "tool_missing", "unproven: types (nobody knows)")),
        (
            [a_pass("lint"), a_skip("tests", "needs:types"), an_unproven("types")],
            [],
            ("unproven", "tool_missing", "unproven: types (nobody knows)"),
        ),
        (
            [a_pass("lint"), a_skip("tests", "not_selected")],
            [],
            ("unproven", "not_selected", "not run: tests (not run)"),
        ),
        ([a_pass()], [CHANGED], ("unproven", "pipeline_changed", "VERIFY.md has changed")),
        ([a_failure()], [CHANGED], ("not_ready", "exit_status", "failed: tests (exit status 1, expected 0)")),
        ([an_unproven()], [CHANGED], ("unproven", "pipeline_changed", "VERIFY.md has changed")),
        ([], [], ("unproven", "no_gates", "VERIFY.md declares no required gate that runs by itself")),
        ([a_pass(DIFF_GATE)], [], ("unproven", "no_gates", "VERIFY.md declares no required gate that runs by itself")),
        (
            [a_pass(gate=a_gate(optional=True))],
            [],
            ("unproven", "no_gates", "VERIFY.md declares no required gate that runs by itself"),
        ),
        (
            [a_skip("deploy", "manual", gate=a_gate("deploy", manual=Manual.OUTSIDE))],
            [],
            ("unproven", "no_gates", "VERIFY.md declares no required gate that runs by itself"),
        ),
        ([a_failure(name=DIFF_GATE)], [], ("not_ready", "exit_status", "failed: diff (exit status 1, expected 0)")),
    ],
)
def test_readiness(verdicts: list[Verdict], holds: list[Hold], expected: tuple[str, str | None, str]) -> None:
    """A failure outweighs what is unproven, which outweighs what passed; nothing looked at is nothing proven."""
    readiness, reason, explanation = readiness_of([a_gate_report(verdict) for verdict in verdicts], holds)
    assert (str(readiness), reason, explanation) == expected


def test_a_manual_gate_that_was_asked_for_counts() -> None:
    """Whoever runs it wants its answer to matter."""
    gate = a_gate("deploy", manual=Manual.DECLARED)
    assert a_report(a_pass(), a_failure(gate=gate)).readiness == "not_ready"


def test_a_report_puts_built_in_gates_first_and_then_keeps_the_plans_order() -> None:
    """Every value of the run is in it, measured or expected."""
    plan = Plan(
        gates=(
            a_planned("lint", timing=Timing(estimate_s=0.4)),
            a_planned("web", skip=Skip.NOT_AFFECTED, why="nothing of web/"),
        ),
        selected=("lint",),
    )
    lint, web = a_pass("lint", duration_s=0.5), a_skip("web")
    diff = Verdict(gate=a_gate(DIFF_GATE), status=Status.PASSED)
    report = make_report(
        plan,
        {"web": web, "lint": lint},
        built_in=[diff],
        snapshot=a_snapshot(notes=("a symlink leaves the tree",)),
        change=a_change("a.py", "b.py"),
        pipeline="d" * 64,
        approved=Approved(by=ApprovedBy.FLAG, at="2026-11-20T08:00:00Z"),
        started_at=later(-1),
        duration_s=0.7,
        notes=["UNSAVED: the disk is full"],
        constraints=["no file deletions"],
    )
    assert [(gate.verdict, gate.expected_s, gate.measured_at) for gate in report.gates] == [
        (diff, None, later(-1)),
        (lint, 0.4, NOON),
        (web, None, None),
    ]
    assert (report.readiness, report.selected, report.notes) == (
        "ready",
        ("lint",),
        ("a symlink leaves the tree", "UNSAVED: the disk is full"),
    )
    assert (report.changed_since_ready, report.constraints) == (frozenset({"a.py", "b.py"}), ("no file deletions",))
    assert (report.sum_s, report.slowest, report.critical_path_s) == (0.5, "lint", 0.5)


def test_the_change_since_the_last_ready_tree_is_the_narrower_one() -> None:
    """Where there is one, it is what the task's places are ranked by, not the change since the base."""
    report = make_report(
        Plan(gates=()),
        {},
        built_in=(),
        snapshot=a_snapshot(),
        change=a_change("a.py", "b.py"),
        pipeline="d" * 64,
        approved=None,
        started_at=NOON,
        duration_s=0.1,
        last_ready_tree="9" * 40,
        changed_since_ready=frozenset({"b.py"}),
    )
    assert (report.last_ready_tree, report.changed_since_ready) == ("9" * 40, frozenset({"b.py"}))


def test_times_are_of_gates_that_ran_for_this_report() -> None:
    """Reused verdicts cost nothing now; a chain of needs is as long as its parts."""
    reused = a_pass("old", duration_s=100.0, reused=True)
    report = a_report(
        reused,
        a_pass("lint", duration_s=2.0),
        a_pass("unit", gate=a_gate("unit", needs=("lint", "old")), duration_s=3.0),
        a_pass("web", duration_s=4.0),
        a_skip("deploy"),
    )
    assert (report.sum_s, report.slowest, report.critical_path_s) == (9.0, "web", 5.0)


def test_a_report_in_which_nothing_ran_has_no_times() -> None:
    """Zero is not the name of a gate."""
    report = a_report(a_skip())
    assert (report.sum_s, report.slowest, report.critical_path_s) == (0.0, None, 0.0)


def test_a_gate_is_found_by_name() -> None:
    """None when it is not in the report."""
    report = a_report(a_pass("lint"))
    found = report.gate("lint")
    assert found is not None
    assert found.verdict.gate.name == "lint"
    assert report.gate("types") is None


def test_a_gate_that_was_not_started_took_no_time() -> None:
    """Its outcome says so."""
    outcome = Outcome(gate="tests", end=End.NOT_STARTED, started_at=NOON, duration_s=0.0)
    assert a_gate_report(an_unproven(outcome=outcome)).duration_s == 0.0


def test_packages_that_no_gitignore_names_are_noted_once() -> None:
    """They are read on every run, and nobody would know."""
    change = Change(files=(a_file_change("node_modules/x.js", kind=ChangeKind.ADDED),))
    report = make_report(
        Plan(gates=()),
        {},
        built_in=(),
        snapshot=a_snapshot(notes=("A submodule is missing.",)),
        change=change,
        pipeline="d" * 64,
        approved=None,
        started_at=NOON,
        duration_s=1.0,
    )
    assert report.notes == ("A submodule is missing.", UNIGNORED)
