"""The machine's clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from verifyd.app.ports import Clock
from verifyd.edge.clock import SystemClock


def test_now_is_in_utc() -> None:
    """A moment has UTC as its zone and is the machine's."""
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_durations_never_go_back() -> None:
    """Each reading is at least the one before."""
    readings = [SystemClock().monotonic_s() for _ in range(1000)]
    assert readings == sorted(readings)
