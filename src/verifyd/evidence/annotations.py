"""Commands that tools print for a CI host (GitHub's ``::error file=…``, Azure's ``##vso[…]``) in, findings out."""

from __future__ import annotations

import re

from verifyd.evidence.kinds import collection_kind, kind_of, severity_of
from verifyd.evidence.model import FindingKind, Severity
from verifyd.evidence.places import Place, Places
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.subjects import seen_from_gate, without_position

_GITHUB = re.compile(r"\s{0,12}::(?P<severity>error|warning|notice)(?: (?P<fields>.{0,1500}?))?::(?P<message>.*)")
_AZURE = re.compile(r"\s{0,12}##vso\[task\.logissue (?P<fields>[^\]]{0,1000})\](?P<message>.*)")
_GROUPING = re.compile(r"\s{0,12}::(?:group|endgroup|debug|notice|add-mask|set-output|save-state)")

_ERROR = re.compile(r"\s{0,8}\w{0,60}Error: ")
_TITLE = re.compile(r"(?:(?P<tool>[A-Za-z][\w-]{1,30}) )?\(?(?P<rule>[\w@/.:-]{1,80}(?:\([\w/@-]{1,80}\))?)\)?")
_SAID_AGAIN = re.compile(r"\S{1,500}?:(?P<line>\d{1,7}):(?P<column>\d{1,7}): (?P<rest>.*)")
_YAMLLINT = re.compile(r"\d{1,7}:\d{1,7} (?:\[(?P<rule>[a-z-]{1,40})\] )?(?P<rest>.*)")
_ENCODED = {"%0A": "\n", "%0D": "", "%3A": ":", "%2C": ",", "%3B": ";", "%5D": "]", "%25": "%"}


def read_annotations(scan: Scan) -> None:
    """Takes every line that is such a command; only those that say no, or name a place, are findings."""
    for index, line in enumerate(scan.lines):
        if scan.is_full:
            return
        if ("::" not in line and "##vso" not in line) or scan.taken[index]:
            continue
        match = _GITHUB.match(line) or _AZURE.match(line)
        if match is not None:
            scan.take(index, index + 1)
            _add(scan, index, match)
        elif _GROUPING.match(line):
            scan.take(index, index + 1)


def _add(scan: Scan, index: int, match: re.Match[str]) -> None:
    separator = ";" if match.re is _AZURE else ","
    fields = _fields(match["fields"] or "", separator)
    severity = severity_of(fields.get("type", "")) if match.re is _AZURE else severity_of(match["severity"])
    message = _decode(match["message"])
    title = fields.get("title", "")
    place = scan.places.at(
        fields.get("file") or fields.get("sourcepath") or "",
        _number(fields.get("line") or fields.get("linenumber")),
        _number(fields.get("col") or fields.get("column") or fields.get("columnnumber")),
    )
    draft = Draft(at=index, message=message, place=place, severity=severity or Severity.ERROR, code=fields.get("code"))
    _understand(draft, title, scan.places)
    if place.path is not None or draft.severity is Severity.ERROR:
        scan.add(draft)


def _understand(draft: Draft, title: str, places: Places) -> None:
    """Tools put the rule into the title and the place, once more, in front of the message."""
    first, _, rest = draft.message.partition("\n")
    draft.detail = rest.split("\n") if rest else []
    is_file = draft.place.path is not None and title == draft.place.path
    if " > " in title or " › " in title or is_file:
        separator = " > " if " > " in title else " › "
        draft.subject, draft.echo = seen_from_gate(without_position(title), separator, places), True
        draft.message = next((line.strip() for line in draft.message.split("\n") if _ERROR.match(line)), first)
        draft.kind = collection_kind(draft.message) if is_file else FindingKind.TEST
        return
    named = _TITLE.fullmatch(title)
    if named is not None and draft.code is None:
        draft.code, draft.tool = named["rule"], (named["tool"] or "").lower() or None
    if draft.code == "oxlint":
        draft.code, draft.tool = None, "oxlint"
    again = _SAID_AGAIN.match(first)
    if again is not None:
        first = again["rest"].removeprefix(f"{draft.code} ").removeprefix(f"{draft.code}: ")
        if draft.place.column is None:  # ruff leaves the column out of ranges over several lines
            draft.place = Place(
                path=draft.place.path, line=draft.place.line, column=int(again["column"]) or None, said=draft.place.said
            )
    yamllint = _YAMLLINT.match(first)
    if yamllint is not None:
        first, draft.code, draft.tool = yamllint["rest"], yamllint["rule"], "yamllint"
    draft.message = first
    draft.kind = kind_of(code=draft.code, message=first, tool=draft.tool, severity=draft.severity)


def _fields(said: str, separator: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in said.split(separator))
    return {key.strip(): _decode(value.strip()) for key, _, value in pairs if value}


def _decode(text: str) -> str:
    for code, meant in _ENCODED.items():
        if code in text:
            text = text.replace(code, meant)
    return text


def _number(said: str | None) -> int | None:
    return int(said) if said and said.isascii() and said.isdigit() and len(said) <= 7 else None
