"""What an outcome and its evidence prove: every ending, every contradiction, and that nothing else passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.builders import a_finding, a_gate, a_lint_finding, a_note, an_evidence, an_outcome
from verifyd.evidence.model import NO_EVIDENCE, Evidence, Lack, MachineTrouble, Severity, TestCounts
from verifyd.evidence.trouble import MissingTool
from verifyd.outcome import End, Outcome
from verifyd.pipeline import Gate
from verifyd.verdict import Reason, Status, Verdict, counted, judge

NPM = MissingTool(name="npm", install="apt-get install npm")


def judged(gate: Gate, outcome: Outcome, evidence: Evidence = NO_EVIDENCE, **known: Any) -> tuple[str, str | None, str]:
    """Judge, and say it in three words."""
    verdict = judge(gate, outcome, evidence, **known)
    return str(verdict.status), verdict.reason, verdict.explanation


def test_a_clean_exit_without_evidence_passes() -> None:
    """A linter that prints nothing has said all there is to say."""
    assert judged(a_gate(), an_outcome()) == ("passed", None, "")


def test_a_clean_exit_with_tests_that_passed_passes() -> None:
    """Exit status and counts agree."""
    assert judged(a_gate(), an_outcome(), an_evidence(total=12, skipped=2)) == ("passed", None, "")


def test_a_pass_keeps_what_it_was_judged_by() -> None:
    """Gate, outcome and evidence stay with the verdict; it was measured now."""
    gate, outcome, evidence = a_gate(), an_outcome(), an_evidence(total=3)
    assert judge(gate, outcome, evidence) == Verdict(
        gate=gate, status=Status.PASSED, evidence=evidence, outcome=outcome
    )


@pytest.mark.parametrize(
    "outcome,expected",
    [
        ({"end": End.CANCELLED}, ("unproven", "cancelled", "the run was cancelled before this gate ended")),
        ({"end": End.NOT_STARTED, "trouble": "no bash"}, ("unproven", "not_started", "no bash")),
        ({"end": End.NOT_STARTED}, ("unproven", "not_started", "its process could not be started")),
        (
            {"end": End.NOT_FOUND, "trouble": "zsh: not found on PATH"},
            ("unproven", "tool_missing", "zsh: not found on PATH"),
        ),
        ({"end": End.SERVER_NOT_READY, "trouble": "no answer"}, ("unproven", "server_not_ready", "no answer")),
        ({"end": End.TIMED_OUT}, ("failed", "timed_out", "still running after 30 s, its time limit, and ended")),
        ({"end": End.TOO_MANY_PROCESSES}, ("failed", "too_many_processes", "started too many processes and was ended")),
        (
            {"moved": ("a", "b", "c", "d")},
            (
                "unproven",
                "tree_moved",
                (
                    "a, b, c and 1 more changed while the gate ran; "
                    "what the gate itself writes belongs into .gitignore, else try isolate=frozen"
                ),
            ),
        ),
        (
            {"moved": ("a/__pycache__/b.pyc", ".pytest_cache/v/x", "c/__pycache__/d.pyc")},
            (
                "unproven",
                "tree_moved",
                (
                    "a/__pycache__/b.pyc, .pytest_cache/v/x, c/__pycache__/d.pyc changed while the gate ran; "
                    "its own tools write there: add to .gitignore: __pycache__/ .pytest_cache/"
                ),
            ),
        ),
        ({"log_lost": True}, ("unproven", "evidence_missing", "its output could not be stored (disk full?)")),
        (
            {"exit_code": 127},
            ("unproven", "tool_missing", "exit status 127: a command was not found or may not be executed"),
        ),
        (
            {"exit_code": 126},
            ("unproven", "tool_missing", "exit status 126: a command was not found or may not be executed"),
        ),
        (
            {"exit_code": 137, "peak_rss_bytes": 2_000_000_000},
            ("unproven", "killed", "killed by SIGKILL from outside; it held 2000 MB at its peak: was memory short?"),
        ),
        ({"exit_code": -15}, ("unproven", "killed", "killed by SIGTERM from outside")),
        ({"exit_code": 130}, ("unproven", "killed", "killed by SIGINT from outside")),
        ({"exit_code": -11}, ("failed", "exit_status", "exit status -11, expected 0")),
        ({"exit_code": 134}, ("failed", "exit_status", "exit status 134, expected 0")),
        ({"exit_code": 1}, ("failed", "exit_status", "exit status 1, expected 0")),
    ],
)
def test_how_a_gate_ended_decides_before_its_evidence(outcome: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """Each ending has its own status and reason; a crash is the code's, a kill from outside is nobody's."""
    assert judged(a_gate(timeout_s=30.0), an_outcome(**outcome)) == expected


@pytest.mark.parametrize("end", [End.EXITED, End.TIMED_OUT, End.SERVER_NOT_READY, End.TOO_MANY_PROCESSES])
def test_on_a_tree_that_moved_nothing_is_proven(end: End) -> None:
    """Whatever a gate says of a tree that is not the judged one, it does not say of the judged one."""
    assert judged(a_gate(), an_outcome(end=end, moved=("a",)))[:2] == ("unproven", "tree_moved")


def test_a_missing_tool_is_named_with_what_installs_it() -> None:
    """The reason is the machine's, and says what to do."""
    assert judged(a_gate(), an_outcome(exit_code=1), missing=NPM) == (
        "unproven",
        "tool_missing",
        "npm is not on this machine; install it with: apt-get install npm",
    )


def test_a_tool_that_seems_missing_holds_no_pass_back() -> None:
    """A gate that passed did without it."""
    assert judged(a_gate(), an_outcome(), missing=NPM) == ("passed", None, "")


@pytest.mark.parametrize(
    "evidence,expected",
    [
        (
            an_evidence(a_finding(), total=6),
            (
                "unproven",
                "evidence_contradicts",
                "exit status 0, as expected, yet its results hold 1 failed of 6 tests",
            ),
        ),
        (an_evidence(total=0), ("unproven", "no_tests_ran", "0 tests ran (0 skipped), at least 1 must")),
        (an_evidence(total=4, skipped=4), ("unproven", "no_tests_ran", "0 tests ran (4 skipped), at least 1 must")),
        (an_evidence(total=9, trouble="cut short"), ("unproven", "evidence_missing", "cut short")),
        (
            an_evidence(a_lint_finding(), source="sarif"),
            ("unproven", "evidence_contradicts", "exit status 0, yet its results hold 1 error"),
        ),
        (
            an_evidence(a_lint_finding(), a_lint_finding(line=2), source="matcher"),
            ("unproven", "evidence_contradicts", "exit status 0, yet its results hold 2 errors"),
        ),
        (an_evidence(a_lint_finding(severity=Severity.WARNING), a_note(), source="sarif"), ("passed", None, "")),
        (an_evidence(a_lint_finding(), source="text"), ("passed", None, "")),
    ],
)
def test_a_clean_exit_passes_only_with_evidence_that_agrees(
    evidence: Evidence, expected: tuple[str, str | None, str]
) -> None:
    """Failed tests, no tests, cut results and reported errors speak against it; words in a log do not."""
    assert judged(a_gate(), an_outcome(), evidence) == expected


@pytest.mark.parametrize(
    "min_tests,evidence,expected",
    [
        (10, an_evidence(total=9), ("failed", "too_few_tests", "9 tests ran (0 skipped), at least 10 must")),
        (10, an_evidence(total=10), ("passed", None, "")),
        (
            10,
            an_evidence(total=12, skipped=3),
            ("failed", "too_few_tests", "9 tests ran (3 skipped), at least 10 must"),
        ),
        (10, an_evidence(total=0), ("unproven", "no_tests_ran", "0 tests ran (0 skipped), at least 10 must")),
        (
            10,
            NO_EVIDENCE,
            ("unproven", "evidence_missing", "min_tests=10, but no test count was found in its results or output"),
        ),
        (0, an_evidence(total=0), ("passed", None, "")),
        (0, NO_EVIDENCE, ("passed", None, "")),
    ],
)
def test_min_tests_is_a_floor(min_tests: int, evidence: Evidence, expected: tuple[str, str | None, str]) -> None:
    """Fewer tests than declared do not pass; none declared and none run is what 0 says."""
    assert judged(a_gate(min_tests=min_tests), an_outcome(), evidence) == expected


def test_fewer_tests_than_at_the_last_pass_are_no_silent_pass() -> None:
    """Deleting a failing test makes no green, unless the page says how many there must be."""
    evidence = an_evidence(total=19)
    assert judged(a_gate(), an_outcome(), evidence, tests_before=20) == (
        "unproven",
        "evidence_contradicts",
        "19 tests ran, 20 when it last passed; if tests were meant to go, declare min_tests=19",
    )
    assert judged(a_gate(min_tests=19), an_outcome(), evidence, tests_before=20)[0] == "passed"
    assert judged(a_gate(), an_outcome(), evidence, tests_before=19)[0] == "passed"


def test_no_count_where_there_was_one_is_no_silent_pass() -> None:
    """A test that ends its runner with ``os._exit(0)`` leaves a clean exit and no results."""
    says = (
        "no test count was found in its results or output, 20 tests ran when it last passed; "
        "if it runs none any more, declare min_tests=0"
    )
    assert judged(a_gate(), an_outcome(), tests_before=20) == ("unproven", "evidence_missing", says)
    assert judged(a_gate(min_tests=0), an_outcome(), tests_before=20)[0] == "passed"


@pytest.mark.parametrize(
    "evidence,expected",
    [
        (an_evidence(a_finding(), total=6), ("failed", "tests_failed", "1 of 6 tests failed")),
        (an_evidence(a_finding(), total=1), ("failed", "tests_failed", "1 of 1 test failed")),
        (an_evidence(a_lint_finding()), ("failed", "findings", "1 error reported")),
        (an_evidence(a_lint_finding(), total=6, failed=0), ("failed", "findings", "1 error reported")),
        (an_evidence(total=0), ("unproven", "no_tests_ran", "exit status 1 and no test ran")),
        (
            an_evidence(total=6),
            (
                "unproven",
                "evidence_contradicts",
                "exit status 1, yet the 6 tests that ran passed: something else in the command fails",
            ),
        ),
        (
            an_evidence(total=1),
            (
                "unproven",
                "evidence_contradicts",
                "exit status 1, yet the one test that ran passed: something else in the command fails",
            ),
        ),
        (an_evidence(a_note(), total=6), ("failed", "exit_status", "exit status 1, expected 0")),
        (an_evidence(total=6, failed=2, trouble="cut short"), ("failed", "tests_failed", "2 of 6 tests failed")),
    ],
)
def test_another_exit_than_expected_never_passes(evidence: Evidence, expected: tuple[str, str, str]) -> None:
    """The evidence says why; where it says that all is well, the two contradict each other."""
    assert judged(a_gate(), an_outcome(exit_code=1), evidence) == expected


def test_the_expected_exit_status_is_the_one_that_passes() -> None:
    """``expect=exit:3`` passes with 3, and 0 is a failure like any other."""
    gate = a_gate(expect=3)
    assert judged(gate, an_outcome(exit_code=3)) == ("passed", None, "")
    assert judged(gate, an_outcome(exit_code=3), an_evidence(a_lint_finding(), source="sarif")) == ("passed", None, "")
    assert judged(gate, an_outcome(), an_evidence(total=6)) == ("failed", "exit_status", "exit status 0, expected 3")
    assert judged(a_gate(expect=127), an_outcome(exit_code=127)) == ("passed", None, "")


@pytest.mark.parametrize(
    "status,reason,makes_task",
    [
        (Status.PASSED, None, False),
        (Status.FAILED, Reason.TIMED_OUT, True),
        (Status.SKIPPED, "needs:lint", False),
        *((Status.UNPROVEN, reason, reason in (Reason.NO_TESTS_RAN, Reason.EVIDENCE_CONTRADICTS)) for reason in Reason),
    ],
)
def test_only_what_the_code_can_mend_becomes_a_task(status: Status, reason: str | None, makes_task: bool) -> None:
    """An agent is not sent to fix what it did not break."""
    assert Verdict(gate=a_gate(), status=status, reason=reason).makes_task is makes_task


counts = st.builds(
    lambda ran, failed, skipped: TestCounts(total=ran + skipped, failed=min(failed, ran), skipped=skipped),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(0, 4),
)
evidences = st.builds(
    Evidence,
    source=st.sampled_from(["none", "text", "junit", "sarif", "matcher", "builtin"]),
    tests=st.none() | counts,
    findings=st.lists(st.sampled_from([a_finding(), a_lint_finding(), a_note()]), max_size=2).map(tuple),
    trouble=st.none() | st.just("cut short"),
)
outcomes = st.builds(
    an_outcome,
    end=st.sampled_from(End),
    exit_code=st.none() | st.sampled_from([0, 1, 2, 3, 5, 126, 127, 130, 134, 137, 143, -9, -11]),
    moved=st.sampled_from([(), ("a",)]),
    log_lost=st.booleans(),
)
gates = st.builds(a_gate, expect=st.sampled_from([0, 1, 3, 137]), min_tests=st.none() | st.integers(0, 4))


@given(
    gates,
    outcomes,
    evidences,
    st.none() | st.just(NPM),
    st.none() | st.integers(0, 5),
)
def test_nothing_passes_that_is_not_proven(
    gate: Gate, outcome: Outcome, evidence: Evidence, missing: MissingTool | None, tests_before: int | None
) -> None:
    """A pass means: ended by itself, as expected, on a tree at rest, on record, and no evidence speaks against it."""
    verdict = judge(gate, outcome, evidence, missing=missing, tests_before=tests_before)
    assert (verdict.reason is None) == (verdict.status is Status.PASSED)
    assert bool(verdict.explanation) == (verdict.status is not Status.PASSED)
    assert verdict.status is not Status.SKIPPED
    if verdict.status is Status.PASSED:
        assert (outcome.end, outcome.exit_code, outcome.moved) == (End.EXITED, gate.expect, ())
        assert not outcome.log_lost
        assert evidence.trouble is None
        if evidence.tests is None:
            assert not gate.min_tests
        else:
            assert evidence.tests.failed == 0
            assert evidence.tests.ran >= (1 if gate.min_tests is None else gate.min_tests)
            assert gate.min_tests is not None or evidence.tests.ran >= (tests_before or 0)


@given(gates, outcomes, evidences)
def test_no_failure_is_blamed_on_a_gate_that_could_not_speak(gate: Gate, outcome: Outcome, evidence: Evidence) -> None:
    """A gate that was cancelled, not started, or ran on a tree that moved is never called failed."""
    verdict = judge(gate, outcome, evidence)
    if outcome.end in (End.CANCELLED, End.NOT_STARTED, End.NOT_FOUND, End.SERVER_NOT_READY) or outcome.moved:
        assert verdict.status is Status.UNPROVEN


@pytest.mark.parametrize(
    "lack, expected",
    [
        (Lack.DISK, ("unproven", "tool_missing", "the disk is full (E); free some space and run again")),
        (
            Lack.MEMORY,
            (
                "unproven",
                "killed",
                "memory was short (E); declare more cpus, so that fewer gates run beside it, or exclusive",
            ),
        ),
        (
            Lack.FILES,
            (
                "unproven",
                "tool_missing",
                "too many files are open or watched (E); raise the limit (ulimit -n) and run again",
            ),
        ),
        (
            Lack.NETWORK,
            (
                "unproven",
                "tool_missing",
                "a host could not be reached (E); check its name and the network, and run again",
            ),
        ),
    ],
)
def test_what_the_machine_lacked_is_nobody_s_failure(lack: Lack, expected: tuple[str, str, str]) -> None:
    """Whatever was counted or reported: it says nothing of the code, and makes no task."""
    machine = MachineTrouble(lack=lack, said="E")
    evidence = replace(an_evidence(total=3, failed=1, findings=(a_finding(),)), machine=machine)
    assert judged(a_gate(), an_outcome(exit_code=1), evidence) == expected
    assert not judge(a_gate(), an_outcome(exit_code=1), evidence).makes_task


@pytest.mark.parametrize("number, said", [(0, "0 tests"), (1, "1 test"), (2, "2 tests"), (20_000, "20,000 tests")])
def test_a_number_agrees_with_its_noun(number: int, said: str) -> None:
    """Every sentence of every part asks the same function."""
    assert counted(number, "test") == said
