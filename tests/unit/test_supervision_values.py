"""The supervisor's clock and its steps of stopping, as values."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from verifyd.edge.supervisor import (
    FIRST_REST_S,
    HEARTBEAT_S,
    LONGEST_REST_S,
    REST_GROWTH,
    RunningClock,
    Stop,
    rest_after,
)


def clock_of(*moments: float) -> RunningClock:
    """A clock that is asked at these moments, the first when it is made."""
    coming: Iterator[float] = iter(moments)
    return RunningClock(lambda: next(coming))


def test_ordinary_pauses_count() -> None:
    """Turns less than two seconds apart add up to the time between them."""
    clock = clock_of(100.0, 100.2, 102.1, 103.0)
    assert [clock.now() for _ in range(3)] == [100.2, 102.1, 103.0]


def test_a_long_pause_counts_as_one_heartbeat() -> None:
    """Fault 4: an hour in which nothing ran is two tenths of a second; what comes after counts again."""
    clock = clock_of(100.0, 100.2, 3700.2, 3701.2)
    assert [clock.now() for _ in range(3)] == pytest.approx([100.2, 100.2 + HEARTBEAT_S, 101.2 + HEARTBEAT_S])


def rests(*counts: int) -> list[float]:
    """The rest after each portion out of a pipe of a megabyte."""
    taken = [0.0]
    for count in counts:
        taken.append(rest_after(count, taken[-1], pipe_bytes=1 << 20))
    return taken[1:]


def test_the_rest_of_slow_output_grows_to_a_limit() -> None:
    """A dot at a time wakes the supervisor ever more seldom, down to some thirty times a second."""
    taken = rests(*[1] * 20)
    assert taken[:2] == [FIRST_REST_S, FIRST_REST_S * REST_GROWTH]
    assert taken[-2:] == [LONGEST_REST_S, LONGEST_REST_S]


def test_fast_output_does_not_rest() -> None:
    """A portion that filled a sixteenth of the pipe is followed by the next at once, and by a short rest when that is small."""
    assert rests(1, 1, 1 << 16, (1 << 16) - 1) == [
        FIRST_REST_S,
        FIRST_REST_S * REST_GROWTH,
        0.0,
        FIRST_REST_S,
    ]


def test_the_size_of_the_pipe_decides_what_is_small() -> None:
    """Where a user may have no large pipe, its content is never waited with."""
    assert rest_after(4096, LONGEST_REST_S, pipe_bytes=4096) == 0.0


def steps(stop: Stop, *moments: float) -> list[signal.Signals | None]:
    """What is due at each moment."""
    return [stop.due(moment) for moment in moments]


def test_nothing_is_due_while_the_job_may_go_on() -> None:
    """Without a reason to stop there is no signal."""
    assert steps(Stop(2.0), 0.0, 1e9) == [None, None]


def test_each_signal_waits_for_its_grace_period() -> None:
    """SIGINT at once, SIGTERM after the grace period, SIGKILL after another, and again after each."""
    stop = Stop(2.0)
    stop.begin("timed_out")
    assert steps(stop, 10.0, 11.9, 12.0, 13.9, 14.0, 15.0, 16.0) == [
        signal.SIGINT,
        None,
        signal.SIGTERM,
        None,
        signal.SIGKILL,
        None,
        signal.SIGKILL,
    ]


def test_the_first_reason_stays() -> None:
    """A job that timed out and is cancelled while it is being stopped has timed out."""
    stop = Stop(2.0)
    stop.begin("timed_out")
    stop.begin("cancelled")
    assert (stop.end, stop.at_once) == ("timed_out", False)


def test_at_once_skips_everything() -> None:
    """Whatever stage it is at, SIGKILL is due now and stays due."""
    stop = Stop(600.0)
    stop.begin("cancelled")
    assert steps(stop, 10.0) == [signal.SIGINT]
    stop.begin("cancelled", at_once=True)
    assert steps(stop, 10.1, 10.1) == [signal.SIGKILL, signal.SIGKILL]


def test_hastening_goes_on_to_sigterm() -> None:
    """When nobody waits any more, SIGTERM is due now and SIGKILL half a second later at most."""
    stop = Stop(600.0)
    stop.begin("cancelled")
    assert steps(stop, 10.0) == [signal.SIGINT]
    stop.hasten()
    assert steps(stop, 10.1, 10.5, 10.6) == [signal.SIGTERM, None, signal.SIGKILL]


def test_hastening_never_lengthens_a_grace_period() -> None:
    """A grace period that was shorter stays."""
    stop = Stop(0.1)
    stop.begin("cancelled")
    stop.hasten()
    assert steps(stop, 10.0, 10.1) == [signal.SIGTERM, signal.SIGKILL]
