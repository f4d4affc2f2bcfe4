"""A tree that is unproven though each of its gates passed."""

from __future__ import annotations

from tests.support.builders import a_pass, a_report
from verifyd.report import Hold
from verifyd.verdict import Reason

DIFFERS = "VERIFY.md: tests: timeout is 40s, approved was 30s (weaker)"
CHANGED = a_report(
    a_pass(),
    holds=(Hold(reason=Reason.PIPELINE_CHANGED, explanation="VERIFY.md differs"),),
    notes=(DIFFERS, "history is not saved"),
)
