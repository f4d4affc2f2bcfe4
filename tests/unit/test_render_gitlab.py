"""GitLab's Code Quality: an entry a finding, no two fingerprints alike."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import (
    a_failure,
    a_finding,
    a_gate,
    a_lint_finding,
    a_note,
    a_pass,
    a_report,
    a_skip,
    an_evidence,
    an_unproven,
)
from tests.support.hostile import hostile
from tests.support.unproven_tree import CHANGED, DIFFERS
from verifyd.evidence.model import Finding, Severity
from verifyd.render.gitlab import render_gitlab
from verifyd.report import Report

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def entries(report: Report) -> list[dict[str, Any]]:
    """The parsed array."""
    found: list[dict[str, Any]] = json.loads(render_gitlab(report, None))
    return found


def test_a_finding_is_an_entry_in_gitlabs_shape() -> None:
    """Description, rule, severity, place and a fingerprint."""
    (found,) = entries(a_report(a_failure(a_lint_finding(message="unused\nreally"), gate=a_gate("lint"))))
    assert len(found.pop("fingerprint")) == 40
    assert found == {
        "description": "unused really",
        "check_name": "lint/F401",
        "severity": "blocker",
        "location": {"path": "src/calc.py", "lines": {"begin": 1}},
    }


def test_a_failing_test_names_itself() -> None:
    """The assertion alone would not tell which."""
    (found,) = entries(a_report(a_failure(a_finding())))
    assert (found["description"], found["check_name"]) == ("tests/test_calc.py::test_add: assert 3 == 4", "tests/test")


def test_what_has_no_place_stands_at_the_gate() -> None:
    """GitLab shows no entry without a path and a line."""
    report = a_report(
        a_failure(gate=a_gate(line=9)),
        an_unproven("types"),
        a_failure(a_lint_finding(path=None), gate=a_gate("lint", line=7)),
        a_skip("web"),
    )
    assert [(one["check_name"], one["severity"], one["location"]) for one in entries(report)] == [
        ("verifyd/tests", "critical", {"path": "VERIFY.md", "lines": {"begin": 9}}),
        ("verifyd/types", "critical", {"path": "VERIFY.md", "lines": {"begin": 31}}),
        ("lint/F401", "blocker", {"path": "VERIFY.md", "lines": {"begin": 7}}),
    ]


def test_severities_follow_severity_and_requirement() -> None:
    """What holds nothing back blocks nothing."""
    warning = a_lint_finding(severity=Severity.WARNING)
    report = a_report(
        a_failure(a_lint_finding(), warning, gate=a_gate(optional=True)),
        a_pass("b", evidence=an_evidence(a_note())),
        a_failure(gate=a_gate("c", optional=True)),
    )
    assert [one["severity"] for one in entries(report)] == ["major", "minor", "info", "minor"]


def test_fingerprints_survive_shifted_lines_and_tell_gates_apart() -> None:
    """The same finding on the next commit is known again; two gates' are two."""

    def of(line: int, name: str) -> str:
        found: str = entries(a_report(a_failure(a_lint_finding(line=line), gate=a_gate(name))))[0]["fingerprint"]
        return found

    assert of(1, "lint") == of(99, "lint")
    assert of(1, "lint") != of(1, "other")


findings = st.builds(
    Finding,
    path=st.none() | st.sampled_from(["a.py", "b.py"]) | hostile.filter(bool),
    line=st.none() | st.integers(1, 9),
    severity=st.sampled_from(Severity),
    message=st.sampled_from(["unused", "wrong"]) | hostile.filter(bool),
    subject=st.none() | hostile.filter(bool),
    code=st.none() | hostile,
)


@settings(max_examples=60)
@given(st.lists(findings, max_size=8), st.lists(findings, max_size=3), hostile)
def test_no_two_entries_have_the_same_fingerprint(found: list[Finding], more: list[Finding], said: str) -> None:
    """GitLab would drop the second; and every entry has the shape that it reads."""
    report = a_report(
        a_failure(*found, *found), a_failure(*more, gate=a_gate("lint")), an_unproven("types", explanation=said)
    )
    listed = entries(report)
    assert len({one["fingerprint"] for one in listed}) == len(listed)
    for one in listed:
        assert one["severity"] in SEVERITIES
        assert one["location"]["lines"]["begin"] >= 1
    assert render_gitlab(report, None).isascii()


def test_a_tree_that_is_unproven_by_itself_is_an_entry() -> None:
    """Each gate passed; an empty list would read as a pass."""
    (entry,) = entries(CHANGED)
    says = f"the tree is unproven: pipeline_changed: VERIFY.md differs; {DIFFERS}"
    assert (entry["description"], entry["severity"], entry["location"]["path"]) == (says, "critical", "VERIFY.md")
