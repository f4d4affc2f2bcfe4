"""What becomes of runs that are under way when the tree has changed: kept, begun anew, or brought to their end first."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from verifyd.pipeline import OnChange

HALF = 0.5
"""
A run that has come further than this is brought to its end before the next begins. Measured on gates of 6 to 30 s under edits:
1.15 to 1.26 times the gate's time to its verdict, against 1.34 to 1.86 for always beginning anew.
"""

PATIENCE = 0.35
"""
Share of a whole pass's time that may be lost to beginning anew before a pass is brought to its end whatever is edited: with an
edit each second and a gate of 10 s a verdict comes every 14 s at the latest.
"""

UNKNOWN_PATIENCE_S = 3.0
"""The same where nobody knows how long a pass takes: else a gate that never ends would never be known."""


class Fate(StrEnum):
    """What becomes of one gate's run."""

    KEEP = "keep"
    """None of its inputs changed: its verdict holds for the new tree too."""
    FINISH = "finish"
    """It is brought to its end for the tree it began with, then begins again."""
    RESTART = "restart"
    """It is ended, and begins again with the new tree."""


class Underway(Struct, frozen=True, kw_only=True):
    """
    One gate's run.

    Attributes:
        key: Its action key; None when nothing can be said of its inputs.
        elapsed_s: Since it was started.
        expected_s: None when nobody knows.
    """

    key: str | None
    elapsed_s: float
    expected_s: float | None
    on_change: OnChange


def decide_fate(run: Underway, new_key: str | None) -> Fate:
    """
    What becomes of a run when the tree has changed.

    Args:
        new_key: The gate's action key on the new tree; None when the gate is gone or nothing can be said of its inputs.
    """
    if run.key is not None and run.key == new_key:
        return Fate.KEEP
    if run.on_change is not OnChange.AUTO:
        return Fate.FINISH if run.on_change is OnChange.FINISH else Fate.RESTART
    if run.expected_s is not None and run.elapsed_s > run.expected_s * HALF:
        return Fate.FINISH
    return Fate.RESTART


def is_due(waited_s: float, expected_s: float | None) -> bool:
    """
    Whether the pass under way has to be brought to its end as it is, lest constant editing starve every verdict.

    Args:
        waited_s: Since the first tree was seen after the last complete verdict.
        expected_s: Of a whole pass; None when nobody knows.
    """
    patience_s = expected_s * PATIENCE if expected_s is not None else UNKNOWN_PATIENCE_S
    return waited_s > patience_s
