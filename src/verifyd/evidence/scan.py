"""A log's lines with who has read them already: readers take what they understand, the rest is left to the next."""

from __future__ import annotations

import re

from msgspec import Struct, field

from verifyd.evidence.compose import MOST_FINDINGS, make_finding
from verifyd.evidence.kinds import kind_of
from verifyd.evidence.model import Finding, FindingKind, Severity
from verifyd.evidence.places import NOWHERE, Place, Places
from verifyd.evidence.wording import Wording


class Draft(Struct, kw_only=True):
    """
    A finding that later lines may still add to.

    Attributes:
        at: Index of its line.
        echo: True for an annotation of a failed test, which counts only when the runner's own report is not there.
    """

    at: int
    message: str
    place: Place = NOWHERE
    severity: Severity = Severity.ERROR
    code: str | None = None
    subject: str | None = None
    kind: FindingKind | None = None
    frames: tuple[tuple[str, int], ...] = ()
    detail: list[str] = field(default_factory=list)
    tool: str | None = None
    recognised: bool = True
    echo: bool = False

    def finish(self) -> Finding:
        """The finding itself."""
        kind = self.kind
        if kind is None:
            kind = kind_of(code=self.code, message=self.message, tool=self.tool, severity=self.severity)
            if kind is FindingKind.LINT and not self.recognised and self.tool is None:
                kind = FindingKind.OTHER
        return make_finding(
            self.message,
            place=self.place,
            severity=self.severity,
            code=self.code,
            subject=self.subject,
            kind=kind,
            frames=self.frames,
            detail="\n".join(self.detail),
            tool=self.tool,
        )


class Scan:
    """
    One log being read.

    Attributes:
        lines: Each cut to the longest that is looked at.
        taken: For each line, whether a reader has understood it.
        barren_until: Lines before this index hold no traceback: one that was sought in vain is not sought again.
        drafts: In the order they were understood, not that of the lines.
    """

    def __init__(self, lines: list[str], places: Places) -> None:
        self.lines = lines
        self.places = places
        self.taken = bytearray(len(lines))
        self.drafts: list[Draft] = []
        self.barren_until = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many findings as one result may hold: readers need not look closely at more."""
        return len(self.drafts) >= MOST_FINDINGS

    def add(self, draft: Draft) -> None:
        """Keeps a finding, unless it is one too many."""
        if not self.is_full:
            self.drafts.append(draft)

    def add_wording(self, at: int, place: Place, wording: Wording) -> Draft:
        """Keeps a finding in a tool's own words."""
        column = place.column
        if wording.zero_based and column is not None:
            place = Place(path=place.path, line=place.line, column=column + 1, said=place.said)
        elif wording.zero_based and place.line is not None:
            place = Place(path=place.path, line=place.line, column=1, said=place.said)
        draft = Draft(
            at=at,
            message=wording.message,
            place=place,
            severity=wording.severity,
            code=wording.code,
            tool=wording.tool,
            recognised=wording.recognised,
        )
        self.add(draft)
        return draft

    def take(self, start: int, end: int) -> None:
        """Marks the lines from *start* up to *end* as understood."""
        end = min(end, len(self.lines))
        if end > start:
            self.taken[start:end] = b"\1" * (end - start)

    def free(self, at: int) -> str | None:
        """The line, when it exists and nobody has taken it."""
        return self.lines[at] if 0 <= at < len(self.lines) and not self.taken[at] else None

    def block(self, start: int, most: int) -> list[str]:
        """The lines from *start* to the next blank one, at most *most*."""
        lines: list[str] = []
        for line in self.lines[start : start + most]:
            if not line.strip():
                break
            lines.append(line)
        return lines

    def find(self, pattern: re.Pattern[str], start: int, end: int) -> tuple[int, re.Match[str]] | None:
        """The first line from *start* up to *end* that the pattern matches from its beginning."""
        for index in range(start, min(end, len(self.lines))):
            match = pattern.match(self.lines[index])
            if match is not None:
                return index, match
        return None
