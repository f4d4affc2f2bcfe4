"""What pytest and unittest print in, the tests that failed out; the lines of their reports are then read by nobody else."""

from __future__ import annotations

import re

from msgspec import Struct

from verifyd.evidence.compose import MOST_FINDINGS
from verifyd.evidence.kinds import collection_kind
from verifyd.evidence.model import FindingKind
from verifyd.evidence.places import Place
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.subjects import seen_from_gate
from verifyd.evidence.traces import Trace, read_trace

_MOST_DETAIL = 200
_MOST_ALIKE = 20
"""Tests of one name in different files that are told apart by the paths in their reports."""

_HEADING = re.compile(
    r"={3,200} (?P<title>test session starts|ERRORS|FAILURES|PASSES|XFAILURES|XPASSES|warnings summary.{0,40}|short test summary info) ={3,200}$"
)
_END = re.compile(
    r"=*\s?(?:\d{1,7} [a-z]{1,20}(?:, \d{1,7} [a-z ]{1,30})*|no tests ran|no tests collected.{0,60})"
    r" in \d[\d.]{0,12}s(?: \([\d:]{1,12}\))?\s?=*$"
)
_SECTION = re.compile(r"_{3,200} (?P<title>.{1,1000}) _{3,200}$")
_SECTION_END = re.compile(
    r"={3,200} .{0,200} ={3,200}$|-{3,200} Captured .{0,80} -{3,200}$|!{3,200} .{0,200} !{3,200}$"
)
_OUTCOME = re.compile(r"(?P<outcome>FAILED|ERROR) (?P<rest>\S.*)")


def read_pytest(scan: Scan) -> None:
    """Takes each session from its first heading to its last line; ``-q`` leaves out the first headings, not the last line."""
    index = 0
    while (heading := scan.find(_HEADING, index, len(scan.lines))) is not None:
        start = heading[0]
        end = scan.find(_END, start, len(scan.lines))
        stop = end[0] + 1 if end is not None else len(scan.lines)
        _read_session(scan, start, stop)
        scan.take(start, stop)
        index = stop


def _read_session(scan: Scan, start: int, stop: int) -> None:
    sections = _sections(scan, start, stop)
    summary = scan.find(re.compile(r"=+ short test summary info =+$"), start, stop)
    outcomes = _outcomes(scan, summary[0] + 1, stop) if summary is not None else []
    for outcome in outcomes[:MOST_FINDINGS]:
        _add(scan, outcome, _section_of(outcome, sections))
    if not outcomes:
        for titled in list(sections.values()):
            for section in titled if not scan.is_full else ():
                _add(scan, _outcome_of(section, scan), section)


class _Section(Struct, frozen=True, kw_only=True):
    at: int
    title: str
    lines: list[str]


class _Outcome(Struct, frozen=True, kw_only=True):
    at: int
    node: str
    message: str
    is_error: bool

    @property
    def is_file(self) -> bool:
        """A whole file could not be collected."""
        return self.is_error and "::" not in self.node


def _sections(scan: Scan, start: int, stop: int) -> dict[str, list[_Section]]:
    """The reports of failures by their title, each up to the captured output."""
    found: dict[str, list[_Section]] = {}
    current: _Section | None = None
    for index in range(start, stop):
        line = scan.lines[index]
        match = _SECTION.match(line) if line.startswith("___") else None
        if match is not None:
            current = _Section(at=index, title=match["title"], lines=[])
            found.setdefault(current.title, []).append(current)
        elif line[:3] in ("===", "---", "!!!") and _SECTION_END.match(line):
            current = None
        elif current is not None:
            current.lines.append(line)
    return found


def _outcomes(scan: Scan, start: int, stop: int) -> list[_Outcome]:
    found: list[_Outcome] = []
    for index in range(start, stop):
        match = _OUTCOME.match(scan.lines[index])
        if match is not None:
            node, message = _split_node(match["rest"])
            found.append(_Outcome(at=index, node=node, message=message, is_error=match["outcome"] == "ERROR"))
    return found


def _split_node(rest: str) -> tuple[str, str]:
    """Parameters may hold anything, `` - `` included: they end with the bracket before it."""
    if "[" in rest.split(" - ", 1)[0]:
        node, bracket, message = rest.partition("] - ")
        return (f"{node}]", message) if bracket else (rest.strip(), "")
    node, _, message = rest.partition(" - ")
    return node.strip(), message


def _section_of(outcome: _Outcome, sections: dict[str, list[_Section]]) -> _Section | None:
    path, _, name = outcome.node.partition("::")
    dotted = name.replace("::", ".")
    titles = [f"ERROR collecting {path}"] if outcome.is_file else [dotted]
    if outcome.is_error:
        titles += [f"ERROR at {when} of {wanted}" for when in ("setup", "teardown") for wanted in (dotted, name)]
    for title in titles:
        candidates = sections.get(title)
        if candidates:
            alike = enumerate(candidates[:_MOST_ALIKE])
            own = next((index for index, section in alike if any(path in line for line in section.lines[-200:])), 0)
            return candidates.pop(own)
    return None


def _outcome_of(section: _Section, scan: Scan) -> _Outcome:
    """Without a summary (``--no-summary``) the title and the frames must do."""
    name = re.sub(r"ERROR (?:at (?:setup|teardown) of|collecting) ", "", section.title)
    is_error = section.title.startswith("ERROR ")
    if "collecting" in section.title:
        return _Outcome(at=section.at, node=name, message="", is_error=True)
    frames = read_trace("\n".join(section.lines), scan.places).frames
    file = next((path for path, _ in frames), None)
    node = f"{scan.places.from_cwd(file)}::{name.replace('.', '::')}" if file else name.replace(".", "::")
    return _Outcome(at=section.at, node=node, message="", is_error=is_error)


def _add(scan: Scan, outcome: _Outcome, section: _Section | None) -> None:
    body = section.lines[-_MOST_DETAIL:] if section is not None else []
    trace = read_trace("\n".join(section.lines), scan.places) if section is not None else Trace()
    file = scan.places.find(outcome.node.partition("::")[0])
    message = trace.explanation or outcome.message or (section.title if section is not None else "failed")
    kind = collection_kind("\n".join(body)) if outcome.is_file else FindingKind.TEST
    place = trace.innermost or Place(path=file)
    scan.add(
        Draft(
            at=section.at if section is not None else outcome.at,
            message=message,
            place=place,
            subject=seen_from_gate(outcome.node, "::", scan.places),
            kind=kind,
            frames=trace.frames,
            detail=body,
            tool="pytest",
        )
    )


_BAR = re.compile(r"={70}$")
_RULE = re.compile(r"-{70}$")
_BAR_OR_RULE = re.compile(r"={70}$|-{70}$")
_RAN = re.compile(r"Ran \d{1,7} tests? in \d")
_CASE = re.compile(r"(?:ERROR|FAIL): (?P<name>\S{1,500}) \((?P<owner>[^)\s]{1,500})\)(?P<part> .{0,300})?$")


def read_unittest(scan: Scan) -> None:
    """Takes the reports between the bars and ``Ran 7 tests``."""
    index = 0
    while (bar := scan.find(_BAR, index, len(scan.lines))) is not None:
        index = bar[0] + 1
        case = _CASE.match(scan.lines[index]) if index < len(scan.lines) else None
        if case is None or scan.taken[bar[0]]:
            continue
        rule = scan.find(_BAR_OR_RULE, index + 1, index + 20)
        if rule is None or rule[1][0].startswith("="):
            continue
        end = _end_of_case(scan, rule[0] + 1)
        _add_case(scan, index, case, scan.lines[rule[0] + 1 : end])
        scan.take(bar[0], end)
        index = end


def _end_of_case(scan: Scan, start: int) -> int:
    for index in range(start, len(scan.lines)):
        line = scan.lines[index]
        if _BAR.match(line) or (
            _RULE.match(line) and index + 1 < len(scan.lines) and _RAN.match(scan.lines[index + 1])
        ):
            return index
    return len(scan.lines)


def _add_case(scan: Scan, at: int, case: re.Match[str], body: list[str]) -> None:
    text = "\n".join(body)
    trace = read_trace(text, scan.places)
    name, owner = case["name"], case["owner"]
    is_import = "unittest.loader." in owner
    subject = name if is_import else owner if owner.endswith(f".{name}") else f"{owner}.{name}"
    scan.add(
        Draft(
            at=at,
            message=_exception(body) or f"{case[0]}",
            place=trace.innermost or Place(),
            subject=subject,
            kind=collection_kind(text) if is_import else FindingKind.TEST,
            frames=trace.frames,
            detail=body[-_MOST_DETAIL:],
            tool="unittest",
        )
    )


def _exception(body: list[str]) -> str:
    """What follows the last frame: its source lines are indented, the exception is not."""
    last_frame = max((index for index, line in enumerate(body) if line.startswith('  File "')), default=-1)
    for index in range(last_frame + 1, len(body)):
        if body[index] and not body[index][0].isspace():
            return "\n".join(body[index:]).strip()
    return ""
