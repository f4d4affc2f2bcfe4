"""What a daemon knows becomes what its page shows: the same facts as on a terminal, each by itself."""

from __future__ import annotations

from msgspec.structs import asdict, replace

from tests.support.builders import NOON, TREE, a_failure, a_finding, a_pass, a_report, a_skip, a_task
from tests.support.fake_engine import a_standing
from verifyd.render.page import GateView, PageView, page_view
from verifyd.render.standing import standing_document
from verifyd.report import Readiness
from verifyd.standing import GateStanding, Judged, Phase, Standing

OTHER = "9e" * 20


def view_of(standing: Standing) -> PageView:
    """Its page."""
    return page_view(standing_document(standing))


def test_a_ready_tree_is_its_verdict_and_its_gates() -> None:
    """No task, no reason, and no other tree's verdict."""
    view = view_of(a_standing(a_report(a_pass("lint"))))
    assert asdict(view) == {
        "state": "ready", "verdict": "READY", "tree": TREE, "short_tree": TREE[:12], "reason": (), "left": "", "task": None,
        "gates": (GateView(name="lint", mark="✓", state="passed", times=("1.00 s",), reason="", part=None, has_log=True),),
        "notes": (), "judged": "", "watching": "inotify",
    }  # fmt: skip


def test_a_gate_that_runs_has_a_part_of_its_expected_time() -> None:
    """Never more than the whole; none where nobody knows how long it takes; and nothing of a gate that waits."""
    ran = [
        GateStanding(name="tests", required=True, phase=Phase.RUNNING, elapsed_s=1.0, expected_s=4.0),
        GateStanding(name="late", required=True, phase=Phase.RUNNING, elapsed_s=9.0, expected_s=4.0),
        GateStanding(name="new", required=True, phase=Phase.RUNNING, elapsed_s=1.0),
        GateStanding(name="browser", required=False, phase=Phase.WAITING, expected_s=6.0),
    ]
    judged = Judged(tree=OTHER, readiness=Readiness.READY, reason=None, at=NOON, behind=2)
    view = view_of(a_standing(gates=tuple(ran), judged=judged))
    assert [(gate.state, gate.part, gate.has_log) for gate in view.gates] == [
        ("running", 0.25, True), ("running", 1.0, True), ("running", None, True), ("waiting", None, False),
    ]  # fmt: skip
    assert view.gates[0].times == ("1.00 s of about 4.00 s",)
    assert (view.state, view.verdict, view.left) == ("verifying", "VERIFYING", "about 2.00 s left")
    assert view.reason == ("0 of 4 gates done",)
    assert view.judged == "last complete verdict: ready on 9e9e9e9e9e9e, 2 trees ago"


def test_a_tree_that_is_not_ready_says_why_and_what_to_do() -> None:
    """The gate's reason, the places, the command, and the whole task as TASK.md has it."""
    report = a_report(a_failure(a_finding()), a_skip("browser"))
    view = view_of(a_standing(report, task=a_task(report)))
    assert (view.state, view.verdict) == ("not_ready", "NOT READY")
    assert [gate.reason for gate in view.gates] == [
        "tests_failed: 1 of 6 tests failed",
        "not_affected: not run",
    ]
    assert [gate.has_log for gate in view.gates] == [True, False]
    assert view.task is not None
    assert (view.task.title, view.task.attempt, view.task.escalate) == (
        "tests: test_add fails: assert 3 == 4",
        "",
        False,
    )
    assert view.task.whole.startswith("# tests: test_add fails: assert 3 == 4\n")


def test_a_task_that_was_tried_too_often_says_so() -> None:
    """With the number of the attempt."""
    report = a_report(a_failure(a_finding()))
    task = replace(a_task(report), attempt=4, escalate=True)
    view = view_of(a_standing(report, task=task))
    assert view.task is not None
    assert (view.task.attempt, view.task.escalate) == ("attempt 4 of 3", True)
