"""Values for tests: each builder gives a whole, unremarkable one, and takes what the test is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from verifyd.change import Change, ChangeKind, FileChange
from verifyd.evidence.model import Evidence, Finding, FindingKind, Severity, TestCounts
from verifyd.json_shape import names_of
from verifyd.outcome import End, Outcome
from verifyd.pipeline import ApprovedBy, Gate
from verifyd.plan import PlannedGate
from verifyd.report import Approved, GateReport, Hold, Report, measured_critical_path_s, readiness_of
from verifyd.snapshot import Snapshot, Source
from verifyd.task import Task, make_task
from verifyd.timing import Timing
from verifyd.verdict import Reason, Status, Verdict, judge

TREE = "1f" * 20
BASE = "2b" * 20
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def a_gate(name: str = "tests", **fields: Any) -> Gate:
    """A gate at line 31 that runs pytest."""
    return Gate(**{"name": name, "line": 31, "script": "pytest -q", **fields})


def an_outcome(gate: str = "tests", **fields: Any) -> Outcome:
    """A process that exited with 0 after a second."""
    known: dict[str, Any] = {
        "gate": gate,
        "end": End.EXITED,
        "exit_code": 0 if fields.get("end", End.EXITED) is End.EXITED else None,
        "started_at": NOON,
        "duration_s": 1.0,
        "log": Path("/state/runs/1") / f"{gate}.log",
    }
    return Outcome(**{**known, **fields})


def a_finding(**fields: Any) -> Finding:
    """A failing assertion of one test."""
    known: dict[str, Any] = {
        "path": "tests/test_calc.py",
        "line": 5,
        "message": "assert 3 == 4",
        "subject": "tests/test_calc.py::test_add",
        "kind": FindingKind.TEST,
    }
    return Finding(**{**known, **fields})


def a_lint_finding(**fields: Any) -> Finding:
    """An unused import."""
    known: dict[str, Any] = {
        "path": "src/calc.py",
        "line": 1,
        "column": 8,
        "code": "F401",
        "message": "`os` imported but unused",
        "kind": FindingKind.LINT,
    }
    return Finding(**{**known, **fields})


def a_note(**fields: Any) -> Finding:
    """A finding that says no to nothing."""
    return a_lint_finding(**{"severity": Severity.NOTE, **fields})


def an_evidence(*findings: Finding, total: int | None = None, skipped: int = 0, **fields: Any) -> Evidence:
    """JUnit evidence; with *total* it counts tests, each finding of an error a failed one unless *failed* says otherwise."""
    failed = fields.pop("failed", sum(finding.severity is Severity.ERROR for finding in findings))
    tests = TestCounts(total=total, failed=failed, skipped=skipped) if total is not None else None
    return Evidence(
        **{"source": "junit" if total is not None else "text", "tests": tests, "findings": findings, **fields}
    )


def a_pass(name: str = "tests", *, gate: Gate | None = None, duration_s: float = 1.0, **fields: Any) -> Verdict:
    """A gate that passed."""
    outcome = an_outcome(name, duration_s=duration_s)
    return Verdict(**{"gate": gate or a_gate(name), "status": Status.PASSED, "outcome": outcome, **fields})


def a_failure(
    *findings: Finding,
    name: str = "tests",
    gate: Gate | None = None,
    exit_code: int | None = 1,
    total: int | None = None,
    **outcome: Any,
) -> Verdict:
    """A gate that failed with these findings, judged as it would be in a run; tests are counted when findings have subjects."""
    if total is None and any(finding.subject is not None for finding in findings):
        total = len(findings) + 5
    evidence = an_evidence(*findings, total=total)
    return judge(gate or a_gate(name), an_outcome(name, exit_code=exit_code, **outcome), evidence)


def an_unproven(name: str = "tests", reason: Reason = Reason.TOOL_MISSING, **fields: Any) -> Verdict:
    """A gate no verdict can be given on."""
    known: dict[str, Any] = {
        "gate": a_gate(name),
        "status": Status.UNPROVEN,
        "reason": reason,
        "explanation": "nobody knows",
    }
    return Verdict(**{**known, **fields})


def a_skip(name: str = "tests", reason: str = "not_affected", **fields: Any) -> Verdict:
    """A gate that was not run."""
    return Verdict(
        **{"gate": a_gate(name), "status": Status.SKIPPED, "reason": reason, "explanation": "not run", **fields}
    )


def a_gate_report(verdict: Verdict, **fields: Any) -> GateReport:
    """A verdict with its time."""
    known: dict[str, Any] = {"measured_at": verdict.outcome.started_at if verdict.outcome else None}
    return GateReport(verdict=verdict, **{**known, **fields})


def a_snapshot(**fields: Any) -> Snapshot:
    """The working tree of a repository at /repository."""
    known: dict[str, Any] = {
        "root": Path("/repository"),
        "git_dir": Path("/repository/.git"),
        "common_dir": Path("/repository/.git"),
        "source": Source.WORKING_TREE,
        "tree": TREE,
        "base": BASE,
        "base_tree": "3c" * 20,
        "head": BASE,
        "paths": frozenset({"src/calc.py", "tests/test_calc.py"}),
    }
    return Snapshot(**{**known, **fields})


def a_file_change(path: str = "src/calc.py", **fields: Any) -> FileChange:
    """Three lines more and one fewer."""
    return FileChange(path=path, **{"kind": ChangeKind.MODIFIED, "added": 3, "deleted": 1, **fields})


def a_change(*paths: str) -> Change:
    """A change of these files."""
    return Change(files=tuple(a_file_change(path) for path in sorted(paths)))


def a_report(
    *verdicts: Verdict | GateReport,
    changed: Sequence[str] = ("src/calc.py",),
    holds: Sequence[Hold] = (),
    **fields: Any,
) -> Report:
    """The report of these verdicts, on a change of *changed*."""
    gates = tuple(each if isinstance(each, GateReport) else a_gate_report(each) for each in verdicts)
    readiness, reason, explanation = readiness_of(gates, holds)
    known: dict[str, Any] = {
        "snapshot": a_snapshot(),
        "change": a_change(*changed),
        "pipeline": "d" * 64,
        "readiness": readiness,
        "reason": reason,
        "explanation": explanation,
        "approved": Approved(by=ApprovedBy.TERMINAL, at="2026-11-20T08:00:00+00:00"),
        "started_at": NOON,
        "duration_s": 4.21,
        "gates": gates,
        "changed_since_ready": frozenset(changed),
        "critical_path_s": measured_critical_path_s(gates),
    }
    return Report(**{**known, **fields})


def a_task(
    report: Report | None = None, *, seen_on: int = 0, constraints: Sequence[str] = (), context: str | None = None
) -> Task:
    """The next task of a report; of one failing assertion when none is given."""
    task = make_task(
        report or a_report(a_failure(a_finding())), constraints=constraints, seen_on=lambda _: seen_on, context=context
    )
    assert task is not None
    return task


def a_planned(name: str = "tests", *, timing: Timing | None = None, **fields: Any) -> PlannedGate:
    """A gate that runs."""
    gate_fields = {key: fields.pop(key) for key in tuple(fields) if key in names_of(Gate)}
    known: dict[str, Any] = {
        "gate": a_gate(name, **gate_fields),
        "skip": None,
        "inputs": -1,
        "timing": timing or Timing(),
        "why": "reads all files",
    }
    return PlannedGate(**{**known, **fields})


def later(seconds: float) -> datetime:
    """That many seconds after noon."""
    return NOON + timedelta(seconds=seconds)
