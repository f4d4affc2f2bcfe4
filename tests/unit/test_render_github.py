"""Workflow commands: annotations as the runner reads them, ten of a kind, the next failure first."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import (
    TREE,
    a_failure,
    a_finding,
    a_gate,
    a_lint_finding,
    a_note,
    a_pass,
    a_report,
    a_skip,
    a_task,
    an_evidence,
    an_outcome,
    an_unproven,
)
from tests.support.hostile import ACTS_ON_TERMINALS, hostile, hostile_findings
from tests.support.unproven_tree import CHANGED, DIFFERS
from verifyd.evidence.model import Finding, Severity
from verifyd.render.github import render_github
from verifyd.report import Report
from verifyd.verdict import judge

COMMAND = re.compile(r"::(?P<level>error|warning|notice) (?P<properties>[^\n]*?)::(?P<message>[^\n]*)")


def commands(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """Level, properties and message of each command, unescaped as the runner does."""
    lines = render_github(
        report, a_task(report) if any(g.verdict.makes_task for g in report.gates) else None
    ).splitlines()
    found = []
    for line in lines[:-1]:
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        pairs = dict(pair.split("=", 1) for pair in match["properties"].split(","))
        found.append(
            (match["level"], {name: unescaped(value) for name, value in pairs.items()}, unescaped(match["message"]))
        )
    return found


def unescaped(text: str) -> str:
    """What the runner makes of an escaped value."""
    for escape, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def test_a_finding_is_an_annotation_on_its_line() -> None:
    """File, line, column, a title with gate and rule, and the whole message."""
    report = a_report(a_failure(a_lint_finding(message="50% wrong\nsee: a, b"), gate=a_gate("lint")))
    assert render_github(report, None).splitlines() == [
        "::error file=src/calc.py,line=1,col=8,title=lint%3A F401::50%25 wrong%0Asee: a, b",
        f"verifyd: not_ready: tree {TREE}",
    ]


def test_a_failing_test_is_titled_by_its_name() -> None:
    """It has no rule."""
    assert commands(a_report(a_failure(a_finding()))) == [
        ("error", {"file": "tests/test_calc.py", "line": "5", "title": "tests: test_add"}, "assert 3 == 4")
    ]


def test_what_has_no_place_stands_at_the_gate() -> None:
    """A failure without findings, an unproven gate, a finding without a file."""
    report = a_report(
        a_failure(), an_unproven("types"), a_failure(a_lint_finding(path=None), gate=a_gate("lint", line=7))
    )
    assert [(properties["file"], properties["line"], message) for _, properties, message in commands(report)] == [
        ("VERIFY.md", "31", "exit_status: exit status 1, expected 0"),
        ("VERIFY.md", "31", "tool_missing: nobody knows"),
        ("VERIFY.md", "7", "`os` imported but unused"),
    ]


def test_a_contradiction_is_told_beside_what_it_contradicts() -> None:
    """The failed test alone would not say why the gate is unproven."""
    report = a_report(judge(a_gate(), an_outcome(), an_evidence(a_finding(), total=3)))
    assert [message for _, _, message in commands(report)] == [
        "assert 3 == 4",
        "evidence_contradicts: exit status 0, as expected, yet its results hold 1 failed of 3 tests",
    ]


def test_levels_follow_severity_and_requirement() -> None:
    """An optional gate's error is a warning; passed gates may have notes; skipped ones say nothing."""
    report = a_report(
        a_failure(a_lint_finding(), a_lint_finding(severity=Severity.WARNING), gate=a_gate("extra", optional=True)),
        a_pass("lint", evidence=an_evidence(a_note())),
        a_failure(gate=a_gate("other", optional=True)),
        a_skip("web"),
    )
    assert sorted(level for level, _, _ in commands(report)) == ["notice", "warning", "warning", "warning"]


def test_ten_of_a_kind_at_most_the_next_failure_first() -> None:
    """GitHub drops the rest without a word; the tenth says how many."""
    lint = [a_lint_finding(path=f"src/{number}.py") for number in range(15)]
    report = a_report(a_failure(*lint, gate=a_gate("lint")), a_failure(a_finding()))
    found = commands(report)
    assert len(found) == 10
    assert found[0][1]["title"] == "tests: test_add"
    assert found[9] == ("error", {"title": "verifyd"}, "and 7 more; readiness.json and the gates' logs have all")


def test_ten_exactly_are_all_shown() -> None:
    """Nothing is left out that could be seen."""
    lint = [a_lint_finding(path=f"src/{number}.py") for number in range(10)]
    assert [message for _, _, message in commands(a_report(a_failure(*lint)))] == ["`os` imported but unused"] * 10


@settings(max_examples=60)
@given(st.lists(hostile_findings, max_size=3), hostile)
def test_no_message_gives_the_runner_an_order(found: list[Finding], said: str) -> None:
    """Every line but the last is one of our commands, whatever tools print and files are called."""
    report = a_report(a_failure(*found), an_unproven("types", explanation=said))
    assert len(commands(report)) == max(len(found), 1) + 1
    assert ACTS_ON_TERMINALS.search(render_github(report, None)) is None


def test_a_tree_that_is_unproven_by_itself_is_an_error() -> None:
    """Each gate passed, so no gate's annotation would say it; what a person has to look at stands there line by line."""
    ((level, properties, message),) = commands(CHANGED)
    assert (level, properties["file"], properties["title"]) == ("error", "VERIFY.md", "verifyd: pipeline changed")
    assert message == f"VERIFY.md differs\n{DIFFERS}"
