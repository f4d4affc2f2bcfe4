"""What test runners print, beyond the samples: the shapes that options, old versions and unlucky names give."""

from __future__ import annotations

import pytest

from tests.support.evidence import ROOT, a_tree, read, told
from verifyd.evidence.model import Finding, FindingKind, TestCounts

TEST, COLLECTION, SYNTAX = FindingKind.TEST, FindingKind.COLLECTION, FindingKind.SYNTAX
TREE = a_tree(
    "src/a.py",
    "tests/test_a.py",
    "other/test_a.py",
    "web/a.test.js",
    "api/x_test.go",
    "db/x_test.go",
    "src/lib.rs",
    "n.mjs",
)


def only(*lines: str) -> Finding:
    """The one finding of these lines."""
    (finding,) = read(*lines, tree=TREE).findings
    return finding


def test_pytest_parameters_may_hold_the_dash_before_the_message() -> None:
    """A node id ends with its bracket."""
    lines = (
        "=== short test summary info ===",
        "FAILED tests/test_a.py::test_x[a - b] - assert 1 - 1",
        "FAILED tests/test_a.py::test_x[c - d]",
    )
    assert told(read(*lines, "2 failed in 0.1s", tree=TREE), "subject", "message") == [
        ("tests/test_a.py::test_x[a - b]", "assert 1 - 1"),
        ("tests/test_a.py::test_x[c - d]", "failed"),
    ]


def test_selectors_are_seen_from_the_gates_folder() -> None:
    """The script went into a folder first; the paths it prints end like files of the tree."""
    tree = a_tree("api/tests/test_a.py", "web/a.test.js")
    pytest_lines = ("=== short test summary info ===", "FAILED tests/test_a.py::test_x - m", "1 failed in 0.1s")
    vitest_lines = (" RUN  v4.1.11 /x", " FAIL  a.test.js > x", "Error: m", "   Duration  1s")
    playwright_lines = ("Running 1 test using 1 worker", "  1) a.test.js:4:3 › page ───", "    Error: m", "  1 failed")
    evidence = read(
        *pytest_lines, *vitest_lines, *playwright_lines, "::error file=web/a.test.js,title=a.test.js > z::m", tree=tree
    )
    assert told(evidence, "subject") == [
        ("api/tests/test_a.py::test_x",),
        ("web/a.test.js > x",),
        ("web/a.test.js › page",),
        ("web/a.test.js > z",),
    ]


def test_pytest_without_its_summary_is_read_from_the_reports() -> None:
    """``--no-summary``: the titles and frames must do."""
    evidence = read(
        "==== ERRORS ====",
        "____ ERROR collecting tests/test_a.py ____",
        "E   ImportError: no",
        "____ ERROR at setup of test_y ____",
        "tests/test_a.py:3: RuntimeError",
        "==== FAILURES ====",
        "____ TestG.test_x ____",
        "tests/test_a.py:5: in test_x",
        "E   ValueError: bad",
        "src/a.py:9: ValueError",
        "____ test_lost ____",
        "1 failed, 2 errors in 0.1s",
        tree=TREE,
    )
    assert told(evidence, "subject", "path", "line", "kind", "message") == [
        ("tests/test_a.py", "tests/test_a.py", None, COLLECTION, "ImportError: no"),
        ("tests/test_a.py::test_y", "tests/test_a.py", 3, TEST, "ERROR at setup of test_y"),
        ("tests/test_a.py::TestG::test_x", "src/a.py", 9, TEST, "ValueError: bad"),
        ("test_lost", None, None, TEST, "test_lost"),
    ]


def test_pytest_tests_of_one_name_are_told_apart_by_their_files() -> None:
    """Their titles are equal; the report that names the file is the file's."""
    evidence = read(
        "=== FAILURES ===",
        "___ test_x ___",
        "E   first",
        "tests/test_a.py:3: Error",
        "___ test_x ___",
        "E   second",
        "other/test_a.py:4: Error",
        "=== short test summary info ===",
        "FAILED other/test_a.py::test_x - second",
        "FAILED tests/test_a.py::test_x - first",
        "=== 2 failed in 0.1s (0:00:01) ===",
        tree=TREE,
    )
    assert told(evidence, "subject", "line", "message") == [
        ("tests/test_a.py::test_x", 3, "first"),
        ("other/test_a.py::test_x", 4, "second"),
    ]


def test_pytest_cut_off_still_names_its_failures() -> None:
    """Killed by a time limit: no last line, and places in captured output are nobody's findings."""
    evidence = read(
        "=== FAILURES ===",
        "___ test_x ___",
        "tests/test_a.py:3: Error",
        "--- Captured stdout call ---",
        "src/a.py:1:1: F401 x",
        tree=TREE,
    )
    assert told(evidence, "subject", "line") == [("tests/test_a.py::test_x", 3)]


def test_lint_before_and_after_pytest_is_read() -> None:
    """Only the session's own lines are taken."""
    evidence = read(
        "src/a.py:1:1: F401 x",
        "=== test session starts ===",
        "src/a.py:2:1: F401 y",
        "1 passed in 0.1s",
        "src/a.py:3:1: F401 z",
        tree=TREE,
    )
    assert told(evidence, "line") == [(1,), (3,)]


def test_unittest_before_python_3_11_names_only_the_class() -> None:
    """The method is added."""
    bar, rule = "=" * 70, "-" * 70
    lines = (
        bar,
        "FAIL: test_x (tests.test_a.TestA)",
        rule,
        "Traceback (most recent call last):",
        f'  File "{ROOT}/tests/test_a.py", line 3, in test_x',
        "AssertionError: a",
        "b",
        rule,
        "Ran 1 test in 0.1s",
        "",
        "FAILED (failures=1)",
    )
    assert told(read(*lines, tree=TREE), "subject", "line", "message") == [
        ("tests.test_a.TestA.test_x", 3, "AssertionError: a\nb")
    ]


def test_bars_that_are_not_unittests_are_left_alone() -> None:
    """Without a rule below the title it is something else."""
    following = read("=" * 70, "FAIL: test_x (a.B)", "words", "=" * 70, "ERROR: x (y)", "-" * 70)
    assert told(following, "subject") == [("y.x",)]
    assert read("=" * 70, "FAIL: test_x (a.B)", "words").findings == ()


def test_unittest_without_a_traceback_keeps_its_title() -> None:
    """Some runners print nothing below the rule."""
    finding = only("=" * 70, "ERROR: setUpClass (tests.test_a.TestA)", "-" * 70, "=" * 70)
    assert (finding.subject, finding.message) == (
        "tests.test_a.TestA.setUpClass",
        "ERROR: setUpClass (tests.test_a.TestA)",
    )


def test_go_packages_are_told_apart() -> None:
    """Verbose output comes before the result; the package's line comes last and says which folder."""
    evidence = read(
        "=== RUN   TestA",
        "    x_test.go:7: want 3",
        "--- FAIL: TestA (0.00s)",
        "FAIL",
        "FAIL\texample.com/m/api\t0.006s",
        "--- FAIL: TestB (0.00s)",
        "    x_test.go:9: want 4",
        "FAIL\texample.com/m/db\t0.006s",
        "--- FAIL: TestC (0.00s)",
        tree=TREE,
    )
    assert told(evidence, "subject", "path", "line", "message") == [
        ("TestA", "api/x_test.go", 7, "want 3"),
        ("TestB", "db/x_test.go", 9, "want 4"),
        ("TestC", None, None, "failed"),
    ]


def test_a_panic_outside_any_go_test_is_no_test() -> None:
    """There is no test to run again."""
    lines = ("--- PASS: TestA (0.0s)", "ok  \texample.com/m/db\t0.1s", "panic: boom", "FAIL\texample.com/m/api\t0.006s")
    assert read(*lines, tree=TREE).findings == ()


def test_rust_before_1_73_had_the_message_in_one_line() -> None:
    """And no thread id."""
    finding = only(
        "running 1 test",
        "test t::x ... FAILED",
        "---- t::x stdout ----",
        "thread 't::x' panicked at 'no way', src/lib.rs:2:56",
        "failures:",
        "test result: FAILED. 0 passed; 1 failed; 0 ignored;",
    )
    assert (finding.subject, finding.path, finding.line, finding.message) == ("t::x", "src/lib.rs", 2, "no way")


def test_a_rust_test_without_a_panic_has_its_output() -> None:
    """It returned an error."""
    finding = only(
        "running 1 test",
        "test x - should panic ... FAILED",
        "---- x stdout ----",
        "note: test did not panic as expected",
        "test result: FAILED. 0 passed; 1 failed;",
    )
    assert (finding.subject, finding.message) == ("x", "note: test did not panic as expected")


def test_nextest_repeats_its_failures_and_they_count_once() -> None:
    """Once when it happens, once at the end; the panic stands in the captured output."""
    fail = "        FAIL [   0.003s] (2/2) rs t::adds"
    evidence = read(
        "    Starting 2 tests across 1 binary",
        fail,
        "  stderr ───",
        "    thread 't::adds' (9) panicked at src/lib.rs:2:56:",
        "    left == right",
        "",
        "     Summary [   0.005s] 2 tests run: 1 passed, 1 failed, 0 skipped",
        fail,
        "        FAIL [   0.001s] rs t::silent",
        tree=TREE,
    )
    assert told(evidence, "subject", "path", "line", "message") == [
        ("t::adds", "src/lib.rs", 2, "left == right"),
        ("t::silent", None, None, "failed"),
    ]
    assert evidence.tests == TestCounts(total=2, failed=1)


def test_jest_console_blocks_are_no_failures() -> None:
    """Its bullets also introduce what was logged."""
    evidence = read(
        "FAIL web/a.test.js",
        "  ● Console",
        "    console.log",
        "  ● grp › fails",
        "",
        "    boom",
        "",
        "      at Object.<anonymous> (web/a.test.js:3:1)",
        "Test Suites: 1 failed, 1 total",
        "Tests: 1 failed, 1 total",
        tree=TREE,
    )
    assert told(evidence, "subject", "line", "message") == [("grp fails", 3, "boom")]


def test_vitest_tests_that_failed_alike_share_a_report() -> None:
    """Each is a finding of its own; a project's name is left out."""
    evidence = read(
        " RUN  v4.1.11 /x",
        " FAIL  |unit| web/a.test.js > grp > one",
        " FAIL  web/a.test.js > grp > two",
        "Error: boom",
        " ❯ web/a.test.js:3:1",
        "⎯⎯⎯",
        "   Duration  1s",
        tree=TREE,
    )
    assert told(evidence, "subject", "line", "message") == [
        ("web/a.test.js > grp > one", 3, "Error: boom"),
        ("web/a.test.js > grp > two", 3, "Error: boom"),
    ]


def test_a_vitest_run_cut_off_is_read_to_its_end() -> None:
    """No duration, no rule."""
    assert only(" RUN  v4.1.11 /x", " FAIL  web/a.test.js > x", "Error: boom").message == "Error: boom"


def test_mochas_hooks_have_their_own_title() -> None:
    """The title ends with a colon on its first line."""
    finding = only(
        "  0 passing (3ms)",
        "  1 failing",
        "",
        '  1) "before each" hook for "x":',
        "     Error: boom",
        f"      at Context.<anonymous> ({ROOT}/web/a.test.js:3:29)",
        "",
        "",
    )
    assert (finding.subject, finding.line, finding.message) == ('"before each" hook for "x"', 3, "Error: boom")


def test_a_playwright_run_cut_off_has_no_flaky_tests() -> None:
    """Without the counts nothing passed when tried again."""
    finding = only(
        "Running 1 test using 1 worker",
        "  1) [chromium] › web/a.test.js:4:3 › page › fails ───",
        "",
        "    Error: boom",
        f"        at {ROOT}/web/a.test.js:6:45",
    )
    assert (finding.subject, finding.line, finding.severity.value) == ("web/a.test.js › page › fails", 6, "error")


def test_tap_without_blocks_or_numbers() -> None:
    """prove and others; what is to be skipped or done later has not failed."""
    evidence = read(
        "1..5",
        "not ok 1 - one",
        "not ok 2 - two # TODO later",
        "not ok 3 three # skip no net",
        "ok 4",
        "not ok 5",
        tree=TREE,
    )
    assert told(evidence, "subject", "message") == [("one", "failed"), (None, "failed")]


def test_words_that_begin_like_tap_are_none() -> None:
    """Without a plan or a version."""
    assert read("ok then", "not ok at all").findings == ()


def test_mochas_words_alone_are_no_report() -> None:
    """The counts must stand on a line of their own."""
    assert read("3 passing (fancy)", "  1) nothing").findings == ()


def test_taps_multi_line_errors_are_read_from_the_next_line() -> None:
    """YAML's block scalars."""
    lines = (
        "TAP version 13",
        "not ok 1 - a",
        "  ---",
        f"  location: '{ROOT}/n.mjs:3:1'",
        "  error: |-",
        "    Expected values",
        "    to be equal",
        "  ...",
    )
    finding = only(*lines)
    assert (finding.path, finding.line, finding.column, finding.message) == ("n.mjs", 3, 1, "Expected values")


def test_a_tap_block_that_does_not_end_is_no_block() -> None:
    """The runner was killed in the middle of it."""
    assert only("TAP version 13", "not ok 1 - a", "  ---", "  error: 'x'").message == "failed"


def test_nodes_report_falls_back_to_where_the_test_stands() -> None:
    """A time limit has no stack."""
    finding = only("✖ failing tests:", "", "test at n.mjs:2:1", "✖ a (2.1ms)", "  'test timed out after 5ms'", "")
    assert (finding.path, finding.line, finding.message) == ("n.mjs", 2, "'test timed out after 5ms'")


@pytest.mark.parametrize(
    "lines, counts",
    [
        (["===== 3 failed, 2 passed, 1 skipped, 4 deselected, 1 xfailed, 1 xpassed, 5 warnings, 1 error in 0.12s (0:01:02) ====="], (9, 4, 2)),
        (["2 passed in 0.01s", "3 passed in 0.01s"], (5, 0, 0)),
        (["no tests ran in 0.01s"], (0, 0, 0)),
        (["=== no tests collected (1 error) in 0.1s ==="], (0, 0, 0)),
        (["Ran 5 tests in 0.1s", "", "OK (skipped=2, expected failures=1)"], (5, 0, 3)),
        (["Ran 5 tests in 0.1s", "", "FAILED (failures=1, errors=1, unexpected successes=1)"], (5, 3, 0)),
        (["Ran 0 tests in 0.1s", "", "FAILED (errors=1)"], (1, 1, 0)),
        (["Ran 0 tests in 0.000s", "", "NO TESTS RAN"], (0, 0, 0)),
        (["Ran 5 tests in a year"], None),
        (["Ran 5 tests in 0.1s", "words"], None),
        (["test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured", "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured"], (7, 2, 1)),
        (["     Summary [   1.1s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped"], (7, 2, 2)),
        (["Tests:       1 failed, 2 skipped, 1 todo, 3 passed, 7 total"], (7, 1, 3)),
        (["No tests found, exiting with code 1"], (0, 0, 0)),
        (["      Tests  2 failed | 1 passed | 1 skipped | 1 todo (5)"], (5, 2, 2)),
        (["      Tests  no tests"], (0, 0, 0)),
        (["No test files found, exiting with code 1"], (0, 0, 0)),
        (["ℹ tests 4", "ℹ suites 1", "ℹ pass 1", "ℹ fail 1", "ℹ cancelled 1", "ℹ skipped 1", "ℹ todo 0"], (4, 2, 1)),
        (["  3 passing (5ms)", "  1 pending", "  2 failing"], (6, 2, 1)),
        (["  1 failed", "    a.spec.ts:4:3 › x ───", "  1 flaky", "    a.spec.ts:8:3 › y", "  1 skipped", "  2 did not run", "  3 passed (1.5s)"], (8, 1, 3)),
        (["Error: No tests found"], (0, 0, 0)),
        ([" 2 pass", " 1 skip", " 1 fail", "Ran 4 tests across 1 file."], (4, 1, 1)),
        (["ok | 3 passed (2 steps) | 0 failed | 1 ignored (3ms)"], (4, 0, 1)),
        (["5 examples, 1 failure, 2 pending"], (5, 1, 2)),
        (["OK (3 tests, 7 assertions)"], (3, 0, 0)),
        (["Tests: 5, Assertions: 7, Errors: 1, Failures: 1, Skipped: 1."], (5, 2, 0)),
        (["[INFO] Tests run: 3, Failures: 0, Errors: 1, Skipped: 1, Time elapsed: 0.1 s", "[ERROR] Tests run: 3, Failures: 0, Errors: 1, Skipped: 1"], (3, 1, 1)),
        (["50% tests passed, 1 tests failed out of 2"], (2, 1, 0)),
        (["Failed!  - Failed:     1, Passed:     2, Skipped:     1, Total:     4, Duration: 3 ms"], (4, 1, 1)),
        (["--- PASS: TestA (0.0s)", "    --- FAIL: TestB/x (0.0s)", "--- FAIL: TestB (0.0s)", "--- SKIP: TestC (0.0s)"], (3, 1, 1)),
        (["?   \texample.com/m\t[no test files]"], (0, 0, 0)),
        (["ok  \texample.com/m\t0.1s [no tests to run]"], (0, 0, 0)),
        (["ok  \texample.com/m\t0.1s", "?   \texample.com/n\t[no test files]"], None),
        (["TAP version 13", "ok 1 - a", "not ok 2 - b", "ok 3 - c # SKIP", "not ok 4 - d # TODO", "    ok 1 - inner", "1..4"], (4, 1, 2)),
        (["10 passed the gate", "Tests: many", "in 3s", "3 passed", "passed in 3s"], None),
        (["x" * 500 + " 3 passed in 0.1s"], None),
    ],
)  # fmt: skip
def test_runners_close_with_their_counts(lines: list[str], counts: tuple[int, int, int] | None) -> None:
    """Total, failed, skipped; the runs of a runner are summed, and no tests at all are zero, not nothing."""
    tests = read(*lines).tests
    assert ((tests.total, tests.failed, tests.skipped) if tests is not None else None) == counts


def test_counts_of_several_runners_are_summed() -> None:
    """One script runs the back end's tests and the front end's."""
    assert read("3 passed in 0.1s", "Tests:       1 failed, 2 passed, 3 total").tests == TestCounts(total=6, failed=1)
