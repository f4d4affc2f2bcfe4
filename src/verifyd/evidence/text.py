"""A gate's log in, Evidence out: what some thirty tools print for people, with the colours taken off."""

from __future__ import annotations

from verifyd.evidence.annotations import read_annotations
from verifyd.evidence.compiled_tests import read_cargo, read_go
from verifyd.evidence.compose import MOST_FINDINGS, add_counts, without_repeats
from verifyd.evidence.embedded import take_embedded
from verifyd.evidence.interrupted import read_interrupted
from verifyd.evidence.javascript_tests import read_jest, read_mocha, read_playwright, read_vitest
from verifyd.evidence.listed import read_listed
from verifyd.evidence.log_text import cut_middle, limit_lines, lines_of, text_of
from verifyd.evidence.model import Evidence, Finding, Severity, SourceTree
from verifyd.evidence.places import Places
from verifyd.evidence.python_tests import read_pytest, read_unittest
from verifyd.evidence.scan import Scan
from verifyd.evidence.summaries import Runs, count_tests
from verifyd.evidence.tap import read_node_report, read_tap
from verifyd.evidence.text_blocks import read_block
from verifyd.evidence.text_lines import read_line

SOURCE = "text"

# A reader runs only when one of its words is in the log; each takes the lines of its runner from the readers after it.
_TEST_READERS = (
    (read_interrupted, ("!! KeyboardInterrupt !!",)),
    (
        read_pytest,
        ("= ERRORS =", "= FAILURES =", "= test session starts =", "= short test summary info =", "= warnings summary"),
    ),
    (read_unittest, ("======\nERROR: ", "======\nFAIL: ")),
    (read_go, ("--- FAIL: ", "--- PASS: ", "--- SKIP: ", "=== RUN ")),
    (read_cargo, ("\nrunning ", "nextest", "    FAIL [")),
    (read_vitest, (" RUN  v", " DEV  v")),
    (read_jest, ("Test Suites: ",)),
    (read_playwright, (" using ",)),
    (read_mocha, (" passing (",)),
    (read_tap, ("TAP version", "\nnot ok ", "\nok ")),
    (read_node_report, ("✖ failing tests:", "Failed tests:")),
)


def read_text(content: bytes, tree: SourceTree, script: str = "") -> Evidence:
    """
    Findings and test counts of a log; of its first and last 1.5 MiB when it is longer.

    A place counts only when its file exists in the tree. A place followed by words of no known format is an error only
    when nothing else in the log is: programs under test print such lines too.

    Args:
        script: The gate's, which names the tools whose output is nothing but paths.
    """
    return join_runs(*read_log(content, tree, script))


def read_log(content: bytes, tree: SourceTree, script: str = "") -> tuple[Evidence, Runs]:
    """Like read_text, with the runs of each runner apart; the evidence itself counts what stands in no runner's name."""
    embedded = take_embedded(limit_lines(text_of(cut_middle(content))), tree)
    scan = Scan(lines_of("\n" + embedded.rest), Places(tree))
    read_annotations(scan)
    for reader, words in _TEST_READERS:
        if any(word in embedded.rest or embedded.rest.startswith(word.lstrip("\n")) for word in words):
            reader(scan)
    _read_diagnostics(scan)
    read_listed(scan, script)
    findings = [*(finding for part in embedded.results for finding in part.findings), *_findings(scan)]
    evidence = Evidence(
        source=SOURCE,
        tests=add_counts(part.tests for part in embedded.results),
        findings=without_repeats(findings)[:MOST_FINDINGS],
    )
    return evidence, count_tests(scan.lines)


def join_runs(evidence: Evidence, runs: Runs) -> Evidence:
    """The evidence with all counts in one."""
    return Evidence(
        source=evidence.source,
        tests=add_counts([evidence.tests, *(count for counts in runs.values() for count in counts)]),
        findings=evidence.findings,
        trouble=evidence.trouble,
    )


def _read_diagnostics(scan: Scan) -> None:
    for index, line in enumerate(scan.lines):
        if scan.is_full:
            break
        hopeful = ":" in line or "(" in line or "]" in line or "━" in line or "reformat" in line or '", line ' in line
        if hopeful and not scan.taken[index] and not read_block(scan, index):
            read_line(scan, index)


def _findings(scan: Scan) -> list[Finding]:
    drafts = sorted(scan.drafts, key=lambda draft: draft.at)
    if any(draft.recognised and draft.severity is Severity.ERROR for draft in drafts):
        for draft in drafts:
            if not draft.recognised:
                draft.severity = Severity.NOTE
    reported = {draft.subject for draft in drafts if draft.subject is not None and not draft.echo}
    return [draft.finish() for draft in drafts if not (draft.echo and draft.subject in reported)]
