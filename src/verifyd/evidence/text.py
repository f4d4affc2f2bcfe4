"""A gate's log in, Evidence out: what some thirty tools print for people, with the colours taken off."""

from __future__ import annotations

from verifyd.evidence.annotations import read_annotations
from verifyd.evidence.compose import MOST_FINDINGS, without_repeats
from verifyd.evidence.log_text import cut_middle, lines_of, text_of
from verifyd.evidence.model import Evidence, Severity, SourceTree
from verifyd.evidence.places import Places
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.text_blocks import read_block
from verifyd.evidence.text_lines import read_line

SOURCE = "text"


def read_text(content: bytes, tree: SourceTree) -> Evidence:
    """
    Findings and test counts of a log; of its first and last 4 MiB when it is longer.

    A place counts only when its file exists in the tree. A place followed by words of no known format is an error only
    when nothing else in the log is: programs under test print such lines too.
    """
    scan = Scan(lines_of(text_of(cut_middle(content))), Places(tree))
    read_annotations(scan)
    _read_diagnostics(scan)
    return Evidence(source=SOURCE, findings=_findings(scan))


def _read_diagnostics(scan: Scan) -> None:
    for index, line in enumerate(scan.lines):
        if (
            not scan.taken[index]
            and line
            and not line.isspace()
            and (":" in line or "(" in line or "]" in line or "reformat" in line)
        ):
            if not read_block(scan, index):
                read_line(scan, index)


def _findings(scan: Scan) -> tuple:
    drafts = sorted(scan.drafts, key=lambda draft: draft.at)
    if any(draft.recognised and draft.severity is Severity.ERROR for draft in drafts):
        for draft in drafts:
            if not draft.recognised:
                draft.severity = Severity.NOTE
    return without_repeats(draft.finish() for draft in drafts)[:MOST_FINDINGS]
