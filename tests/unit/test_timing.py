"""What past runs say of the next one."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifyd.timing import Sample, Timing, flake_rate, make_timing, percentile_95, trend


def passes(*durations: float) -> list[Sample]:
    """One pass for each duration, oldest first."""
    return [Sample(duration_s=duration, passed=True) for duration in durations]


def failures(*durations: float) -> list[Sample]:
    """One failure for each duration."""
    return [Sample(duration_s=duration, passed=False) for duration in durations]


def test_nothing_is_known_without_samples() -> None:
    """No number is made up."""
    assert make_timing([]) == Timing()
    assert Timing() == Timing(
        runs=0, estimate_s=None, p50_s=None, p95_s=None, trend=None, failure_rate=0.0, flake_rate=0.0
    )


def test_one_sample_is_its_own_median() -> None:
    """And its own everything."""
    assert make_timing(passes(3.0)) == Timing(runs=1, estimate_s=3.0, p50_s=3.0, p95_s=3.0)


def test_all_numbers_together() -> None:
    """Ten passes that grow, and as many failures that stopped early."""
    timing = make_timing([*passes(2.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0), *failures(*[1.0] * 10)])
    assert timing == Timing(
        runs=20,
        estimate_s=2.5,
        p50_s=1.5,
        p95_s=3.0,
        trend=1.5,
        failure_rate=0.5,
        flake_rate=0.0,
        last_failed=True,
    )


def test_only_the_newest_sample_is_the_last() -> None:
    """A failure long ago is over."""
    assert [make_timing(samples).last_failed for samples in ([*failures(1.0), *passes(1.0)], failures(1.0))] == [
        False,
        True,
    ]


class TestEstimate:
    """What the next run is expected to take."""

    def test_is_made_of_passes(self) -> None:
        """A gate that stops at its first failure only looks fast."""
        assert make_timing([*passes(4.0, 4.0, 4.0), *failures(*[0.1] * 9)]).estimate_s == 4.0

    def test_is_made_of_failures_when_nothing_passed(self) -> None:
        """That is better than nothing."""
        assert make_timing(failures(1.0, 2.0, 9.0)).estimate_s == 2.0

    def test_forgets_what_is_long_past(self) -> None:
        """A gate that grew is expected to take what it takes now."""
        assert make_timing(passes(*[1.0] * 100, *[7.0] * 20)).estimate_s == 7.0


class TestTrend:
    """Whether a gate grows slower."""

    def test_needs_ten_durations(self) -> None:
        """With fewer the two ends would overlap."""
        assert trend([1.0] * 9) is None
        assert trend([1.0] * 10) == 1.0

    def test_compares_the_two_ends(self) -> None:
        """What lies between, and one odd run at each end, does not matter."""
        assert trend([99.0, 2.0, 2.0, 2.0, 2.0, *[50.0] * 30, 3.0, 3.0, 3.0, 3.0, 0.0]) == 1.5

    def test_of_nothing_is_none(self) -> None:
        """Runs that took no time at all cannot be divided by."""
        assert trend([0.0] * 20) is None

    def test_leaves_failures_out(self) -> None:
        """Ten quick failures in the end do not make a gate faster."""
        assert make_timing([*passes(*[2.0] * 10), *failures(*[0.1] * 10)]).trend == 1.0


class TestFlakeRate:
    """How often equal inputs had different outcomes."""

    def test_counts_keys_seen_twice(self) -> None:
        """Of two contents that were run again, one had both outcomes; one that was run once says nothing."""
        samples = [
            Sample(duration_s=1.0, passed=passed, key=key)
            for key, passed in [("a", True), ("a", False), ("a", True), ("b", False), ("b", False), ("c", True)]
        ]
        assert flake_rate(samples) == 0.5

    def test_without_keys_nothing_can_be_said(self) -> None:
        """Two runs with unknown inputs are not two runs of the same."""
        assert flake_rate([*passes(1.0), *failures(1.0)]) == 0.0


durations = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=300)


@settings(deadline=None)  # a busy machine is no failure
@given(durations)
def test_quantiles_lie_among_the_samples(values: list[float]) -> None:
    """The median is no more than the 95th centile, and both lie between the shortest and the longest run."""
    timing = make_timing(passes(*values))
    assert timing.p50_s is not None
    assert timing.p95_s is not None
    slack = max(values) * 1e-9
    assert min(values) <= timing.p50_s <= timing.p95_s + slack <= max(values) + 2 * slack


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=2, max_size=300))
def test_19_of_20_runs_do_not_exceed_the_95th_centile(values: list[float]) -> None:
    """At most one in twenty lies above it, rounded up."""
    bound = percentile_95(values)
    assert sum(value > bound * (1 + 1e-9) for value in values) <= len(values) // 20 + 1


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(
        st.builds(Sample, duration_s=st.floats(0, 1e6), passed=st.booleans(), key=st.sampled_from([None, "a", "b"])),
        max_size=60,
    )
)
def test_rates_are_shares(samples: list[Sample]) -> None:
    """They lie between nothing and all, and failures are counted exactly."""
    timing = make_timing(samples)
    assert 0 <= timing.flake_rate <= 1
    assert timing.failure_rate * len(samples) == pytest.approx(sum(not sample.passed for sample in samples))
    assert timing.p50_s == (statistics.median(sample.duration_s for sample in samples) if samples else None)
