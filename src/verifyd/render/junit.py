"""
The report as JUnit XML: one suite a gate, in it the gate itself as a case and one case for each failing test or finding.

Written to the strictest schema in use, the one of Jenkins' xunit plug-in: no attributes but its own, so places stand in the text.
"""

from __future__ import annotations

import re
from datetime import UTC
from xml.etree import ElementTree as ET

from verifyd.evidence.model import Finding
from verifyd.render.json import finding_line
from verifyd.render.shown import shown, shown_line, spell_bytes
from verifyd.report import GateReport, Report
from verifyd.task import Task
from verifyd.verdict import Status

# What XML 1.0 section 2.2 allows; the characters that clean_text spells out are a subset of the rest.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report, _task: Task | None) -> str:
    """JUnit XML, UTF-8 declared."""
    suites = [*tree_suites(report), *(suite(gate) for gate in report.gates)]
    root = ET.Element("testsuites", {"name": "verifyd", "time": f"{report.duration_s:.3f}", **counts(suites)})
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def counts(suites: list[ET.Element]) -> dict[str, str]:
    """Sums over the suites, the attributes that a root may have."""
    return {name: str(sum(int(one.get(name, "0")) for one in suites)) for name in ("tests", "failures", "errors")}


def tree_suites(report: Report) -> list[ET.Element]:
    """A suite with one error where the tree is unproven though no gate says so: who counts errors must not read a pass."""
    if not report.trouble:
        return []
    element = ET.Element("testsuite", {"name": "verifyd", "tests": "1", "time": "0.000"})
    for attribute, number in (("failures", "0"), ("errors", "1"), ("skipped", "0")):
        element.set(attribute, number)
    case = ET.SubElement(element, "testcase", {"classname": "verifyd", "name": str(report.readiness), "time": "0.000"})
    error = ET.SubElement(case, "error", {"message": xml_line(report.trouble), "type": str(report.reason)})
    error.text = xml_text("\n".join([report.trouble, *report.pipeline_notes]))
    return [element]


def suite(gate: GateReport) -> ET.Element:
    """One gate."""
    name = xml_line(gate.verdict.gate.name)
    cases = [gate_case(gate), *(finding_case(name, finding) for finding in reported(gate))]
    element = ET.Element("testsuite", {"name": name, "tests": str(len(cases)), "time": f"{gate.duration_s:.3f}"})
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    if gate.measured_at is not None:
        element.set("timestamp", f"{gate.measured_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}")
    element.append(properties(gate))
    element.extend(cases)
    return element


def reported(gate: GateReport) -> tuple[Finding, ...]:
    """The findings that become cases: those that say no, of a gate that did not pass."""
    return gate.verdict.evidence.errors if gate.verdict.status in (Status.FAILED, Status.UNPROVEN) else ()


def properties(gate: GateReport) -> ET.Element:
    """What the format has no attribute for."""
    verdict, tests = gate.verdict, gate.verdict.evidence.tests
    known = {
        "status": str(verdict.status),
        "reason": str(verdict.reason) if verdict.reason is not None else None,
        "required": "true" if gate.required else "false",
        "reused": "true" if verdict.reused else "false",
        "tests.total": str(tests.total) if tests else None,
        "tests.skipped": str(tests.skipped) if tests else None,
        "log": str(verdict.outcome.log) if verdict.outcome and verdict.outcome.log else None,
    }
    element = ET.Element("properties")
    for name, value in known.items():
        if value is not None:
            ET.SubElement(element, "property", {"name": name, "value": xml_line(value)})
    return element


def gate_case(gate: GateReport) -> ET.Element:
    """The gate itself: what is unproven is an error, not a failure, as in every runner that tells them apart."""
    verdict = gate.verdict
    name = xml_line(verdict.gate.name)
    case = ET.Element("testcase", {"classname": "verifyd", "name": name, "time": f"{gate.duration_s:.3f}"})
    says = xml_line(": ".join(part for part in (str(verdict.reason or ""), verdict.explanation) if part))
    if verdict.status is Status.SKIPPED:
        ET.SubElement(case, "skipped", {"message": says})
    elif verdict.status is not Status.PASSED:
        tag = "failure" if verdict.status is Status.FAILED else "error"
        element = ET.SubElement(case, tag, {"message": says, "type": str(verdict.reason or "")})
        element.text = xml_text(verdict.explanation)
    return case


def finding_case(gate: str, finding: Finding) -> ET.Element:
    """A failing test under its own name, any other finding under its place and rule."""
    if finding.subject is not None:
        scope, _, name = finding.subject.rpartition("::")
        classname = f"{gate}.{scope}" if scope else gate
    else:
        place = f"{finding.path}:{finding.line}" if finding.path is not None and finding.line else finding.path
        classname, name = gate, " ".join(part for part in (finding.code, place) if part) or finding.message
    case = ET.Element("testcase", {"classname": xml_line(classname), "name": xml_line(name)[:300], "time": "0"})
    attributes = {"message": xml_line(finding.message)[:500], "type": xml_line(finding.code or str(finding.kind))}
    element = ET.SubElement(case, "failure", attributes)
    element.text = xml_text(
        "\n".join(part for part in (finding_line(finding), finding.message, finding.detail) if part)
    )
    return case


def xml_text(text: str) -> str:
    """Text of a tool, shown, without what XML cannot hold."""
    return _NOT_XML.sub("", shown(spell_bytes(text)))


def xml_line(text: str) -> str:
    """The same on one line."""
    return _NOT_XML.sub("", shown_line(spell_bytes(text)))
