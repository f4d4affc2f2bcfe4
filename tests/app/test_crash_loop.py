"""A daemon that crashes again and again is not started for ever; a person may always start it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from verifyd.app.crash_loop import Start, Starts, begun, crashes, ended

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DOWN = "the daemon crashed 5 times in 5 minutes, and stays down (last: it was killed)"


def crashed(*ages_s: float, problem: str = "") -> Starts:
    """Starts so many seconds ago that no end followed."""
    return Starts(open=tuple(Start(at=(NOW - timedelta(seconds=age)).isoformat(), problem=problem) for age in ages_s))


def test_a_start_is_remembered_until_its_clean_end() -> None:
    """Then it is as if it had not been."""
    starts = begun(Starts(), NOW, automatic=True)
    assert starts == Starts(open=(Start(at=NOW.isoformat()),))
    assert ended(starts) == Starts()


def test_a_crash_is_remembered_with_its_problem() -> None:
    """Which is what is said when it stays down."""
    starts = ended(begun(crashed(9, 8, 7, 6), NOW, automatic=True), "OSError: no")
    assert begun(starts, NOW, automatic=True).down == DOWN.replace("it was killed", "OSError: no")


@pytest.mark.parametrize("ages_s, down", [((9, 8, 7, 6), ""), ((9, 8, 7, 6, 5), DOWN), ((301, 8, 7, 6, 5), "")])
def test_five_crashes_within_five_minutes_are_too_many(ages_s: tuple[float, ...], down: str) -> None:
    """Fewer, or over a longer time, are not."""
    assert begun(crashed(*ages_s), NOW, automatic=True).down == down


def test_a_person_may_always_start_it_and_begins_anew() -> None:
    """The earlier crashes count no more."""
    down = begun(crashed(9, 8, 7, 6, 5), NOW, automatic=True)
    assert begun(down, NOW, automatic=False) == Starts(open=(Start(at=NOW.isoformat()),))


def test_what_is_down_stays_down_however_long_it_takes() -> None:
    """An hour later no start but a person's is tried."""
    down = begun(crashed(9, 8, 7, 6, 5), NOW, automatic=True)
    assert begun(down, NOW + timedelta(hours=1), automatic=True) == down


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=30)])
def test_a_clock_that_was_set_makes_no_crash_of_now(jump: timedelta) -> None:
    """In either direction the earlier starts lie too far away to count."""
    assert crashes(crashed(9, 8, 7, 6, 5), NOW + jump) == ()


def test_a_moment_that_cannot_be_read_is_long_ago() -> None:
    """Somebody edited the file."""
    assert crashes(Starts(open=(Start(at="yesterday"),)), NOW) == ()
