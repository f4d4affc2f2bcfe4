"""A tool's rule name and message in, the kind of finding out: what must be mended first."""

from __future__ import annotations

import re

from verifyd.evidence.model import FindingKind, Severity

TYPE_CHECKERS = frozenset({"basedpyright", "flow", "go", "gcc", "mypy", "pyrefly", "pyright", "rustc", "tsc", "ty"})

# Rules by which linters and type checkers say "this cannot be parsed".
_SYNTAX_CODE = re.compile(
    r"invalid-syntax|syntax|syntax-error|parse-error|parse|parser|E999|E901|E0001|TS1\d{3}|ESL0999|CssSyntaxError"
)
_SYNTAX_MESSAGE = re.compile(
    r"(?:Parsing error|Parse error|SyntaxError|IndentationError|TabError|[Ss]yntax error|invalid syntax|PHP Parse error"
    r"|expected (?:.{1,40} before|one of|`|identifier|item|expression|declaration)|unexpected end of file"
    r"|(?:this file contains an )?unclosed delimiter|mismatched closing delimiter|unterminated )"
)
# Words that only a message without a rule says of the grammar.
_SYNTAX_UNNAMED = re.compile(r"Expected (?:`.{1,5}`|a |an |expression)|Unexpected token")
# gofmt prints what Go's parser says without calling it a syntax error, as the compiler does.
_GO_SYNTAX = re.compile(
    r"expected .{1,60}, found |missing (?:'.{1,3}'|.{1,40}) (?:in|before) |non-declaration statement "
)
_EXCEPTION = re.compile(
    r"^\s{0,12}(?:E\s{1,12})?(?:SyntaxError|IndentationError|TabError|\[PARSE_ERROR\]|Error: Transform failed)\b",
    re.MULTILINE,
)

_SEVERITIES = {
    **dict.fromkeys(
        ("error", "err", "e", "f", "fatal", "fatal error", "failure", "critical", "blocker", "major"), Severity.ERROR
    ),
    **dict.fromkeys(("x", "×", "✖", "✗", "✘", "2"), Severity.ERROR),
    **dict.fromkeys(("warning", "warn", "w", "!", "⚠", "minor", "1"), Severity.WARNING),
    # pylint's convention and refactor do fail its run, so they are no mere notes.
    **dict.fromkeys(("c", "r", "convention", "refactor"), Severity.WARNING),
    **dict.fromkeys(
        ("note", "info", "information", "notice", "style", "hint", "help", "i", "ℹ", "0", "none"), Severity.NOTE
    ),
    **dict.fromkeys(("message", "suggestion", "debug", "informational"), Severity.NOTE),
}


def severity_of(word: str) -> Severity | None:
    """The severity a tool's own word for it means; None for a word that means none."""
    return _SEVERITIES.get(word.lower())


def kind_of(
    *, code: str | None, message: str, tool: str | None = None, severity: Severity = Severity.ERROR
) -> FindingKind:
    """
    The kind of a linter's or type checker's finding.

    A type checker's error without a rule name is a parse error: pyright and rustc name a rule for everything else.
    """
    if code is not None and _SYNTAX_CODE.fullmatch(code):
        return FindingKind.SYNTAX
    if severity is Severity.ERROR and code is not None and re.fullmatch(r"SC1\d{3}", code):
        return FindingKind.SYNTAX
    if tool == "python":
        return FindingKind.OTHER
    if _SYNTAX_MESSAGE.match(message) or (code is None and _SYNTAX_UNNAMED.match(message)):
        return FindingKind.SYNTAX
    if tool in ("pyright", "oxlint") and code is None and severity is Severity.ERROR:
        return FindingKind.SYNTAX
    if tool == "go" and _GO_SYNTAX.match(message):
        return FindingKind.SYNTAX
    if tool in TYPE_CHECKERS:
        return FindingKind.TYPE if severity is Severity.ERROR else FindingKind.LINT
    return FindingKind.LINT


def collection_kind(text: str) -> FindingKind:
    """What kept tests from being collected: SYNTAX when the exception says so, else COLLECTION."""
    return FindingKind.SYNTAX if _EXCEPTION.search(text) else FindingKind.COLLECTION
