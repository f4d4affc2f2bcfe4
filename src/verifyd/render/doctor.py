"""What ``verifyd doctor`` found, as text in aligned lines and as JSON (``verifyd.doctor/1``): keys are added, never changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from verifyd.json_shape import to_json
from verifyd.render.shown import shown_line

DOCTOR_SCHEMA: Literal["verifyd.doctor/1"] = "verifyd.doctor/1"


class CheckStatus(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARN = "warn"
    """Worth knowing; verdicts can be given all the same."""
    BAD = "bad"
    """No tree can be called ready before this is put right."""


class Check(Struct, frozen=True, kw_only=True):
    """
    One thing that was examined.

    Attributes:
        name: Of the thing: ``git``, ``approval``; several checks may have the same.
        what: What was found, on one line.
        remedy: One sentence the reader can act on; empty when there is nothing to do.
    """

    name: str
    status: CheckStatus
    what: str
    remedy: str = ""


class CheckEntry(Struct, frozen=True, kw_only=True):
    """One thing that was examined."""

    name: str
    status: CheckStatus
    what: str
    remedy: Annotated[str, Meta(description="Empty when there is nothing to do")]


class DoctorDocument(Struct, frozen=True, kw_only=True):
    """All that was examined."""

    schema_: Literal["verifyd.doctor/1"] = field(default=DOCTOR_SCHEMA, name="schema")
    status: Annotated[CheckStatus, Meta(description="The worst of all checks")]
    checks: tuple[CheckEntry, ...]


def worst(checks: Sequence[Check]) -> CheckStatus:
    """The worst status; ok when nothing was examined."""
    found = {check.status for check in checks}
    return next((status for status in (CheckStatus.BAD, CheckStatus.WARN) if status in found), CheckStatus.OK)


def is_bad(checks: Sequence[Check]) -> bool:
    """Whether something keeps every tree from being ready."""
    return worst(checks) is CheckStatus.BAD


def render_doctor(checks: Sequence[Check]) -> str:
    """A line a check, its remedy below it; then how many are bad and how many only worth knowing."""
    width = max((len(check.name) for check in checks), default=0)
    lines = [line for check in checks for line in check_lines(check, width)]
    return "\n".join([*lines, "", summary(checks), ""])


def check_lines(check: Check, width: int) -> list[str]:
    """Status, name and finding in columns; the remedy under the finding."""
    first = f"{check.status:<4}  {check.name:<{width}}  {shown_line(check.what)}"
    return [first, f"{'':<{8 + width}}{shown_line(check.remedy)}"] if check.remedy else [first]


def summary(checks: Sequence[Check]) -> str:
    """``All is well.``, or what is not."""
    counts = Counter(check.status for check in checks)
    bad, warned = counts[CheckStatus.BAD], counts[CheckStatus.WARN]
    if not bad and not warned:
        return "All is well."
    said = f"{bad} bad: no tree can be called ready before that is put right." if bad else "Nothing is bad."
    return f"{said} {warned} worth knowing." if warned else said


def render_doctor_json(checks: Sequence[Check]) -> str:
    """The document as JSON."""
    entries = tuple(
        CheckEntry(name=check.name, status=check.status, what=shown_line(check.what), remedy=shown_line(check.remedy))
        for check in checks
    )
    document = DoctorDocument(status=worst(checks), checks=entries)
    return json.dumps(to_json(document), indent=2) + "\n"
