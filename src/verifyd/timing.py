"""Past durations and outcomes of one gate in, what to expect of it out."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from msgspec import Struct

TREND_SAMPLES = 5
"""Passes at each end of the history that a trend compares."""
RECENT_SAMPLES = 20
"""Passes that an estimate is made of: a gate that grew is not judged by what it was."""


class Sample(Struct, frozen=True, kw_only=True):
    """
    One finished run of one gate.

    Attributes:
        passed: False for a failure; runs without a verdict are no samples.
        key: The action key's first part: the tree and the means; equal ones with different outcomes are a flake. None when unknown.
    """

    duration_s: float
    passed: bool
    key: str | None = None


class Timing(Struct, frozen=True, kw_only=True):
    """
    What history says about one gate; every number is None (or 0) without samples.

    Attributes:
        runs: Samples that the numbers rest on.
        estimate_s: Median of the recent passes; of the recent samples when none passed.
        p50_s: Median of all samples.
        p95_s: 19 of 20 samples took no longer.
        trend: Median of the newest passes over that of the oldest: 1.2 is a fifth slower. None with fewer than ten passes:
            failures count for nothing here, because a gate that stops at its first failure only looks fast.
        failure_rate: Share of samples that failed, 0 to 1.
        flake_rate: Share of keys that were seen with both outcomes, 0 to 1, among keys seen at least twice.
        last_failed: The newest sample is a failure.
    """

    runs: int = 0
    estimate_s: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    trend: float | None = None
    failure_rate: float = 0.0
    flake_rate: float = 0.0
    last_failed: bool = False


def make_timing(samples: Sequence[Sample]) -> Timing:
    """
    Sum up samples, oldest first.

    The quantiles are exact (``statistics.quantiles``, inclusive): 2,000 samples take a tenth of a millisecond, so no sketch is needed.
    """
    if not samples:
        return Timing()
    durations = [sample.duration_s for sample in samples]
    passes = [sample.duration_s for sample in samples if sample.passed]
    return Timing(
        runs=len(samples),
        estimate_s=statistics.median((passes or durations)[-RECENT_SAMPLES:]),
        p50_s=statistics.median(durations),
        p95_s=percentile_95(durations),
        trend=trend(passes),
        failure_rate=sum(not sample.passed for sample in samples) / len(samples),
        flake_rate=flake_rate(samples),
        last_failed=not samples[-1].passed,
    )


def percentile_95(durations: Sequence[float]) -> float:
    """The duration that 19 of 20 runs do not exceed, between the two nearest ones where none is it exactly."""
    if len(durations) == 1:
        return durations[0]
    return statistics.quantiles(durations, n=20, method="inclusive")[-1]


def trend(durations: Sequence[float]) -> float | None:
    """Newest over oldest; None when there are too few durations to say, or the oldest took no time."""
    if len(durations) < 2 * TREND_SAMPLES:
        return None
    oldest = statistics.median(durations[:TREND_SAMPLES])
    return statistics.median(durations[-TREND_SAMPLES:]) / oldest if oldest > 0 else None


def flake_rate(samples: Sequence[Sample]) -> float:
    """Share of the keys seen at least twice that had both outcomes."""
    outcomes: dict[str, list[bool]] = {}
    for sample in samples:
        if sample.key is not None:
            outcomes.setdefault(sample.key, []).append(sample.passed)
    repeated = [seen for seen in outcomes.values() if len(seen) > 1]
    return sum(len(set(seen)) > 1 for seen in repeated) / len(repeated) if repeated else 0.0
