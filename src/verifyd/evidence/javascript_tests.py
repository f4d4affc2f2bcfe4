"""What jest, vitest, mocha and Playwright print in, the tests that failed out."""

from __future__ import annotations

import posixpath
import re

from verifyd.evidence.kinds import collection_kind
from verifyd.evidence.model import FindingKind, Severity
from verifyd.evidence.places import Place
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.subjects import seen_from_gate, without_position
from verifyd.evidence.traces import read_trace

_MOST_DETAIL = 120
_MOST_BODY = 1_000

_JEST_FILE = re.compile(r"(?:FAIL|PASS) (?:.{1,80} )?(?P<path>[^\s()]{1,500}\.[cm]?[jt]sx?)(?: \(.{1,40}\))?$")
_JEST_TITLE = re.compile(r"\s{1,6}● (?P<title>\S.*)")
_JEST_END = re.compile(r"Test Suites: |Summary of all failing tests")
_JEST_ASIDE = ("Console", "Validation Warning", "Deprecation Warning", "Multiple configurations")


def read_jest(scan: Scan) -> None:
    """Takes from the first ``FAIL path`` to the count of suites."""
    start = scan.find(_JEST_FILE, 0, len(scan.lines))
    end = scan.find(re.compile("Test Suites: "), 0, len(scan.lines))
    if start is None or end is None or end[0] < start[0]:
        return
    file, title, body, at = "", "", list[str](), start[0]
    for index in range(start[0], end[0] + 1):
        line = scan.lines[index]
        named, titled = _JEST_FILE.match(line), _JEST_TITLE.match(line)
        if named is None and titled is None and not _JEST_END.match(line):
            body.append(line)
            continue
        _add_jest(scan, at, file, title, body)
        file = named["path"] if named is not None else file
        title, body, at = titled["title"] if titled is not None else "", [], index
    scan.take(start[0], end[0] + 1)


def _add_jest(scan: Scan, at: int, file: str, title: str, body: list[str]) -> None:
    if not title or title.startswith(_JEST_ASIDE):
        return
    is_suite = title == "Test suite failed to run"
    subject = scan.places.as_seen(file) if is_suite else " ".join(title.split(" › "))
    _add(scan, at, subject=subject, body=body, file=file, is_collection=is_suite, tool="jest")


_VITEST_START = re.compile(r"\s{1,4}(?:RUN|DEV)  v\d")
_VITEST_END = re.compile(r"\s{2,8}Duration  ")
_VITEST_FAIL = re.compile(r"\s{1,4}FAIL  (?:\|[^|]{1,80}\| )?(?P<title>\S.*)")
_VITEST_BREAK = re.compile(r"\s{0,4}⎯{2,}|\s{1,4}Test Files  |\s{1,4}FAIL  ")
_VITEST_STRAY = re.compile(r"⎯{2,} (?P<title>(?:Unhandled|Uncaught) (?:Rejection|Exception|Error)) ⎯{2,}")


def read_vitest(scan: Scan) -> None:
    """Takes each run from its first line to its duration."""
    index = 0
    while (start := scan.find(_VITEST_START, index, len(scan.lines))) is not None:
        end = scan.find(_VITEST_END, start[0], len(scan.lines))
        stop = end[0] + 1 if end is not None else len(scan.lines)
        _read_vitest_run(scan, start[0], stop)
        scan.take(start[0], stop)
        index = stop


def _read_vitest_run(scan: Scan, start: int, stop: int) -> None:
    waiting: list[tuple[int, str]] = []
    for index in range(start, stop):
        match = _VITEST_FAIL.match(scan.lines[index])
        stray = _VITEST_STRAY.match(scan.lines[index])
        if match is not None:
            waiting.append((index, match["title"]))
            if index + 1 < stop and _VITEST_FAIL.match(scan.lines[index + 1]):
                continue  # tests that failed alike share one report
        elif stray is None:
            continue
        end = scan.find(_VITEST_BREAK, index + 1, min(stop, index + _MOST_BODY))
        body = scan.lines[index + 1 : end[0] if end is not None else min(stop, index + _MOST_BODY)]
        for at, title in waiting if not scan.is_full else ():
            _add_vitest(scan, at, title, body)
        if stray is not None:
            trace = read_trace("\n".join(body), scan.places)
            scan.add(
                Draft(
                    at=index,
                    message=f"{stray['title']}: {_first(body)}",
                    place=trace.innermost or Place(),
                    kind=FindingKind.OTHER,
                    frames=trace.frames,
                    detail=body[:_MOST_DETAIL],
                    tool="vitest",
                )
            )
        waiting = []


def _add_vitest(scan: Scan, at: int, title: str, body: list[str]) -> None:
    path = title.split(" > ", 1)[0].split(" [ ", 1)[0].strip()
    is_suite = " > " not in title
    subject = seen_from_gate(path if is_suite else title, " > ", scan.places)
    _add(scan, at, subject=subject, body=body, file=path, is_collection=is_suite, tool="vitest")


_MOCHA_START = re.compile(r"\s{2}\d{1,7} passing \(")
_MOCHA_CASE = re.compile(r"\s{2}\d{1,5}\) (?P<title>\S.*)")


def read_mocha(scan: Scan) -> None:
    """Takes the numbered reports after the counts; the title of one runs over lines, each deeper, to a colon."""
    start = scan.find(_MOCHA_START, 0, len(scan.lines))
    if start is None or scan.taken[start[0]]:
        return
    found = scan.find(_MOCHA_CASE, start[0], len(scan.lines))
    while found is not None and not scan.is_full:
        following = scan.find(_MOCHA_CASE, found[0] + 1, len(scan.lines))
        stop = following[0] if following is not None else _two_blank_lines(scan, found[0])
        titles, body_at = _mocha_title(scan, found[0], found[1]["title"], stop)
        _add(
            scan,
            found[0],
            subject=" ".join(titles),
            body=scan.lines[body_at:stop],
            file="",
            is_collection=False,
            tool="mocha",
        )
        scan.take(found[0], stop)
        found = following


def _mocha_title(scan: Scan, at: int, first: str, stop: int) -> tuple[list[str], int]:
    titles = [first.rstrip(":")]
    index = at + 1
    while not scan.lines[index - 1].rstrip().endswith(":") and index < min(stop, at + 20) and scan.lines[index].strip():
        titles.append(scan.lines[index].strip().rstrip(":"))
        index += 1
    return titles, index


def _two_blank_lines(scan: Scan, start: int) -> int:
    for index in range(start, len(scan.lines) - 1):
        if not scan.lines[index].strip() and not scan.lines[index + 1].strip():
            return index
    return len(scan.lines)


_PLAYWRIGHT_START = re.compile(r"Running \d{1,7} tests? using \d")
_PLAYWRIGHT_CASE = re.compile(r"\s{2}\d{1,5}\) (?P<title>.{1,500}\.\w{1,5}:\d{1,7}:\d{1,7} › .{1,500}?)(?: ─+)?$")
_PLAYWRIGHT_COUNT = re.compile(
    r"\s{2}\d{1,7} (?P<word>failed|flaky|skipped|passed|interrupted|did not run)(?: \(.{1,20}\))?$"
)
_PLAYWRIGHT_LISTED = re.compile(r"\s{4}(?P<title>\S.*? › .{1,500}?)(?: ─+)?$")


def read_playwright(scan: Scan) -> None:
    """Takes each run; a test that passed when it was tried again is a warning, which its JUnit file does not tell."""
    index = 0
    while (start := scan.find(_PLAYWRIGHT_START, index, len(scan.lines))) is not None:
        following = scan.find(_PLAYWRIGHT_START, start[0] + 1, len(scan.lines))
        stop = following[0] if following is not None else len(scan.lines)
        flaky, last = _flaky(scan, start[0], stop)
        stop = last + 1 if last else stop
        _read_playwright_run(scan, start[0], stop, flaky)
        scan.take(start[0], stop)
        index = stop


def _flaky(scan: Scan, start: int, stop: int) -> tuple[set[str], int]:
    """Titles listed below ``1 flaky``, and the index of the last count."""
    flaky: set[str] = set()
    word, last = "", 0
    for index in range(start, stop):
        count = _PLAYWRIGHT_COUNT.match(scan.lines[index])
        if count is not None:
            word, last = count["word"], index
            continue
        listed = _PLAYWRIGHT_LISTED.match(scan.lines[index]) if word == "flaky" else None
        if listed is not None:
            flaky.add(without_position(listed["title"]))
    return flaky, last


def _read_playwright_run(scan: Scan, start: int, stop: int, flaky: set[str]) -> None:
    found = scan.find(_PLAYWRIGHT_CASE, start, stop)
    while found is not None and not scan.is_full:
        following = scan.find(_PLAYWRIGHT_CASE, found[0] + 1, stop)
        body = scan.lines[found[0] + 1 : following[0] if following is not None else stop]
        title = without_position(found[1]["title"])
        subject, file = seen_from_gate(title, " › ", scan.places), title.split(" › ", 1)[0]
        draft = _add(scan, found[0], subject=subject, body=body, file=file, is_collection=False, tool="playwright")
        if title in flaky:
            draft.severity, draft.message = Severity.WARNING, f"flaky, it passed when tried again: {draft.message}"
        found = following


def _add(scan: Scan, at: int, *, subject: str, body: list[str], file: str, is_collection: bool, tool: str) -> Draft:
    text = "\n".join(body)
    trace = read_trace(text, scan.places, package=posixpath.dirname(file))
    kind = collection_kind(text) if is_collection else FindingKind.TEST
    place = trace.innermost or Place(path=scan.places.find(file) if file else None)
    draft = Draft(
        at=at,
        message=_first(body),
        place=place,
        subject=subject,
        kind=kind,
        frames=trace.frames,
        detail=body[:_MOST_DETAIL],
        tool=tool,
    )
    scan.add(draft)
    return draft


def _first(body: list[str]) -> str:
    """What went wrong, before expected and received: the first line, and the one after it when it ends in a colon."""
    said = [line.strip() for line in body[:20] if line.strip()]
    if len(said) > 1 and said[0].endswith(":"):
        return f"{said[0]} {said[1]}"
    return said[0] if said else "failed"
