"""When to verify a tree again that did not change, because the machine spoiled the run and not the code."""

from __future__ import annotations

from msgspec import Struct

from verifyd.app.live_pass import LivePass
from verifyd.errors import UndeterminedError
from verifyd.report import Readiness, Report
from verifyd.verdict import Reason

PAUSES_S = (2.0, 8.0, 30.0, 60.0, 120.0)
"""Before each further try; after the last one an edit or a person has to ask for it."""

SPOILED = frozenset(
    {
        Reason.TREE_MOVED,
        Reason.KILLED,
        Reason.NOT_STARTED,
        Reason.SERVER_NOT_READY,
        Reason.TOOL_MISSING,
        Reason.UNSAVED,
    }
)
"""Reasons that may be gone at the next try although no file was edited."""


class Retries(Struct):
    """
    Tries on one tree.

    Attributes:
        tries: Made so far.
        next_s: When the next one is due; None until its result is known.
    """

    tries: int = 0
    next_s: float | None = None

    def is_due(self, spoiled: bool, now_s: float) -> bool:
        """Whether the tree is to be verified again now, its last pass being *spoiled* or not; says so once for each try."""
        if not spoiled or self.tries == len(PAUSES_S):
            return False
        if self.next_s is None:
            self.next_s = now_s + PAUSES_S[self.tries]
        if now_s < self.next_s:
            return False
        self.tries, self.next_s = self.tries + 1, None
        return True


def is_spoiled(ended: LivePass) -> bool:
    """Whether a pass gave no verdict for a reason that may be gone by now: the database was locked, a process was killed."""
    if ended.error is not None:
        return isinstance(ended.error, UndeterminedError)
    return ended.result is not None and is_undetermined(ended.result.report)


def is_undetermined(report: Report) -> bool:
    """
    Whether another try may give a verdict where this one could not.

    A tree that is not ready is left alone: it waits for an edit, and a failure would be measured again each time.
    """
    return report.readiness is Readiness.UNPROVEN and (
        report.reason == Reason.UNSAVED
        or any(gate.required and gate.verdict.reason in SPOILED for gate in report.gates)
    )
