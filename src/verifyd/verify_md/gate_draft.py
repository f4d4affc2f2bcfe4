"""A gate as the page gives it, before all names of the page are known: what fences and prose forms have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from verifyd.pipeline import LeftOut, Manual, Shell

LONGEST_SHOWN = 100
"""Characters of what was left out that are shown."""


class GateDraft(Struct, frozen=True, kw_only=True):
    """
    A gate without the manual reasons of its script, and with a name that may not be the only one.

    Attributes:
        settings: Fields of Gate that its attributes set.
        manual: Declared by the page, or by a language that this machine has no shell for; None when it is not.
        fixed_name: Whether the name is the page's: then another gate of that name is an error, not a reason for a number.
    """

    name: str
    line: int
    script: str
    shell: Shell = Shell.BASH
    settings: Mapping[str, Any] = field(default_factory=dict)
    manual: Manual | None = None
    optional: bool = False
    estimate_s: float | None = None
    expected_text: str | None = None
    fixed_name: bool = True


def left_out(line: int, text: str, reason: str) -> LeftOut:
    """An entry for ``plan``: the first line of what was left out, and why."""
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return LeftOut(
        line=line, text=first if len(first) <= LONGEST_SHOWN else first[: LONGEST_SHOWN - 2] + " …", reason=reason
    )
