"""What a reader understood in, a Finding out: cleaned, cut to size, and with the place in words when the tree has no such file."""

from __future__ import annotations

from collections.abc import Iterable

from verifyd.evidence.clean import DETAIL_LIMIT, MESSAGE_LIMIT, clean_line, clean_text
from verifyd.evidence.model import Evidence, Finding, FindingKind, Severity, TestCounts
from verifyd.evidence.places import NOWHERE, Place

MOST_FINDINGS = 2_000
"""Findings one result may hold: counts stay true beyond it, and nobody reads more."""

_CODE_LIMIT = 120
_SUBJECT_LIMIT = 1_000
_MOST_FRAMES = 50


def make_finding(
    message: str,
    *,
    place: Place = NOWHERE,
    severity: Severity = Severity.ERROR,
    code: str | None = None,
    subject: str | None = None,
    kind: FindingKind = FindingKind.OTHER,
    frames: tuple[tuple[str, int], ...] = (),
    detail: str = "",
    tool: str | None = None,
) -> Finding:
    """A finding that is safe to show. A place outside the tree goes into the message, so that nothing is lost."""
    text = clean_text(message.strip(), MESSAGE_LIMIT) or "no message"
    if place.path is None and place.said and subject is None:
        text = clean_text(f"{place.said}: {text}", MESSAGE_LIMIT)
    return Finding(
        path=place.path,
        line=place.line if place.path is not None else None,
        column=place.column if place.path is not None else None,
        severity=severity,
        code=clean_line(code, _CODE_LIMIT) if code else None,
        message=text,
        subject=clean_line(subject, _SUBJECT_LIMIT) if subject else None,
        kind=kind,
        frames=frames[-_MOST_FRAMES:],
        detail=clean_text(detail.strip("\n"), DETAIL_LIMIT),
        tool=tool,
    )


def add_counts(counts: Iterable[TestCounts | None]) -> TestCounts | None:
    """The sum of those that count; None when none does."""
    known = [count for count in counts if count is not None]
    if not known:
        return None
    return TestCounts(
        total=sum(count.total for count in known),
        failed=sum(count.failed for count in known),
        skipped=sum(count.skipped for count in known),
    )


def without_repeats(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """
    Each finding once, in the order of first mention.

    The same place, rule and message, or the same failed test at the same place, is the same finding, whoever printed it:
    tools that write annotations for a CI host print everything twice.
    """
    kept: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        kept.setdefault(_identity(finding), finding)
    return tuple(kept.values())


def _identity(finding: Finding) -> tuple[object, ...]:
    if finding.subject is not None:
        return ("test", finding.subject, finding.path, finding.message.split("\n", 1)[0])
    first_line = finding.message.split("\n", 1)[0].rstrip(". ")
    return (finding.path, finding.line, finding.column, finding.code, first_line)


def join_evidence(parts: Iterable[Evidence], source: str) -> Evidence:
    """Several results of one gate as one: counts summed, each finding once, every trouble named."""
    known = list(parts)
    troubles = dict.fromkeys(part.trouble for part in known if part.trouble is not None)
    return Evidence(
        source=source,
        tests=add_counts(part.tests for part in known),
        findings=without_repeats(finding for part in known for finding in part.findings)[:MOST_FINDINGS],
        trouble="; ".join(troubles) or None,
    )
