"""Lines that begin with a place in, findings out: ``path:line:column: message`` and its relatives."""

from __future__ import annotations

import re

from msgspec.structs import replace

from verifyd.evidence.kinds import severity_of
from verifyd.evidence.model import FindingKind, Severity
from verifyd.evidence.places import NOWHERE, Place
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.wording import Wording, describe, split_tail

MOST_CONTINUED = 12
"""Indented lines below a finding that are kept as its detail."""

_LEVEL = r"(?:(?P<level>ERROR|WARNING|WARN|INFO|error|warning|vet|\[error\]|\[warn\]|\[ERROR\]|\[WARNING\]):?\s{1,4}(?:Failed to parse |cannot format )?)?"
_COLONS = re.compile(
    r"\s{0,12}" + _LEVEL + r"(?P<path>(?:file://)?[^\s:][^:]{0,500}+):(?P<line>\d{1,7})(?::(?P<column>\d{1,7}))?"
    r"(?:-\d{1,7}(?::\d{1,7})?|(?::\d{1,7}){1,2})?(?P<said>[:\s].*|$)"
)
_PARENTHESES = re.compile(
    r"\s{0,12}(?P<path>[^\s:][^:]{0,500})\((?P<line>\d{1,7}),(?P<column>\d{1,7})\)\s?:(?P<said>.*)"
)
_WORDS = re.compile(
    r"(?P<path>[^\s:][^:]{0,500}+): (?:line )?(?P<line>\d{1,7})(?:, col(?:umn)? (?P<column>\d{1,7}))?[,:]\s(?P<said>.*)"
)
_COMPACT = re.compile(r"(?P<severity>Error|Warning) - (?P<message>.*)")  # eslint's compact formatter
_NODE_CRASH = re.compile(r"(?P<message>(?:Uncaught )?(?P<name>(?:[A-Z]\w{0,40})?(?:Error|Exception))\b.*)")

# A whole file is meant.
_FILES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"would reformat (?P<path>\S.{0,500})$"), "would be reformatted", "black"),
    (re.compile(r"Would reformat: (?P<path>\S.{0,500})$"), "would be reformatted", "ruff"),
    (re.compile(r"error: cannot format (?P<path>[^:]{1,500}): (?P<message>.*)"), "", "black"),
    (re.compile(r"\[error\] (?P<path>[^:]{1,500}): (?P<message>\w{0,40}Error: .*)"), "", "prettier"),
    (re.compile(r"ERROR: (?P<path>\S.{0,500}?) (?P<message>Imports are incorrectly sorted.*)"), "", "isort"),
    (
        re.compile(r"Diff in (?P<path>[^:]{1,500}?)(?::(?P<line>\d{1,7})| at line (?P<at>\d{1,7}))?:$"),
        "would be reformatted",
        "rustfmt",
    ),
    (
        re.compile(
            r"(?:PHP )?(?P<message>(?:Parse|Fatal) error:.{1,500}) in (?P<path>\S{1,500}) on line (?P<line>\d{1,7})$"
        ),
        "",
        "php",
    ),
)
_FILE_WORDS = (
    "would reformat",
    "Would reformat",
    "error: cannot",
    "[error]",
    "[warn]",
    "ERROR: ",
    "Diff in ",
    "Parse error",
    "Fatal error",
)
_PRETTIER = re.compile(r"\[warn\] (?P<path>\S.{0,500})$")
_POSITION_AT_END = re.compile(r"(?P<message>.*) \((?P<line>\d{1,7}):(?P<column>\d{1,7})\)$")
_POSITION_AT_START = re.compile(r"(?:Cannot parse[^:]{0,80}: )(?P<line>\d{1,7}):(?P<column>\d{1,7}): (?P<source>.*)")
_NO_PLACE = re.compile(r"(?P<severity>error) (?P<code>TS\d{3,6}): (?P<message>.*)")


def read_line(scan: Scan, index: int) -> bool:
    """Takes the line when it is a finding; False leaves it to others."""
    line = scan.lines[index]
    return (
        _read_prettier(scan, index, line)
        or _read_file(scan, index, line)
        or _read_place(scan, index, line)
        or _read_placeless(scan, index, line)
    )


def _read_place(scan: Scan, index: int, line: str) -> bool:
    match = _COLONS.match(line) or _PARENTHESES.match(line) or _WORDS.match(line)
    if match is None:
        return False
    raw = match["path"]
    place = scan.places.at(raw, int(match["line"]), int(match["column"]) if match["column"] else None)
    said = match["said"]
    if _is_crash(scan, index, line, place, said):
        return True
    wording = _wording(scan, raw, place, said)
    if wording is None:
        return False
    if match.re is _WORDS:
        compact = _COMPACT.match(said)
        if compact is not None:
            message, rule = split_tail(compact["message"], "(", ")")
            scan.add(
                Draft(
                    at=index,
                    message=message,
                    place=place,
                    severity=severity_of(compact["severity"]) or Severity.ERROR,
                    code=rule,
                )
            )
            return True
    quotes_source = match.re is _WORDS and wording.message.startswith("`")  # bash: the line that it cannot read
    is_note = wording.severity is Severity.NOTE and wording.code is None
    if (quotes_source or is_note) and _is_note_on(scan, place):
        scan.drafts[-1].detail.append(line.strip())
        return True
    if wording.tool == "go" and not wording.recognised:
        wording = replace(wording, recognised=_is_below_package(scan, index))
    level = severity_of((match.groupdict().get("level") or "").strip("[]"))
    draft = scan.add_wording(index, place, wording)
    if level is not None and wording.severity is Severity.ERROR:
        draft.severity, draft.recognised = level, True
        if draft.tool is None and draft.code is not None and match["level"].isupper():
            draft.tool = "pyrefly"
    _continue(scan, index, draft)
    return True


def _wording(scan: Scan, raw: str, place: Place, said: str) -> Wording | None:
    """None when no file of the tree can be meant; a format that nothing else looks like counts all the same."""
    if place.path is not None:
        wording = describe(said, place.path)
    elif scan.places.is_ambiguous(raw):
        wording = describe(said, raw)
        if not wording.recognised:
            return None
    elif "MD0" in said:
        wording = describe(said, raw)
        if not wording.outside:
            return None
    else:
        return None
    return wording if wording.message else None


def _is_below_package(scan: Scan, index: int) -> bool:
    """go build and go vet print ``# example.com/package`` above their complaints; a program's own log lines look alike."""
    for above in range(index - 1, max(index - 50, -1), -1):
        line = scan.lines[above]
        if line.startswith("# "):
            return True
        if not line.startswith(("\t", "    ")) and ".go:" not in line:
            return False
    return False


def _is_note_on(scan: Scan, place: Place) -> bool:
    """mypy and gcc explain an error in notes that follow it."""
    return bool(scan.drafts) and scan.drafts[-1].place.path == place.path is not None


def _is_crash(scan: Scan, index: int, line: str, place: Place, said: str) -> bool:
    """node prints ``/path/file.mjs:3`` alone, the source, a caret, and the exception after a blank line."""
    if said.strip() or place.path is None or line[:1].isspace():
        return False
    found = scan.find(_NODE_CRASH, index + 1, index + 12)
    if found is None:
        return False
    end, match = found
    between = scan.lines[index + 1 : end]
    ends_early = match["name"] == "SyntaxError" and not any(line.strip() for line in between)
    if not ends_early and not any("^" in line for line in between):
        return False
    kind = FindingKind.SYNTAX if match["name"] == "SyntaxError" else FindingKind.OTHER
    scan.add(
        Draft(
            at=index, message=match["message"], place=place, kind=kind, tool="node", detail=scan.lines[index : end + 1]
        )
    )
    scan.take(index, end + 1)
    return True


def _continue(scan: Scan, index: int, draft: Draft) -> None:
    """pyright, tsc and others go on in indented lines, which hold no place of their own; pyright's rule is at the very end."""
    end = index + 1
    while end - index <= MOST_CONTINUED:
        line = scan.free(end)
        if line is None or not line.startswith("  ") or _COLONS.match(line) or not line.strip():
            break
        draft.detail.append(line.rstrip())
        end += 1
    scan.take(index, end)
    if draft.tool == "pyright" and draft.code is None and draft.detail:
        _, rule = split_tail(draft.detail[-1], "(", ")")
        draft.code = rule if rule is not None and rule.startswith("report") else None


def _read_prettier(scan: Scan, index: int, line: str) -> bool:
    """``[warn] path`` for each file it would rewrite: one finding, because one command mends them all."""
    match = _PRETTIER.match(line)
    path = scan.places.find(match["path"]) if match is not None else None
    if path is None:
        return False
    last = scan.drafts[-1] if scan.drafts else None
    if last is not None and last.tool == "prettier" and last.at + len(last.detail) == index:
        last.detail.append(path)
        last.message = f"{len(last.detail)} files differ from Prettier's style"
    else:
        place = Place(path=path)
        scan.add(Draft(at=index, message="differs from Prettier's style", place=place, tool="prettier", detail=[path]))
    return True


def _read_file(scan: Scan, index: int, line: str) -> bool:
    stripped = line.strip()
    if not stripped.startswith(_FILE_WORDS) and "Parse error" not in stripped:
        return False
    for pattern, otherwise, tool in _FILES:
        match = pattern.match(stripped)
        if match is None or scan.places.find(match["path"]) is None:
            continue
        groups = match.groupdict()
        number = groups.get("line") or groups.get("at")
        place = scan.places.at(match["path"], int(number) if number else None)
        scan.add(_of_file(index, groups.get("message") or otherwise, place, tool))
        return True
    return False


def _of_file(index: int, message: str, place: Place, tool: str) -> Draft:
    """prettier has the position behind its message, black in front of the source line."""
    draft = Draft(at=index, message=message, place=place, tool=tool)
    at_end, at_start = _POSITION_AT_END.match(message), _POSITION_AT_START.match(message)
    position = at_end or at_start
    if position is not None:
        draft.place = Place(
            path=place.path, line=int(position["line"]) or None, column=int(position["column"]) or None, said=place.said
        )
        draft.message = at_end["message"] if at_end else f"cannot parse: {position['source'].strip()}"
    if position is not None or "SyntaxError" in message:
        draft.kind = FindingKind.SYNTAX
    return draft


def _read_placeless(scan: Scan, index: int, line: str) -> bool:
    match = _NO_PLACE.match(line)
    if match is None:
        return False
    scan.add(Draft(at=index, message=match["message"], place=NOWHERE, code=match["code"], tool="tsc"))
    return True
