"""One JSON report of jest, vitest or Playwright in, test counts and failures out."""

from __future__ import annotations

from collections.abc import Iterator

from verifyd.evidence.compose import MOST_FINDINGS, make_finding
from verifyd.evidence.json_values import Json, dig, mapping, number, sequence, text
from verifyd.evidence.kinds import collection_kind
from verifyd.evidence.model import Evidence, Finding, FindingKind, Severity, TestCounts
from verifyd.evidence.places import Place, Places
from verifyd.evidence.traces import read_trace

_DEEPEST_SUITE = 50


def read_test_report(document: Json, places: Places) -> Evidence | None:
    """None when the document is no report of a known runner."""
    report = mapping(document)
    if number(report.get("numTotalTests")) is not None and isinstance(report.get("testResults"), list):
        return _jest(document, places)
    if mapping(report.get("stats")) and isinstance(report.get("suites"), list):
        return _playwright(document, places)
    return None


def _jest(document: Json, places: Places) -> Evidence:
    """vitest writes the same report."""

    def count(*names: str) -> int:
        return sum(number(dig(document, name)) or 0 for name in names)

    skipped = count("numPendingTests", "numTodoTests")
    findings = [finding for suite in sequence(dig(document, "testResults")) for finding in _jest_suite(suite, places)]
    counts = TestCounts(total=count("numTotalTests"), failed=count("numFailedTests"), skipped=skipped)
    return Evidence(source="text", tests=counts, findings=tuple(findings[:MOST_FINDINGS]))


def _jest_suite(suite: Json, places: Places) -> Iterator[Finding]:
    file = places.find(text(dig(suite, "name")))
    failed = [test for test in sequence(dig(suite, "assertionResults")) if text(dig(test, "status")) == "failed"]
    for test in failed:
        said = "\n".join(text(message) for message in sequence(dig(test, "failureMessages")))
        subject = " ".join(
            [*(text(title) for title in sequence(dig(test, "ancestorTitles"))), text(dig(test, "title"))]
        )
        yield _finding(said, file, places, subject, FindingKind.TEST)
    if not failed and text(dig(suite, "status")) == "failed" and not sequence(dig(suite, "assertionResults")):
        said = text(dig(suite, "message"))
        subject = places.from_cwd(file) if file is not None else text(dig(suite, "name"))
        yield _finding(said, file, places, subject, collection_kind(said))


def _playwright(document: Json, places: Places) -> Evidence:
    def count(name: str) -> int:
        return number(dig(document, "stats", name)) or 0

    failed, skipped = count("unexpected"), count("skipped")
    total = count("expected") + failed + skipped + count("flaky")
    findings = [
        finding for suite in sequence(dig(document, "suites")) for finding in _playwright_suite(suite, places, ())
    ]
    return Evidence(
        source="text",
        tests=TestCounts(total=total, failed=failed, skipped=skipped),
        findings=tuple(findings[:MOST_FINDINGS]),
    )


def _playwright_suite(suite: Json, places: Places, titles: tuple[str, ...]) -> Iterator[Finding]:
    if len(titles) > _DEEPEST_SUITE:
        return
    here = (*titles, text(dig(suite, "title")))
    for spec in sequence(dig(suite, "specs")):
        for test in sequence(dig(spec, "tests")):
            status = text(dig(test, "status"))
            if status in ("unexpected", "flaky"):
                yield _playwright_failure(spec, test, places, here, is_flaky=status == "flaky")
    for inner in sequence(dig(suite, "suites")):
        yield from _playwright_suite(inner, places, here)


def _playwright_failure(spec: Json, test: Json, places: Places, titles: tuple[str, ...], *, is_flaky: bool) -> Finding:
    errors = (text(dig(result, "error", "message")) for result in sequence(dig(test, "results")))
    said = next((error for error in errors if error), "failed")
    stacks = (text(dig(result, "error", "stack")) for result in sequence(dig(test, "results")))
    stack = next((found for found in stacks if found), "")
    file = places.find(text(dig(spec, "file")))
    subject = " › ".join([places.from_cwd(file) if file else titles[0], *titles[1:], text(dig(spec, "title"))])
    return _finding(f"{said}\n{stack}", file, places, subject, FindingKind.TEST, is_flaky=is_flaky, tool="playwright")


def _finding(
    said: str,
    file: str | None,
    places: Places,
    subject: str,
    kind: FindingKind,
    *,
    is_flaky: bool = False,
    tool: str | None = None,
) -> Finding:
    trace = read_trace(said, places)
    first = said.strip().split("\n", 1)[0]
    return make_finding(
        f"flaky, it passed when tried again: {first}" if is_flaky else first,
        place=trace.innermost or Place(path=file),
        severity=Severity.WARNING if is_flaky else Severity.ERROR,
        subject=subject,
        kind=kind,
        frames=trace.frames,
        detail=said,
        tool=tool,
    )
