"""JUnit files: every case counted, failures placed, and files that are cut short, huge or hostile refused by name."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.evidence import ROOT, a_tree, junit, told
from verifyd.evidence.compose import MOST_FINDINGS
from verifyd.evidence.junit import read_junit
from verifyd.evidence.model import Evidence, FindingKind, Severity, TestCounts

TREE = a_tree(
    "src/a.py", "tests/test_a.py", "tests/unit/test_a.py", "web/a.test.ts", "e2e/page.spec.ts", "api/x_test.go"
)
FAILURE = '<failure message="assert 3 == 4">tests/test_a.py:7: AssertionError</failure>'


def test_cases_are_counted_wherever_they_stand() -> None:
    """In a suite, in a nested suite, outside any; skipped by element or by attribute."""
    body = (
        '<testcase name="out"/>'
        '<testsuite name="s"><testcase name="a"/><testsuite name="t"><testcase name="b"><skipped/></testcase></testsuite>'
        '<testcase name="c" status="notrun"/><testcase name="d"><error message="x"/></testcase></testsuite>'
    )
    assert read_junit(junit(body), TREE).tests == TestCounts(total=5, failed=1, skipped=2)


def test_a_single_suite_is_a_file_too() -> None:
    """Many writers leave out the root around it; some put everything in a namespace."""
    plain = junit('<testcase name="a"/>', root="testsuite")
    named = junit('<testcase name="a"><failure/></testcase>', root="testsuite", attributes='xmlns="urn:x"')
    assert [read_junit(file, TREE).tests for file in (plain, named)] == [
        TestCounts(total=1),
        TestCounts(total=1, failed=1),
    ]


def test_no_cases_at_all_are_zero_tests() -> None:
    """Zero is a count: an empty suite proves nothing."""
    assert read_junit(junit('<testsuite name="pytest"/>'), TREE) == Evidence(source="junit", tests=TestCounts(total=0))


def test_a_case_is_one_failure_however_much_went_wrong() -> None:
    """Failure and error, with something skipped besides."""
    body = f'<testsuite><testcase classname="c" name="n">{FAILURE}<error message="teardown"/><skipped/></testcase></testsuite>'
    evidence = read_junit(junit(body), TREE)
    assert (evidence.tests, told(evidence, "subject", "message")) == (
        TestCounts(total=1, failed=1),
        [("c.n", "assert 3 == 4")],
    )


def test_a_flaky_failure_of_surefire_is_none() -> None:
    """It passed when it was run again."""
    body = '<testsuite><testcase name="n"><flakyFailure message="x"/></testcase></testsuite>'
    assert read_junit(junit(body), TREE).tests == TestCounts(total=1)


@pytest.mark.parametrize(
    "classname, name, file, subject",
    [
        ("tests.test_a", "test_x", "tests/test_a.py", "tests/test_a.py::test_x"),
        (
            "tests.test_a.TestGroup.TestInner",
            "test_x[a.b]",
            "tests/test_a.py",
            "tests/test_a.py::TestGroup::TestInner::test_x[a.b]",
        ),
        ("tests.unit.test_a.TestGroup", "test_x", "", "tests/unit/test_a.py::TestGroup::test_x"),
        ("gone.test_b.TestGroup", "test_x", "gone/test_b.py", "gone.test_b.TestGroup::test_x"),
        ("", "tests.test_a", "", "tests/test_a.py"),
        ("", "gone.test_b", "", "gone/test_b.py"),
        ("elsewhere.TestGroup", "test_x", "tests/test_a.py", "tests/test_a.py::test_x"),
    ],
)
def test_pytest_cases_become_node_ids(classname: str, name: str, file: str, subject: str) -> None:
    """From the dotted name, with or without the file attribute of xunit1."""
    attribute = f'file="{file}"' if file else ""
    body = f'<testsuite name="pytest"><testcase classname="{classname}" name="{name}" {attribute}><failure/></testcase></testsuite>'
    assert told(read_junit(junit(body), TREE), "subject", "tool") == [(subject, "pytest")]


@pytest.mark.parametrize(
    "cwd, classname, file",
    [("api", "tests.test_a", "tests/test_a.py"), ("api", "api.tests.test_a", "api/tests/test_a.py")],
)
def test_node_ids_are_seen_from_the_gates_folder(cwd: str, classname: str, file: str) -> None:
    """pytest's root may be the gate's folder or the repository's."""
    tree = a_tree("api/tests/test_a.py", cwd=cwd)
    body = f'<testsuite name="pytest"><testcase classname="{classname}.TestG" name="test_x" file="{file}" line="4"><failure/></testcase></testsuite>'
    assert told(read_junit(junit(body), tree), "subject", "path", "line") == [
        ("tests/test_a.py::TestG::test_x", "api/tests/test_a.py", 5)
    ]


def test_a_renamed_suite_of_pytest_is_known_by_its_names() -> None:
    """``junit_suite_name``; unittest's writers name the suite after the class."""
    case = (
        '<testcase classname="tests.test_a.TestG" name="test_x" file="tests/test_a.py" line="4"><failure/></testcase>'
    )
    files = [junit(f'<testsuite name="{name}">{case}</testsuite>') for name in ("mine", "tests.test_a.TestG-2026")]
    assert [told(read_junit(file, TREE), "subject", "line") for file in files] == [
        [("tests/test_a.py::TestG::test_x", 5)],
        [("tests.test_a.TestG.test_x", 4)],
    ]


def test_vitest_and_playwright_paths_are_seen_from_the_gates_folder() -> None:
    """The script went into a folder first."""
    vitest = (
        '<testsuite name="a.test.ts"><testcase classname="a.test.ts" name="x &gt; y"><failure/></testcase></testsuite>'
    )
    playwright = '<testsuite name="page.spec.ts"><testcase classname="page.spec.ts" name="x › y"><failure/></testcase></testsuite>'
    found = [told(read_junit(junit(body), TREE), "subject") for body in (vitest, playwright)]
    assert found == [[("web/a.test.ts > x > y",)], [("e2e/page.spec.ts › x › y",)]]


def test_other_runners_lines_are_taken_as_they_are() -> None:
    """Only pytest counts them from 0."""
    body = f'<testsuite name="x"><testcase classname="c" name="n" file="{ROOT}/src/a.py" line="4"><failure/></testcase></testsuite>'
    assert told(read_junit(junit(body), TREE), "path", "line") == [("src/a.py", 4)]


def test_nonsense_in_attributes_is_no_line() -> None:
    """A line that is no number, or an absurd one, is unknown."""
    cases = "".join(
        f'<testcase name="{n}" file="src/a.py" line="{n}"><failure/></testcase>' for n in ("x", "-1", "99999999", "٣")
    )
    assert told(read_junit(junit(cases), TREE), "path", "line") == [("src/a.py", None)] * 4


@pytest.mark.parametrize(
    "body, root, expected",
    [
        (
            (
                '<testsuite name="web/a.test.ts"><testcase classname="web/a.test.ts" name="grp &gt; fails"><failure message="boom">'
                "Error: boom\n ❯ add src/none.ts:1:1\n ❯ web/a.test.ts:7:23</failure></testcase></testsuite>"
            ),
            "vitest tests",
            ("web/a.test.ts > grp > fails", "web/a.test.ts", 7, 23, "boom", "vitest"),
        ),
        (
            (
                '<testsuite name="page.spec.ts"><testcase classname="page.spec.ts" name="page › fails"><failure message="m">'
                f"at {ROOT}/e2e/page.spec.ts:6:45</failure></testcase></testsuite>"
            ),
            "",
            ("e2e/page.spec.ts › page › fails", "e2e/page.spec.ts", 6, 45, "m", "playwright"),
        ),
        (
            (
                '<testsuite name="calc"><testcase classname="calc adds" name="calc adds"><failure>Error: no\n'
                f"    at Object.&lt;anonymous&gt; ({ROOT}/web/a.test.ts:3:19)</failure></testcase></testsuite>"
            ),
            "jest tests",
            ("calc adds", "web/a.test.ts", 3, 19, "Error: no", "jest"),
        ),
        (
            (
                '<testsuite name="example.com/m/api"><testcase classname="example.com/m/api" name="TestSub/a"><failure message="Failed">'
                "=== RUN   TestSub/a\n    x_test.go:10: no\n--- FAIL: TestSub/a (0.00s)\n</failure></testcase></testsuite>"
            ),
            "",
            ("TestSub/a", "api/x_test.go", 10, None, "x_test.go:10: no", "go"),
        ),
        (
            (
                '<testsuite name="rs"><testcase classname="rs" name="t::adds"><failure message="thread panicked" type="test failure">'
                "thread 't::adds' panicked at src/lib.rs:2:56:\nassertion failed</failure></testcase></testsuite>"
            ),
            "nextest-run",
            ("t::adds", None, None, None, "thread panicked", "nextest"),
        ),
    ],
)
def test_each_runner_has_its_own_selectors(body: str, root: str, expected: tuple[object, ...]) -> None:
    """vitest, Playwright, jest, gotestsum and nextest write the same elements and mean different things by them."""
    evidence = read_junit(junit(body, attributes=f'name="{root}"' if root else ""), TREE)
    assert told(evidence, "subject", "path", "line", "column", "message", "tool") == [expected]


@pytest.mark.parametrize(
    "text, kind",
    [
        ("E   ModuleNotFoundError: No module named 'x'", FindingKind.COLLECTION),
        (
            'E     File "/x/tests/test_a.py", line 1\nE       def f(:\nE   SyntaxError: invalid syntax',
            FindingKind.SYNTAX,
        ),
        ("E   IndentationError: unexpected indent", FindingKind.SYNTAX),
    ],
)
def test_what_keeps_tests_from_being_collected_comes_first(text: str, kind: FindingKind) -> None:
    """A file that cannot be parsed is worse than one that cannot be imported."""
    body = f'<testsuite name="pytest"><testcase classname="" name="tests.test_a"><error message="collection failure">{text}</error></testcase></testsuite>'
    assert told(read_junit(junit(body), TREE), "kind") == [(kind,)]


def test_a_failing_test_about_syntax_errors_is_a_test() -> None:
    """Only a collection error can be of kind syntax."""
    body = '<testsuite name="pytest"><testcase classname="tests.test_a" name="t"><failure message="x">E   SyntaxError: x</failure></testcase></testsuite>'
    assert told(read_junit(junit(body), TREE), "kind") == [(FindingKind.TEST,)]


@pytest.mark.parametrize(
    "body, attributes, expected",
    [
        (
            (
                '<testsuite name="src/a.py" package="org.ruff"><testcase name="org.ruff.F401" line="1" column="8"><properties>'
                '<property name="severity" value="warning"/></properties><failure message="unused"/></testcase></testsuite>'
            ),
            'name="ruff"',
            ("src/a.py", 1, 8, Severity.WARNING, "F401"),
        ),
        (
            '<testsuite name="src/a.py"><testcase name="rule(x)"><failure message="m">line 3, column 9, m</failure></testcase></testsuite>',
            'name="Oxlint"',
            ("src/a.py", 3, 9, Severity.ERROR, "rule(x)"),
        ),
        (
            '<testsuite name="pyrefly"><testcase classname="src/a.py" name="x:L2" file="src/a.py" line="2"><failure type="bad" message="m"/></testcase></testsuite>',
            "",
            ("src/a.py", 2, None, Severity.ERROR, "bad"),
        ),
    ],
)
def test_linters_in_this_format_count_no_tests(body: str, attributes: str, expected: tuple[object, ...]) -> None:
    """What they complain of is not a test that failed."""
    evidence = read_junit(junit(body, attributes=attributes), TREE)
    assert (evidence.tests, told(evidence, "path", "line", "column", "severity", "code")) == (None, [expected])


def test_a_clean_linters_file_counts_no_tests() -> None:
    """ruff writes a case called "No errors found"; that is not one test that passed."""
    body = '<testsuite name="ruff" tests="1" package="org.ruff"><testcase name="No errors found" classname="ruff"/></testsuite>'
    assert read_junit(junit(body, attributes='name="ruff"'), TREE) == Evidence(source="junit")


def test_a_file_cut_short_gives_what_was_read() -> None:
    """A runner killed in the middle leaves the cases it had written."""
    body = f'<testsuites><testsuite name="pytest"><testcase classname="tests.test_a" name="a"/><testcase classname="tests.test_a" name="b">{FAILURE}</testcase><testcase cla'
    evidence = read_junit(io.BytesIO(body.encode()), TREE)
    assert (evidence.tests, told(evidence, "subject"), evidence.trouble) == (
        TestCounts(total=2, failed=1),
        [("tests/test_a.py::b",)],
        "the JUnit file is cut short: unclosed token: line 1, column 213",
    )


@pytest.mark.parametrize(
    "content, trouble",
    [
        (b"", "the JUnit file is empty"),
        (b"  \n", "the JUnit file is empty"),
        (b"no xml", "the JUnit file is not well-formed XML: syntax error: line 1, column 0"),
        (b"<a><b></a>", "the JUnit file is not well-formed XML: mismatched tag: line 1, column 8"),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            "the JUnit file declares a document type, which is refused: it can define entities",
        ),
        (
            "<!DOCTYPE a><a/>".encode("utf-16"),
            "the JUnit file declares a document type, which is refused: it can define entities",
        ),
        (
            b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
            "the JUnit file declares a document type, which is refused: it can define entities",
        ),
        (b"<!-- " + b"x" * 300_000 + b" --><a/>", "the JUnit file has no element in its first 256 KiB"),
        (b"<a>" * 100, "the JUnit file nests more than 64 elements"),
        (
            b'<?xml version="1.0" encoding="no-such"?><a/>',
            "the JUnit file is not well-formed XML: unknown encoding: no-such",
        ),
    ],
)
def test_a_hostile_file_is_refused_by_name(content: bytes, trouble: str) -> None:
    """Faults 55, 56: billion laughs, external entities, depth, and what is no XML at all count no tests, not zero, and say why."""
    assert read_junit(io.BytesIO(content), TREE) == Evidence(source="junit", trouble=trouble)


def test_a_file_past_the_cap_gives_what_was_read() -> None:
    """Fault 56: a gigabyte is neither read nor believed."""
    body = '<testsuite name="x">' + '<testcase name="a"/>' * 60_000
    evidence = read_junit(junit(body), TREE, size_cap=1024 * 1024)
    assert (evidence.trouble, evidence.tests is not None and 0 < evidence.tests.total < 60_000) == (
        "the JUnit file is larger than 1 MiB",
        True,
    )


def test_a_million_empty_elements_are_not_kept() -> None:
    """Neither in a case nor beside one; what stands among them is still read."""
    body = (
        "<testsuite><x>"
        + "<y/>" * 5_000
        + '</x><testcase name="a">'
        + "<system-out/>" * 5_000
        + "</testcase></testsuite>"
    )
    assert read_junit(junit(body), TREE).tests == TestCounts(total=1)


def test_twenty_thousand_failures_are_counted_and_the_first_kept() -> None:
    """The counts stay true beyond what anybody reads."""
    cases = "".join(
        f'<testcase classname="c" name="n{index}"><failure message="m"/></testcase>' for index in range(20_000)
    )
    evidence = read_junit(junit(f"<testsuite>{cases}</testsuite>"), TREE)
    assert (evidence.tests, len(evidence.findings)) == (TestCounts(total=20_000, failed=20_000), MOST_FINDINGS)


XML = st.lists(
    st.sampled_from(
        [
            "<testsuite>",
            "</testsuite>",
            "<testsuites name='pytest tests'>",
            "<testcase name='a' line='3'>",
            "</testcase>",
            "<failure>",
            "</failure>",
            "<skipped/>",
            "<error message='x'/>",
            "text",
            "&amp;",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?x?>",
            "\x00",
            "é",
            "&x;",
        ]
    ),
    max_size=30,
).map(lambda parts: "".join(parts).encode())


@given(XML | st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    """Whatever a killed or broken tool leaves behind."""
    assert read_junit(io.BytesIO(content), TREE).source == "junit"
