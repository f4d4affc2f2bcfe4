"""Some seconds of the soak, and what it would find in hours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture.soak import Options, Soaked, soak
from tests.torture.soak_sample import Sample
from verifyd.edge.linux import IS_LINUX

FLAT = Sample(at_s=0.0, pss_kb=50_000, files=20, watches=7, processes=4, state_kb=4_000, temporary_kb=0)


@pytest.mark.skipif(not IS_LINUX, reason="samples are read from Linux's /proc")
def test_a_daemon_under_edits_answers_about_the_tree_of_the_moment(tmp_path: Path) -> None:
    """Each answer is about what git says is there, and what the daemon takes is seen."""
    options = Options(seconds=4.0, every_s=0.5, gaps_s=(0.02, 0.2), asks=1.0)
    soaked = soak(options, tmp_path)
    assert soaked.wrong == []
    assert soaked.answers == soaked.edits + 1 >= 2
    assert soaked.samples
    assert all(one.pss_kb > 0 and one.files > 0 and one.state_kb > 0 for one in soaked.samples)


def test_what_stays_as_it_is_has_not_grown() -> None:
    """Nor has what grew in the first quarter alone, or by a tenth of the memory, or by one file."""
    warm = [replace(FLAT, pss_kb=10_000)] * 5
    later = [replace(FLAT, pss_kb=54_000, files=21)] * 5
    assert Soaked(samples=[*warm, *[FLAT] * 10, *later]).failures() == []


@pytest.mark.parametrize("name", ["pss_kb", "files", "watches", "processes", "state_kb", "temporary_kb"])
def test_what_grows_without_end_is_told(name: str) -> None:
    """Each thing that is sampled."""
    samples = [replace(FLAT, **{name: getattr(FLAT, name) + 1_000 * number}) for number in range(40)]
    soaked = Soaked(samples=samples)
    assert soaked.failures() == [f"grew: {name}"]
    assert [line.split(":")[0].strip() for line in soaked.summary().splitlines() if line.endswith("GREW")] == [name]


def test_a_wrong_answer_is_a_failure() -> None:
    """Whatever the samples say."""
    assert Soaked(wrong=["answer 1 was about another tree"]).failures() == ["answer 1 was about another tree"]
