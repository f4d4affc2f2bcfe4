"""Outputs of some thirty real tools on small broken projects of our own (tests/samples): all are understood."""

from __future__ import annotations

import functools
import io
import json
from typing import Any

import pytest

from tests.support.evidence import SAMPLES, told
from verifyd.evidence.junit import read_junit
from verifyd.evidence.model import Evidence, FindingKind, Severity, SourceTree, TestCounts
from verifyd.evidence.sarif import read_sarif
from verifyd.evidence.text import read_text

EXPECTED: dict[str, Any] = json.loads((SAMPLES / "tools.json").read_text())
BY_FILE: dict[str, dict[str, Any]] = {sample["file"]: sample for sample in EXPECTED["samples"]}

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
SYNTAX, COLLECTION, TYPE, LINT, TEST = (
    FindingKind.SYNTAX,
    FindingKind.COLLECTION,
    FindingKind.TYPE,
    FindingKind.LINT,
    FindingKind.TEST,
)


@functools.cache
def evidence_of(file: str) -> Evidence:
    """What the sample's reader makes of it, in the project it was printed in."""
    sample = BY_FILE[file]
    project = EXPECTED["projects"][sample["project"]]
    tree = SourceTree(root=project["root"], paths=frozenset(project["paths"]), cwd=sample["cwd"])
    content = (SAMPLES / "tools" / file).read_bytes()
    if sample["reader"] == "text":
        return read_text(content, tree)
    return (read_junit if sample["reader"] == "junit" else read_sarif)(io.BytesIO(content), tree)


@pytest.mark.parametrize("file", sorted(BY_FILE))
def test_every_sample_gives_the_number_of_findings_and_tests_it_holds(file: str) -> None:
    """Counts of findings and of tests are those a person counts in the file."""
    sample, evidence = BY_FILE[file], evidence_of(file)
    tests = evidence.tests
    counted = [tests.total, tests.failed, tests.skipped] if tests is not None else None
    assert (len(evidence.findings), counted, evidence.trouble) == (sample["findings"], sample.get("tests"), None)


def test_every_sample_file_is_expected_and_there() -> None:
    """No sample is forgotten in the list, none in the folder."""
    assert {path.name for path in (SAMPLES / "tools").iterdir()} == set(BY_FILE)


def test_no_finding_holds_a_control_character() -> None:
    """Colours and other sequences of any tool are gone from what is shown."""
    shown = [
        "".join([finding.message, finding.detail, finding.code or "", finding.subject or ""])
        for file in BY_FILE
        for finding in evidence_of(file).findings
    ]
    assert not [text for text in shown if any(ord(letter) < 32 and letter != "\n" for letter in text)]


PYTHON_LINT = [
    ("src/app/bad_syntax.py", 1, 7, "invalid-syntax", SYNTAX),
    ("src/app/bad_syntax.py", 1, 8, "invalid-syntax", SYNTAX),
    ("src/app/calc.py", 1, 1, "I001", LINT),
    ("src/app/calc.py", 1, 8, "F401", LINT),
    ("src/app/calc.py", 2, 1, "E401", LINT),
    ("src/app/calc.py", 2, 8, "F401", LINT),
    ("src/app/calc.py", 2, 14, "F401", LINT),
    ("src/app/calc.py", 10, 5, "F841", LINT),
    ("src/app/calc.py", 15, 23, "F821", LINT),
]


@pytest.mark.parametrize(
    "file",
    [
        "ruff.sarif.txt",
        "ruff.junit.txt",
        "ruff.github.txt",
        "ruff.concise.txt",
        "ruff.full.txt",
        "ruff.grouped.txt",
        "ruff.json.txt",
        "ruff.json-lines.txt",
        "ruff.rdjson.txt",
        "ruff.gitlab.txt",
        "ruff.azure.txt",
    ],
)
def test_every_format_of_ruff_tells_the_same(file: str) -> None:
    """Path, line, column, rule and kind do not depend on the output format."""
    assert told(evidence_of(file), "path", "line", "column", "code", "kind") == PYTHON_LINT


MYPY = [
    ("src/app/calc.py", 6, 12, ERROR, "return-value", TYPE),
    ("src/app/calc.py", 15, 23, ERROR, "name-defined", TYPE),
    ("src/app/calc.py", 18, 14, ERROR, "assignment", TYPE),
]


@pytest.mark.parametrize("file", ["mypy.txt", "mypy2.json.txt"])
def test_mypy_columns_are_one_based_in_text_and_json(file: str) -> None:
    """mypy counts columns from 0 in its JSON and from 1 in its text."""
    assert told(evidence_of(file), "path", "line", "column", "severity", "code", "kind") == MYPY


PYRIGHT = [
    ("src/app/bad_syntax.py", 1, 6, None, SYNTAX),
    ("src/app/bad_syntax.py", 1, 7, None, SYNTAX),
    ("src/app/bad_syntax.py", 1, 7, None, SYNTAX),
    ("src/app/bad_syntax.py", 2, 5, None, SYNTAX),
    ("src/app/bad_syntax.py", 3, 1, None, SYNTAX),
    ("src/app/bad_syntax.py", 3, 1, None, SYNTAX),
    ("src/app/bad_syntax.py", 3, 1, None, SYNTAX),
    ("src/app/calc.py", 6, 12, "reportReturnType", TYPE),
    ("src/app/calc.py", 15, 23, "reportUndefinedVariable", TYPE),
    ("src/app/calc.py", 18, 14, "reportAssignmentType", TYPE),
]


@pytest.mark.parametrize("file", ["pyright.txt", "pyright.json"])
def test_pyright_lines_and_columns_are_one_based_in_text_and_json(file: str) -> None:
    """pyright counts lines and columns from 0 in its JSON; its rule may stand at the end of a second line."""
    assert told(evidence_of(file), "path", "line", "column", "code", "kind") == PYRIGHT


@pytest.mark.parametrize("file", ["pylint.txt", "pylint.json2.json"])
def test_pylint_columns_are_made_one_based(file: str) -> None:
    """pylint counts columns from 0; what fails its run is never a mere note."""
    found = told(evidence_of(file), "line", "column", "severity", "code", "message")
    assert found[4:7] == [
        (10, 5, WARNING, "W0612", "Unused variable 'unused'"),
        (14, 1, WARNING, "C0116", "Missing function or method docstring"),
        (15, 23, ERROR, "E0602", "Undefined variable 'undefined_name'"),
    ]


def test_flake8_parse_errors_are_syntax() -> None:
    """E999 blocks everything else."""
    assert told(evidence_of("flake8.txt"), "line", "column", "code", "kind", "message")[0] == (
        1, 8, "E999", SYNTAX, "SyntaxError: invalid syntax",
    )  # fmt: skip


@pytest.mark.parametrize("file", ["tsc.txt", "tsc.pretty.txt"])
def test_tsc_is_read_plain_and_pretty(file: str) -> None:
    """TS1xxx is a parse error; colours are no part of a message."""
    assert told(evidence_of(file), "path", "line", "column", "code", "kind", "message", "tool") == [
        ("src/syntax.ts", 2, 1, "TS1005", SYNTAX, "'}' expected.", "tsc")
    ]


def test_tsc_errors_are_of_kind_type() -> None:
    """Other codes of tsc are type errors."""
    assert told(evidence_of("tsc2.txt"), "line", "column", "code", "kind") == [
        (1, 25, "TS2307", TYPE),
        (4, 3, "TS2322", TYPE),
        (6, 9, "TS2552", TYPE),
        (7, 64, "TS2322", TYPE),
    ]


@pytest.mark.parametrize("file", ["eslint.sarif.json", "eslint.stylish.txt", "eslint.json"])
def test_eslint_parse_errors_are_not_lost(file: str) -> None:
    """SARIF moves them out of the results, stylish gives them column 0: line 2, column unknown, in all formats."""
    places = told(evidence_of(file), "path", "line", "column", "kind")
    assert places == [
        ("src/calc.ts", 1, 10, LINT),
        ("src/calc.ts", 3, 9, LINT),
        ("src/calc.ts", 6, 1, LINT),
        ("src/calc.ts", 8, 1, LINT),
        ("src/calc.ts", 9, 13, LINT),
        ("src/syntax.ts", 2, None, SYNTAX),
    ]


@pytest.mark.parametrize(
    "file", ["biome.sarif.txt", "biome.github.txt", "biome.default.txt", "biome.json.txt", "biome.rdjson.txt"]
)
def test_every_format_of_biome_tells_the_same(file: str) -> None:
    """Rule and severity are the same in a log for people and in four for machines."""
    assert sorted(told(evidence_of(file), "line", "column", "severity", "code")) == [
        (1, 8, WARNING, "lint/correctness/noUnusedImports"),
        (1, 25, ERROR, "lint/correctness/noEmptyPattern"),
        (2, 1, ERROR, "parse"),
        (3, 9, WARNING, "lint/correctness/noUnusedVariables"),
        (4, 10, NOTE, "lint/style/useTemplate"),
        (8, 1, ERROR, "lint/suspicious/noDebugger"),
        (9, 7, ERROR, "lint/suspicious/noDoubleEquals"),
    ]


@pytest.mark.parametrize(
    "file",
    [
        "oxlint.sarif.txt",
        "oxlint.unix.txt",
        "oxlint.github.txt",
        "oxlint.default.txt",
        "oxlint.stylish.txt",
        "oxlint.json.txt",
    ],
)
def test_every_format_of_oxlint_tells_the_same(file: str) -> None:
    """Its parse errors have no rule."""
    assert sorted(told(evidence_of(file), "path", "line", "column", "severity", "kind")) == [
        ("src/calc.ts", 1, 10, WARNING, LINT),
        ("src/calc.ts", 3, 9, WARNING, LINT),
        ("src/calc.ts", 8, 1, WARNING, LINT),
        ("src/syntax.ts", 2, 1, ERROR, SYNTAX),
    ]


@pytest.mark.parametrize("file", ["shellcheck.gcc.txt", "shellcheck.tty.txt", "shellcheck.json1.txt"])
def test_every_format_of_shellcheck_tells_the_same(file: str) -> None:
    """On a terminal the column is where the mark begins below the source."""
    assert told(evidence_of(file), "line", "column", "severity", "code") == [
        (2, 10, ERROR, "SC2045"),
        (2, 15, NOTE, "SC2035"),
        (2, 29, NOTE, "SC2086"),
        (3, 1, WARNING, "SC3010"),
        (3, 4, WARNING, "SC2154"),
        (3, 23, WARNING, "SC2046"),
        (3, 23, NOTE, "SC2005"),
        (3, 23, NOTE, "SC2006"),
    ]


@pytest.mark.parametrize("file", ["yamllint.txt", "yamllint.github.txt", "yamllint.standard.txt"])
def test_every_format_of_yamllint_tells_the_same(file: str) -> None:
    """The syntax error comes first in what blocks."""
    assert told(evidence_of(file), "path", "line", "column", "severity", "kind") == [
        ("b.yaml", 1, 1, WARNING, LINT),
        ("b.yaml", 2, 2, ERROR, SYNTAX),
        ("b.yaml", 2, 2, ERROR, LINT),
        ("b.yaml", 2, 7, ERROR, LINT),
    ]


@pytest.mark.parametrize("file", ["gcc.txt", "gcc.json"])
def test_gcc_notes_belong_to_their_error(file: str) -> None:
    """Two errors and a warning; the note explains the first."""
    assert told(evidence_of(file), "path", "line", "column", "severity", "code", "kind") == [
        ("c.c", 1, 27, ERROR, None, TYPE),
        ("c.c", 1, 28, ERROR, None, SYNTAX),
        ("c.c", 1, 17, WARNING, "-Wunused-variable", LINT),
    ]


def test_paths_are_relative_to_the_gates_folder() -> None:
    """go prints ``./x.go`` of the folder it runs in; the finding names the file from the root."""
    assert told(evidence_of("go-build.txt"), "path", "line", "column", "kind", "message") == [
        ("go/x.go", 5, 58, TYPE, "undefined: undefinedx")
    ]


def test_a_file_outside_the_tree_is_told_of_in_the_message() -> None:
    """markdownlint was called on a file elsewhere: its format is unmistakable, so it still counts."""
    assert told(evidence_of("markdownlint.txt"), "path", "line", "code", "message")[4] == (
        None,
        None,
        "MD031/blanks-around-fences",
        '../md/VERIFY.md:36: Fenced code blocks should be surrounded by blank lines [Context: "> ```sh gate=quoted"]',
    )


def test_prettiers_unformatted_files_are_one_finding() -> None:
    """One command mends them all; what it cannot parse is another finding."""
    assert told(evidence_of("prettier.txt"), "path", "line", "column", "kind", "message", "detail") == [
        ("src/calc.ts", None, None, LINT, "2 files differ from Prettier's style", "src/calc.ts\nsrc/ok.ts"),
        ("src/syntax.ts", 2, 1, SYNTAX, "SyntaxError: '}' expected.", ""),
    ]


@pytest.mark.parametrize(
    "file, line",
    [("black.txt", None), ("ruff-format-check.txt", 1), ("rustfmt.txt", 1)],
)
def test_formatters_name_the_file_they_would_rewrite(file: str, line: int | None) -> None:
    """A formatter's complaint is lint, with a line where the tool gives one."""
    finding = evidence_of(file).findings[0]
    assert (finding.path in ("fmt/a.py", "rs/src/fmt.rs"), finding.line, finding.kind) == (True, line, LINT)


PYTEST = [
    ("tests/test_import_error.py", "tests/test_import_error.py", 1, COLLECTION),
    ("tests/test_calc.py::TestGroup::test_in_class", "tests/test_calc.py", 61, TEST),
    ("tests/test_calc.py::test_add", "tests/test_calc.py", 7, TEST),
    ("tests/test_calc.py::test_div[1-0]", "src/app/calc.py", 11, TEST),
    ("tests/test_calc.py::test_div[2-x]", "src/app/calc.py", 11, TEST),
    ("tests/test_calc.py::test_fixture_error", "tests/test_calc.py", 26, TEST),
    ("tests/test_calc.py::test_nested", "tests/test_calc.py", 11, TEST),
    ("tests/test_calc.py::test_teardown", "tests/test_calc.py", 36, TEST),
]


@pytest.mark.parametrize(
    "file",
    [
        "pytest.junit.xml",
        "pytest.junit.xunit1.xml",
        "pytest.xdist.junit.xml",
        "pytest.txt",
        "pytest.ci.txt",
        "pytest.tbnative.txt",
    ],
)
def test_pytest_failures_have_node_ids_and_the_line_that_failed(file: str) -> None:
    """The line is where it went wrong, not the ``def``; the class is part of the node id; parameters are kept."""
    found = told(evidence_of(file), "subject", "path", "line", "kind")
    strict = [finding for finding in found if str(finding[0]).endswith("test_xpass_strict")]
    assert sorted(found, key=str) == sorted([*PYTEST, *strict], key=str)
    assert len(strict) == 1


def test_a_test_without_traceback_stands_at_its_definition() -> None:
    """xunit1's line is that of the ``def``, counted from 0; xunit2 has none."""
    by_family = [
        next(finding for finding in evidence_of(file).findings if "xpass" in str(finding.subject))
        for file in ("pytest.junit.xunit1.xml", "pytest.junit.xml")
    ]
    assert [(finding.path, finding.line) for finding in by_family] == [
        ("tests/test_calc.py", 53),
        ("tests/test_calc.py", None),
    ]


def test_frames_lead_from_the_test_to_the_code() -> None:
    """Outermost first, files of the tree alone."""
    finding = next(
        f for f in evidence_of("pytest.junit.xml").findings if f.subject == "tests/test_calc.py::test_div[1-0]"
    )
    assert (finding.frames, finding.message) == (
        (("tests/test_calc.py", 21), ("src/app/calc.py", 11)),
        "ZeroDivisionError: division by zero",
    )


def test_a_collection_error_says_what_could_not_be_imported() -> None:
    """pytest's own message is only that the collection failed."""
    finding = evidence_of("pytest.junit.xml").findings[0]
    assert (finding.message, finding.kind) == ("ModuleNotFoundError: No module named 'not_there'", COLLECTION)


def test_a_syntax_error_in_a_test_file_is_of_kind_syntax() -> None:
    """It keeps the file from being collected, but mending it comes before other collection errors."""
    assert told(evidence_of("pytest.syntax.txt"), "subject", "line", "kind", "message")[1] == (
        "tests/test_syn.py", 1, SYNTAX, "SyntaxError: invalid syntax",
    )  # fmt: skip


def test_unittest_failures_have_dotted_names() -> None:
    """What ``python -m unittest`` takes; a module that cannot be loaded is a collection or syntax error."""
    assert told(evidence_of("unittest.verbose.txt"), "subject", "path", "line", "kind", "message") == [
        ("tests.test_a.TestA.test_err", "tests/code.py", 2, TEST, "ZeroDivisionError: division by zero"),
        ("tests.test_b", "tests/test_b.py", 1, COLLECTION, "ModuleNotFoundError: No module named 'nope'"),
        ("tests.test_c", "tests/test_c.py", 1, SYNTAX, "SyntaxError: invalid syntax"),
        ("tests.test_a.TestA.test_eq", "tests/test_a.py", 5, TEST, "AssertionError: 2.0 != 3 : halves"),
        ("tests.test_a.TestA.test_sub", "tests/test_a.py", 15, TEST, "AssertionError: 0 != 5"),
        ("tests.test_a.TestA.test_sub", "tests/test_a.py", 15, TEST, "AssertionError: 1 != 5"),
    ]


@pytest.mark.parametrize("file", ["vitest.junit.xml", "vitest.default.txt", "vitest.github.txt"])
def test_vitest_is_read_alike_from_file_and_log(file: str) -> None:
    """A file that cannot be loaded is a collection error whose subject is the file."""
    assert told(evidence_of(file), "subject", "path", "line", "column", "kind") == [
        ("tests/broken.test.ts", "tests/broken.test.ts", 1, 1, COLLECTION),
        ("tests/calc.test.ts > calc > fails", "tests/calc.test.ts", 7, 23, TEST),
        ("tests/calc.test.ts > calc > throws", "tests/calc.test.ts", 11, 51, TEST),
    ]


def test_vitest_errors_outside_any_test_are_findings() -> None:
    """All tests may pass while the run fails."""
    assert told(evidence_of("vitest.unhandled.txt"), "subject", "path", "line", "kind", "message") == [
        (
            "vt/syn.test.ts",
            "vt/syn.test.ts",
            2,
            SYNTAX,
            "Error: Transform failed with 1 error: [PARSE_ERROR] Expected `}` but found `EOF`",
        ),
        ("vt/a.test.ts > each 1", "vt/a.test.ts", 3, TEST, "AssertionError: expected 1 to be 2 // Object.is equality"),
        (None, "vt/a.test.ts", 2, FindingKind.OTHER, "Uncaught Exception: Error: late"),
    ]


@pytest.mark.parametrize("file", ["jest.junit.xml", "jest.json"])
def test_jest_places_come_from_the_stack(file: str) -> None:
    """Its JUnit file names no file; frames in node_modules are none of the tree."""
    assert told(evidence_of(file), "subject", "path", "line", "column", "frames") == [
        ("calc adds", "jestt/a.test.cjs", 1, 52, (("jestt/a.test.cjs", 1),)),
        ("calc throws", "jestt/a.test.cjs", 1, 130, (("jestt/a.test.cjs", 1),)),
    ]


def test_jest_is_read_from_its_log() -> None:
    """Stack lines relative to jest's own root are found beside the file that failed."""
    assert told(evidence_of("jest.default.txt"), "subject", "path", "line", "kind", "message") == [
        ("calc adds", "jt/a.test.cjs", 3, TEST, "expect(received).toBe(expected) // Object.is equality"),
        ("calc throws", "jt/a.test.cjs", 7, TEST, "boom"),
        ("jt/b.test.cjs", "jt/b.test.cjs", 1, COLLECTION, "Cannot find module './nope' from 'b.test.cjs'"),
    ]


def test_mocha_titles_are_joined() -> None:
    """What ``--grep`` takes."""
    assert told(evidence_of("mocha.spec.txt"), "subject", "path", "line", "message") == [
        ("calc adds", "mt/a.spec.cjs", 3, "AssertionError [ERR_ASSERTION]: 2 == 3"),
        ("calc inner throws", "mt/a.spec.cjs", 6, "Error: boom"),
    ]


@pytest.mark.parametrize("file", ["node-test.spec.txt", "node-test.dot.txt", "node-test.nested.tap.txt"])
def test_nodes_runner_is_read_in_three_formats(file: str) -> None:
    """A suite that fails because of its test is no failure of its own."""
    assert told(evidence_of(file), "subject", "path", "line", "kind") == [
        ("a", "nt/a.test.mjs", 2, TEST),
        ("c", "nt/a.test.mjs", 3, TEST),
    ]


@pytest.mark.parametrize("file", ["playwright.line.txt", "playwright.github.txt", "playwright.json"])
def test_a_flaky_browser_test_is_a_warning(file: str) -> None:
    """It passed when it was tried again: the run is green, and whoever reads the report should know."""
    flaky = "flaky, it passed when tried again: Error: expect(received).toBe(expected) // Object.is equality"
    assert told(evidence_of(file), "subject", "path", "line", "severity", "message") == [
        ("e2e/page.spec.ts › page › heading fails", "e2e/page.spec.ts", 6, ERROR, "Error: expect(locator).toHaveText(expected) failed"),
        ("e2e/page.spec.ts › page › flaky", "e2e/page.spec.ts", 8, WARNING, flaky),
    ]  # fmt: skip


@pytest.mark.parametrize("file", ["go-test.txt", "go-test.jsonl"])
def test_go_tests_are_found_in_their_package(file: str) -> None:
    """go prints bare file names; a test that fails because of its subtest is no failure of its own."""
    assert told(evidence_of(file), "subject", "path", "line", "message") == [
        ("TestAdd", "go/x_test.go", 7, "want 3 got -1"),
        ("TestSub/a", "go/x_test.go", 10, "no"),
        ("TestPanic", "go/x_test.go", 12, "panic: assignment to entry in nil map [recovered]"),
    ]


def test_cargo_tells_the_warning_and_the_panic_apart() -> None:
    """The lint's name stands in a note below it; the panic's message in the lines after its place."""
    assert told(
        evidence_of("cargo-test.txt"), "path", "line", "column", "severity", "code", "kind", "subject", "message"
    ) == [
        ("rs/src/lib.rs", 1, 41, WARNING, "unused_variables", LINT, None, "unused variable: `unused`"),
        (
            "rs/src/lib.rs",
            2,
            56,
            ERROR,
            None,
            TEST,
            "t::adds",
            "assertion `left == right` failed\n  left: -1\n right: 3",
        ),
    ]


def test_linters_junit_files_count_no_tests() -> None:
    """Nine findings of ruff are not nine tests."""
    assert [evidence_of(f"{tool}.junit.txt").tests for tool in ("ruff", "ty", "biome", "oxlint")] == [None] * 4


def test_a_case_outside_any_suite_is_counted() -> None:
    """node's runner writes them so; a reader that skips them shows a silent green."""
    assert evidence_of("node-test.junit.xml").tests == TestCounts(total=2, failed=1, skipped=0)


@pytest.mark.parametrize(
    "file, message, kind",
    [
        ("python.syntax.txt", "SyntaxError: invalid syntax", SYNTAX),
        ("python.compileall.txt", "SyntaxError: invalid syntax", SYNTAX),
        ("python.traceback.txt", "NameError: name 'undefined_name' is not defined", FindingKind.OTHER),
        ("node.syntax.txt", "SyntaxError: Unexpected token ';'", SYNTAX),
        ("node.error.txt", "Error: boom", FindingKind.OTHER),
        ("shell.syntax.txt", "syntax error near unexpected token `then'", SYNTAX),
    ],
)
def test_interpreters_that_give_up_leave_a_place(file: str, message: str, kind: FindingKind) -> None:
    """A script that cannot be parsed, or dies of an exception, is a finding at its place."""
    finding = evidence_of(file).findings[0]
    assert (finding.message, finding.kind, finding.path is not None and finding.line is not None) == (
        message,
        kind,
        True,
    )
