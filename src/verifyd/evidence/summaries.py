"""The last lines of test runners in, test counts out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from verifyd.evidence.model import TestCounts

_NUMBERED = re.compile(r"(\d{1,9}) ([a-zA-Z]+(?: not run)?)")
_HOPEFUL = re.compile(
    r"=+ |\s{1,10}(?:\d|Summary|Tests)|\d|no tests|Ran |test result|Tests|No test|# |ℹ |Error: No|ok \||FAILED \||OK \(|\[|(?:Pass|Fail|Skipp)ed!"
)
_LONGEST = 400
_LONGEST_BLOCK = 10_000

_FAILED = frozenset(
    {"failed", "failing", "failure", "failures", "error", "errors", "fail", "cancelled", "interrupted", "unexpected"}
)
_SKIPPED = frozenset(
    {"skipped", "skip", "todo", "pending", "xfailed", "ignored", "expected failures", "did not run", "incomplete"}
)
_PASSED = frozenset({"passed", "pass", "passing", "xpassed", "flaky", "ok"})


Runs = dict[str, list[TestCounts]]
"""Runner to the counts of each of its runs, in the order of the log."""

_Reader = Callable[[re.Match[str], list[str], int], tuple[TestCounts | None, int]]
"""Reads the counts at a line; gives them and the index of the next line that is not part of them."""


def count_tests(lines: list[str]) -> Runs:
    """
    The counts that runners closed with; empty when none did.

    A runner that found no tests at all counts zero, which is not the same as no runner.
    """
    found: Runs = {}
    index = 0
    while index < len(lines):
        runner, counts, index = _run_at(lines, index)
        if counts is not None:
            found.setdefault(runner, []).append(counts)
    go = _count_go(lines)
    if go is not None:
        found["go"] = [go]
    points = _count_points(lines) if "node" not in found else None
    if points is not None:
        found["tap"] = [points]
    return found


def _run_at(lines: list[str], index: int) -> tuple[str, TestCounts | None, int]:
    line = lines[index]
    if len(line) <= _LONGEST and _HOPEFUL.match(line):
        for runner, pattern, read in _LAST_LINES:
            match = pattern.match(line)
            if match is not None:
                counts, following = read(match, lines, index)
                return runner, counts, following
    return "", None, index + 1


def _of_words(pairs: Iterable[tuple[int, str]]) -> TestCounts:
    """Numbers with the words that runners use; words that count no tests (warnings, deselected) are left out."""
    failed = skipped = passed = 0
    for number, word in ((number, word.lower()) for number, word in pairs):
        failed += number if word in _FAILED else 0
        skipped += number if word in _SKIPPED else 0
        passed += number if word in _PASSED else 0
    return TestCounts(total=failed + skipped + passed, failed=failed, skipped=skipped)


def _words(match: re.Match[str], _: list[str], index: int) -> tuple[TestCounts, int]:
    return _of_words((int(number), word) for number, word in _NUMBERED.findall(match[0])), index + 1


def _none(_: re.Match[str], __: list[str], index: int) -> tuple[TestCounts, int]:
    return TestCounts(total=0), index + 1


def _groups(match: re.Match[str], _: list[str], index: int) -> tuple[TestCounts, int]:
    """Groups named total or passed, failed, errors, skipped."""
    groups = {name: int(value) for name, value in match.groupdict().items() if value}
    failed = groups.get("failed", 0) + groups.get("errors", 0)
    skipped = groups.get("skipped", 0)
    total = groups.get("total", groups.get("passed", 0) + failed + skipped)
    return TestCounts(total=max(total, failed + skipped), failed=failed, skipped=skipped), index + 1


def _unittest(match: re.Match[str], lines: list[str], index: int) -> tuple[TestCounts | None, int]:
    """``Ran 7 tests in 0.001s``, a blank line, ``FAILED (failures=3, errors=3, skipped=1)``."""
    verdict = next((line for line in lines[index + 1 : index + 4] if line.strip()), "")
    if not re.match(r"(?:OK|FAILED|NO TESTS RAN)\b", verdict):
        return None, index + 1
    said = {name.strip(): int(number) for name, number in re.findall(r"([a-z ]+)=(\d{1,9})", verdict)}
    failed = said.get("failures", 0) + said.get("errors", 0) + said.get("unexpected successes", 0)
    skipped = said.get("skipped", 0) + said.get("expected failures", 0)
    total = int(match[1]) or failed  # an error in setUpClass keeps its tests from being run, and from being counted
    return TestCounts(total=max(total, skipped), failed=min(failed, total), skipped=skipped), index + 1


def _in_block(own: re.Pattern[str]) -> _Reader:
    """Runners that give each number a line of its own."""

    def read(_: re.Match[str], lines: list[str], index: int) -> tuple[TestCounts, int]:
        pairs: list[tuple[int, str]] = []
        for following in range(index, min(index + _LONGEST_BLOCK, len(lines))):
            match = own.match(lines[following])
            if match is not None:
                pairs.append((int(match["number"]), match["word"]))
            elif lines[following].strip() and not lines[following].startswith("    "):
                return _of_words(pairs), following  # Playwright lists titles, deeper, between its counts
        return _of_words(pairs), min(index + _LONGEST_BLOCK, len(lines))

    return read


_GO_RESULT = re.compile(r"--- (?P<word>PASS|FAIL|SKIP): \S")
_GO_PACKAGE = re.compile(r"(?:ok  \t\S+\t.*\[no tests to run\]|\?   \t\S+\t\[no test files\])\s*$")
_GO_OK = re.compile(r"ok  \t\S+\t")


def _count_go(lines: list[str]) -> TestCounts | None:
    """
    Tests of the first level, which ``go test`` names all of with ``-v`` alone, else those that failed.

    Zero when packages were built and none has a test; None when some passed without being counted.
    """
    words = [match["word"] for line in lines if line.startswith("--- ") and (match := _GO_RESULT.match(line))]
    empty = sum(1 for line in lines if line[:1] in ("o", "?") and _GO_PACKAGE.match(line))
    passed = sum(1 for line in lines if line.startswith("ok  ") and _GO_OK.match(line))
    if not words:
        return (
            TestCounts(total=0) if empty and passed <= sum(1 for line in lines if "[no tests to run]" in line) else None
        )
    return TestCounts(total=len(words), failed=words.count("FAIL"), skipped=words.count("SKIP"))


_TAP_START = re.compile(r"TAP version 1[34]$")
_TAP_POINT = re.compile(r"(?P<not>not )?ok \d{1,7}\b(?P<rest>.*)")


def _count_points(lines: list[str]) -> TestCounts | None:
    """Points of the first level of TAP that closes without a summary."""
    if not any(_TAP_START.match(line) for line in lines if line.startswith("TAP")):
        return None
    points = [match for line in lines if line[:3] in ("ok ", "not") and (match := _TAP_POINT.match(line))]
    skipped = [point for point in points if re.search(r"# (?:SKIP|TODO)\b", point["rest"], re.IGNORECASE)]
    failed = [point for point in points if point["not"] and point not in skipped]
    return TestCounts(total=len(points), failed=len(failed), skipped=len(skipped))


_NODE = re.compile(r"(?:# |ℹ )(?P<word>tests|suites|pass|fail|cancelled|skipped|todo) (?P<number>\d{1,9})$")
_MOCHA = re.compile(r"\s{2}(?P<number>\d{1,9}) (?P<word>passing|failing|pending)(?: \(.{1,20}\))?$")
_PLAYWRIGHT = re.compile(
    r"\s{2}(?P<number>\d{1,9}) (?P<word>passed|failed|flaky|skipped|interrupted|did not run)(?: \([\d.]{1,10}\w{1,2}\))?$"
)
_BUN = re.compile(r"\s(?P<number>\d{1,9}) (?P<word>pass|fail|skip|todo)$")
_PYTEST = re.compile(
    r"=*\s?\d{1,9} [a-z]{1,20}(?:, \d{1,9} [a-z ]{1,30})* in \d[\d.]{0,12}s(?: \([\d:]{1,12}\))?\s?=*$"
)

_LAST_LINES: tuple[tuple[str, re.Pattern[str], _Reader], ...] = (
    ("pytest", _PYTEST, _words),
    ("pytest", re.compile(r"=*\s?no tests (?:ran|collected).{0,60} in \d"), _none),
    ("unittest", re.compile(r"Ran (\d{1,9}) tests? in \d"), _unittest),
    (
        "cargo",
        re.compile(
            r"test result: \w{2,6}\. (?P<passed>\d{1,9}) passed; (?P<failed>\d{1,9}) failed; (?P<skipped>\d{1,9}) ignored;"
        ),
        _groups,
    ),
    (
        "nextest",
        re.compile(
            r"\s{1,10}Summary \[.{1,20}\] (?:\d{1,9}/)?(?P<ran>\d{1,9}) tests? run: (?P<passed>\d{1,9}) passed(?: \(.{1,60}\))?"
            r"(?:, (?P<failed>\d{1,9}) failed)?(?:, (?P<errors>\d{1,9}) timed out)?(?:, (?P<skipped>\d{1,9}) skipped)?"
        ),
        _groups,
    ),
    ("jest", re.compile(r"Tests:\s{1,8}\d.{0,200} total$"), _words),
    ("jest", re.compile(r"No tests found, exiting with code \d"), _none),
    ("vitest", re.compile(r"\s{2,8}Tests  (?:\d|no tests).{0,200}$"), _words),
    ("vitest", re.compile(r"No test files found, exiting with code \d"), _none),
    ("node", _NODE, _in_block(_NODE)),
    ("mocha", _MOCHA, _in_block(_MOCHA)),
    ("playwright", _PLAYWRIGHT, _in_block(_PLAYWRIGHT)),
    ("playwright", re.compile(r"Error: No tests found$"), _none),
    ("bun", _BUN, _in_block(_BUN)),
    ("deno", re.compile(r"(?:ok|FAILED) \| \d{1,9} passed(?: \(.{1,40}\))? \| \d{1,9} failed.{0,100}$"), _words),
    (
        "rspec",
        re.compile(r"(?P<total>\d{1,9}) examples?, (?P<failed>\d{1,9}) failures?(?:, (?P<skipped>\d{1,9}) pending)?"),
        _groups,
    ),
    ("phpunit", re.compile(r"OK \((?P<total>\d{1,9}) tests?, \d{1,9} assertions?\)$"), _groups),
    (
        "phpunit",
        re.compile(
            r"Tests: (?P<total>\d{1,9}), Assertions: \d{1,9}(?:, Errors: (?P<errors>\d{1,9}))?"
            r"(?:, Failures: (?P<failed>\d{1,9}))?(?:, (?:\w+ )?\w+: \d{1,9}){0,4}\.?$"
        ),
        _groups,
    ),
    (
        "surefire",
        re.compile(
            r"(?:\[\w{1,7}\] )?Tests run: (?P<total>\d{1,9}), Failures: (?P<failed>\d{1,9}), Errors: (?P<errors>\d{1,9}), Skipped: (?P<skipped>\d{1,9})$"
        ),
        _groups,
    ),
    (
        "ctest",
        re.compile(r"\d{1,3}% tests passed, (?P<failed>\d{1,9}) tests? failed out of (?P<total>\d{1,9})"),
        _groups,
    ),
    (
        "dotnet",
        re.compile(
            r"(?:Passed|Failed|Skipped)!\s{1,4}- Failed:\s{1,8}(?P<failed>\d{1,9}), Passed:\s{1,8}(?P<passed>\d{1,9}), Skipped:\s{1,8}(?P<skipped>\d{1,9})"
        ),
        _groups,
    ),
)
