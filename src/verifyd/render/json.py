"""The report and the task as JSON, and a stored gate entry back into the verdict it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from verifyd.evidence.model import Evidence, Finding, TestCounts
from verifyd.json_shape import from_json, to_json
from verifyd.outcome import End, Outcome, View
from verifyd.pipeline import Gate
from verifyd.render.document import (
    ApprovedEntry,
    ChangeEntry,
    FindingEntry,
    FrameEntry,
    GateEntry,
    PlaceEntry,
    ReportDocument,
    TaskDocument,
    TestsEntry,
    TimingEntry,
)
from verifyd.render.shown import read_bytes_spelled, shown, shown_line, spell_bytes
from verifyd.report import GateReport, Report
from verifyd.verdict import Verdict

if TYPE_CHECKING:
    from verifyd.task import Task


def render_json(report: Report, task: Task | None) -> str:
    """readiness.json: ASCII only, so that nothing in it acts on a terminal either."""
    return to_text(report_document(report, task))


def render_task_json(task: Task) -> str:
    """The task alone, as ``verifyd task --json`` prints it."""
    return to_text(task_document(task))


def to_text(document: object) -> str:
    """Indented JSON with a line end, published names, no byte outside of printable ASCII."""
    text = json.dumps(to_json(document), indent=2, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f") + "\n"


def report_document(report: Report, task: Task | None) -> ReportDocument:
    """The report in its published shape."""
    approved = report.approved
    return ReportDocument(
        tree=report.snapshot.tree,
        base=report.snapshot.base,
        head=report.snapshot.head,
        source=report.snapshot.source,
        pipeline=report.pipeline,
        readiness=report.readiness,
        reason=report.reason,
        explanation=shown(report.explanation),
        started_at=moment(report.started_at),
        duration_s=seconds(report.duration_s),
        change=change_entry(report),
        approved=ApprovedEntry(by=approved.by, at=approved.at, current=approved.current) if approved else None,
        selected=report.selected,
        gates=tuple(to_entry(gate) for gate in report.gates),
        timing=timing_entry(report),
        constraints=tuple(shown_line(phrase) for phrase in report.constraints),
        notes=tuple(shown(note) for note in report.notes),
        last_ready_tree=report.last_ready_tree,
        changed_since_ready=tuple(spell_bytes(path) for path in sorted(report.changed_since_ready)),
        task=task_document(task) if task is not None else None,
    )


def change_entry(report: Report) -> ChangeEntry:
    """Counts of the change."""
    change = report.change
    return ChangeEntry(
        files=len(change.files), added=change.added, deleted=change.deleted, deleted_files=len(change.deleted_files)
    )


def timing_entry(report: Report) -> TimingEntry:
    """What this run's gates took."""
    return TimingEntry(
        critical_path_s=seconds(report.critical_path_s), sum_s=seconds(report.sum_s), slowest=report.slowest
    )


def gate_entry(gate: GateReport) -> dict[str, object]:
    """One gate's entry of readiness.json, JSON-ready; ``verdict_from_entry`` is its inverse."""
    entry: dict[str, object] = to_json(to_entry(gate))
    return entry


def to_entry(report: GateReport) -> GateEntry:
    """One gate in its published shape."""
    verdict, outcome, tests = report.verdict, report.verdict.outcome, report.verdict.evidence.tests
    return GateEntry(
        name=verdict.gate.name,
        status=verdict.status,
        reason=str(verdict.reason) if verdict.reason is not None else None,
        explanation=shown(verdict.explanation),
        required=report.required,
        line=verdict.gate.line,
        command=spell_bytes(verdict.gate.script),
        exit_code=outcome.exit_code if outcome else None,
        reused=verdict.reused,
        measured_at=moment(report.measured_at) if report.measured_at else None,
        duration_s=seconds(report.duration_s),
        cpu_s=seconds(outcome.cpu_s) if outcome else 0.0,
        peak_rss_bytes=outcome.peak_rss_bytes if outcome else 0,
        expected_s=seconds(report.expected_s) if report.expected_s is not None else None,
        tests=TestsEntry(total=tests.total, failed=tests.failed, skipped=tests.skipped) if tests else None,
        findings=tuple(finding_entry(finding) for finding in verdict.evidence.findings),
        log=spell_bytes(str(outcome.log)) if outcome and outcome.log else None,
        artifacts=tuple(spell_bytes(str(path)) for path in outcome.artifacts) if outcome else (),
        evidence=verdict.evidence.source,
        evidence_trouble=shown(verdict.evidence.trouble) if verdict.evidence.trouble is not None else None,
        end=outcome.end if outcome else None,
        view=outcome.view if outcome else None,
        moved=tuple(spell_bytes(path) for path in outcome.moved) if outcome else (),
        modified=tuple(spell_bytes(path) for path in outcome.modified) if outcome else (),
        leaked=outcome.leaked if outcome else 0,
        log_bytes=outcome.log_bytes if outcome else 0,
        log_lost=outcome.log_lost if outcome else False,
    )


def finding_entry(finding: Finding) -> FindingEntry:
    """One finding in its published shape; the fingerprint is of the text as the tool wrote it."""
    return FindingEntry(
        path=spell_bytes(finding.path) if finding.path is not None else None,
        line=finding.line,
        column=finding.column,
        severity=finding.severity,
        code=shown_line(finding.code) if finding.code is not None else None,
        message=shown(finding.message),
        subject=spell_bytes(finding.subject) if finding.subject is not None else None,
        fingerprint=finding.fingerprint,
        kind=finding.kind,
        frames=tuple(FrameEntry(path=spell_bytes(path), line=line) for path, line in finding.frames),
        detail=shown(finding.detail),
        tool=finding.tool,
    )


def task_document(task: Task) -> TaskDocument:
    """The task in its published shape."""
    return TaskDocument(
        id=task.id,
        gate=task.gate,
        tree=task.tree,
        attempt=task.attempt,
        attempt_limit=task.attempt_limit,
        title=shown_line(task.title),
        explanation=shown(task.explanation),
        where=tuple(PlaceEntry(path=spell_bytes(place.path), line=place.line, why=place.why) for place in task.where),
        findings=finding_lines(task),
        failures=tuple(finding_entry(finding) for finding in task.findings),
        more_findings=task.more_findings,
        other_failures=task.other_failures,
        reproduce=spell_bytes(task.reproduce),
        verify=task.verify,
        fix=spell_bytes(task.fix) if task.fix is not None else None,
        constraints=tuple(shown_line(phrase) for phrase in task.constraints),
        changed_since_ready=tuple(spell_bytes(path) for path in task.changed_since_ready),
        context=shown_line(task.context) if task.context is not None else None,
        escalate=task.escalate,
        optional=task.optional,
        output=shown(task.output),
        log=spell_bytes(task.log) if task.log is not None else None,
    )


def finding_lines(task: Task) -> tuple[str, ...]:
    """``src/a.py:7:1: F401 unused import``, one line each, and how many more there are."""
    lines = [finding_line(finding) for finding in task.findings]
    return (*lines, f"and {task.more_findings} more of the same cause") if task.more_findings else tuple(lines)


def finding_line(finding: Finding) -> str:
    """Place, rule, subject and message on one line, as compilers write it."""
    numbers = [str(number) for number in (finding.line, finding.column) if number is not None]
    place = ":".join([spell_bytes(finding.path), *numbers]) if finding.path is not None else None
    first = shown(finding.message).split("\n", 1)[0]
    code = finding.code if finding.code != finding.subject else None
    words = [f"{place}:" if place else None, code, f"{finding.subject}:" if finding.subject else None, first]
    return shown_line(spell_bytes(" ".join(word for word in words if word)))


def verdict_from_entry(gate: Gate, entry: Mapping[str, object]) -> Verdict:
    """
    The verdict that an entry was made of, reused.

    Args:
        gate: As declared now; an equal action key means that it bears on the verdict as it did then.

    Raises:
        ValueError: The entry has not the shape of ``gate_entry`` (ShapeError is one).
    """
    stored = from_json(GateEntry, dict(entry))
    tests = stored.tests
    evidence = Evidence(
        source=stored.evidence,
        tests=TestCounts(total=tests.total, failed=tests.failed, skipped=tests.skipped) if tests else None,
        findings=tuple(finding_from(finding) for finding in stored.findings),
        trouble=stored.evidence_trouble,
    )
    return Verdict(
        gate=gate,
        status=stored.status,
        reason=stored.reason,
        explanation=stored.explanation,
        evidence=evidence,
        outcome=outcome_from(stored),
        reused=True,
    )


def finding_from(entry: FindingEntry) -> Finding:
    """The finding that an entry was made of."""
    return Finding(
        path=read_bytes_spelled(entry.path) if entry.path is not None else None,
        line=entry.line,
        column=entry.column,
        severity=entry.severity,
        code=entry.code,
        message=entry.message,
        subject=entry.subject,
        kind=entry.kind,
        frames=tuple((read_bytes_spelled(frame.path), frame.line) for frame in entry.frames),
        detail=entry.detail,
        tool=entry.tool,
    )


def outcome_from(entry: GateEntry) -> Outcome | None:
    """What the process did, milliseconds exact; None when none was started."""
    if entry.end is None or entry.measured_at is None:
        return None
    return Outcome(
        gate=entry.name,
        end=End(entry.end),
        exit_code=entry.exit_code,
        started_at=datetime.fromisoformat(entry.measured_at),
        duration_s=entry.duration_s,
        cpu_s=entry.cpu_s,
        peak_rss_bytes=entry.peak_rss_bytes,
        log=Path(read_bytes_spelled(entry.log)) if entry.log is not None else None,
        log_bytes=entry.log_bytes,
        log_lost=entry.log_lost,
        view=entry.view or View.TREE,
        moved=tuple(read_bytes_spelled(path) for path in entry.moved),
        modified=tuple(read_bytes_spelled(path) for path in entry.modified),
        leaked=entry.leaked,
        artifacts=tuple(Path(read_bytes_spelled(path)) for path in entry.artifacts),
    )


def moment(when: datetime) -> str:
    """UTC, ISO 8601, milliseconds: ``2026-11-21T23:59:02.004Z``."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(value: float) -> float:
    """To the millisecond: nobody reads more, and no measurement means more."""
    return round(value, 3)
