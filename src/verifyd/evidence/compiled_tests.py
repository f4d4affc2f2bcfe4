"""What ``go test``, ``cargo test`` and nextest print in, the tests that failed out."""

from __future__ import annotations

import re

from msgspec import Struct, field

from verifyd.evidence.model import FindingKind
from verifyd.evidence.places import Place
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.traces import read_trace

_MOST_DETAIL = 200

_GO_START = re.compile(r"=== RUN   |--- (?:FAIL|PASS|SKIP): |panic: ")
_GO_RUN = re.compile(r"=== (?:RUN|CONT|NAME) {1,4}(?P<name>\S{1,500})")
_GO_RESULT = re.compile(r"\s{0,80}--- (?P<result>FAIL|PASS|SKIP): (?P<name>\S{1,500}) \(\d")
_GO_END = re.compile(r"(?:FAIL|ok  )\t(?P<package>\S{1,500})(?:\s|$)")
_GO_SAID = re.compile(r"\s{1,80}(?P<path>[^\s:]{1,500}\.go):(?P<line>\d{1,7}): (?P<message>.*)")


class _GoTest(Struct):
    at: int
    lines: list[str] = field(default_factory=list)


def read_go(scan: Scan) -> None:
    """Takes what each package's tests print, up to the line that names the package: only then is its folder known."""
    index = 0
    while (start := scan.find(_GO_START, index, len(scan.lines))) is not None:
        end = scan.find(_GO_END, start[0], len(scan.lines))
        stop = end[0] if end is not None else len(scan.lines)
        index = stop + 1
        if not any(_GO_RESULT.match(line) or _GO_RUN.match(line) for line in scan.lines[start[0] : stop]):
            continue  # a panic outside any test
        _read_go_package(scan, start[0], stop, end[1]["package"] if end is not None else "")
        scan.take(start[0], index)


def _read_go_package(scan: Scan, start: int, stop: int, package: str) -> None:
    said: dict[str, _GoTest] = {}
    failed: dict[str, int] = {}
    current = ""
    for index in range(start, stop):
        line = scan.lines[index]
        run, result = _GO_RUN.match(line), _GO_RESULT.match(line)
        named = run or result
        if named is not None:
            current = named["name"]
        if result is not None and result["result"] == "FAIL":
            failed[current] = index
        if named is None:
            said.setdefault(current, _GoTest(index)).lines.append(line)
    parents = {name.rpartition("/")[0] for name in failed}
    for name, at in failed.items():
        if name not in parents and not scan.is_full:
            _add_go(scan, at, name, said.get(name, _GoTest(at)).lines, package)


def _add_go(scan: Scan, at: int, name: str, lines: list[str], package: str) -> None:
    trace = read_trace("\n".join(lines), scan.places, package=package)
    messages = [match["message"] for line in lines if (match := _GO_SAID.match(line)) is not None]
    panics = [line for line in lines if line.startswith("panic: ")]
    scan.add(
        Draft(
            at=at,
            message=(panics or messages or ["failed"])[0].strip() or "failed",
            place=trace.innermost or Place(),
            subject=name,
            kind=FindingKind.TEST,
            frames=trace.frames,
            detail=lines[:_MOST_DETAIL],
            tool="go",
        )
    )


_CARGO_START = re.compile(r"running \d{1,7} tests?$")
_CARGO_END = re.compile(r"test result: (?:ok|FAILED)\. ")
_CARGO_REPORT = re.compile(r"---- (?P<name>.{1,500}) stdout ----$")
_CARGO_FAILED = re.compile(r"test (?P<name>.{1,500}?)(?: - should panic)? \.\.\. FAILED")
_PANIC = re.compile(r"thread '(?P<name>.{0,500}?)' (?:\(\d{1,12}\) )?panicked at (?:'(?P<old>.*)', )?\S")
_PANIC_END = re.compile(r"stack backtrace:|note: |\s*$")
_NEXTEST = re.compile(
    r"\s{2,20}(?:FAIL|SIGABRT|SIGSEGV|TIMEOUT|LEAK-FAIL|XFAIL) \[\s{0,10}[>\d.]{1,12}s\] (?:\(\s{0,8}\d{1,7}/\d{1,7}\) )?(?P<crate>\S{1,300}) (?P<name>\S{1,500})$"
)


def read_cargo(scan: Scan) -> None:
    """Takes each test binary's report; what rustc printed before it stays for the reader of diagnostics."""
    index = 0
    while (start := scan.find(_CARGO_START, index, len(scan.lines))) is not None:
        end = scan.find(_CARGO_END, start[0], len(scan.lines))
        stop = end[0] + 1 if end is not None else len(scan.lines)
        _read_binary(scan, start[0], stop)
        scan.take(start[0], stop)
        index = stop
    _read_nextest(scan)


def _read_binary(scan: Scan, start: int, stop: int) -> None:
    reports: dict[str, list[str]] = {}
    failed: dict[str, int] = {}
    current: list[str] | None = None
    for index in range(start, stop):
        line = scan.lines[index]
        report, result = _CARGO_REPORT.match(line), _CARGO_FAILED.match(line)
        if report is not None:
            current = reports.setdefault(report["name"], [])
        elif result is not None:
            failed[result["name"]] = index
        elif line == "failures:":
            current = None
        elif current is not None:
            current.append(line)
    for name in dict.fromkeys([*failed, *reports]):
        if scan.is_full:
            break
        _add_rust(scan, failed.get(name, start), name, reports.get(name, []))


def _read_nextest(scan: Scan) -> None:
    """nextest repeats each failure in its summary: the first mention with its output counts."""
    panics: dict[str, int] = {}
    failed: dict[str, tuple[int, str]] = {}
    for index, line in enumerate(scan.lines):
        panic = _PANIC.match(line.lstrip()) if "panicked at" in line else None
        if panic is not None:
            panics.setdefault(panic["name"], index)
        match = _NEXTEST.match(line) if line.startswith("  ") and not scan.taken[index] else None
        if match is not None:
            failed.setdefault(f"{match['crate']} {match['name']}", (index, match["name"]))
            scan.take(index, index + 1)
    for index, name in failed.values():
        found = panics.get(name)
        output = [text.strip() for text in scan.block(found, 40)] if found is not None else []
        _add_rust(scan, index, name, output)


def _add_rust(scan: Scan, at: int, name: str, lines: list[str]) -> None:
    trace = read_trace("\n".join(lines), scan.places)
    scan.add(
        Draft(
            at=at,
            message=_panic_message(lines) or next((line for line in lines if line.strip()), "failed"),
            place=trace.innermost or Place(),
            subject=name,
            kind=FindingKind.TEST,
            frames=trace.frames,
            detail=lines[:_MOST_DETAIL],
            tool="cargo",
        )
    )


def _panic_message(lines: list[str]) -> str:
    for index, line in enumerate(lines):
        panic = _PANIC.match(line)
        if panic is None:
            continue
        if panic["old"]:  # before Rust 1.73 the message stood in the same line
            return panic["old"]
        message: list[str] = []
        for following in lines[index + 1 : index + 20]:
            if _PANIC_END.match(following):
                break
            message.append(following.rstrip())
        return "\n".join(message)
    return ""
