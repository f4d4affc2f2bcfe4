"""Each hazard in some rounds: the naive way is fooled, and our verdicts are not. ``scripts/torture`` runs a thousand."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import pytest

from tests.torture.hazards import HAZARDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and sees gates in frozen views"),
]


@pytest.mark.parametrize("name", HAZARDS)
def test_the_naive_way_is_fooled(name: str, tmp_path: Path) -> None:
    """So the hazard is real, and what is said of ours below says something."""
    hazard = HAZARDS[name]
    assert hazard.naive(tmp_path / "naive", hazard.naive_rounds) > 0


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", HAZARDS)
def test_no_verdict_is_false(name: str, tmp_path: Path) -> None:
    """Faults 21, 28, 29, 30, 31, 37: whatever the hazard, each verdict fits its tree, and the answer is about the tree as it is."""
    hazard = HAZARDS[name]
    tally = anyio.run(hazard.torture, tmp_path / "ours", hazard.rounds, 1)
    assert tally.wrong == [], tally.summary()
    assert {what: tally.counted[what] > 0 for what in hazard.proves} == dict.fromkeys(hazard.proves, True), (
        tally.summary()
    )
