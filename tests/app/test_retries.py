"""When a tree that did not change is verified again."""

from __future__ import annotations

import itertools

import pytest

from tests.support.builders import a_failure, a_pass, a_report, an_unproven
from verifyd.app.retries import PAUSES_S, Retries, is_undetermined
from verifyd.report import Report
from verifyd.verdict import Reason

SPOILED = a_report(a_pass("lint"), an_unproven("tests", Reason.KILLED))


def tries_until(end_s: int) -> list[int]:
    """Seconds at which the spoiled tree is verified again, when it is asked each second and every try is spoiled too."""
    retries = Retries()
    return [second for second in range(end_s) if retries.is_due(is_undetermined(SPOILED), float(second))]


def test_a_run_that_the_machine_spoiled_is_tried_again_ever_more_rarely_and_then_no_more() -> None:
    """Fault 10: a gate that is killed again and again is not run for ever."""
    tried = tries_until(2_000)
    assert len(tried) == len(PAUSES_S)
    assert tried[0] == PAUSES_S[0]
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert pauses == sorted(pauses)


@pytest.mark.parametrize(
    "report",
    [
        a_report(a_pass()),
        a_report(a_failure(), an_unproven("other", Reason.KILLED)),
        a_report(an_unproven("tests", Reason.EVIDENCE_CONTRADICTS)),
        a_report(an_unproven("tests", Reason.FLAKY)),
    ],
)
def test_what_another_try_would_not_mend_is_left_alone(report: Report) -> None:
    """A ready tree, one that is not ready, what the code itself contradicts."""
    assert not is_undetermined(report)
