"""The report as GitLab's Code Quality JSON."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from verifyd.evidence.model import Finding, Severity
from verifyd.render.shown import shown_line, spell_bytes
from verifyd.report import GateReport, Report
from verifyd.task import Task
from verifyd.verdict import Status

SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render_gitlab(report: Report, _task: Task | None) -> str:
    """A JSON array, one entry a finding; a gate that failed or is unproven without findings stands at its line in VERIFY.md."""
    entries = [*tree_entries(report), *(entry for gate in report.gates for entry in gate_entries(gate))]
    return json.dumps(with_unique_fingerprints(entries), indent=2, ensure_ascii=True) + "\n"


def tree_entries(report: Report) -> list[dict[str, object]]:
    """Why the tree is unproven though no gate says so, at the page that declares them."""
    if not report.trouble:
        return []
    says = "; ".join([f"the tree is unproven: {report.trouble}", *report.pipeline_notes])
    return [entry(says, "verifyd", "critical", "VERIFY.md", 1, f"verifyd:{report.reason}")]


def gate_entries(gate: GateReport) -> list[dict[str, object]]:
    """The findings of one gate; nothing of one that was skipped."""
    verdict = gate.verdict
    if verdict.status is Status.SKIPPED:
        return []
    entries = [finding_entry(gate, finding) for finding in verdict.evidence.findings]
    if verdict.status is not Status.PASSED and not (verdict.status is Status.FAILED and verdict.evidence.errors):
        says = f"{verdict.gate.name} is {verdict.status}: {': '.join(part for part in (verdict.reason, verdict.explanation) if part)}"
        name = f"verifyd/{verdict.gate.name}"
        severity = "critical" if gate.required else "minor"
        entries.append(entry(says, name, severity, "VERIFY.md", verdict.gate.line, f"{name}:{verdict.reason}"))
    return entries


def finding_entry(gate: GateReport, finding: Finding) -> dict[str, object]:
    """One finding."""
    name = gate.verdict.gate.name
    path = finding.path if finding.path is not None else "VERIFY.md"
    line = gate.verdict.gate.line if finding.path is None else finding.line or 1
    subject = f"{finding.subject}: " if finding.subject else ""
    severity = "blocker" if finding.severity is Severity.ERROR and gate.required else SEVERITIES[finding.severity]
    check = f"{name}/{finding.code or finding.kind}"
    return entry(f"{subject}{finding.message}", check, severity, path, line, f"{name}:{finding.fingerprint}")


def entry(description: str, check: str, severity: str, path: str, line: int, identity: str) -> dict[str, object]:
    """One entry in GitLab's shape; *identity* becomes the fingerprint."""
    return {
        "description": shown_line(description, 1_000),
        "check_name": shown_line(check),
        "severity": severity,
        "fingerprint": identity,
        "location": {"path": spell_bytes(path), "lines": {"begin": line}},
    }


def with_unique_fingerprints(entries: list[dict[str, object]]) -> list[dict[str, object]]:
    """Fingerprints by identity and its count so far: GitLab drops every entry whose fingerprint it has seen."""
    seen: Counter[str] = Counter()
    unique = []
    for one in entries:
        identity = str(one["fingerprint"])
        text = f"{identity}\0{seen[identity]}".encode("utf-8", "surrogatepass")
        seen[identity] += 1
        unique.append({**one, "fingerprint": hashlib.sha256(text).hexdigest()[:40]})
    return unique
