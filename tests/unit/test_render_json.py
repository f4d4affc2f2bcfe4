"""readiness.json and the task's JSON: the contract of interface.md, valid whatever is in it, and answering again."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import (
    BASE,
    TREE,
    a_failure,
    a_finding,
    a_gate,
    a_gate_report,
    a_lint_finding,
    a_pass,
    a_report,
    a_skip,
    a_task,
    an_evidence,
    an_outcome,
    an_unproven,
    later,
)
from tests.support.hostile import hostile
from verifyd.evidence.model import Evidence, Finding, FindingKind, Severity, TestCounts
from verifyd.json_shape import from_json, schema_of
from verifyd.outcome import End, Outcome, View
from verifyd.render.document import ReportDocument, TaskDocument
from verifyd.render.json import finding_line, gate_entry, render_json, render_task_json, verdict_from_entry
from verifyd.report import Report
from verifyd.task import make_task
from verifyd.verdict import Reason, Status, Verdict


def parsed(report: Report) -> dict[str, Any]:
    """readiness.json of a report with its task, checked against the published schema."""
    task = make_task(report, constraints=report.constraints, seen_on=lambda _: 0)
    document: dict[str, Any] = json.loads(render_json(report, task))
    jsonschema.validate(document, schema_of(ReportDocument))
    return document


def test_the_report_holds_what_interface_md_promises() -> None:
    """Names, places and values of the contract."""
    finding = a_finding(frames=(("tests/test_calc.py", 5), ("src/calc.py", 3)))
    tests = a_failure(finding, total=120, duration_s=3.9, cpu_s=3.4, peak_rss_bytes=91_234_304)
    document = parsed(a_report(a_gate_report(tests, expected_s=3.7), a_skip("web"), constraints=("no file deletions",)))
    gate = document["gates"][0]
    assert {
        name: document[name]
        for name in ("schema", "tree", "base", "pipeline", "readiness", "reason", "started_at", "duration_s")
    } == {
        "schema": "verifyd.report/1",
        "tree": TREE,
        "base": BASE,
        "pipeline": "d" * 64,
        "readiness": "not_ready",
        "reason": "tests_failed",
        "started_at": "2026-11-21T12:00:00.000Z",
        "duration_s": 4.21,
    }
    assert document["change"] == {"files": 1, "added": 3, "deleted": 1, "deleted_files": 0, "since": "base"}
    assert document["approved"] == {"by": "terminal", "at": "2026-11-20T08:00:00+00:00", "current": True}
    assert document["timing"] == {"critical_path_s": 3.9, "sum_s": 3.9, "slowest": "tests"}
    assert {name: gate[name] for name in gate if name not in ("findings", "moved", "modified", "view", "end")} == {
        "name": "tests",
        "status": "failed",
        "reason": "tests_failed",
        "explanation": "1 of 120 tests failed",
        "required": True,
        "line": 31,
        "command": "pytest -q",
        "exit_code": 1,
        "reused": False,
        "measured_at": "2026-11-21T12:00:00.000Z",
        "duration_s": 3.9,
        "cpu_s": 3.4,
        "peak_rss_bytes": 91_234_304,
        "expected_s": 3.7,
        "tests": {"total": 120, "failed": 1, "skipped": 0},
        "log": "/state/runs/1/tests.log",
        "artifacts": [],
        "evidence": "junit",
        "evidence_trouble": None,
        "leaked": 0,
        "log_bytes": 0,
        "log_lost": False,
    }
    assert gate["findings"] == [
        {
            "path": "tests/test_calc.py",
            "line": 5,
            "column": None,
            "severity": "error",
            "code": None,
            "message": "assert 3 == 4",
            "subject": "tests/test_calc.py::test_add",
            "fingerprint": finding.fingerprint,
            "kind": "test",
            "frames": [{"path": "tests/test_calc.py", "line": 5}, {"path": "src/calc.py", "line": 3}],
            "detail": "",
            "tool": None,
        }
    ]
    assert document["task"]["gate"] == "tests"
    assert document["constraints"] == ["no file deletions"]


def test_a_gate_that_did_not_run_has_no_measurements() -> None:
    """None means that nothing ran, zero that nothing was used."""
    gate = parsed(a_report(a_skip("web")))["gates"][0]
    measured = (
        "exit_code",
        "measured_at",
        "duration_s",
        "cpu_s",
        "peak_rss_bytes",
        "expected_s",
        "tests",
        "log",
        "end",
        "view",
    )
    assert [gate[name] for name in measured] == [None, None, 0.0, 0.0, 0, None, None, None, None, None]


def test_a_ready_tree_has_no_reason_and_no_task() -> None:
    """Both are null, not absent."""
    document = parsed(a_report(a_pass()))
    assert (document["readiness"], document["reason"], document["task"]) == ("ready", None, None)


def test_the_task_holds_what_interface_md_promises() -> None:
    """Findings are lines to read; the same ones stand beside them field by field."""
    findings = [
        a_finding(subject=f"tests/test_calc.py::test_{number}", frames=(("src/calc.py", 3),)) for number in range(7)
    ]
    report = a_report(a_failure(*findings, total=120))
    document = json.loads(
        render_task_json(a_task(report, seen_on=1, constraints=["no file deletions"], context="Next item"))
    )
    jsonschema.validate(document, schema_of(TaskDocument))
    assert {
        name: value for name, value in document.items() if name not in ("id", "failures", "where", "reproduce")
    } == {
        "schema": "verifyd.task/1",
        "gate": "tests",
        "tree": TREE,
        "attempt": 2,
        "attempt_limit": 3,
        "title": "tests: test_0 fails (and 6 others alike): assert 3 == 4",
        "explanation": "7 of 120 tests failed",
        "findings": [
            *(f"tests/test_calc.py:5: tests/test_calc.py::test_{number}: assert 3 == 4" for number in range(5)),
            "and 2 more of the same cause",
        ],
        "more_findings": 2,
        "other_failures": 0,
        "verify": "verifyd run tests",
        "fix": None,
        "constraints": ["no file deletions"],
        "changed_since_ready": ["src/calc.py"],
        "context": "Next item",
        "escalate": False,
        "optional": False,
        "output": "",
        "log": "/state/runs/1/tests.log",
    }
    assert document["where"][0] == {
        "path": "src/calc.py",
        "line": 3,
        "why": "innermost frame in files changed since the last ready tree",
    }
    assert [failure["subject"] for failure in document["failures"]] == [finding.subject for finding in findings[:5]]


def test_file_names_that_are_no_utf_8_become_valid_json() -> None:
    """Bytes are spelled; quotes, line ends and controls are JSON's own business."""
    finding = a_lint_finding(path='src/\udcff\n"\x1b.py')
    text = render_json(a_report(a_failure(finding)), None)
    assert text.isascii()
    assert json.loads(text)["gates"][0]["findings"][0]["path"] == 'src/\\xff\n"\x1b.py'


def test_secrets_are_masked_and_escapes_spelled() -> None:
    """What a tool printed acts on nobody's terminal, and leaks nothing that looks like a key."""
    message = "\x1b[31mpassword=hunter22\x1b[0m \x07"
    finding = parsed(a_report(a_failure(a_lint_finding(message=message, detail=message))))["gates"][0]["findings"][0]
    assert (finding["message"], finding["detail"]) == ("password=*** \\x07", "password=*** \\x07")


@pytest.mark.parametrize(
    "verdict",
    [
        a_pass(),
        a_pass(evidence=an_evidence(total=12, skipped=1)),
        a_failure(a_finding(frames=(("src/calc.py", 3),), detail="E  assert 3 == 4", tool="pytest")),
        a_failure(a_lint_finding(path="src/\udcff.py", frames=(("src/\udcfe.py", 1),))),
        a_failure(a_lint_finding(), view=View.FROZEN, modified=("a",), leaked=2, log_bytes=9, artifacts=()),
        a_failure(end=End.TIMED_OUT, exit_code=None),
        an_unproven(outcome=an_outcome(exit_code=127, moved=("a\nb",), log_lost=True)),
        an_unproven(reason=Reason.FLAKY, evidence=an_evidence(trouble="cut short")),
        a_skip(),
    ],
)
def test_a_stored_entry_answers_again(verdict: Verdict) -> None:
    """What is read back is the verdict that was kept, and says that it is reused."""
    entry = json.loads(json.dumps(gate_entry(a_gate_report(verdict))))
    again = verdict_from_entry(verdict.gate, entry)
    assert again == Verdict(
        gate=verdict.gate,
        status=verdict.status,
        reason=verdict.reason,
        explanation=verdict.explanation,
        evidence=verdict.evidence,
        outcome=verdict.outcome,
        reused=True,
    )


def test_an_entry_of_another_shape_is_refused() -> None:
    """A store that was tampered with, or written by another version, gives no verdict."""
    with pytest.raises(ValueError, match="name"):
        verdict_from_entry(a_gate(), {"status": "passed"})
    entry = gate_entry(a_gate_report(a_pass()))
    with pytest.raises(ValueError, match="status"):
        verdict_from_entry(a_gate(), {**entry, "status": "green"})


def test_a_reused_verdict_keeps_the_time_it_was_measured_at() -> None:
    """An old pass does not look new."""
    entry = gate_entry(a_gate_report(a_pass(outcome=an_outcome(started_at=later(-86_400.5)))))
    again = a_gate_report(verdict_from_entry(a_gate(), entry))
    assert (gate_entry(again)["measured_at"], gate_entry(again)["reused"]) == ("2026-11-20T11:59:59.500Z", True)


texts = hostile.filter(bool)
findings = st.builds(
    Finding,
    path=st.none() | texts,
    line=st.none() | st.integers(1, 10**6),
    column=st.none() | st.integers(1, 10**6),
    severity=st.sampled_from(Severity),
    code=st.none() | texts,
    message=texts,
    subject=st.none() | texts,
    kind=st.sampled_from(FindingKind),
    frames=st.lists(st.tuples(texts, st.integers(1, 99)), max_size=2).map(tuple),
    detail=hostile,
)
outcomes = st.builds(
    Outcome,
    gate=st.just("tests"),
    end=st.sampled_from(End),
    exit_code=st.none() | st.integers(-64, 255),
    started_at=st.datetimes(timezones=st.just(later(0).tzinfo)),
    duration_s=st.floats(0, 1e6),
    cpu_s=st.floats(0, 1e6),
    moved=st.lists(texts, max_size=2).map(tuple),
    trouble=hostile,
    tail=hostile,
)
verdicts = st.builds(
    Verdict,
    gate=st.builds(a_gate, fix=st.none() | texts),
    status=st.sampled_from(Status),
    reason=st.none() | st.sampled_from(Reason),
    explanation=hostile,
    evidence=st.builds(
        Evidence,
        source=st.sampled_from(["text", "junit"]),
        tests=st.none()
        | st.builds(TestCounts, total=st.integers(0, 9), failed=st.integers(0, 9), skipped=st.integers(0, 9)),
        findings=st.lists(findings, max_size=3).map(tuple),
        trouble=st.none() | hostile,
    ),
    outcome=st.none() | outcomes,
    reused=st.booleans(),
)


@settings(max_examples=40)
@given(verdicts, hostile)
def test_any_report_is_valid_ascii_json_of_the_published_shape(verdict: Verdict, note: str) -> None:
    """Whatever tools print and files are called."""
    report = a_report(verdict, notes=(note,), constraints=(note,), changed=(note,))
    text = render_json(report, make_task(report, constraints=(note,), seen_on=lambda _: 0, context=note))
    assert text.isascii()
    assert text.isprintable() or set(text) - set(map(chr, range(0x20, 0x7F))) == {"\n"}
    from_json(ReportDocument, json.loads(text))


@settings(max_examples=40)
@given(verdicts)
def test_an_entry_is_the_same_after_any_number_of_reuses(verdict: Verdict) -> None:
    """Storing what was read back changes nothing more."""
    once = verdict_from_entry(verdict.gate, gate_entry(a_gate_report(verdict)))
    twice = verdict_from_entry(verdict.gate, gate_entry(a_gate_report(once)))
    assert twice == once


def test_a_limit_is_named_once_in_its_line() -> None:
    """Its code is what it is about, too."""
    finding = a_finding(
        path=None, line=None, code="limits.changed_lines", subject="limits.changed_lines", message="2 too many"
    )
    assert finding_line(finding) == "limits.changed_lines: 2 too many"
