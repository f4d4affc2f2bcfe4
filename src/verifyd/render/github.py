"""The report as GitHub workflow commands: annotations on the lines that a pull request shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from verifyd.evidence.model import Finding, Severity
from verifyd.render.shown import shown, shown_line, shown_path
from verifyd.report import GateReport, Report
from verifyd.task import Task
from verifyd.verdict import Reason, Status

MOST_OF_A_KIND = 10
"""GitHub shows so many annotations of a kind a step, and drops the rest without a word."""

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
MESSAGE_LIMIT = 1_000
VERIFY_MD = "VERIFY.md"


class Annotation(Struct, frozen=True, kw_only=True):
    """One workflow command; *is_next* puts the task's own findings first, and one without a path is about no file."""

    level: str
    path: str | None
    line: int | None
    column: int | None = None
    title: str
    message: str
    is_next: bool = False


def render_github(report: Report, task: Task | None) -> str:
    """Workflow commands, a line each, what is about the whole tree first, and a last line that tells readiness and tree."""
    found = [
        *tree_annotations(report),
        *sorted(annotations_of(report, task), key=lambda annotation: not annotation.is_next),
    ]
    lines = [line for level in LEVELS.values() for line in of_kind(level, [one for one in found if one.level == level])]
    return "\n".join([*lines, f"verifyd: {report.readiness}: tree {report.snapshot.tree}"]) + "\n"


def tree_annotations(report: Report) -> Sequence[Annotation]:
    """What belongs to no gate: why the tree is unproven all the same, and what the change does to the pipeline."""
    level = "error" if report.trouble else "warning"
    lines = [*([report.explanation] if report.trouble else []), *report.pipeline_notes]
    if not lines:
        return ()
    reason = str(report.reason if report.trouble else Reason.PIPELINE_CHANGED)
    title = f"verifyd: {reason.replace('_', ' ')}"
    return (Annotation(level=level, path=VERIFY_MD, line=1, title=title, message="\n".join(lines)),)


def annotations_of(report: Report, task: Task | None) -> Iterator[Annotation]:
    """Every finding, and for a gate that failed or is unproven without any, the gate itself at its line in VERIFY.md."""
    for gate in report.gates:
        verdict = gate.verdict
        if verdict.status is Status.SKIPPED:
            continue
        for finding in verdict.evidence.findings:
            yield of_finding(gate, finding, task)
        if verdict.status is not Status.PASSED and not (verdict.status is Status.FAILED and verdict.evidence.errors):
            level = "error" if gate.required else "warning"
            title = f"{verdict.gate.name}: {verdict.status}"
            message = ": ".join(part for part in (str(verdict.reason or ""), verdict.explanation) if part)
            is_next = task is not None and task.gate == verdict.gate.name
            yield Annotation(
                level=level, path=VERIFY_MD, line=verdict.gate.line, title=title, message=message, is_next=is_next
            )


def of_finding(gate: GateReport, finding: Finding, task: Task | None) -> Annotation:
    """A finding; what an optional gate reports is no error to the pull request."""
    level = LEVELS[finding.severity]
    named = finding.code or (finding.subject.rsplit("::", 1)[-1] if finding.subject else str(finding.kind))
    return Annotation(
        level="warning" if level == "error" and not gate.required else level,
        path=VERIFY_MD if finding.path is None else finding.path,
        line=gate.verdict.gate.line if finding.path is None else finding.line,
        column=finding.column if finding.path is not None else None,
        title=f"{gate.verdict.gate.name}: {named}",
        message=finding.message,
        is_next=task is not None and task.gate == gate.verdict.gate.name and finding in task.findings,
    )


def of_kind(level: str, found: list[Annotation]) -> list[str]:
    """At most MOST_OF_A_KIND commands; the last one counts what is left out."""
    if len(found) <= MOST_OF_A_KIND:
        return [command(annotation) for annotation in found]
    shown_ones = found[: MOST_OF_A_KIND - 1]
    message = f"and {len(found) - len(shown_ones)} more; readiness.json and the gates' logs have all"
    rest = Annotation(level=level, path=None, line=None, title="verifyd", message=message)
    return [command(annotation) for annotation in (*shown_ones, rest)]


def command(annotation: Annotation) -> str:
    """``::error file=src/a.py,line=7,col=1,title=lint%3A F401::message``."""
    properties = {
        "file": shown_path(annotation.path) if annotation.path is not None else None,
        "line": annotation.line,
        "col": annotation.column if annotation.line is not None else None,
        "title": shown_line(annotation.title, 120),
    }
    said = ",".join(f"{name}={escape_property(str(value))}" for name, value in properties.items() if value is not None)
    return f"::{annotation.level} {said}::{escape_data(shown(annotation.message, MESSAGE_LIMIT))}"


def escape_data(text: str) -> str:
    """As the runner's own toolkit escapes a command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """As the runner's own toolkit escapes a command's property."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")
