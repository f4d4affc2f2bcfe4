"""TAP (node, vitest, prove) and node's own spec report in, the tests that failed out."""

from __future__ import annotations

import bisect
import re

from verifyd.evidence.model import FindingKind
from verifyd.evidence.places import NOWHERE, Place
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.traces import read_trace

_START = re.compile(r"TAP version 1[34]$|1\.\.\d{1,7}\s{0,4}(?:#|$)")
_POINT = re.compile(r"(?P<indent>\s{0,80})(?P<not>not )?ok\b(?: \d{1,7})?(?: -)? ?(?P<name>.*)")
_DIRECTIVE = re.compile(r"\s#\s{0,4}(?P<word>skip|todo|time)\b.*$", re.IGNORECASE)
_YAML_END = re.compile(r"\s{1,84}\.\.\.$")
_FIELD = re.compile(r"\s{1,84}(?P<key>\w{1,40}): (?P<value>.*)")
_LOCATION = re.compile(r"[\"']?(?P<path>.{1,1000}?):(?P<line>\d{1,7}):(?P<column>\d{1,7})[\"']?$")
_NODE_FAILING = re.compile(r"✖ failing tests:$|Failed tests:$")
_NODE_CASE = re.compile(r"✖ (?P<name>.{1,500}) \(\d[\d.]{0,20}ms\)$")
_NODE_WHERE = re.compile(r"test at (?P<place>.{1,1000}:\d{1,7}:\d{1,7})$")
_NODE_PARENT = re.compile(r"\s{1,8}'\d{1,7} subtests? failed'")
_MOST_LINES = 80
_LONGEST_BLOCK = 1_000


def read_tap(scan: Scan) -> None:
    """Takes the test points and the blocks below them, wherever a plan or a version says that this is TAP."""
    if scan.find(_START, 0, len(scan.lines)) is None:
        return
    ends = [index for index, line in enumerate(scan.lines) if line.endswith("...") and _YAML_END.match(line)]
    index = 0
    while index < len(scan.lines):
        point = _POINT.match(scan.lines[index]) if "ok" in scan.lines[index][:90] and not scan.taken[index] else None
        if point is None:
            index += 1
            continue
        end = _end_of_block(scan, index + 1, ends)
        name, directive = _split_directive(point["name"])
        if point["not"] and directive not in ("skip", "todo") and not scan.is_full:
            _add_point(scan, index, name, scan.lines[index + 1 : end])
        scan.take(index, end)
        index = end


def _end_of_block(scan: Scan, start: int, ends: list[int]) -> int:
    if start >= len(scan.lines) or scan.lines[start].strip() != "---":
        return start
    following = bisect.bisect_left(ends, start)
    return ends[following] + 1 if following < len(ends) and ends[following] - start < _LONGEST_BLOCK else start


def _split_directive(name: str) -> tuple[str, str]:
    match = _DIRECTIVE.search(name)
    return (name[: match.start()].strip(), match["word"].lower()) if match is not None else (name.strip(), "")


def _add_point(scan: Scan, at: int, name: str, block: list[str]) -> None:
    fields = {match["key"]: match["value"].strip() for line in block if (match := _FIELD.match(line)) is not None}
    if fields.get("failureType") == "'subtestsFailed'":
        return
    # node writes the stack without "at": give it the form that the reader of traces knows
    trace = read_trace("\n".join(f"    at {line.strip()}" for line in block), scan.places)
    said = fields.get("error") or fields.get("message") or ""
    if said in ("|-", "|", ">"):
        said = next((line.strip() for line in _after(block, "error:")), "")
    scan.add(
        Draft(
            at=at,
            message=said.strip("'\"") or "failed",
            place=trace.innermost or _location(scan, fields.get("location") or fields.get("at") or ""),
            subject=name,
            kind=FindingKind.TEST,
            frames=trace.frames,
            detail=block[:_MOST_LINES],
            tool="node" if "failureType" in fields else "vitest" if " > " in name else None,
        )
    )


def _after(block: list[str], key: str) -> list[str]:
    start = next((index for index, line in enumerate(block) if line.strip().startswith(key)), len(block))
    return block[start + 1 :]


def _location(scan: Scan, said: str) -> Place:
    match = _LOCATION.match(said)
    if match is None:
        return NOWHERE
    return scan.places.at(match["path"], int(match["line"]), int(match["column"]))


def read_node_report(scan: Scan) -> None:
    """Takes the failures that node's spec and dot reporters list at the end."""
    start = scan.find(_NODE_FAILING, 0, len(scan.lines))
    if start is None:
        return
    where = ""
    case: tuple[int, str, str] | None = None
    for index in range(start[0] + 1, len(scan.lines) + 1):
        line = scan.lines[index] if index < len(scan.lines) else ""
        placed, named = _NODE_WHERE.match(line), _NODE_CASE.match(line)
        if placed is None and named is None and index < len(scan.lines):
            continue
        if case is not None:
            _add_node(scan, *case, scan.lines[case[0] + 1 : index])
            case = None
        if named is not None:
            case = (index, named["name"], where)
        where = placed["place"] if placed is not None else ""
    scan.take(start[0], len(scan.lines))


def _add_node(scan: Scan, at: int, name: str, where: str, body: list[str]) -> None:
    if any(_NODE_PARENT.match(line) for line in body[:2]):
        return
    trace = read_trace("\n".join(body), scan.places)
    scan.add(
        Draft(
            at=at,
            message=next((line.strip() for line in body if line.strip()), "failed"),
            place=trace.innermost or _location(scan, where),
            subject=name,
            kind=FindingKind.TEST,
            frames=trace.frames,
            detail=body[:_MOST_LINES],
            tool="node",
        )
    )
