"""Findings are composed clean and cut to size, counted once, and keep their fingerprint when the code around them moves."""

from __future__ import annotations

from msgspec.structs import replace

from tests.support.builders import a_finding, a_lint_finding
from verifyd.evidence.compose import MOST_FINDINGS, add_counts, join_evidence, make_finding, without_repeats
from verifyd.evidence.model import Evidence, Finding, Severity, TestCounts
from verifyd.evidence.places import Place


def test_a_place_outside_the_tree_goes_into_the_message() -> None:
    """Nothing is lost, and no path is shown that is none of the tree's."""
    finding = make_finding("unused", place=Place(path=None, line=3, column=4, said="build/x.py:3:4"))
    assert (finding.path, finding.line, finding.column, finding.message) == (None, None, None, "build/x.py:3:4: unused")


def test_a_test_outside_the_tree_keeps_its_message() -> None:
    """Its subject says where it stands."""
    assert make_finding("boom", place=Place(said="x.py:3"), subject="x::y").message == "boom"


def test_a_finding_is_cleaned_and_cut() -> None:
    """Message, rule, subject and detail hold no sequences; an empty message is called so."""
    finding = make_finding("\x1b[31m" + "x" * 2000, code="A\x07", subject="t\x1b[0m::x", detail="\x1b[1md\n")
    assert (len(finding.message), finding.code, finding.subject, finding.detail) == (1000, "A\\x07", "t::x", "d")
    assert make_finding(" \n ").message == "no message"


def test_only_the_innermost_frames_are_kept() -> None:
    """A runaway recursion has thousands."""
    frames = tuple(("src/a.py", line) for line in range(1, 200))
    assert make_finding("x", frames=frames).frames == frames[-50:]


def test_the_same_finding_counts_once() -> None:
    """Same place, rule and message; a final full stop makes no difference."""
    first = a_lint_finding(message="unused import.")
    assert without_repeats([first, a_lint_finding(message="unused import"), a_lint_finding(line=9)]) == (
        first,
        a_lint_finding(line=9),
    )


def test_the_same_test_failing_differently_counts_twice() -> None:
    """unittest's subtests share a name."""
    both = (a_finding(message="0 != 5"), a_finding(message="1 != 5"))
    assert without_repeats([*both, both[0]]) == both


def test_counts_are_summed_where_there_are_any() -> None:
    """None means that nothing counted, which is not zero."""
    counts = [TestCounts(total=3, failed=1), None, TestCounts(total=2, skipped=2)]
    assert (add_counts(counts), add_counts([None])) == (TestCounts(total=5, failed=1, skipped=2), None)


def test_tests_that_ran_leave_out_the_skipped() -> None:
    """A suite of skipped tests proves nothing."""
    assert TestCounts(total=5, skipped=5).ran == 0


def test_joined_results_name_each_trouble_once() -> None:
    """Two shards cut short alike are one sentence."""
    part = Evidence(source="junit", tests=TestCounts(total=1), findings=(a_finding(),), trouble="cut short")
    other = replace(part, findings=(a_finding(line=9, message="other"),), trouble="too large")
    assert join_evidence([part, part, other], "junit") == Evidence(
        source="junit",
        tests=TestCounts(total=3),
        findings=(a_finding(), a_finding(line=9, message="other")),
        trouble="cut short; too large",
    )


def test_joined_results_hold_no_more_than_anybody_reads() -> None:
    """The counts stay true beyond it."""
    many = tuple(a_finding(message=f"m{index}") for index in range(MOST_FINDINGS + 1))
    assert len(join_evidence([Evidence(source="junit", findings=many)], "junit").findings) == MOST_FINDINGS


def test_errors_are_the_findings_that_say_no() -> None:
    """Warnings and notes do not."""
    findings: tuple[Finding, ...] = tuple(a_lint_finding(severity=severity) for severity in Severity)
    assert Evidence(source="text", findings=findings).errors == (findings[0],)


def test_the_fingerprint_outlives_an_edit_above() -> None:
    """Lines and anything that wanders in the message are no part of it; the rule, the path and the test are."""
    here = a_lint_finding(line=3, message="x at 0x7f3b1b602d10 in /tmp/pytest-12/a takes 3 s")
    there = a_lint_finding(line=7, message="x at 0x7f74e03ee710 in /tmp/pytest-13/b takes 4 s")
    assert here.fingerprint == there.fingerprint
    assert len({f.fingerprint for f in (here, replace(here, code="E1"), replace(here, path="b.py"), a_finding())}) == 4


def test_a_lone_surrogate_has_a_fingerprint_too() -> None:
    """File names and JSON of tools may hold one; it tells two failures apart like any other character."""
    one, other = (a_finding(path=f"a{character}.py").fingerprint for character in ("\ud800", "\udcff"))
    assert (len(one), one == other) == (16, False)
