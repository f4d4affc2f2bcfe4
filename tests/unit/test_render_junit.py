"""JUnit XML that others read: junitparser, and the schema of Jenkins' xunit plug-in."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import junitparser
import xmlschema
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
    an_outcome,
    an_unproven,
)
from tests.support.hostile import hostile, hostile_findings
from tests.support.unproven_tree import CHANGED, DIFFERS
from verifyd.evidence.junit import read_junit
from verifyd.evidence.model import Finding, SourceTree, TestCounts
from verifyd.render.junit import render_junit
from verifyd.report import Report
from verifyd.verdict import judge

SCHEMA = Path(__file__).parents[1] / "samples" / "schemas" / "junit-10.xsd"


@cache
def jenkins() -> xmlschema.XMLSchema:
    """The schema, read once."""
    return xmlschema.XMLSchema(SCHEMA)


def a_mixed_report() -> Report:
    """One gate of each status."""
    return a_report(
        a_pass("lint", evidence=an_evidence(a_note())),
        a_failure(a_finding(detail="E  assert"), a_lint_finding(), total=120),
        a_skip("web", explanation="the change touches nothing"),
        an_unproven("types", explanation="mypy is not on this machine"),
    )


def test_it_is_what_jenkins_takes() -> None:
    """Valid against the strictest schema in use."""
    jenkins().validate(render_junit(a_mixed_report(), None))


def test_junitparser_reads_a_suite_for_each_gate() -> None:
    """The gate itself is a case; what says no are cases beside it; unproven is an error, not a failure."""
    suites = list(junitparser.JUnitXml.fromstring(render_junit(a_mixed_report(), None).encode()))
    assert [(suite.name, suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites] == [
        ("lint", 1, 0, 0, 0),
        ("tests", 3, 3, 0, 0),
        ("web", 1, 0, 0, 1),
        ("types", 1, 0, 1, 0),
    ]
    cases = [(case.classname, case.name) for case in suites[1]]
    assert cases == [
        ("verifyd", "tests"),
        ("tests.tests/test_calc.py", "test_add"),
        ("tests", "F401 src/calc.py:1"),
    ]


def test_a_failing_test_carries_its_place_message_and_detail() -> None:
    """The schema has no attribute for places, so they stand in the text."""
    root = ET.fromstring(render_junit(a_mixed_report(), None))
    failure = root.find("testsuite[2]/testcase[2]/failure")
    assert failure is not None
    assert (failure.get("message"), failure.get("type")) == ("assert 3 == 4", "test")
    assert failure.text == "tests/test_calc.py:5: tests/test_calc.py::test_add: assert 3 == 4\nassert 3 == 4\nE  assert"


def test_sums_stand_at_the_root() -> None:
    """Six cases, three failures, one error."""
    root = ET.fromstring(render_junit(a_mixed_report(), None))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "time")} == {
        "tests": "6",
        "failures": "3",
        "errors": "1",
        "time": "4.210",
    }


def test_a_gate_tells_what_the_format_has_no_word_for() -> None:
    """As properties: status, reason, requirement, counts, log."""
    root = ET.fromstring(render_junit(a_report(a_failure(a_finding(), total=120, gate=a_gate(optional=True))), None))
    assert {one.get("name"): one.get("value") for one in root.iter("property")} == {
        "status": "failed",
        "reason": "tests_failed",
        "required": "false",
        "reused": "false",
        "tests.total": "120",
        "tests.skipped": "0",
        "log": "/state/runs/1/tests.log",
    }


def test_a_contradiction_shows_the_tests_that_failed() -> None:
    """Unproven for us, and yet the failed test is to be seen."""
    report = a_report(judge(a_gate(), an_outcome(), an_evidence(a_finding(), total=3)))
    suite = next(iter(junitparser.JUnitXml.fromstring(render_junit(report, None).encode())))
    assert (suite.tests, suite.failures, suite.errors) == (2, 1, 1)


def test_our_own_reader_counts_it_too() -> None:
    """A run of verifyd inside a gate is evidence like any other."""
    evidence = read_junit(io.BytesIO(render_junit(a_mixed_report(), None).encode()), SourceTree(root="/repository"))
    assert (evidence.tests, evidence.trouble) == (TestCounts(total=6, failed=4, skipped=1), None)


@settings(max_examples=40)
@given(st.lists(hostile_findings, max_size=3), hostile)
def test_any_report_is_valid(found: list[Finding], said: str) -> None:
    """Control characters, half characters and ends of CDATA are no XML, and do not get in."""
    report = a_report(
        a_failure(*found, log=None), an_unproven("types", explanation=said), a_skip("web", explanation=said)
    )
    text = render_junit(report, None)
    jenkins().validate(text)
    assert len(list(ET.fromstring(text).iter("testcase"))) == 3 + len(found)


def test_a_tree_that_is_unproven_by_itself_is_an_error() -> None:
    """Each gate passed; who counts errors and failures would read a pass."""
    text = render_junit(CHANGED, None)
    jenkins().validate(text)
    root = ET.fromstring(text)
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["2", "0", "1"]
    error = root.find("testsuite/testcase/error")
    assert error is not None
    assert (error.get("type"), error.get("message")) == ("pipeline_changed", "pipeline_changed: VERIFY.md differs")
    assert error.text == f"pipeline_changed: VERIFY.md differs\n{DIFFERS}"
