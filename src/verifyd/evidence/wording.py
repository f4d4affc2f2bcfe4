"""What a tool prints behind ``path:line:column`` in, severity, rule and message out: one table for all tools."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from verifyd.evidence.kinds import severity_of
from verifyd.evidence.model import Severity


class Wording(Struct, frozen=True, kw_only=True):
    """
    Attributes:
        recognised: False for words no tool's format is known by: a place followed by anything at all.
        outside: True for a format nothing else looks like: it counts even when the file is not in the tree.
        zero_based: True when this tool counts columns from 0.
    """

    message: str
    severity: Severity = Severity.ERROR
    code: str | None = None
    tool: str | None = None
    recognised: bool = True
    outside: bool = False
    zero_based: bool = False


_SEVERITY = r"(?P<severity>fatal error|error|warning|warn|note|info|information|style|hint|help|convention|refactor)"
_KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")
_WORD = re.compile(r"[a-z][a-z0-9-]{1,40}")
_RULE = re.compile(r"[A-Za-z@][\w.+=/@:-]{1,80}(?:\([\w/@-]{1,80}\))?")

_GCC_FILES = frozenset({".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".m", ".mm", ".cu", ".s"})

_PYLINT = re.compile(r"(?P<code>[CRWEFI]\d{4}): (?P<message>.+)")
_PYLINT_PARSEABLE = re.compile(r"\[(?P<code>[CRWEFI]\d{4})\([a-z0-9-]{1,80}\)(?:, [^\]]{0,200})?\] (?P<message>.*)")
_NUMBERED = re.compile(r"(?:- )?(?P<severity>error|warning|message|info) (?P<code>[A-Z]{1,6}\d{3,6}): (?P<message>.*)")
_BRACKETED = re.compile(_SEVERITY + r"\[(?P<code>[^\]\s]{1,100})\]:? ?(?P<message>.*)")
_LABELLED = re.compile(r"(?P<dash>- )?" + _SEVERITY + r":\s{0,8}(?P<message>.*)", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<severity>error|warning|info)\s{1,8}(?P<code>MD\d{3}\S{0,80}|[\w@-]{1,60}\([^)\s]{1,80}\)|[\w@-]{1,60}/[\w/-]{1,80}):?\s{1,8}(?P<message>.*)"
)
_MARKDOWNLINT = re.compile(r"(?P<code>MD\d{3}(?:/[\w/-]{1,80})?)\s{1,8}(?P<message>.*)")
_CODE_FIRST = re.compile(r"(?P<code>[A-Z]{1,10}\d{2,6}):?\s{1,8}(?P<fixable>\[\*\] )?(?P<message>.*)")
_RUBOCOP = re.compile(r"(?P<severity>[CWEFRI]): (?:\[\w{1,20}\] )?(?P<code>[A-Z]\w{0,60}/\w{1,60}): (?P<message>.*)")
_KEBAB_FIRST = re.compile(r"(?P<code>[a-z][a-z0-9]*(?:-[a-z0-9]{1,40}){1,8}|unformatted): (?P<message>.*)")
_BRACKET_FIRST = re.compile(r"\[(?P<code>[^\]\s]{1,80})\]\s{1,8}(?P<message>.*)")
_CODESPELL = re.compile(r"(?P<message>\S{1,100} ==> \S.*)")
_PYTHON_WARNING = re.compile(r"(?P<code>(?:\w{1,60}\.){0,6}\w{0,60}Warning): (?P<message>.*)")


def describe(said: str, path: str) -> Wording:
    """
    Reads one message.

    Args:
        said: What follows the place, separators included.
        path: Its ending tells apart tools that print alike.
    """
    said = said.strip().removeprefix(":").strip()
    for pattern, understand in _SHAPES:
        match = pattern.match(said)
        if match is not None:
            wording = understand(match, path)
            if wording is not None:
                return wording
    return _by_ending(said, path)


def _pylint(match: re.Match[str], _: str) -> Wording | None:
    message, symbol = split_tail(match["message"], "(", ")")
    if symbol is None or (not _KEBAB.fullmatch(symbol) and not _WORD.fullmatch(symbol)):
        return None
    severity = severity_of(match["code"][0]) or Severity.ERROR
    return Wording(message=message, severity=severity, code=match["code"], tool="pylint", zero_based=True)


def _pylint_parseable(match: re.Match[str], _: str) -> Wording:
    severity = severity_of(match["code"][0]) or Severity.ERROR
    return Wording(message=match["message"], severity=severity, code=match["code"], tool="pylint", zero_based=True)


def _numbered(match: re.Match[str], _: str) -> Wording:
    tool = "tsc" if match["code"].startswith("TS") else None
    return _plain(match, tool=tool)


def _bracketed(match: re.Match[str], path: str) -> Wording:
    ending = posixpath.splitext(path)[1]
    return _plain(match, tool="ty" if ending in (".py", ".pyi", ".ipynb") else "rustc" if ending == ".rs" else None)


def _labelled(match: re.Match[str], path: str) -> Wording:
    """mypy, gcc, shellcheck, rustc and pyright: ``error: message  [code]``, ``- error: message (reportX)``."""
    message = match["message"]
    severity = severity_of(match["severity"]) or Severity.ERROR
    if match["dash"]:
        rest, rule = split_tail(message, "(", ")")
        is_rule = rule is not None and rule.startswith("report")
        return Wording(
            message=rest if is_rule else message, severity=severity, code=rule if is_rule else None, tool="pyright"
        )
    rest, rule = split_tail(message, "[", "]")
    code = rule if rule is not None and re.fullmatch(r"[A-Za-z0-9_.+=/:-]{1,100}", rule) else None
    return Wording(message=rest if code else message, severity=severity, code=code, tool=_labelling_tool(code, path))


def _labelling_tool(code: str | None, path: str) -> str | None:
    ending = posixpath.splitext(path)[1].lower()
    if code is not None and re.fullmatch(r"SC\d{4}", code):
        return "shellcheck"
    if ending in (".py", ".pyi"):
        return "mypy"
    if ending in _GCC_FILES:
        return "gcc"
    return {".rs": "rustc", ".go": "go"}.get(ending)


def _markdownlint(match: re.Match[str], _: str) -> Wording:
    return replace(_plain(match, tool="markdownlint"), outside=True)


def _named(match: re.Match[str], _: str) -> Wording:
    is_markdownlint = match["code"].startswith("MD")
    return replace(_plain(match, tool="markdownlint" if is_markdownlint else None), outside=is_markdownlint)


def _code_first(match: re.Match[str], _: str) -> Wording:
    inner = _LABELLED.match(match["message"])
    if inner is not None:  # hadolint: DL3006 warning: …
        severity = severity_of(inner["severity"]) or Severity.ERROR
        return Wording(message=inner["message"], severity=severity, code=match["code"])
    return Wording(message=match["message"], code=match["code"], tool="ruff" if match["fixable"] else None)


def _bracket_first(match: re.Match[str], _: str) -> Wording:
    """``[warning] message (rule)`` is yamllint's, ``[F401] message`` pylint's style in ruff."""
    severity = severity_of(match["code"])
    if severity is None:
        return Wording(message=match["message"], code=match["code"])
    message, rule = split_tail(match["message"], "(", ")")
    return Wording(message=message, severity=severity, code=rule, tool="yamllint" if rule else None)


def _plain(match: re.Match[str], tool: str | None = None) -> Wording:
    groups = match.groupdict()
    severity = severity_of(groups.get("severity") or "") or Severity.ERROR
    return Wording(message=match["message"], severity=severity, code=groups.get("code"), tool=tool)


def _codespell(match: re.Match[str], _: str) -> Wording:
    return Wording(message=match["message"], tool="codespell")


def _python_warning(match: re.Match[str], _: str) -> Wording:
    return Wording(message=match["message"], severity=Severity.WARNING, code=match["code"], tool="python")


def _simple(match: re.Match[str], _: str) -> Wording:
    return _plain(match)


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], Wording | None]], ...] = (
    (_PYLINT, _pylint),
    (_PYLINT_PARSEABLE, _pylint_parseable),
    (_NUMBERED, _numbered),
    (_BRACKETED, _bracketed),
    (_LABELLED, _labelled),
    (_NAMED, _named),
    (_MARKDOWNLINT, _markdownlint),
    (_RUBOCOP, _simple),
    (_CODE_FIRST, _code_first),
    (_KEBAB_FIRST, _simple),
    (_BRACKET_FIRST, _bracket_first),
    (_PYTHON_WARNING, _python_warning),
    (_CODESPELL, _codespell),
)


def _by_ending(said: str, path: str) -> Wording:
    """Formats that are known by how the message ends: ``[Warning/rule]``, ``(rule) [error]``, ``[rule]``, ``(linter)``."""
    rest, tail = split_tail(said, "[", "]")
    if tail is not None:
        word, _, rule = tail.partition("/")
        severity = severity_of(word)
        if severity is not None:
            if not rule:
                rest, inner = split_tail(rest, "(", ")")
                return Wording(message=rest, severity=severity, code=inner, tool="stylelint" if inner else "oxlint")
            return Wording(message=rest, severity=severity, code=rule)
        if _RULE.fullmatch(tail):
            return Wording(message=rest, code=tail)
    if path.endswith(".go"):
        message, linter = split_tail(said, "(", ")")
        if linter is not None and _WORD.fullmatch(linter):
            return Wording(message=message, code=linter)
        return Wording(message=said, tool="go", recognised=False)
    return Wording(message=said, recognised=False)


def split_tail(text: str, opening: str, closing: str) -> tuple[str, str | None]:
    """``("message", "rule")`` of ``message (rule)``; (text, None) when it does not end so. One level of nesting is understood."""
    text = text.rstrip()
    if not text.endswith(closing):
        return text, None
    start = text.rfind(opening)
    if text.endswith(closing * 2) and start > 0:  # [Warning/eslint(no-unused-vars)] has another kind of bracket inside
        start = text.rfind(opening, 0, start)
    if start <= 0 or not text[start - 1].isspace():
        return text, None
    inner = text[start + 1 : -1].strip()
    return (text[:start].rstrip(), inner) if inner and " " not in inner else (text, None)
