"""SARIF 2.1.0 logs: what counts as a finding, where it is, how bad it is, and what makes a log worthless."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.evidence import ROOT, a_result, a_sarif, a_tree, told
from verifyd.evidence.model import Evidence, Finding, FindingKind, Severity
from verifyd.evidence.sarif import read_document, read_sarif

TREE = a_tree("src/a.py", "odd name/x.py")


def only(result: dict[str, Any], **run: Any) -> Finding:
    """The one finding of a run with this result."""
    (finding,) = read_sarif(a_sarif(result, **run), TREE).findings
    return finding


def test_a_result_is_a_finding() -> None:
    """Place, rule, level and tool."""
    assert read_sarif(a_sarif(a_result()), TREE) == Evidence(
        source="sarif",
        findings=(
            Finding(
                path="src/a.py", line=3, column=5, code="F401", message="unused", kind=FindingKind.LINT, tool="ruff"
            ),
        ),
    )


@pytest.mark.parametrize(
    "uri",
    ["src/a.py", "./src/a.py", f"file://{ROOT}/src/a.py", f"{ROOT}/src/a.py", "src%2Fa.py"],
)
def test_uris_come_in_many_forms(uri: str) -> None:
    """Relative, absolute, with the file scheme, percent-encoded (3.4)."""
    assert only(a_result(uri)).path == "src/a.py"


def test_a_uri_may_be_relative_to_a_named_folder() -> None:
    """uriBaseId names a folder, which may build on another (3.14.14)."""
    result = a_result()
    result["locations"][0]["physicalLocation"]["artifactLocation"] = {"uri": "a.py", "uriBaseId": "SRC"}
    bases = {"SRC": {"uri": "src/", "uriBaseId": "ROOT"}, "ROOT": {"uri": f"file://{ROOT}/"}}
    assert only(result, originalUriBaseIds=bases).path == "src/a.py"


def test_folders_that_build_on_each_other_end() -> None:
    """A loop among the named folders is no endless one."""
    result = a_result()
    result["locations"][0]["physicalLocation"]["artifactLocation"] = {"uri": "src/a.py", "uriBaseId": "A"}
    bases = {"A": {"uriBaseId": "B"}, "B": {"uriBaseId": "A"}}
    assert only(result, originalUriBaseIds=bases).path == "src/a.py"


def test_a_uri_may_stand_in_the_list_of_artifacts() -> None:
    """A location then has only its index (3.4.5)."""
    result = a_result()
    result["locations"][0]["physicalLocation"]["artifactLocation"] = {"index": 1}
    artifacts = [{"location": {"uri": "other.py"}}, {"location": {"uri": "src/a.py"}}]
    assert only(result, artifacts=artifacts).path == "src/a.py"


def test_a_place_outside_the_tree_is_told_in_the_message() -> None:
    """A generated file that git ignores is no path of the tree."""
    finding = only(a_result("build/gen.py"))
    assert (finding.path, finding.line, finding.message) == (None, None, "build/gen.py:3:5: unused")


@pytest.mark.parametrize("locations", [[], [{}], [{"physicalLocation": {}}], "wrong", None])
def test_a_result_without_a_place_is_still_a_finding(locations: object) -> None:
    """Results may be about the whole project."""
    finding = only(a_result(locations=locations))
    assert (finding.path, finding.message) == (None, "unused")


@pytest.mark.parametrize(
    "fields, rule, severity",
    [
        ({"level": "error"}, {}, Severity.ERROR),
        ({"level": "warning"}, {}, Severity.WARNING),
        ({"level": "note"}, {}, Severity.NOTE),
        ({"level": "none"}, {}, Severity.NOTE),
        ({"level": None}, {}, Severity.WARNING),
        ({"level": None}, {"defaultConfiguration": {"level": "error"}}, Severity.ERROR),
        ({"kind": "review"}, {}, Severity.NOTE),
        ({"kind": "fail"}, {}, Severity.ERROR),
    ],
)
def test_the_level_is_the_results_or_the_rules_or_warning(
    fields: dict[str, Any], rule: dict[str, Any], severity: Severity
) -> None:
    """3.27.10; a kind other than fail is a note at most."""
    driver = {"name": "x", "rules": [{"id": "F401", **rule}]}
    assert only(a_result(**fields), driver=driver).severity is severity


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "pass"},
        {"kind": "notApplicable"},
        {"baselineState": "absent"},
        {"suppressions": [{"kind": "inSource"}]},
        {"suppressions": [{"kind": "external", "status": "accepted"}]},
    ],
)
def test_settled_results_are_no_findings(fields: dict[str, Any]) -> None:
    """Passes, results gone since the baseline, and accepted suppressions."""
    assert read_sarif(a_sarif(a_result(**fields)), TREE).findings == ()


@pytest.mark.parametrize("status", ["underReview", "rejected"])
def test_a_suppression_in_doubt_suppresses_nothing(status: str) -> None:
    """3.27.23: one that is not accepted does not count."""
    assert only(a_result(suppressions=[{"kind": "inSource"}, {"status": status}])).code == "F401"


@pytest.mark.parametrize(
    "message, said",
    [
        ({"id": "default", "arguments": ["x", "y"]}, "x is y {2}"),
        ({"text": "got {0}", "arguments": ["it"]}, "got it"),
        ({"markdown": "*bold*"}, "*bold*"),
        ({}, "Short."),
        (None, "Short."),
    ],
)
def test_messages_are_filled_in(message: object, said: str) -> None:
    """3.11: text, a template of the rule with its arguments, Markdown, and at last the rule's own words."""
    rule = {
        "id": "F401",
        "messageStrings": {"default": {"text": "{0} is {1} {2}"}},
        "shortDescription": {"text": "Short."},
    }
    assert only(a_result(message=message), driver={"name": "x", "rules": [rule]}).message == said


def test_a_rule_may_be_named_by_index() -> None:
    """3.27.6: the id then stands in the list alone."""
    result = a_result(ruleIndex=0, message={"text": ""})
    del result["ruleId"]
    finding = only(result, driver={"name": "x", "rules": [{"id": "R1", "name": "NoFoo"}]})
    assert (finding.code, finding.message) == ("R1", "NoFoo")


@pytest.mark.parametrize(
    "tool, code, kind",
    [
        ("ruff", "invalid-syntax", FindingKind.SYNTAX),
        ("ty", "invalid-assignment", FindingKind.TYPE),
        ("Pyrefly", "unknown-name", FindingKind.TYPE),
        ("ruff", "F401", FindingKind.LINT),
        ("Biome", "parse", FindingKind.SYNTAX),
    ],
)
def test_kinds_follow_from_tool_and_rule(tool: str, code: str, kind: FindingKind) -> None:
    """What must be mended first."""
    assert only(a_result(ruleId=code), driver={"name": tool}).kind is kind


def test_notifications_of_errors_are_findings() -> None:
    """eslint puts files it cannot parse there; warnings among them are its own business."""
    invocation = {
        "executionSuccessful": False,
        "toolExecutionNotifications": [
            {**a_result(message={"text": "Parsing error: x"}), "descriptor": {"id": "ESL0999"}},
            {"level": "warning", "message": {"text": "slow"}},
        ],
        "toolConfigurationNotifications": [{"level": "error", "message": {"text": "no such rule"}}],
    }
    evidence = read_sarif(a_sarif(invocations=[invocation]), TREE)
    assert (told(evidence, "code", "kind", "message"), evidence.trouble) == (
        [("ESL0999", FindingKind.SYNTAX, "Parsing error: x"), (None, FindingKind.OTHER, "no such rule")],
        None,
    )


def test_a_run_that_failed_without_saying_why_proves_nothing() -> None:
    """No results of an unsuccessful run are no clean bill."""
    evidence = read_sarif(a_sarif(invocations=[{"executionSuccessful": False}]), TREE)
    assert evidence.trouble == "ruff says that its run was not successful, and reports nothing"


def test_several_runs_are_one_result() -> None:
    """The same finding of two runs counts once."""
    log = json.loads(a_sarif(a_result()).read())
    log["runs"] += [log["runs"][0], {"results": [a_result(line=9)]}]
    assert told(read_document(log, TREE), "line") == [(3,), (9,)]


@pytest.mark.parametrize(
    "content, trouble",
    [
        (b"", "the SARIF file is not valid JSON: Expecting value: line 1 column 1 (char 0)"),
        (
            b'{"version": "2.1.0", "runs": [',
            "the SARIF file is not valid JSON: Expecting value: line 1 column 31 (char 30)",
        ),
        (b"[" * 100_000, "the SARIF file is not valid JSON: it is nested too deeply"),
        (b"{}", "the file is JSON but no SARIF 2.1.0 log: it has no runs or another version"),
        (
            b'{"version": "1.0.0", "runs": []}',
            "the file is JSON but no SARIF 2.1.0 log: it has no runs or another version",
        ),
    ],
)
def test_an_unreadable_log_is_trouble(content: bytes, trouble: str) -> None:
    """Cut short, no JSON, too deep, or something else."""
    assert read_sarif(io.BytesIO(content), TREE) == Evidence(source="sarif", trouble=trouble)


def test_a_huge_log_is_trouble() -> None:
    """It is not decoded at all."""
    evidence = read_sarif(io.BytesIO(b" " * (2 * 1024 * 1024 + 1)), TREE, size_cap=2 * 1024 * 1024)
    assert evidence.trouble == "the SARIF file is larger than 2 MiB"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_trouble(encoding: str) -> None:
    """.NET tools write one."""
    content = a_sarif(a_result()).read().decode().encode(encoding)
    assert len(read_sarif(io.BytesIO(content), TREE).findings) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "runs",
                    "results",
                    "message",
                    "text",
                    "locations",
                    "physicalLocation",
                    "artifactLocation",
                    "uri",
                    "index",
                    "region",
                    "startLine",
                    "tool",
                    "driver",
                    "rules",
                    "invocations",
                    "toolExecutionNotifications",
                    "level",
                    "suppressions",
                    "ruleIndex",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_document_makes_the_reader_fail(document: object) -> None:
    """Any field may have any type."""
    assert read_document({"version": "2.1.0", "runs": [document]}, TREE).source == "sarif"
