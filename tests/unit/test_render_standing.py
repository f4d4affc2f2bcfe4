"""What is known at one moment becomes a document, its text and its exit code, and never claims another tree's verdict."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.support.builders import NOON, TREE, a_failure, a_finding, a_pass, a_report, a_skip, a_task, an_unproven
from verifyd.json_shape import from_json
from verifyd.render.document import ReportDocument
from verifyd.render.json import render_json
from verifyd.render.standing import (
    exit_code_of_standing,
    render_standing,
    render_standing_json,
    standing_document,
    stored_standing,
    unknown_standing,
)
from verifyd.report import Hold, Readiness, Report
from verifyd.standing import GateStanding, Judged, Phase, Standing
from verifyd.verdict import Reason, Verdict

OTHER = "9e" * 20
JUDGED = Judged(tree=OTHER, readiness=Readiness.READY, reason=None, at=NOON, behind=2)


def done(verdict: Verdict) -> GateStanding:
    """A gate with its verdict."""
    return GateStanding(name=verdict.gate.name, required=True, phase=Phase.DONE, verdict=verdict)


def complete(report: Report) -> Standing:
    """A tree that has its report."""
    gates = tuple(done(gate.verdict) for gate in report.gates)
    judged = Judged(tree=TREE, readiness=report.readiness, reason=report.reason, at=NOON, behind=0)
    return Standing(tree=TREE, since=NOON, gates=gates, report=report, judged=judged)


VERIFYING = Standing(
    tree=TREE,
    since=NOON,
    gates=(
        done(a_failure(a_finding(), name="lint")),
        GateStanding(name="tests", required=True, phase=Phase.RUNNING, elapsed_s=1.25, expected_s=3.5, kept=True),
        GateStanding(name="browser", required=False, phase=Phase.WAITING, expected_s=6.0),
    ),
    judged=JUDGED,
    remaining_s=8.25,
    notes=("the watch limit is reached",),
)


def test_a_changed_pipeline_is_shown_gate_by_gate() -> None:
    """A person decides by what differs; remarks that are not about it stay in the report."""
    hold = Hold(reason=Reason.PIPELINE_CHANGED, explanation="VERIFY.md differs")
    differs = "VERIFY.md: lint: timeout is 40s, approved was 30s (weaker)"
    report = a_report(a_pass("lint"), holds=(hold,), notes=(differs, "history is not saved"))
    text = (
        "UNPROVEN  tree 1f1f1f1f1f1f\n  pipeline_changed: VERIFY.md differs\n✓ lint  passed    1.00 s\n"
        f"note: {differs}\n"
    )
    assert render_standing(standing_document(complete(report))) == text


def test_a_manual_gate_is_not_called_optional() -> None:
    """It was never asked for; VERIFY.md may require it all the same once it is."""
    gate = GateStanding(name="tests", required=False, phase=Phase.DONE, verdict=a_skip(reason="manual"))
    assert "(optional)" not in render_standing(standing_document(replace(VERIFYING, gates=(gate,))))


def test_a_ready_tree_is_one_line_and_its_gates() -> None:
    """The verdict stands first, with the tree it is for; the verdict on this tree is not repeated as the last one."""
    document = standing_document(complete(a_report(a_pass("lint"), a_pass("tests", duration_s=3.9))))
    assert render_standing(document) == (
        "READY  tree 1f1f1f1f1f1f\n✓ lint   passed    1.00 s\n✓ tests  passed    3.90 s\n"
    )
    assert exit_code_of_standing(document) == 0


def test_a_tree_that_is_not_ready_says_why_and_what_to_do() -> None:
    """The failed gate, and the next task with the place and the command."""
    report = a_report(a_failure(a_finding()))
    document = standing_document(replace(complete(report), task=a_task(report)))
    assert exit_code_of_standing(document) == 1
    lines = render_standing(document).splitlines()
    assert lines[0] == "NOT READY  tree 1f1f1f1f1f1f"
    assert lines[1].startswith("  failed: tests")
    assert "next task: tests: test_add fails: assert 3 == 4" in lines
    assert lines[-1] == "  in full:   verifyd task"


def test_a_tree_that_is_being_verified_is_unproven_and_tells_what_is_known() -> None:
    """A required gate that has failed already makes no verdict; the last verdict stands apart, with its own tree."""
    document = standing_document(VERIFYING)
    assert (document.readiness, document.reason) == (Readiness.UNPROVEN, "verifying")
    assert exit_code_of_standing(document) == 3
    assert render_standing(document) == (
        "VERIFYING  tree 1f1f1f1f1f1f  about 8.25 s left\n"
        "  1 of 3 gates done; failed so far: lint\n"
        "✗ lint     failed    1.00 s  tests_failed: 1 of 6 tests failed\n"
        "▶ tests    running   1.25 s of about 3.50 s  (begun before the last edit, which…\n"
        "· browser  waiting   about 6.00 s  (optional)\n"
        "note: the watch limit is reached\n"
        "last complete verdict: ready on 9e9e9e9e9e9e, 2 trees ago\n"
    )


def test_a_ready_verdict_of_an_earlier_tree_never_makes_this_one_ready() -> None:
    """Neither the exit code nor any key but *judged* takes it over."""
    document = standing_document(replace(VERIFYING, gates=()))
    parsed = json.loads(render_standing_json(document))
    assert parsed["judged"] == {
        "tree": OTHER, "readiness": "ready", "reason": None, "at": "2026-11-21T12:00:00.000Z", "behind": 2,
    }  # fmt: skip
    assert (parsed["tree"], parsed["readiness"], parsed["report"], parsed["task"]) == (TREE, "unproven", None, None)
    assert parsed["explanation"] == "no gate has begun"


def test_a_task_without_a_report_about_this_tree_is_not_told() -> None:
    """It would be work on another tree."""
    assert standing_document(replace(VERIFYING, task=a_task())).task is None


def test_trouble_with_the_tree_is_unproven_and_says_what() -> None:
    """VERIFY.md is wrong: the message is the answer."""
    trouble = "VERIFY.md:14: gate 'unit': unknown key 'timout'\n  Did you mean 'timeout'?"
    document = standing_document(Standing(tree=TREE, since=NOON, trouble=trouble, judged=JUDGED))
    assert exit_code_of_standing(document) == 3
    assert render_standing(document) == (
        "UNPROVEN  tree 1f1f1f1f1f1f\n"
        "  cannot_verify: VERIFY.md:14: gate 'unit': unknown key 'timout'. Did you mean 'timeout'?\n"
        "last complete verdict: ready on 9e9e9e9e9e9e, 2 trees ago\n"
    )


def test_a_stored_report_says_the_same_as_a_fresh_one() -> None:
    """Out of history comes the same text as out of the daemon."""
    report = a_report(a_pass("lint"), an_unproven("tests", Reason.TOOL_MISSING))
    fresh = standing_document(complete(report))
    stored = stored_standing(from_json(ReportDocument, json.loads(render_json(report, None))))
    assert render_standing(stored) == render_standing(fresh)
    assert exit_code_of_standing(stored) == 3


def test_a_tree_that_nobody_verified_is_unproven() -> None:
    """And the answer says how to have it verified."""
    document = unknown_standing(TREE)
    assert exit_code_of_standing(document) == 3
    assert render_standing(document) == (
        "UNPROVEN  tree 1f1f1f1f1f1f\n"
        "  not_verified: this tree was never verified as a whole: verifyd run does it once, verifyd watch at every edit\n"
    )


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x07", "\u202e"])
def test_nothing_that_a_gate_said_acts_on_the_terminal(hostile: str) -> None:
    """Control characters of names, explanations and notes are spelled out."""
    verdict = an_unproven("tests", explanation=f"it said {hostile}")
    standing = replace(VERIFYING, gates=(done(verdict),), notes=(hostile,), trouble=hostile)
    assert hostile not in render_standing(standing_document(standing), width=400)


def test_every_status_document_can_be_read_back() -> None:
    """The JSON has the shape that the model declares."""
    from verifyd.render.standing_document import StandingDocument

    document = standing_document(complete(a_report(a_failure(a_finding()))))
    assert from_json(StandingDocument, json.loads(render_standing_json(document))) == document
