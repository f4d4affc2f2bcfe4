"""Moments and durations, from the machine's own clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clocks: moments in UTC, durations on one that never goes back."""

    def now(self) -> datetime:
        """This moment, UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds since some fixed point; never goes back, whatever is done to the wall clock."""
        return time.monotonic()
