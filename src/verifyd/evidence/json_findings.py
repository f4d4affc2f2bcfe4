"""One JSON document of a linter or type checker in, findings out: one table of where tools put each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from verifyd.evidence.compose import make_finding
from verifyd.evidence.json_values import Json, dig, mapping, number, positive, sequence, text
from verifyd.evidence.kinds import kind_of, severity_of
from verifyd.evidence.model import Finding, Severity
from verifyd.evidence.places import Place, Places

_PATHS = ("file", "filename", "path", "filePath", "source", "location.path", "location.file", "Pos.Filename")
_LINES = (
    "line",
    "location.row",
    "location.start.line",
    "location.range.start.line",
    "location.positions.begin.line",
    "location.lines.begin",
    "Pos.Line",
)
_COLUMNS = (
    "column",
    "location.column",
    "location.start.column",
    "location.range.start.column",
    "location.positions.begin.column",
    "Pos.Column",
)
_MESSAGES = ("message", "text", "description", "Text")
_CODES = (
    "ruleId",
    "rule",
    "code.value",
    "code.code",
    "check_name",
    "category",
    "messageId",
    "message-id",
    "code",
    "name",
    "option",
    "FromLinter",
)
_SEVERITIES = ("severity", "level", "type", "kind", "Severity")

_LISTS = ("diagnostics", "generalDiagnostics", "messages", "errors", "comments", "Issues", "warnings", "parseErrors")

# A key that only this tool writes.
_TOOLS = {
    "generalDiagnostics": "pyright",
    "comments": "shellcheck",
    "number_of_rules": "oxlint",
    "noqa_row": "ruff",
    "filePath": "eslint",
    "invalidOptionWarnings": "stylelint",
    "concise_description": "pyrefly",
    "hint": "mypy",
    "messageId": "pylint",
    "message-id": "pylint",
    "column-origin": "gcc",
}


def findings_in(document: Json, places: Places) -> list[Finding]:
    """
    Every complaint about a file of the tree; empty when the document is something else.

    Lines and columns come out 1-based: pyright counts both from 0, mypy and pylint columns.
    """
    found = [*_of_rust(document, places), *_of_go_vet(document, places)]
    return found or list(_walk(document, places, "", None))


def _walk(value: Json, places: Places, path: str, tool: str | None) -> Iterator[Finding]:
    """Complaints stand in lists, in lists of known names, or below the file they are about."""
    for item in value if isinstance(value, list) else [value]:
        entry = mapping(item)
        if not entry:
            continue
        tool_here = next((name for key, name in _TOOLS.items() if key in entry), tool)
        path_here = text(_first(entry, _PATHS)) or path
        lists = [key for key in _LISTS if isinstance(entry.get(key), list)]
        for key in lists:
            yield from _walk(entry[key], places, path_here, tool_here)
        if not lists:
            yield from _complaint(entry, places, path_here, tool if tool == "eslint" else tool_here)


def _complaint(entry: Mapping[str, Json], places: Places, path: str, tool: str | None) -> Iterator[Finding]:
    entry = _flat(entry)
    message, line = text(_first(entry, _MESSAGES)), _first(entry, _LINES)
    path = text(_first(entry, _PATHS)) or path
    from_zero = dig(entry, "range", "start")
    is_placed = number(line) is not None or number(dig(from_zero, "line")) is not None
    if not message or not is_placed or places.find(path) is None:
        return
    code = _code(entry, tool)
    severity = _severity(entry)
    place = Place(
        path=places.find(path),
        line=positive(line) or positive(dig(from_zero, "line"), first=0),
        column=positive(_first(entry, _COLUMNS), first=0 if tool in ("mypy", "pylint") else 1)
        or positive(dig(from_zero, "character"), first=0),
    )
    message = message.removeprefix(f"{code}: ")
    kind = kind_of(code=code, message=message, tool=tool, severity=severity)
    yield make_finding(message, place=place, severity=severity, code=code, kind=kind, tool=tool)


def _flat(entry: Mapping[str, Json]) -> Mapping[str, Json]:
    """oxlint and gcc hang the place on the first of several labels or locations."""
    for inner in (
        dig(next(iter(sequence(entry.get("labels"))), None), "span"),
        dig(next(iter(sequence(entry.get("locations"))), None), "caret"),
    ):
        if mapping(inner):
            return {
                **mapping(inner),
                **{key: value for key, value in entry.items() if key not in ("labels", "locations")},
            }
    return entry


def _code(entry: Mapping[str, Json], tool: str | None) -> str | None:
    if tool == "shellcheck" and number(entry.get("code")) is not None:
        return f"SC{number(entry.get('code')):04d}"
    if tool == "eslint":  # its messageId is no rule
        return text(entry.get("ruleId")) or None
    return next((code for chain in _CODES if (code := text(dig(entry, *chain.split("."))))), None)


def _severity(entry: Mapping[str, Json]) -> Severity:
    said = _first(entry, _SEVERITIES)
    word = text(said) or ("" if number(said) is None else str(number(said)))
    return severity_of(word) or Severity.ERROR


def _first(entry: Mapping[str, Json], chains: tuple[str, ...]) -> Json:
    """The first of these chains of keys that leads to a string or a number."""
    for chain in chains:
        value = dig(entry, *chain.split("."))
        if (isinstance(value, str) and value) or number(value) is not None:
            return value
    return None


def _of_rust(document: Json, places: Places) -> Iterator[Finding]:
    """cargo's ``--message-format=json``: one line for each message, several places in each."""
    if text(dig(document, "reason")) != "compiler-message":
        return
    message = dig(document, "message")
    severity = severity_of(text(dig(message, "level"))) or Severity.ERROR
    primary = next((span for span in sequence(dig(message, "spans")) if dig(span, "is_primary") is True), None)
    if primary is None:
        return
    place = places.at(
        text(dig(primary, "file_name")), positive(dig(primary, "line_start")), positive(dig(primary, "column_start"))
    )
    if place.path is None:
        return
    code = text(dig(message, "code", "code")) or None
    said = text(dig(message, "message"))
    kind = kind_of(code=code, message=said, tool="rustc", severity=severity)
    detail = text(dig(message, "rendered"))
    yield make_finding(said, place=place, severity=severity, code=code, kind=kind, detail=detail, tool="rustc")


def _of_go_vet(document: Json, places: Places) -> Iterator[Finding]:
    """``go vet -json``: package, analyzer, complaints with ``posn``; its exit status is 0 all the same."""
    for analyzers in mapping(document).values():
        for analyzer, complaints in mapping(analyzers).items():
            for complaint in sequence(complaints):
                path, _, rest = text(dig(complaint, "posn")).partition(":")
                line, _, column = rest.partition(":")
                if line.isdigit() and places.find(path) is not None:
                    place = places.at(path, int(line[:7]), int(column[:7]) if column.isdigit() else None)
                    said = text(dig(complaint, "message"))
                    kind = kind_of(code=analyzer, message=said, tool="go vet")
                    yield make_finding(said, place=place, code=analyzer, kind=kind, tool="go vet")
