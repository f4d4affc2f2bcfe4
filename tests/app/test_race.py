"""The daemon's engine in a race with an editor, and engines that lack something, which the race finds out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.torture.race import SHORT, Options, race
from tests.torture.race_defects import DEFECTS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and sees gates in frozen views"),
]


@pytest.mark.timeout(180)
def test_no_verdict_and_no_answer_is_about_another_tree(tmp_path: Path) -> None:
    """Faults 28, 29, 30, 31, 65: whatever is edited at whatever moment, each verdict fits its tree, and "now" is now."""
    run = race(Options(edits=100, seed=1, gaps_s=(0.001, 0.5), rest_after=50), tmp_path)
    assert run.wrong == [], run.summary()
    counted = run.checker.counted
    gates = [gate.name for gate in SHORT]
    assert {gate: counted[f"digests of {gate}"] > 0 for gate in gates} == dict.fromkeys(gates, True), run.summary()
    assert counted["now: exact"] > 0, run.summary()
    assert counted["now: beside an edit"] > 0, run.summary()


@pytest.mark.timeout(180)
def test_verdicts_arrive_under_edits_without_end(tmp_path: Path) -> None:
    """Fault 61: each pause is shorter than most gates, and complete verdicts come all the same, each for a tree that was."""
    options = Options(edits=150, seed=2, gaps_s=(0.03, 0.2), rest_after=150, only=("write", "append", "create"))
    run = race(options, tmp_path)
    assert run.wrong == [], run.summary()
    before_the_rest = run.judged_s[: run.judged_s.index(None)]
    assert len(before_the_rest) >= 3, run.summary()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", DEFECTS)
def test_a_daemon_that_lacks_something_is_found_out(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race reports the wrong verdict or the stale answer that each omission leads to."""
    defect = DEFECTS[name]
    defect.leave_out(monkeypatch)
    options = Options(
        edits=1_000,
        seed=1,
        gates=defect.gates,
        gaps_s=defect.gaps_s,
        hold_s=defect.hold_s,
        counted=defect.counted,
        rest_after=1_000,
        only=defect.only,
        stops=True,
    )
    run = race(options, tmp_path)
    assert [wrong for wrong in run.wrong if defect.found in wrong], run.summary()
