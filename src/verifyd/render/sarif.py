"""
The report as SARIF 2.1.0: one run, an invocation for each gate that was tried, a result for each finding.

What code scanning reads besides the standard is kept: help texts, ``primaryLocationLineHash``, at least one location a result.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from urllib.parse import quote

from msgspec import Struct, field

from verifyd.evidence.model import Finding, Severity
from verifyd.render.json import moment, seconds
from verifyd.render.shown import shown, shown_line, spell_bytes
from verifyd.report import GateReport, Report
from verifyd.task import Task
from verifyd.verdict import Status, Verdict

Json = dict[str, object]

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
MOST_RESULTS = 5_000
"""Code scanning shows no more of one run."""
ROOT = "SRCROOT"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


class Rules(Struct):
    """The rules met so far, in the order of their indices."""

    descriptors: list[Json] = field(default_factory=list)
    indices: dict[str, int] = field(default_factory=dict)

    def index(self, rule: str, gate: GateReport, says: str) -> int:
        """The index of a rule, described at its first use."""
        if rule not in self.indices:
            self.indices[rule] = len(self.descriptors)
            self.descriptors.append(descriptor(rule, gate, says))
        return self.indices[rule]


def render_sarif(report: Report, _task: Task | None) -> str:
    """One SARIF log with one run."""
    rules, seen = Rules(), Counter[str]()
    results = [one for gate in report.gates for one in gate_results(gate, rules, seen)]
    run: Json = {
        "tool": {
            "driver": {"name": "verifyd", "rules": rules.descriptors, "notifications": list(notification_rules(report))}
        },
        "automationDetails": {"id": "verifyd/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [
            *tree_invocations(report),
            *(invocation(gate) for gate in report.gates if gate.verdict.status is not Status.SKIPPED),
        ],
        "results": results[:MOST_RESULTS],
        "properties": run_properties(report, len(results)),
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def run_properties(report: Report, results: int) -> Json:
    """What SARIF has no field for."""
    known: Json = {"tree": report.snapshot.tree, "readiness": str(report.readiness), "pipeline": report.pipeline}
    return known | ({"resultsLeftOut": results - MOST_RESULTS} if results > MOST_RESULTS else {})


def gate_results(gate: GateReport, rules: Rules, seen: Counter[str]) -> Iterator[Json]:
    """The findings of one gate, and a failure without any as a result at the gate's line in VERIFY.md."""
    verdict = gate.verdict
    if verdict.status is Status.SKIPPED:
        return
    for finding in verdict.evidence.findings:
        yield of_finding(gate, finding, rules, seen)
    if verdict.makes_task and not verdict.evidence.errors:
        rule = f"{verdict.gate.name}/{verdict.reason}"
        index = rules.index(rule, gate, str(verdict.reason))
        message = {"text": shown(verdict.explanation) or rule}
        location = location_of("VERIFY.md", verdict.gate.line, None)
        marks = fingerprints(f"{verdict.gate.name}:{verdict.reason}", seen)
        level = "error" if gate.required else "warning"
        yield {
            "ruleId": rule,
            "ruleIndex": index,
            "level": level,
            "message": message,
            "locations": [location],
            "partialFingerprints": marks,
        }


def of_finding(gate: GateReport, finding: Finding, rules: Rules, seen: Counter[str]) -> Json:
    """One finding with its place, the way to it, and fingerprints that survive shifted lines."""
    rule = shown_line(f"{gate.verdict.gate.name}/{finding.code or finding.kind}")
    text = f"{finding.subject}: {finding.message}" if finding.subject else finding.message
    placed = finding.path is not None
    location = location_of(
        finding.path or "VERIFY.md",
        finding.line if placed else gate.verdict.gate.line,
        finding.column if placed else None,
    )
    result: Json = {
        "ruleId": rule,
        "ruleIndex": rules.index(rule, gate, finding.code or str(finding.kind)),
        "level": LEVELS[finding.severity] if gate.required or finding.severity is not Severity.ERROR else "warning",
        "message": {"text": shown(spell_bytes(text)) or rule},
        "locations": [location],
        "partialFingerprints": fingerprints(finding.fingerprint, seen),
    }
    if finding.frames:
        frames = [{"location": location_of(path, line, None)} for path, line in reversed(finding.frames)]
        result["stacks"] = [{"frames": frames}]
    return result


def fingerprints(identity: str, seen: Counter[str]) -> Json:
    """Stable ids; the count tells apart what is alike, as code scanning's own line hashes do."""
    seen[identity] += 1
    return {"verifyd/v1": identity, "primaryLocationLineHash": f"{identity}:{seen[identity]}"}


def location_of(path: str, line: int | None, column: int | None) -> Json:
    """A place in a file of the tree; its path as a URI reference, bytes percent-encoded."""
    physical: Json = {"artifactLocation": {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": ROOT}}
    if line is not None and line >= 1:
        known_column = {"startColumn": column} if column is not None and column >= 1 else {}
        physical["region"] = {"startLine": line, **known_column}
    return {"physicalLocation": physical}


def descriptor(rule: str, gate: GateReport, says: str) -> Json:
    """A rule with the help that code scanning shows beside it."""
    name = gate.verdict.gate.name
    text = f"Reported by the gate {name} of VERIFY.md. Verify with: verifyd run {name}. Its whole output: verifyd log {name}."
    fix = gate.verdict.gate.fix
    return {
        "id": rule,
        "shortDescription": {"text": shown_line(f"{name}: {says}")},
        "fullDescription": {"text": shown_line(f"{says}, as reported by the gate {name}")},
        "help": {"text": text + (f" A fixer is declared: verifyd fix {name}." if fix else "")},
        "properties": {"gate": name, "command": spell_bytes(gate.verdict.gate.script)},
    }


def tree_invocations(report: Report) -> list[Json]:
    """One that did not succeed where the tree is unproven though no gate says so."""
    if not report.trouble:
        return []
    says = "\n".join([f"the tree is unproven: {report.trouble}", *report.pipeline_notes])
    told = {"level": "error", "descriptor": {"id": str(report.reason)}, "message": {"text": shown(says)}}
    return [{"executionSuccessful": False, "toolExecutionNotifications": [told]}]


def invocation(gate: GateReport) -> Json:
    """How a gate was run; unproven is an execution that did not succeed, whatever its exit status."""
    verdict, outcome = gate.verdict, gate.verdict.outcome
    told: Json = {
        "executionSuccessful": verdict.status is not Status.UNPROVEN,
        "properties": {"gate": verdict.gate.name, "status": str(verdict.status), "reused": verdict.reused},
    }
    if outcome is not None:
        told["commandLine"] = spell_bytes(verdict.gate.script)
        told["startTimeUtc"] = moment(outcome.started_at)
        told["endTimeUtc"] = moment(outcome.started_at + timedelta(seconds=seconds(outcome.duration_s)))
        if outcome.exit_code is not None:
            told["exitCode"] = outcome.exit_code
    if verdict.status is Status.UNPROVEN:
        told["toolExecutionNotifications"] = [notification(verdict)]
    return told


def notification(verdict: Verdict) -> Mapping[str, object]:
    """Why no verdict can be given."""
    return {
        "level": "error",
        "descriptor": {"id": str(verdict.reason)},
        "message": {"text": shown(f"{verdict.gate.name} is unproven: {verdict.explanation or verdict.reason}")},
    }


def notification_rules(report: Report) -> Iterator[Json]:
    """The reasons that notifications refer to, once each."""
    reasons = {str(gate.verdict.reason) for gate in report.gates if gate.verdict.status is Status.UNPROVEN}
    reasons |= {str(report.reason)} if report.trouble else set()
    for reason in sorted(reasons):
        yield {"id": reason, "shortDescription": {"text": f"unproven: {reason}"}}
