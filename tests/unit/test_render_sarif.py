"""SARIF 2.1.0: valid against the standard's own schema, with what code scanning asks for besides."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
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
    an_evidence,
    an_outcome,
    an_unproven,
)
from tests.support.hostile import hostile
from tests.support.unproven_tree import CHANGED, DIFFERS
from verifyd.evidence.model import Finding, Severity
from verifyd.outcome import End
from verifyd.render.sarif import MOST_RESULTS, render_sarif
from verifyd.report import Report

SCHEMA = Path(__file__).parents[1] / "samples" / "schemas" / "sarif-2.1.0.json"


@cache
def standard() -> jsonschema.Draft4Validator:
    """The schema, read once, formats checked."""
    return jsonschema.Draft4Validator(json.loads(SCHEMA.read_text()), format_checker=jsonschema.FormatChecker())


def the_run(report: Report) -> dict[str, Any]:
    """The only run of a valid log."""
    log = json.loads(render_sarif(report, None))
    standard().validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_a_finding_has_its_rule_place_level_and_lasting_fingerprints() -> None:
    """What code scanning follows an alert by, and shows beside it."""
    finding = a_lint_finding()
    run = the_run(a_report(a_failure(finding, gate=a_gate("lint", fix="ruff check --fix"))))
    assert run["results"] == [
        {
            "ruleId": "lint/F401",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "`os` imported but unused"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "src/calc.py", "uriBaseId": "SRCROOT"},
                        "region": {"startLine": 1, "startColumn": 8},
                    }
                }
            ],
            "partialFingerprints": {
                "verifyd/v1": finding.fingerprint,
                "primaryLocationLineHash": f"{finding.fingerprint}:1",
            },
        }
    ]
    rule = run["tool"]["driver"]["rules"][0]
    assert (rule["id"], rule["shortDescription"]) == ("lint/F401", {"text": "lint: F401"})
    assert rule["help"]["text"] == (
        "Reported by the gate lint of VERIFY.md. Verify with: verifyd run lint. Its whole output: verifyd log lint. "
        "A fixer is declared: verifyd fix lint."
    )


def test_the_run_names_the_tree() -> None:
    """A result without its tree proves nothing."""
    assert the_run(a_report(a_pass()))["properties"] == {"tree": TREE, "readiness": "ready", "pipeline": "d" * 64}


def test_findings_alike_are_told_apart_by_their_count() -> None:
    """Otherwise the second would vanish in the first."""
    run = the_run(a_report(a_failure(a_lint_finding(), a_lint_finding(line=2))))
    marks = [result["partialFingerprints"]["primaryLocationLineHash"][-2:] for result in run["results"]]
    assert marks == [":1", ":2"]


def test_a_failing_test_shows_the_way_to_it() -> None:
    """Frames innermost first, as a stack stands."""
    run = the_run(a_report(a_failure(a_finding(frames=(("tests/test_calc.py", 5), ("src/calc.py", 3))))))
    frames = run["results"][0]["stacks"][0]["frames"]
    assert [frame["location"]["physicalLocation"]["region"]["startLine"] for frame in frames] == [3, 5]
    assert run["results"][0]["message"] == {"text": "tests/test_calc.py::test_add: assert 3 == 4"}


@pytest.mark.parametrize(
    "verdict,successful,exit_code",
    [
        (a_pass(), True, 0),
        (a_failure(), True, 1),
        (a_failure(end=End.TIMED_OUT, exit_code=None), True, None),
        (an_unproven(outcome=an_outcome(exit_code=127)), False, 127),
        (an_unproven(), False, None),
    ],
)
def test_each_gate_that_was_tried_is_an_invocation(verdict: Any, successful: bool, exit_code: int | None) -> None:
    """Unproven is an execution without success, whatever its exit status."""
    (invocation,) = the_run(a_report(verdict))["invocations"]
    assert (invocation["executionSuccessful"], invocation.get("exitCode")) == (successful, exit_code)
    assert ("toolExecutionNotifications" in invocation) is not successful
    assert ("startTimeUtc" in invocation) is (verdict.outcome is not None)


def test_an_unproven_gate_is_a_notification_and_no_result() -> None:
    """Nobody's code is blamed for a missing tool."""
    run = the_run(a_report(an_unproven(explanation="mypy is not on this machine")))
    assert run["results"] == []
    assert run["invocations"][0]["toolExecutionNotifications"] == [
        {
            "level": "error",
            "descriptor": {"id": "tool_missing"},
            "message": {"text": "tests is unproven: mypy is not on this machine"},
        }
    ]
    assert [one["id"] for one in run["tool"]["driver"]["notifications"]] == ["tool_missing"]


def test_a_failure_without_findings_stands_at_its_gate() -> None:
    """Code scanning shows no result without a place."""
    (result,) = the_run(a_report(a_failure(gate=a_gate(line=31))))["results"]
    assert (result["ruleId"], result["message"]) == ("tests/exit_status", {"text": "exit status 1, expected 0"})
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "VERIFY.md", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 31},
    }


def test_gates_that_were_skipped_say_nothing() -> None:
    """Neither invocation nor result."""
    run = the_run(a_report(a_skip()))
    assert (run["invocations"], run["results"]) == ([], [])


def test_optional_gates_and_lesser_findings_are_no_errors() -> None:
    """An error of an optional gate is a warning to the pull request; a note stays one."""
    warning = a_lint_finding(severity=Severity.WARNING, line=2)
    run = the_run(
        a_report(
            a_failure(a_lint_finding(), warning, a_note(line=3), gate=a_gate(optional=True)),
            a_pass("b", evidence=an_evidence(a_note())),
        )
    )
    assert [result["level"] for result in run["results"]] == ["warning", "warning", "note", "note"]


def test_file_names_become_uris() -> None:
    """Percent-encoded byte by byte, so that any name is one, and comes back."""
    path = "src/a b#?%é\udcff\n.py"
    (result,) = the_run(a_report(a_failure(a_lint_finding(path=path))))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "src/a%20b%23%3F%25%C3%A9%FF%0A.py"
    assert unquote_to_bytes(uri) == path.encode("utf-8", "surrogateescape")


def test_no_more_results_than_are_shown() -> None:
    """Code scanning takes 5,000 of one run; how many were left out is said."""
    report = a_report(a_failure(*(a_lint_finding(line=line) for line in range(1, MOST_RESULTS + 3))))
    run = json.loads(render_sarif(report, None))["runs"][0]
    assert (len(run["results"]), run["properties"]["resultsLeftOut"]) == (MOST_RESULTS, 2)


findings = st.builds(
    Finding,
    path=st.none() | hostile.filter(bool),
    line=st.none() | st.integers(1, 99),
    column=st.none() | st.integers(1, 99),
    severity=st.sampled_from(Severity),
    message=hostile.filter(bool),
    subject=st.none() | hostile.filter(bool),
    code=st.none() | hostile,
    frames=st.lists(st.tuples(hostile.filter(bool), st.integers(1, 99)), max_size=2).map(tuple),
)


@settings(max_examples=40)
@given(st.lists(findings, max_size=3), hostile)
def test_any_report_is_valid(found: list[Finding], said: str) -> None:
    """And ASCII, so that nothing in it acts on a terminal."""
    report = a_report(a_failure(*found), an_unproven("types", explanation=said), a_skip("web"))
    the_run(report)
    assert render_sarif(report, None).isascii()


def test_a_tree_that_is_unproven_by_itself_is_a_notification() -> None:
    """Each gate passed; the first invocation says that the whole did not succeed, and why."""
    run = the_run(CHANGED)
    first, gate = run["invocations"]
    assert (first["executionSuccessful"], gate["executionSuccessful"]) == (False, True)
    (told,) = first["toolExecutionNotifications"]
    assert told["message"]["text"] == f"the tree is unproven: pipeline_changed: VERIFY.md differs\n{DIFFERS}"
    assert run["tool"]["driver"]["notifications"] == [
        {"id": "pipeline_changed", "shortDescription": {"text": "unproven: pipeline_changed"}}
    ]
