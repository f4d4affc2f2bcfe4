"""What a gate declares, its files and its log as one result: nothing counted twice, nothing lost silently."""

from __future__ import annotations

import io
import json
from typing import BinaryIO

import pytest

from tests.support.evidence import a_result, a_sarif, a_tree, junit, told
from verifyd.errors import ConfigurationError
from verifyd.evidence.model import Evidence, TestCounts
from verifyd.evidence.select import EvidenceRequest, read_evidence
from verifyd.pipeline import EvidenceKind, EvidenceSource

PASSED = '<testsuite name="pytest"><testcase classname="tests.test_a" name="a"/><testcase classname="tests.test_a" name="b"/></testsuite>'
FAILED = (
    '<testsuite name="pytest"><testcase classname="tests.test_a" name="a"/><testcase classname="tests.test_a" name="b">'
    '<failure message="from the file">tests/test_a.py:3: Error</failure></testcase></testsuite>'
)
LOG_FAILED = (
    "=== FAILURES ===",
    "___ b ___",
    "E   from the log",
    "=== short test summary info ===",
    "FAILED tests/test_a.py::b - from the log",
    "1 failed, 1 passed in 0.1s",
)
LINT = "src/a.py:3:5: F401 unused"


def evidence(*log: str, declared: EvidenceSource | None = None, **files: BinaryIO) -> Evidence:
    """What is read of a gate with this log and these files."""
    content = io.BytesIO("\n".join(log).encode())
    return read_evidence(EvidenceRequest(tree=a_tree(), log=content, declared=declared, files=files))


def declare(kind: EvidenceKind, pattern: str = "") -> EvidenceSource:
    """An ``evidence`` attribute."""
    return EvidenceSource(kind=kind, pattern=pattern)


def test_without_files_the_log_is_read() -> None:
    """Counts and findings of the text."""
    found = evidence(LINT, "3 passed in 0.1s")
    assert (found.source, found.tests, told(found, "code")) == ("text", TestCounts(total=3), [("F401",)])


def test_an_injected_file_is_better_than_the_log_of_the_same_run() -> None:
    """Its counts and findings; the log tells of the same tests again."""
    found = evidence(*LOG_FAILED, pytest=junit(FAILED))
    assert (found.source, found.tests, told(found, "message")) == (
        "junit",
        TestCounts(total=2, failed=1),
        [("from the file",)],
    )


def test_other_tools_in_the_same_script_are_not_lost() -> None:
    """pytest passed, then mypy failed; a result with words of a log in it is called a text's."""
    found = evidence("2 passed in 0.1s", "src/a.py:3: error: Bad  [arg-type]", pytest=junit(PASSED))
    assert (found.source, found.tests, told(found, "code")) == ("text", TestCounts(total=2), [("arg-type",)])


def test_an_earlier_pytest_of_the_same_script_is_not_lost() -> None:
    """The second call overwrote the first one's file: the log has its counts and its failures."""
    found = evidence(*LOG_FAILED, "2 passed in 0.1s", pytest=junit(PASSED))
    assert (found.source, found.tests, told(found, "subject", "message")) == (
        "text",
        TestCounts(total=4, failed=1),
        [("tests/test_a.py::b", "from the log")],
    )


def test_a_failure_in_both_calls_is_one() -> None:
    """The same test, run twice."""
    found = evidence(*LOG_FAILED, *LOG_FAILED, pytest=junit(FAILED))
    assert (found.source, found.tests, told(found, "message")) == (
        "junit",
        TestCounts(total=4, failed=2),
        [("from the file",)],
    )


def test_other_runners_are_counted_besides() -> None:
    """The back end's tests and the front end's in one script."""
    found = evidence("2 passed in 0.1s", "Tests:       3 passed, 3 total", pytest=junit(PASSED))
    assert (found.source, found.tests) == ("junit", TestCounts(total=5))


def test_an_injected_file_that_cannot_be_read_gives_way_to_the_log() -> None:
    """pytest was killed while writing its first bytes."""
    found = evidence("2 passed in 0.1s", pytest=io.BytesIO(b"<?xml"))
    assert (found.source, found.tests) == ("text", TestCounts(total=2))


def test_an_injected_file_cut_short_says_so() -> None:
    """With what could be read."""
    found = evidence("", pytest=io.BytesIO(FAILED[:-20].encode()))
    assert found.trouble == "pytest: the JUnit file is cut short: unclosed token: line 1, column 181"


def test_a_run_without_tests_counts_zero() -> None:
    """pytest writes its file all the same."""
    found = evidence("no tests ran in 0.1s", pytest=junit('<testsuite name="pytest" tests="0"/>'))
    assert (found.source, found.tests) == ("junit", TestCounts(total=0))


def test_declared_files_are_summed() -> None:
    """Shards: each file's name stands before its trouble; the log is not asked."""
    found = evidence(
        LINT,
        "9 passed in 0.1s",
        declared=declare(EvidenceKind.JUNIT, "out/*.xml"),
        a=junit(PASSED),
        b=junit(FAILED),
        c=io.BytesIO(b"x"),
    )
    assert (found.source, found.tests, told(found, "message"), found.trouble) == (
        "junit",
        TestCounts(total=4, failed=1),
        [("from the file",)],
        "c: the JUnit file is not well-formed XML: syntax error: line 1, column 0",
    )


def test_declared_sarif_is_read() -> None:
    """And nothing else."""
    found = evidence("src/a.py:9:9: E501 long", declared=declare(EvidenceKind.SARIF, "x.sarif"), x=a_sarif(a_result()))
    assert (found.source, told(found, "code")) == ("sarif", [("F401",)])


@pytest.mark.parametrize("kind", [EvidenceKind.JUNIT, EvidenceKind.SARIF])
def test_what_is_declared_and_missing_is_trouble(kind: EvidenceKind) -> None:
    """The log's findings are there to go by; its counts are not what was declared."""
    found = evidence(LINT, "3 passed in 0.1s", declared=declare(kind, "out/r.x"))
    assert (found.source, found.tests, told(found, "code"), found.trouble) == (
        kind.value,
        None,
        [("F401",)],
        f"no file matches 'out/r.x': the gate declares evidence={kind.value}:out/r.x and left none",
    )


def test_what_is_declared_and_unreadable_is_trouble_with_the_logs_findings() -> None:
    """There is something to go by."""
    found = evidence(LINT, declared=declare(EvidenceKind.SARIF, "x"), x=io.BytesIO(b"{"))
    assert (told(found, "code"), str(found.trouble).startswith("x: the SARIF file is not valid JSON")) == (
        [("F401",)],
        True,
    )


def test_a_declared_matcher_reads_the_log() -> None:
    """Its findings alone, with the counts that no matcher can tell."""
    matcher = {"pattern": {"regexp": r"^BAD (.*)$", "message": 1}}
    found = evidence(
        "BAD one",
        LINT,
        "3 passed in 0.1s",
        declared=declare(EvidenceKind.MATCHER, "m"),
        m=io.BytesIO(json.dumps(matcher).encode()),
    )
    assert (found.source, found.tests, told(found, "message")) == ("matcher", TestCounts(total=3), [("one",)])


def test_a_declared_matcher_that_is_missing_is_trouble() -> None:
    """The log's findings are there to go by."""
    found = evidence(LINT, declared=declare(EvidenceKind.MATCHER, "m.json"))
    assert (found.source, told(found, "code"), found.trouble) == (
        "matcher",
        [("F401",)],
        "the problem matcher 'm.json' is not there",
    )


def test_a_matcher_that_takes_too_long_is_trouble() -> None:
    """A clean exit proves nothing then."""
    matcher = {"owner": "mytool", "pattern": {"regexp": r"^BAD (.*)$", "message": 1}}
    times = iter([0.0, 9.0])
    request = EvidenceRequest(
        tree=a_tree(),
        log=io.BytesIO(b"BAD one"),
        declared=declare(EvidenceKind.MATCHER, "m"),
        files={"m": io.BytesIO(json.dumps(matcher).encode())},
        monotonic_s=lambda: next(times),
    )
    assert str(read_evidence(request).trouble).startswith(
        "the problem matcher 'mytool' was not done with the log after 2 s"
    )


def test_a_wrong_matcher_is_the_users_to_mend() -> None:
    """It names the file as the page does."""
    with pytest.raises(ConfigurationError, match=r"^m: the problem matcher has a pattern without a regexp\n"):
        evidence("", declared=declare(EvidenceKind.MATCHER, "m"), m=io.BytesIO(b"{}"))


def test_declared_text_ignores_injected_files() -> None:
    """The page says where to look."""
    found = evidence("3 passed in 0.1s", declared=declare(EvidenceKind.TEXT), pytest=junit(FAILED))
    assert (found.source, found.tests, found.findings) == ("text", TestCounts(total=3), ())
