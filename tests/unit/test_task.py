"""The next task: which failure comes first, what it is called, when it is handed over."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import (
    TREE,
    a_change,
    a_failure,
    a_file_change,
    a_finding,
    a_gate,
    a_lint_finding,
    a_pass,
    a_report,
    a_skip,
    a_task,
    an_evidence,
    an_outcome,
    an_unproven,
)
from verifyd.builtin.diff import judge_change
from verifyd.cause import INNERMOST, REPORTED, Place
from verifyd.change import Change, ChangeKind
from verifyd.evidence.model import Finding, FindingKind, Severity
from verifyd.outcome import End
from verifyd.pipeline import Limits, Scope
from verifyd.placeless import NOT_NAMED
from verifyd.report import Report
from verifyd.task import Task, failure_fingerprints, make_task
from verifyd.verdict import Reason, Status, Verdict, judge

TEST = "tests/test_calc.py"


def next_task(*verdicts: Verdict, changed: Sequence[str] = ("src/calc.py",)) -> Task | None:
    """The task of a report of these verdicts."""
    return make_task(a_report(*verdicts, changed=changed), constraints=(), seen_on=lambda _: 0)


def test_a_report_without_failures_asks_for_nothing() -> None:
    """Passed, skipped, and what is not the agent's to mend."""
    assert next_task(a_pass("lint"), a_skip("web"), an_unproven("types")) is None


def test_a_deleted_file_is_called_deleted() -> None:
    """ "Changed" would send the agent to look into a file that is gone."""
    finding = a_finding(message="ModuleNotFoundError: No module named 'shop.offers'", kind=FindingKind.COLLECTION)
    gone = Change(files=(a_file_change("src/shop/offers.py", kind=ChangeKind.DELETED),))
    report = a_report(a_failure(finding), changed=["src/shop/offers.py"], change=gone)
    task = make_task(report, constraints=(), seen_on=lambda _: 0)
    assert task is not None
    assert task.where[0] == Place(
        path="src/shop/offers.py",
        line=None,
        why="deleted, and the message names it; no frame of the failure lies in the change",
    )


def test_a_file_that_was_put_back_to_the_base_is_not_where_a_gate_hangs() -> None:
    """Only what differs from the base now is named first."""
    report = a_report(
        a_failure(end=End.TIMED_OUT, exit_code=None),
        change=a_change(TEST),
        changed_since_ready=frozenset({"src/calc.py", TEST}),
    )
    assert a_task(report).where == (Place(path=TEST, line=None, why=NOT_NAMED),)


def test_a_limit_on_files_names_renamed_ones_by_their_new_names() -> None:
    """The old name leads nowhere."""
    moved = [
        a_file_change(f"lib/{name}.py", old_path=f"src/{name}.py", kind=ChangeKind.RENAMED, added=0, deleted=0)
        for name in "ab"
    ]
    change = Change(files=tuple(moved))
    verdict = judge_change(change, Limits(changed_files=1), None)
    task = a_task(a_report(verdict, changed=sorted(change.paths), change=change))
    assert task.where == (
        Place(path="lib/a.py", line=None, why="renamed from src/a.py; what the limit counts"),
        Place(path="lib/b.py", line=None, why="renamed from src/b.py; what the limit counts"),
    )


def test_a_limit_on_deleted_files_names_them_alone() -> None:
    """What else changed does not count."""
    change = Change(files=(a_file_change("src/calc.py"), a_file_change("src/old.py", kind=ChangeKind.DELETED)))
    verdict = judge_change(change, Limits(deleted_files=0), None)
    task = a_task(a_report(verdict, changed=sorted(change.paths), change=change))
    assert task.where == (Place(path="src/old.py", line=None, why="deleted; what the limit counts"),)


def test_a_protected_file_that_was_renamed_is_found_under_its_new_name() -> None:
    """Both ends of the rename are one place."""
    change = Change(files=(a_file_change("b.yml", old_path="a.yml", kind=ChangeKind.RENAMED),))
    verdict = judge_change(change, None, Scope(protected=("a.yml",)))
    task = a_task(a_report(verdict, changed=sorted(change.paths), change=change))
    assert task.where == (Place(path="b.yml", line=None, why="renamed from a.yml; a change that is not allowed here"),)


def test_a_gate_that_runs_code_of_its_own_points_at_no_test() -> None:
    """``python -c`` cannot have failed because of a test file that it does not name."""
    verdict = a_failure(gate=a_gate("import", script="python -c 'import calc'"))
    assert a_task(a_report(verdict, changed=[TEST])).where == ()
    assert a_task(a_report(verdict, changed=[TEST, "src/calc.py"])).where == (
        Place(path="src/calc.py", line=None, why=NOT_NAMED),
    )
    runs_tests = a_failure(gate=a_gate("import", script="python -c 'import tests.test_calc'"))
    assert a_task(a_report(runs_tests, changed=[TEST])).where == (Place(path=TEST, line=None, why=NOT_NAMED),)


def test_attempts_at_a_failure_without_findings_begin_again_with_another_script() -> None:
    """The exit status of another command is another failure."""
    ids = {a_task(a_report(a_failure(gate=a_gate("build", script=script)))).id for script in ("make", "make -j2")}
    assert len(ids) == 2


def test_a_failing_test_becomes_a_whole_task() -> None:
    """Every field, as interface.md has it."""
    finding = a_finding(frames=((TEST, 5), ("src/calc.py", 3)))
    verdict = a_failure(finding, gate=a_gate("tests", fix="fix it"), total=120)
    report = a_report(a_pass("lint"), verdict)
    task = make_task(
        report, constraints=["at most 153 more changed lines"], seen_on=lambda _: 1, context="Add subtraction"
    )
    assert task == Task(
        id=finding.fingerprint,
        gate="tests",
        tree=TREE,
        attempt=2,
        title="tests: test_add fails: assert 3 == 4",
        explanation="1 of 120 tests failed",
        where=(Place(path="src/calc.py", line=3, why=INNERMOST), Place(path=TEST, line=5, why=REPORTED)),
        findings=(finding,),
        more_findings=0,
        other_failures=0,
        reproduce="pytest -q tests/test_calc.py::test_add",
        verify="verifyd run tests",
        fix="fix it",
        constraints=("at most 153 more changed lines",),
        changed_since_ready=("src/calc.py",),
        context="Add subtraction",
        escalate=False,
        log="/state/runs/1/tests.log",
    )


def a_kind(kind: FindingKind, name: str) -> Verdict:
    """A gate that fails with one finding of a kind."""
    return a_failure(a_lint_finding(kind=kind, path=f"src/{name}.py"), name=name, gate=a_gate(name))


def test_what_unblocks_most_comes_first() -> None:
    """Parsing before collecting before limits before types before tests before the rest; whatever the order of the gates."""
    order = ["syntax", "collection", "limit", "type", "test", "other", "lint"]
    waiting = [a_kind(FindingKind(name), name) for name in reversed(order)]
    served = []
    while waiting:
        task = next_task(*waiting)
        assert task is not None
        served.append(task.gate)
        waiting = [verdict for verdict in waiting if verdict.gate.name != task.gate]
    assert served == order


def test_required_gates_come_before_optional_ones() -> None:
    """Even where the optional one's failure is of the more blocking kind; its task says that it is optional."""
    optional = a_failure(a_lint_finding(kind=FindingKind.SYNTAX), gate=a_gate("extra", optional=True))
    lint = a_failure(a_lint_finding(), gate=a_gate("lint"))
    first, then = next_task(optional, lint), next_task(optional, a_pass("lint"))
    assert first is not None
    assert then is not None
    assert (first.gate, first.optional, then.gate, then.optional) == ("lint", False, "extra", True)


def test_a_gate_that_others_wait_for_comes_before_one_that_none_does() -> None:
    """lint is cheap to mend, and two gates cannot run before it passes."""
    lint = a_failure(a_lint_finding(), gate=a_gate("lint"))
    blocked = [a_skip("unit", "needs:lint"), a_skip("web", "needs:unit")]
    alone, before = next_task(a_failure(a_finding()), lint), next_task(a_failure(a_finding()), lint, *blocked)
    assert alone is not None
    assert before is not None
    assert (alone.gate, before.gate) == ("tests", "lint")


def test_what_does_not_parse_still_comes_first() -> None:
    """A gate that others wait for is no use on files that do not parse."""
    syntax = a_failure(a_lint_finding(kind=FindingKind.SYNTAX), gate=a_gate("types"))
    task = next_task(a_failure(a_lint_finding(), gate=a_gate("lint")), a_skip("unit", "needs:lint"), syntax)
    assert task is not None
    assert task.gate == "types"


def test_contradictions_and_empty_runs_are_tasks_that_say_so() -> None:
    """Of the unproven, these two are the code's: the title is what was seen."""
    contradiction = judge(a_gate(), an_outcome(), an_evidence(a_finding(), total=3))
    empty = judge(a_gate("web"), an_outcome("web"), an_evidence(total=0))
    first, second = next_task(contradiction), next_task(empty)
    assert first is not None
    assert second is not None
    assert first.title == "tests: exit status 0, as expected, yet its results hold 1 failed of 3 tests"
    assert second.title == "web: 0 tests ran (0 skipped), at least 1 must"


@pytest.mark.parametrize(
    "findings,title",
    [
        ([a_lint_finding()], "tests: src/calc.py:1: F401 `os` imported but unused"),
        (
            [a_lint_finding(), a_lint_finding(line=2)],
            "tests: src/calc.py:1: F401 `os` imported but unused (and 1 other alike)",
        ),
        ([a_lint_finding(code=None, line=None)], "tests: src/calc.py: `os` imported but unused"),
        ([a_finding(message="assert 3 == 4\nmore")], "tests: test_add fails: assert 3 == 4"),
        ([a_finding(subject="a.test.ts > calc > adds up")], "tests: adds up fails: assert 3 == 4"),
        ([a_finding(subject="e2e/a.spec.ts › page › has title")], "tests: has title fails: assert 3 == 4"),
        ([a_finding(subject="tests.test_a.TestA.test_x")], "tests: test_x fails: assert 3 == 4"),
        ([a_finding(subject="calc adds. really")], "tests: calc adds. really fails: assert 3 == 4"),
        (
            [a_finding(subject=TEST, kind=FindingKind.COLLECTION, message="ImportError: no sub")],
            f"tests: {TEST} cannot be loaded: ImportError: no sub",
        ),
        ([a_finding(kind=FindingKind.LIMIT, path=None, message="200 changed lines")], "tests: 200 changed lines"),
        (
            [a_lint_finding(kind=FindingKind.LIMIT, path="VERIFY.md", message="modified, but it is protected")],
            "tests: VERIFY.md: modified, but it is protected",
        ),
        ([a_finding(message="password=hunter22 is wrong")], "tests: test_add fails: password=*** is wrong"),
        ([a_finding(message="x" * 200)], f"tests: test_add fails: {'x' * 96}…"),
    ],
)
def test_a_title_says_what_fails_in_one_line(findings: list[Finding], title: str) -> None:
    """The test's own name, or the place; the message's first line; at most 120 characters."""
    assert a_task(a_report(a_failure(*findings))).title == title


def test_a_long_title_loses_its_message_and_not_how_many_are_alike() -> None:
    """The end that is cut is the least that one needs to know."""
    long = [a_lint_finding(message="x" * 200, line=line) for line in (1, 2)]
    title = a_task(a_report(a_failure(*long))).title
    assert (len(title), title[-24:]) == (120, "xxx… (and 1 other alike)")


def test_a_renamed_file_is_called_renamed() -> None:
    """In place of "changed"."""
    moved = Change(files=(a_file_change("src/shop/cash.py", old_path="src/shop/money.py", kind=ChangeKind.RENAMED),))
    finding = a_finding(message="ModuleNotFoundError: No module named 'shop.money'", kind=FindingKind.COLLECTION)
    task = a_task(a_report(a_failure(finding), changed=sorted(moved.paths), change=moved))
    assert task.where[0] == Place(
        path="src/shop/cash.py",
        line=None,
        why="renamed from src/shop/money.py, and the message names it; no frame of the failure lies in the change",
    )


def test_a_time_limit_is_the_failure_whatever_was_printed_before() -> None:
    """Its findings and the end of its output are hints; the whole gate is reproduced, because which test hangs is unknown."""
    verdict = a_failure(a_finding(), end=End.TIMED_OUT, exit_code=None, tail="waiting for the lock")
    task = a_task(a_report(verdict))
    assert (task.title, task.reproduce, task.output) == (
        "tests: still running after 600 s, its time limit, and ended",
        "pytest -q",
        "waiting for the lock",
    )
    assert task.id == a_task(a_report(a_failure(end=End.TIMED_OUT, exit_code=None))).id
    assert task.id in failure_fingerprints(verdict)


def test_the_end_of_the_output_is_shown_where_no_finding_tells_more() -> None:
    """A gate that fails without a finding has at least its last words."""
    assert a_task(a_report(a_failure(tail="make: *** [all] Error 2"))).output == "make: *** [all] Error 2"
    assert a_task(a_report(a_failure(a_finding(), tail="1 failed"))).output == ""


def test_the_built_in_gate_is_reproduced_by_verifyd() -> None:
    """It has no command of its own."""
    verdict = a_failure(a_lint_finding(kind=FindingKind.LIMIT, path=None), gate=a_gate("diff", script=""))
    assert a_task(a_report(verdict)).reproduce == "verifyd run diff"


def test_a_test_whose_name_holds_a_secret_is_not_named() -> None:
    """Masked it would select nothing; unmasked it would leak."""
    secret = a_finding(subject=f"{TEST}::test_x[ghp_0123456789abcdefghijABCDEFGHIJ012345]")
    assert a_task(a_report(a_failure(secret))).reproduce == "pytest -q"


def test_at_most_five_findings_are_told_and_the_rest_counted() -> None:
    """Seven of one cause are one task; two of another come later."""
    here = [a_lint_finding(line=line) for line in range(1, 8)]
    elsewhere = [a_lint_finding(path="src/other.py", line=line) for line in (1, 2)]
    task = a_task(a_report(a_failure(*here, *elsewhere)))
    assert (len(task.findings), task.more_findings, task.other_failures) == (5, 2, 2)


def test_the_same_root_seen_by_other_gates_is_not_counted_as_another_failure() -> None:
    """One syntax error, three gates: one task, nothing after it."""
    syntax = a_lint_finding(kind=FindingKind.SYNTAX, line=3)
    report = a_report(
        a_failure(syntax, gate=a_gate("lint")),
        a_failure(a_lint_finding(kind=FindingKind.SYNTAX, line=3, code=None), gate=a_gate("types")),
        a_failure(
            a_finding(subject=TEST, kind=FindingKind.COLLECTION, frames=((TEST, 1), ("src/calc.py", 3))),
            gate=a_gate("unit"),
        ),
        a_failure(gate=a_gate("build")),
    )
    assert a_task(report).other_failures == 1


@pytest.mark.parametrize("seen_on,attempt,escalate", [(0, 1, False), (2, 3, False), (3, 4, True), (9, 10, True)])
def test_past_three_attempts_it_is_handed_over(seen_on: int, attempt: int, escalate: bool) -> None:
    """The fourth tree on which the same failure is seen is one too many."""
    task = a_task(seen_on=seen_on)
    assert (task.attempt, task.attempt_limit, task.escalate) == (attempt, 3, escalate)


def test_attempts_are_those_of_the_tasks_own_failure() -> None:
    """What was seen of other failures does not count."""
    tried = a_finding()
    counts = {tried.fingerprint: 7}
    other = a_report(a_failure(a_finding(subject=f"{TEST}::test_other")))
    assert [
        make_task(report, constraints=(), seen_on=lambda found: counts.get(found, 0)).attempt  # type: ignore[union-attr]
        for report in (a_report(a_failure(tried)), other)
    ] == [8, 1]


def test_history_keeps_every_finding_of_a_failure() -> None:
    """Any of them may be the next task; a pass leaves nothing, a failure without findings its reason."""
    first, second = a_finding(), a_finding(subject=f"{TEST}::test_other")
    assert failure_fingerprints(a_failure(first, second)) == tuple(sorted([first.fingerprint, second.fingerprint]))
    assert failure_fingerprints(a_pass()) == ()
    assert failure_fingerprints(an_unproven()) == ()
    assert failure_fingerprints(a_failure()) == (a_task(a_report(a_failure())).id,)


PATHS = ("src/a.py", "src/b.py", "tests/test_a.py", "tests/test_b.py")
findings = st.builds(
    Finding,
    path=st.none() | st.sampled_from(PATHS),
    line=st.none() | st.integers(1, 99),
    severity=st.sampled_from(Severity),
    code=st.none() | st.sampled_from(["F401", "E501"]),
    message=st.sampled_from(["assert 1 == 2", "ImportError: no a", "boom at 7"]),
    subject=st.none() | st.builds("tests/test_{}.py::test_{}".format, st.sampled_from("ab"), st.integers(0, 5)),
    kind=st.sampled_from(FindingKind),
    frames=st.lists(st.tuples(st.sampled_from(PATHS), st.integers(1, 99)), max_size=3).map(tuple),
)
failures = st.builds(
    lambda name, found, optional: a_failure(*found, gate=a_gate(name, optional=optional)),
    st.sampled_from(["lint", "types", "tests"]),
    st.lists(findings, max_size=6),
    st.booleans(),
)
reports = st.builds(
    lambda verdicts, changed: a_report(*verdicts, changed=changed),
    st.lists(failures, min_size=1, max_size=3, unique_by=lambda verdict: verdict.gate.name),
    st.lists(st.sampled_from(PATHS), unique=True),
)


@given(reports)
def test_every_failure_makes_a_task_and_required_ones_first(report: Report) -> None:
    """Whatever the findings: there is a task, it is about a gate that failed, and optional only when nothing else is left."""
    made = make_task(report, constraints=(), seen_on=lambda _: 0)
    failing = [gate for gate in report.gates if gate.verdict.makes_task]
    assert (made is None) == (not failing)
    if made is not None:
        assert made.gate in [gate.verdict.gate.name for gate in failing]
        assert made.optional == all(gate.verdict.gate.optional for gate in failing)
        gate = report.gate(made.gate)
        assert gate is not None
        assert made.id in failure_fingerprints(gate.verdict)
        assert len(made.title) <= 120
        assert len(made.where) == len({(place.path, place.line) for place in made.where}) <= 5


def shifted(finding: Finding, by: int) -> Finding:
    """The same finding after an edit above it."""
    return Finding(
        path=finding.path,
        line=finding.line + by if finding.line else None,
        severity=finding.severity,
        code=finding.code,
        message=finding.message,
        subject=finding.subject,
        kind=finding.kind,
        frames=tuple((path, line + by) for path, line in finding.frames),
    )


@given(st.lists(findings, min_size=1, max_size=6), st.integers(1, 1000))
def test_an_edit_above_a_failure_does_not_change_its_task(found: list[Finding], by: int) -> None:
    """Ids have no line numbers in them, and neither has the choice."""
    before = a_task(a_report(a_failure(*found)))
    after = a_task(a_report(a_failure(*(shifted(finding, by) for finding in found))))
    assert (before.id, before.gate, len(before.findings)) == (after.id, after.gate, len(after.findings))


@given(st.lists(findings, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_a_tool_reports_does_not_change_the_task(found: list[Finding], random: object) -> None:
    """Parallel runners report in any order."""
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert a_task(a_report(a_failure(*found))).id == a_task(a_report(a_failure(*mixed))).id


@given(st.integers(1, 4))
def test_unrelated_findings_do_not_change_the_id_of_a_failure(others: int) -> None:
    """Findings of less blocking kinds come and go; the task stays the same."""
    finding = a_finding(frames=((TEST, 5), ("src/calc.py", 3)))
    noise = [a_lint_finding(path=f"src/{number}.py") for number in range(others)]
    assert a_task(a_report(a_failure(*noise, finding))).id == a_task(a_report(a_failure(finding))).id


def test_a_gate_that_is_not_to_be_mended_is_never_a_task() -> None:
    """An unproven gate with findings, such as a missing browser, sends nobody to the tests."""
    verdict = Verdict(
        gate=a_gate("web"),
        status=Status.UNPROVEN,
        reason=Reason.TOOL_MISSING,
        evidence=an_evidence(a_finding(), total=1),
        outcome=an_outcome("web", exit_code=1),
    )
    assert next_task(verdict) is None
