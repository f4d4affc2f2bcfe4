"""Lines that tools print for people: places of the tree alone, whatever else the log holds, and never for long."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.evidence import ROOT, a_tree, read, told
from tests.support.hostile import ACTS_ON_TERMINALS, hostile
from verifyd.evidence.log_text import END_BYTES, END_LINES, GAP, cut_middle, limit_lines, lines_of, read_ends
from verifyd.evidence.model import Evidence, FindingKind, Severity
from verifyd.evidence.text import read_text
from verifyd.evidence.wording import split_tail

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
SYNTAX, TYPE, LINT, OTHER = FindingKind.SYNTAX, FindingKind.TYPE, FindingKind.LINT, FindingKind.OTHER

FILES = a_tree(
    "src/a.py",
    "src/a.rs",
    "src/a.go",
    "src/a.c",
    "src/a.ts",
    "src/a.sh",
    "Dockerfile",
    "odd dir/b c.py",
    "x.php",
    "lib/x.rb",
)


@pytest.mark.parametrize(
    "line, expected",
    [
        ("src/a.py:3:5: error: Bad  [arg-type]", (3, 5, ERROR, "arg-type", TYPE, "Bad", "mypy")),
        ("src/a.py:3: error: Bad", (3, None, ERROR, None, TYPE, "Bad", "mypy")),
        ("src/a.py:3:5:4:9: error: Bad  [arg-type]", (3, 5, ERROR, "arg-type", TYPE, "Bad", "mypy")),
        ("src/a.py:3:5: note: See [x.y]  [deprecated]", (3, 5, NOTE, "deprecated", LINT, "See [x.y]", "mypy")),
        (f"{ROOT}/src/a.py:3:5: F401 `os` unused", (3, 5, ERROR, "F401", LINT, "`os` unused", None)),
        ("./src/a.py:3:5: SIM102 [*] Nested", (3, 5, ERROR, "SIM102", LINT, "Nested", "ruff")),
        ("  src/a.py:3:5 - error: Bad (reportX)", (3, 5, ERROR, "reportX", TYPE, "Bad", "pyright")),
        ("  src/a.py:3:5 - error: Expected expression", (3, 5, ERROR, None, SYNTAX, "Expected expression", "pyright")),
        ("  src/a.py:3:5 - warning: Bad (a b)", (3, 5, WARNING, None, LINT, "Bad (a b)", "pyright")),
        ("ERROR src/a.py:3:5-9: Bad [bad-thing]", (3, 5, ERROR, "bad-thing", TYPE, "Bad", "pyrefly")),
        ("WARN src/a.py:3:5-4:1: Bad [bad-thing]", (3, 5, WARNING, "bad-thing", LINT, "Bad", "pyrefly")),
        ("src/a.py:3:5: error[bad-thing] Bad", (3, 5, ERROR, "bad-thing", TYPE, "Bad", "ty")),
        ("src/a.py:3:4: C0114: Missing docstring (missing-docstring)", (3, 5, WARNING, "C0114", LINT, "Missing docstring", "pylint")),
        ("src/a.py:3: [E0602(undefined-variable), f] Undefined", (3, 1, ERROR, "E0602", LINT, "Undefined", "pylint")),
        ("src/a.py:3:4: E0001: Parsing failed: 'x' (syntax-error)", (3, 5, ERROR, "E0001", SYNTAX, "Parsing failed: 'x'", "pylint")),
        ("src/a.ts(3,5): error TS2322: Bad", (3, 5, ERROR, "TS2322", TYPE, "Bad", "tsc")),
        ("src/a.ts:3:5 - error TS1005: ';' expected.", (3, 5, ERROR, "TS1005", SYNTAX, "';' expected.", "tsc")),
        ("src/a.ts: line 3, col 5, Error - Bad (no-var)", (3, 5, ERROR, "no-var", LINT, "Bad", None)),
        ("src/a.ts: line 3, col 5, Warning - Bad.", (3, 5, WARNING, None, LINT, "Bad.", None)),
        ("src/a.rs:3:5: error[E0277]: Bad", (3, 5, ERROR, "E0277", TYPE, "Bad", "rustc")),
        ("src/a.rs:3:5: error: expected `;`, found `}`", (3, 5, ERROR, None, SYNTAX, "expected `;`, found `}`", "rustc")),
        ("src/a.c:3:5: fatal error: x.h: No such file or directory", (3, 5, ERROR, None, TYPE, "x.h: No such file or directory", "gcc")),
        ("src/a.c:3:5: warning: unused [-Wunused]", (3, 5, WARNING, "-Wunused", LINT, "unused", "gcc")),
        ("src/a.go:3:5: undefined: x", (3, 5, ERROR, None, TYPE, "undefined: x", "go")),
        ("src/a.go:3:5: missing ',' in parameter list", (3, 5, ERROR, None, SYNTAX, "missing ',' in parameter list", "go")),
        ("src/a.go:3:5: expected ')', found 'return'", (3, 5, ERROR, None, SYNTAX, "expected ')', found 'return'", "go")),
        ("src/a.go:3:5: missing return", (3, 5, ERROR, None, TYPE, "missing return", "go")),
        ("src/a.go:3:5: syntax error: unexpected newline", (3, 5, ERROR, None, SYNTAX, "syntax error: unexpected newline", "go")),
        ("vet: src/a.go:3:5: bad call", (3, 5, ERROR, None, TYPE, "bad call", "go")),
        ("src/a.go:3:5: `x` is unused (deadcode)", (3, 5, ERROR, "deadcode", LINT, "`x` is unused", None)),
        ("src/a.sh:3:5: warning: Quote this [SC2046]", (3, 5, WARNING, "SC2046", LINT, "Quote this", "shellcheck")),
        ("src/a.sh:3:5: error: Couldn't parse [SC1073]", (3, 5, ERROR, "SC1073", SYNTAX, "Couldn't parse", "shellcheck")),
        ("src/a.sh: line 3: syntax error near unexpected token", (3, None, ERROR, None, SYNTAX, "syntax error near unexpected token", None)),
        ("Dockerfile:3 DL3006 warning: Tag the image", (3, None, WARNING, "DL3006", LINT, "Tag the image", None)),
        ("lib/x.rb:3:5: C: [Correctable] Style/Foo: Bad", (3, 5, WARNING, "Style/Foo", LINT, "Bad", None)),
        ("src/a.ts:3:5: Bad. [Warning/eslint(no-var)]", (3, 5, WARNING, "eslint(no-var)", LINT, "Bad.", None)),
        ("src/a.ts:3:5: Bad [expression-syntax]", (3, 5, ERROR, "expression-syntax", LINT, "Bad", None)),
        ("src/a.py:3: teh ==> the", (3, None, ERROR, None, LINT, "teh ==> the", "codespell")),
        ("src/a.py:3 MD013/line-length Line length", (3, None, ERROR, "MD013/line-length", LINT, "Line length", "markdownlint")),
        ("odd dir/b c.py:3:5: E501 Long", None),
        ("x.php:3: no idea what", (3, None, ERROR, None, OTHER, "no idea what", None)),
        ("PHP Parse error:  syntax error, unexpected '}' in x.php on line 3", (3, None, ERROR, None, SYNTAX, "Parse error:  syntax error, unexpected '}'", "php")),
        ("error: Failed to parse src/a.py:3:5: Expected an indent", (3, 5, ERROR, None, SYNTAX, "Expected an indent", None)),
        ("error: cannot format src/a.py: Cannot parse: 3:5: def f(:", (3, 5, ERROR, None, SYNTAX, "cannot parse: def f(:", "black")),
        ("Would reformat: src/a.py", (None, None, ERROR, None, LINT, "would be reformatted", "ruff")),
        ("Diff in src/a.rs at line 3:", (3, None, ERROR, None, LINT, "would be reformatted", "rustfmt")),
        ("[error] src/a.ts: Error: no parser", (None, None, ERROR, None, LINT, "Error: no parser", "prettier")),
    ],
)  # fmt: skip
def test_a_line_with_a_place_is_a_finding(line: str, expected: tuple[object, ...] | None) -> None:
    """Line, column, severity, rule, kind, message and tool of one line."""
    expected = expected or (3, 5, ERROR, "E501", LINT, "Long", None)
    names = ("line", "column", "severity", "code", "kind", "message", "tool")
    assert told(read(line, tree=FILES), *names) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "10:30:15 error: late",
        "http://localhost:3000: refused",
        "build/gen.py:3:5: F401 unused",
        "/usr/lib/python3/src/a.py:3:5: F401 unused",
        "see src/a.py:3:5: F401 unused",
        "make: *** [Makefile:3: test] Error 1",
        "src/a.py:3",
        "src/a.py",
        "src/a.py:notanumber: x",
        "would reformat build/gen.py",
        "[warn] build/gen.ts",
        "Diff in build/gen.rs at line 3:",
        " --> src/a.py:3:5",
        "  3:5  error  no heading above",
    ],
)
def test_what_merely_looks_like_a_place_is_none(line: str) -> None:
    """A path counts only when the file is in the tree and the line begins with it."""
    assert read(line) == Evidence(source="text")


def test_words_of_no_known_format_are_errors_only_where_nothing_else_is() -> None:
    """Programs under test print ``file:line: words`` too; for ``grep -n`` they are all there is."""
    alone = read("src/a.py:3: TODO mend this", "tests/test_a.py:9: TODO and this")
    beside = read("src/a.py:3: starting up", "src/a.py:4:1: F401 unused")
    assert (told(alone, "severity"), told(beside, "severity", "kind")) == (
        [(ERROR,), (ERROR,)],
        [(NOTE, OTHER), (ERROR, LINT)],
    )


def test_a_python_warning_is_a_warning() -> None:
    """A gate that passes with warnings has no errors."""
    assert told(read(f"{ROOT}/src/a.py:3: DeprecationWarning: old"), "severity", "code", "kind", "message") == [
        (WARNING, "DeprecationWarning", OTHER, "old")
    ]


def test_go_complaints_stand_below_their_package() -> None:
    """A program's own log has the same form; beside a known format it is only a note."""
    package = ("# example.com/m", "src/a.go:3:5: undefined: x", "\thave (int)", "src/a.go:4:5: undefined: y")
    beside = read(*package, "words", "src/a.go:9: listening", tree=FILES)
    assert told(beside, "line", "severity", "kind") == [(3, ERROR, TYPE), (4, ERROR, TYPE), (9, NOTE, LINT)]
    assert told(read("src/a.go:9: listening", tree=FILES), "severity", "kind") == [(ERROR, TYPE)]
    first = read("src/a.go:9: listening", "src/a.py:1:1: F401 x", tree=FILES)
    assert told(first, "severity") == [(NOTE,), (ERROR,)]


@pytest.mark.parametrize(
    "text, parts",
    [
        ("message (rule)", ("message", "rule")),
        ("message [Warning/x]", ("message", None)),
        ("message (two words)", ("message (two words)", None)),
        ("call(x)", ("call(x)", None)),
        ("(rule)", ("(rule)", None)),
        ("message (outer(inner))", ("message", "outer(inner)")),
        ("message ()", ("message ()", None)),
    ],
)
def test_a_rule_at_the_end_is_one_word_in_brackets(text: str, parts: tuple[str, str | None]) -> None:
    """Anything else is part of the message."""
    found = split_tail(text, "(", ")")
    assert found == parts or (parts[1] is None and found == (text, None))


def test_blocks_about_other_files_are_left_alone() -> None:
    """Not in the tree, or with too much between message and arrow."""
    lines = (
        "error: x",
        *["  deeper"] * 9,
        " --> src/a.py:3:5",
        "",
        "x error",
        " ,-[gone.py:3:5]",
        "",
        "gone.py:1:2 lint/x ━━",
        "",
        "In gone.sh line 3:",
        "x",
        "src/a.py:3:4: E1234: Bad thing (not a rule)",
        "src/a.go:3: x (Not A Rule)",
    )
    assert told(read(*lines, tree=FILES), "line", "code", "message") == [
        (3, "E1234", "Bad thing (not a rule)"),
        (3, None, "x (Not A Rule)"),
    ]


def test_no_more_findings_are_kept_than_anybody_reads() -> None:
    """Of annotations, lint and failed tests alike."""
    numbers = range(2_100)
    annotations = read(*(f"::error file=src/a.py,line={number}::x" for number in numbers))
    lint = read(*(f"src/a.py:{number}:1: F401 x" for number in numbers))
    rust = read("running 9 tests", *(f"test t{number} ... FAILED" for number in numbers))
    assert [len(evidence.findings) for evidence in (annotations, lint, rust)] == [2_000] * 3


def test_one_of_several_files_is_told_of_without_guessing() -> None:
    """The script went into a folder that the reader does not know."""
    tree = a_tree("web/src/i.ts", "api/src/i.ts")
    evidence = read("src/i.ts:3:5: error TS2322: Bad", "src/i.ts:4: words", tree=tree)
    assert told(evidence, "path", "line", "message", "code") == [(None, None, "src/i.ts:3:5: Bad", "TS2322")]


def test_the_same_finding_in_two_formats_counts_once() -> None:
    """On a CI host tools print annotations besides."""
    evidence = read(
        "src/a.py:3:5: F401 `os` unused",
        f"::error title=ruff (F401),file={ROOT}/src/a.py,line=3,col=5::src/a.py:3:5: F401 `os` unused%0A  help: remove",
    )
    assert told(evidence, "code", "message") == [("F401", "`os` unused")]


@pytest.mark.parametrize(
    "line, expected",
    [
        ("::error file=src/a.py,line=3,col=5::Bad%3A 50%25", ("src/a.py", 3, 5, ERROR, None, "Bad: 50%")),
        ("::warning file=src/a.py,line=3,title=no-var::Bad", ("src/a.py", 3, None, WARNING, "no-var", "Bad")),
        ("::notice file=src/a.py::Hm", ("src/a.py", None, None, NOTE, None, "Hm")),
        ("::error::Process completed with exit code 1", (None, None, None, ERROR, None, "Process completed with exit code 1")),
        ("::error file=gone.py,line=3::Bad", (None, None, None, ERROR, None, "gone.py:3: Bad")),
        ("##vso[task.logissue type=warning;sourcepath=src/a.py;linenumber=3;columnnumber=5;code=X1;]Bad", ("src/a.py", 3, 5, WARNING, "X1", "Bad")),
    ],
)  # fmt: skip
def test_annotations_are_findings(line: str, expected: tuple[object, ...]) -> None:
    """GitHub's and Azure's commands, with their escapes."""
    assert told(read(line), "path", "line", "column", "severity", "code", "message") == [expected]


@pytest.mark.parametrize(
    "line", ["::group::src/a.py", "::endgroup::", "::warning::no place", "::notice title=Summary::1 passed", "a :: b"]
)
def test_other_commands_are_no_findings(line: str) -> None:
    """Groups, and words without a place that do not say no."""
    assert read(line).findings == ()


def test_notes_explain_the_finding_before_them() -> None:
    """mypy and gcc go on in notes; one about another file stands alone."""
    evidence = read(
        "src/a.py:3: error: Bad  [arg-type]",
        "src/a.py:3: note: Consider this",
        "tests/test_a.py:3: note: Revealed type is int",
    )
    assert told(evidence, "message", "detail", "severity") == [
        ("Bad", "src/a.py:3: note: Consider this", ERROR),
        ("Revealed type is int", "", NOTE),
    ]


def test_indented_lines_continue_a_finding() -> None:
    """At most a dozen; pyright's rule comes last."""
    evidence = read(
        "  src/a.py:3:5 - error: Bad", "\u00a0\u00a0  because", "    of this (reportBad)", *["      more"] * 20
    )
    assert told(evidence, "code", "message") == [(None, "Bad")]
    evidence = read("  src/a.py:3:5 - error: Bad", "\u00a0\u00a0  because", "    of this (reportBad)")
    assert told(evidence, "code", "detail") == [("reportBad", "    because\n    of this (reportBad)")]


def test_a_heading_with_rows_below_it() -> None:
    """Spaces, colons and marks differ from tool to tool; the rows end with the first line of another form."""
    evidence = read(
        f"\x1b[4m{ROOT}/src/a.py\x1b[0m",
        "  3:5   \x1b[31merror\x1b[39m  Bad thing  \x1b[2mno-bad\x1b[22m",
        "  4:0   warning  Odd  (odd-rule)",
        "  5:2  ✖  Wrong  wrong-rule",
        "  6:1  F401 [*] unused",
        "",
        "  7:1  error  lost  x",
    )
    assert told(evidence, "line", "column", "severity", "code", "message") == [
        (3, 5, ERROR, "no-bad", "Bad thing"),
        (4, None, WARNING, "odd-rule", "Odd"),
        (5, 2, ERROR, "wrong-rule", "Wrong"),
        (6, 1, ERROR, "F401", "unused"),
    ]


def test_an_arrow_below_a_note_is_no_finding_of_its_own() -> None:
    """rustc and ty point at other places to explain one."""
    evidence = read(
        "error[E0308]: mismatched types",
        "  --> src/a.rs:3:5",
        "   |",
        "",
        "note: defined here",
        "  --> src/a.rs:1:1",
        "",
        "  --> src/a.rs:9:9",
        tree=FILES,
    )
    assert told(evidence, "line", "code", "message", "detail") == [(3, "E0308", "mismatched types", "   |")]


def test_a_frame_without_a_marked_message_is_left_alone() -> None:
    """Drawings occur in any log."""
    assert read("words", " ╭─[src/a.py:3:5]").findings == ()


def test_biomes_file_without_a_position() -> None:
    """Its formatter complains of whole files."""
    evidence = read("src/a.ts format ━━━", "", "  × Formatter would have printed the following content:", tree=FILES)
    assert told(evidence, "path", "line", "code") == [("src/a.ts", None, "format")]
    assert read("src/a.ts format ━━━", "", "words", tree=FILES).findings == ()


def test_an_exception_outside_any_test_is_a_finding() -> None:
    """A script that dies is at least as good as a linter at saying where."""
    evidence = read(
        "Traceback (most recent call last):",
        f'  File "{ROOT}/tests/test_a.py", line 3, in <module>',
        "    go()",
        f'  File "{ROOT}/src/a.py", line 7, in go',
        "    import nope",
        '  File "/usr/lib/python3/x.py", line 1, in f',
        "    raise",
        "app.errors.Broken: no way",
    )
    assert told(evidence, "path", "line", "message", "kind", "frames") == [
        ("src/a.py", 7, "app.errors.Broken: no way", OTHER, (("tests/test_a.py", 3), ("src/a.py", 7)))
    ]


def test_a_traceback_that_leads_nowhere_is_none() -> None:
    """Through other people's code alone, or without an end."""
    assert read('  File "/usr/x.py", line 3', "ValueError: x", '  File "src/a.py", line 3', "    code").findings == ()


def test_an_error_of_tsc_without_a_place_is_kept() -> None:
    """A broken tsconfig."""
    assert told(read("error TS18003: No inputs were found"), "path", "code", "message") == [
        (None, "TS18003", "No inputs were found")
    ]


def test_findings_are_in_the_order_of_the_log() -> None:
    """Whichever reader understood them."""
    evidence = read(
        "::error file=src/a.py,line=9::first", "src/a.py:3:5: F401 second", "::error file=src/a.py,line=1::third"
    )
    assert told(evidence, "message") == [("first",), ("second",), ("third",)]


def test_documents_in_the_log_are_results() -> None:
    """A SARIF log, a JSON report over several lines and JSON lines, with text between them."""
    evidence = read(
        "Running ruff",
        '{"version": "2.1.0", "runs": [{"results": [{"ruleId": "R", "message": {"text": "one"}}]}]}',
        "[",
        '  {"filename": "src/a.py", "location": {"row": 3, "column": 5}, "code": "F401", "message": "two", "noqa_row": 1}',
        "]",
        '{"file": "src/a.py", "line": 4, "column": 0, "message": "three", "hint": null, "code": "x", "severity": "note"}',
        '{"level": "info", "msg": "no result"}',
        "{ not json",
        "src/a.py:5:1: F401 four",
    )
    assert told(evidence, "message", "line", "column", "tool") == [
        ("one", None, None, None),
        ("two", 3, 5, "ruff"),
        ("three", 4, 1, "mypy"),
        ("four", 5, 1, None),
    ]


def test_a_junit_file_in_the_log_is_a_result() -> None:
    """Some runners print it; what follows it is read as text."""
    evidence = read(
        "<testsuites>",
        '<testsuite name="s"><testcase name="a"/><testcase name="b"><failure message="m"/></testcase></testsuite>',
        "</testsuites>",
        "src/a.py:5:1: F401 more",
    )
    assert (evidence.tests and evidence.tests.total, told(evidence, "message")) == (2, [("m",), ("more",)])


@pytest.mark.parametrize(
    "document, expected",
    [
        ('{"Issues": [{"FromLinter": "govet", "Text": "bad", "Pos": {"Filename": "src/a.go", "Line": 3, "Column": 5}}]}', ("src/a.go", 3, 5, "govet", "bad")),
        ('{"diagnostics": [{"message": "m", "location": {"path": "src/a.py", "range": {"start": {"line": 3}}}, "code": {"value": "X"}}]}', ("src/a.py", 3, None, "X", "m")),
        ('[{"description": "X: m", "check_name": "X", "location": {"path": "src/a.py", "lines": {"begin": 3}}}]', ("src/a.py", 3, None, "X", "m")),
        ('{"generalDiagnostics": [{"file": "src/a.py", "message": "m", "range": {"start": {"line": 0, "character": 0}}}]}', ("src/a.py", 1, 1, None, "m")),
        ('{"p": {"printf": [{"posn": "src/a.go:3:5", "message": "m"}, {"posn": "gone.go:1:1"}, {"posn": "x"}, 3], "x": 4}, "q": 1}', ("src/a.go", 3, 5, "printf", "m")),
    ],
)  # fmt: skip
def test_reports_put_their_fields_in_many_places(document: str, expected: tuple[object, ...]) -> None:
    """golangci-lint, rdjson, code quality, pyright, go vet."""
    assert told(read(document, tree=FILES), "path", "line", "column", "code", "message") == [expected]


@pytest.mark.parametrize(
    "document",
    [
        '{"reason": "compiler-message", "message": {"message": "m", "spans": []}}',
        '{"reason": "compiler-message", "message": {"message": "m", "spans": [{"is_primary": true, "file_name": "gone.rs", "line_start": 1}]}}',
        '{"reason": "compiler-artifact"}',
        '[{"filename": "gone.py", "location": {"row": 3}, "message": "m"}]',
        '[{"filename": "src/a.py", "message": "no line"}]',
        '[3, null, "x", [], {}]',
        '{"a": }',
        '{"a": 1, }\n{"a"}',
        '{"stats": {"expected": 1}, "suites": "none", "numTotalTests": 3}',
    ],
)
def test_documents_about_no_file_of_the_tree_hold_no_findings(document: str) -> None:
    """Without a place there is nothing to point at."""
    assert read(document).findings == ()


def test_the_middle_of_a_huge_log_is_not_read() -> None:
    """1.5 MiB from each end, with a line that says so between them."""
    content = b"0123456789" * 20
    assert cut_middle(content, 10) == b"0123456789" + f"\n{GAP}\n".encode() + b"0123456789"
    assert (cut_middle(content), lines_of("x" * 3000 + "\ny")) == (content, ["x" * 2000, "y"])
    assert END_BYTES == 3 * 512 * 1024


def test_very_many_lines_are_read_from_both_ends() -> None:
    """The work is bounded by lines as well as by bytes."""
    lines = limit_lines("\n".join(str(number) for number in range(3 * END_LINES))).split("\n")
    assert (len(lines), lines[0], lines[END_LINES], lines[-1]) == (2 * END_LINES + 1, "0", GAP, str(3 * END_LINES - 1))


def test_findings_at_both_ends_of_a_huge_log_are_found() -> None:
    """A linter before a test runner that prints a lot."""
    content = b"src/a.py:1:1: F401 first\n" + b"noise\n" * (3 * 1024 * 1024) + b"src/a.py:9:1: F401 last"
    assert told(read_text(content, a_tree()), "message") == [("first",), ("last",)]


class Calls:
    """Counts the Python functions that are called while it is on: work without a clock."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Calls:
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _called(self, _: FrameType, event: str, __: object) -> None:
        self.count += event in ("call", "c_call")


def calls_for(content: bytes) -> int:
    """How many calls reading this takes."""
    with Calls() as calls:
        read_text(content, a_tree())
    return calls.count


@pytest.mark.parametrize(
    "start, piece",
    [
        ("", ":\n"),
        ("", "[\n"),
        ("", '{"a": [\n'),
        ("", '{"message": "x", "file": "y"}\n'),
        ("", "--- FAIL: TestA (0.00s)\n    x_test.go:7: m\n"),
        ("", "=== FAILURES ===\n___ test_a ___\nE   x\n"),
        ("=== short test summary info ===\n", "FAILED tests/test_a.py::test_x - m\n"),
        ("", "=" * 70 + "\nFAIL: test_x (a.B.test_x)\n" + "-" * 70 + "\n"),
        ("", '  File "src/a.py", line 3\n'),
        ("", " --> src/a.py:3:5\n"),
        ("", "src/a.py\n  1:2  error  x  y\n"),
        ("TAP version 13\n", "not ok 1 - x\n  ---\n"),
        (" RUN  v1\n", " FAIL  a > b\n"),
        ("FAIL a.js\n", "  ● a › b\n"),
        ("  1 passing (3ms)\n", "  1) a\n"),
        ("Running 4 tests using 1 worker\n", "  1) a.ts:3:3 › x\n"),
        ("running 3 tests\n", "---- a stdout ----\nx\n"),
        ("", "        FAIL [   0.003s] rs t::a\n"),
        ("", "<testsuites>\n"),
        ("", "# tests 3\n"),
        ("Failed tests:\n", "✖ a (1ms)\n"),
    ],
)
def test_twice_the_text_takes_twice_the_work(start: str, piece: str) -> None:
    """No format's blocks are searched for again and again, whatever repeats itself."""
    once, twice = (calls_for((start + piece * times).encode()) for times in (400, 800))
    assert twice < 2.6 * once + 2_000


@pytest.mark.parametrize("content", [b":" * 2**23, b"src/a.py:1: x [\n" * 2**19], ids=["colons", "places"])
def test_eight_megabytes_are_bounded_work(content: bytes) -> None:
    """A few calls for each of the lines that are looked at, none for each character."""
    assert calls_for(content) < 60 * 2 * END_LINES


NOISE = st.lists(
    st.sampled_from(
        [
            "src/a.py:3:5: error: x [y]",
            " --> src/a.py:3:5",
            "src/a.py",
            "  3:5  error  x  y",
            "=== FAILURES ===",
            "___ test_x ___",
            "=== short test summary info ===",
            "FAILED tests/test_a.py::x[a - b] - y",
            "1 failed in 0.1s",
            "=" * 70,
            "-" * 70,
            "FAIL: test_x (a.B.test_x)",
            "Ran 3 tests in 0.1s",
            "--- FAIL: TestX (0.00s)",
            "FAIL\tpkg\t0.1s",
            "TAP version 13",
            "not ok 1 - x",
            "  ---",
            "  ...",
            " RUN  v1.0",
            " FAIL  a > b",
            "FAIL a.test.js",
            "  ● a › b",
            "Test Suites: 1 failed",
            "Running 3 tests using 1 worker",
            "  1) a.ts:1:1 › b ──",
            "  1 failing",
            "  1 passing (2ms)",
            "running 2 tests",
            "test a ... FAILED",
            "---- a stdout ----",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored;",
            '{"runs": []}',
            "[{",
            "<testsuites>",
            "::error file=src/a.py::x",
            '  File "src/a.py", line 3',
            "In src/a.py line 3:",
            "   ^-- SC2086 (info): x",
            "src/a.py lint/x ━━",
            "  × x",
            "✖ failing tests:",
            "✖ a (1ms)",
        ]
    )
    | hostile,
    max_size=25,
).map("\n".join)


@given(NOISE)
@example("\udcff\n\x00")
def test_no_text_makes_the_reader_fail(text: str) -> None:
    """Pieces of all formats in any order, with hostile text between them, are read; what comes out is safe to show."""
    evidence = read(text)
    shown = "".join(
        finding.message + finding.detail + (finding.subject or "") + (finding.code or "")
        for finding in evidence.findings
    )
    assert ACTS_ON_TERMINALS.search(shown.replace("\n", "")) is None


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    """Not even those that are no text."""
    assert read_text(content, a_tree()).source == "text"


def test_the_ends_of_a_file_are_read_without_the_middle() -> None:
    """A gigabyte of log costs eight megabytes."""
    import io

    assert [read_ends(io.BytesIO(b"0123456789"), size) for size in (5, 3)] == [
        b"0123456789",
        f"012\n{GAP}\n789".encode(),
    ]


def test_a_file_that_ends_too_early_is_node_s_syntax_error() -> None:
    """There is no source to point at: only blank lines stand between the place and the exception."""
    evidence = read(
        f"file://{ROOT}/src/a.mjs:3",
        "",
        "",
        "",
        "SyntaxError: Unexpected end of input",
        "    at compileSourceTextModule (node:internal/modules/esm/utils:346:16)",
        "",
        "Node.js v20.20.2",
        tree=a_tree("src/a.mjs"),
    )
    assert told(evidence, "path", "line", "message", "kind", "tool") == [
        ("src/a.mjs", 3, "SyntaxError: Unexpected end of input", FindingKind.SYNTAX, "node")
    ]


def test_a_place_with_an_exception_somewhere_below_is_no_crash() -> None:
    """Words stand between the two, and nothing points at the source."""
    evidence = read("src/a.mjs:3", "", "done", "SyntaxError: Unexpected end of input", tree=a_tree("src/a.mjs"))
    assert evidence.findings == ()
