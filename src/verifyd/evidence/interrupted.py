"""The log of a pytest that was interrupted in, the test that was running out: what hangs is told when a gate's time is over."""

from __future__ import annotations

import re

from verifyd.evidence.model import FindingKind
from verifyd.evidence.places import NOWHERE, Place
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.subjects import seen_from_gate

INTERRUPTED = "interrupted"
"""The code of the finding; pytest's own results file knows nothing of such a test."""
SAYS = "was still running when it was interrupted"

_BANNER = re.compile(r"!{3,200} KeyboardInterrupt !{3,200}$")
_PLACE = re.compile(r"(?P<path>[^:]{1,500}):(?P<line>\d{1,7}): KeyboardInterrupt$")
_REPORTS = re.compile(r"={3,200} (?:ERRORS|FAILURES|PASSES|warnings summary|short test summary)")
_VERBOSE = re.compile(r"(?P<node>[^\s:]{1,500}\.py::\S.{0,500}?)\s*$")
_ENDED = re.compile(r" (?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b")
_QUIET = re.compile(r"(?P<path>\S{1,500}\.py) [.FEsxXR]{0,500}$")


def read_interrupted(scan: Scan) -> None:
    """
    One finding for each interrupted session.

    pytest tells the innermost place, which may lie in a library that waits; with ``-v`` the line it had begun names the
    test, without it the file.
    """
    start = 0
    while (banner := scan.find(_BANNER, start, len(scan.lines))) is not None:
        at = banner[0]
        match = _PLACE.match(scan.lines[at + 1]) if at + 1 < len(scan.lines) else None
        place = scan.places.at(match["path"], int(match["line"])) if match is not None else NOWHERE
        _add(scan, at, place, _begun(scan, start, at))
        scan.take(at, at + 2)
        start = at + 1


def _add(scan: Scan, at: int, place: Place, begun: str) -> None:
    file = begun.partition("::")[0]
    if place.path is None and scan.places.find(file) is not None:
        place = scan.places.at(file)
    subject = seen_from_gate(begun, "::", scan.places) if begun else None
    what = "the test" if "::" in begun or not begun else "a test of this file"
    scan.add(
        Draft(
            at=at,
            message=f"{what} {SAYS}",
            place=place,
            code=INTERRUPTED,
            subject=subject if "::" in begun else None,
            kind=FindingKind.TEST,
            tool="pytest",
        )
    )


def _begun(scan: Scan, start: int, banner: int) -> str:
    """The node or the file of the last line of progress; empty when neither was printed."""
    reports = scan.find(_REPORTS, start, banner)
    for index in range((reports[0] if reports is not None else banner) - 1, start - 1, -1):
        line = scan.lines[index]
        verbose = _VERBOSE.match(line)
        if verbose is not None and not _ENDED.search(line):
            node = verbose["node"]
            return node if "[" in node.split(" ", 1)[0] else node.split(" ", 1)[0]
        quiet = _QUIET.match(line)
        if verbose is not None or quiet is not None:
            return quiet["path"] if quiet is not None else ""
    return ""
