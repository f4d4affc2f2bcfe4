"""The terminal sessions of README.md and the tutorial, played for real."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.test_example import tell
from tests.docs.pages import fences
from tests.docs.transcripts import Session, difference, masked, steps

TUTORIAL = "docs/tutorial/your-own-repository.md"


@pytest.mark.slow
def test_the_tutorial_prints_what_it_shows(tmp_path: Path) -> None:
    """Every block of the lesson, played in order in an empty folder, prints what the page says, times and ids apart."""
    session = Session.open(tmp_path)
    played = list(steps(list(fences(TUTORIAL))))
    assert len(played) >= 10
    for step in played:
        printed = session.play(step)
        different = "" if step.shown is None else difference(step.shown, printed)
        assert not different, f"{step.place}: $ {step.command}\n{different}"


@pytest.mark.slow
def test_the_first_screen_of_the_readme_is_what_the_example_prints(tmp_path: Path) -> None:
    """The report that README.md begins with stands in the output of ``make example``, times and ids apart."""
    shown = next(step for fence in fences("README.md") for step in steps([fence]) if step.command == "verifyd run")
    told = tell(tmp_path, shlex.join((sys.executable, "-m", "verifyd")))
    assert told.returncode == 0, told.stderr
    assert f"$ verifyd run\n{masked(shown.shown or '')}\n" in masked(told.stdout)


def test_a_transcript_that_differs_is_told_apart() -> None:
    """Other words, a line more and a line less are differences; times, ids, paths and what a gap stands for are none."""
    shown = "✓ lint  passed  0.03 s\n…\nREADY  tree " + "a" * 40 + "\n"
    same = "✓ lint  passed  12.1 s\nmore\nand more\nREADY  tree " + "b" * 40 + "\n"
    assert difference(shown, same) == ""
    for other in (same.replace("lint", "line"), same + "one more\n", same.replace("✓ lint  passed  12.1 s\n", "")):
        assert "--- printed was" in difference(shown, other)
