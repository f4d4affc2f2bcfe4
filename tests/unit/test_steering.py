"""What becomes of runs that are under way when the tree has changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifyd.pipeline import OnChange
from verifyd.steering import PATIENCE, Fate, Underway, decide_fate, is_due


def underway(
    *,
    key: str | None = "old",
    elapsed_s: float = 0.0,
    expected_s: float | None = 10.0,
    on_change: OnChange = OnChange.AUTO,
) -> Underway:
    """A run of a ten-second gate that has just begun."""
    return Underway(key=key, elapsed_s=elapsed_s, expected_s=expected_s, on_change=on_change)


@pytest.mark.parametrize("on_change", list(OnChange))
@given(elapsed_s=st.floats(0, 100))
def test_a_run_with_the_same_inputs_is_kept(on_change: OnChange, elapsed_s: float) -> None:
    """Whatever is edited elsewhere and however far it has come: its verdict holds for the new tree."""
    assert decide_fate(underway(elapsed_s=elapsed_s, on_change=on_change), "old") is Fate.KEEP


def test_a_run_that_has_just_begun_begins_anew() -> None:
    """Less than half done: the new tree's verdict comes sooner this way."""
    assert decide_fate(underway(elapsed_s=4.9), "new") is Fate.RESTART


def test_a_run_more_than_half_done_is_brought_to_its_end() -> None:
    """What it costs is less than what was spent."""
    assert decide_fate(underway(elapsed_s=5.1), "new") is Fate.FINISH


def test_a_run_of_unknown_length_begins_anew() -> None:
    """Nobody knows what is half of it."""
    assert decide_fate(underway(elapsed_s=100.0, expected_s=None), "new") is Fate.RESTART


def test_unknown_inputs_are_changed_inputs() -> None:
    """Where nothing can be said of what a gate reads, nothing is kept: two unknowns are not alike."""
    assert decide_fate(underway(key=None), None) is Fate.RESTART


@pytest.mark.parametrize("on_change, fate", [(OnChange.RESTART, Fate.RESTART), (OnChange.FINISH, Fate.FINISH)])
@pytest.mark.parametrize("elapsed_s", [0.1, 9.9])
def test_what_the_page_says_decides(on_change: OnChange, fate: Fate, elapsed_s: float) -> None:
    """``on_change`` of VERIFY.md overrides how far the run has come."""
    assert decide_fate(underway(elapsed_s=elapsed_s, on_change=on_change), "new") is fate


@given(expected_s=st.floats(0.01, 1000), every_s=st.floats(0.01, 1000))
def test_edits_at_any_pace_leave_a_verdict_within_its_bound(expected_s: float, every_s: float) -> None:
    """Edits that always begin the pass anew lose at most PATIENCE of its time, and one edit's distance, to the first verdict."""
    began = now = 0.0
    while not is_due(now, expected_s) and now - began < expected_s:
        began = now
        now += every_s
    assert began <= expected_s * PATIENCE


@pytest.mark.parametrize("waited_s, due", [(2.9, False), (3.1, True)])
def test_a_pass_of_unknown_length_is_brought_to_its_end_too(waited_s: float, due: bool) -> None:
    """A gate whose first run is always cut short would never be known."""
    assert is_due(waited_s, None) is due
