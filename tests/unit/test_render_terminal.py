"""What ``verifyd run`` answers with: the same text with and without colour, the verdict last."""

from __future__ import annotations

import re

from hypothesis import given, settings

from tests.support.builders import (
    TREE,
    a_failure,
    a_finding,
    a_gate,
    a_gate_report,
    a_lint_finding,
    a_pass,
    a_report,
    a_skip,
    a_task,
    an_evidence,
    an_outcome,
    an_unproven,
)
from tests.support.hostile import ACTS_ON_TERMINALS, hostile
from verifyd.render.terminal import render_terminal
from verifyd.report import Report

COLOUR = re.compile(r"\x1b\[[\d;]*m")


def a_mixed_report() -> Report:
    """One gate of each status."""
    lint = [a_lint_finding(line=line) for line in range(1, 6)]
    return a_report(
        a_gate_report(a_pass("tests", evidence=an_evidence(total=120, skipped=2), duration_s=3.9), expected_s=3.7),
        a_failure(*lint, gate=a_gate("lint")),
        a_pass("types", reused=True, duration_s=2.0),
        a_skip("browser", explanation="the change touches nothing that matches web/**"),
        an_unproven("docs", gate=a_gate("docs", optional=True), explanation="sphinx-build is not on this machine"),
        notes=("the machine is slow today",),
    )


def test_the_answer_tells_each_gate_the_task_and_the_verdict() -> None:
    """A line is a fact; the verdict with its tree comes last, where the eye is."""
    report = a_mixed_report()
    assert (
        render_terminal(report, a_task(report, seen_on=1))
        == f"""\
✓ tests    passed    3.90 s of 3.70 s expected  120 tests, 2 skipped
✗ lint     failed    1.00 s  findings: 5 errors reported
    src/calc.py:1:8: F401 `os` imported but unused
    src/calc.py:2:8: F401 `os` imported but unused
    src/calc.py:3:8: F401 `os` imported but unused
    and 2 more: verifyd log lint
✓ types    passed    2.00 s (reused)
– browser  skipped   not_affected: the change touches nothing that matches web/**
? docs     unproven  (optional)  tool_missing: sphinx-build is not on this machine
note: the machine is slow today

next task (attempt 2 of 3): lint: src/calc.py:1: F401 `os` imported but unused (and 4 others alike)
  where:     src/calc.py:1, src/calc.py:2, src/calc.py:3
  reproduce: pytest -q
  in full:   .verifyd/TASK.md

NOT READY  tree {TREE}  in 4.21 s
  failed: lint (5 errors reported)
"""
    )


def test_one_test_is_one_test() -> None:
    """And more are more."""
    ran = a_pass("tests", evidence=an_evidence(total=1))
    assert render_terminal(a_report(ran), None).splitlines()[0] == "✓ tests  passed    1.00 s  1 test"


def test_a_ready_tree_needs_two_lines() -> None:
    """The gate, and the verdict."""
    text = render_terminal(a_report(a_pass("lint")), None)
    assert text == f"✓ lint  passed    1.00 s\n\nREADY  tree {TREE}  in 4.21 s\n"


def test_used_up_attempts_are_said() -> None:
    """A person at the terminal is who it is handed over to."""
    report = a_report(a_failure(a_finding()))
    assert "  its attempts are used up: hand over to a person or a stronger model\n" in render_terminal(
        report, a_task(report, seen_on=3)
    )


def test_a_command_of_several_lines_is_left_to_the_task() -> None:
    """Joined into one it would be another command."""
    report = a_report(a_failure(gate=a_gate(script="a\nb")))
    assert "reproduce:" not in render_terminal(report, a_task(report))


def test_where_no_file_was_written_none_is_named() -> None:
    """What lies in its place may be about another tree; what a tool said of that file stays."""
    report = a_report(a_failure(a_finding(message="see .verifyd/TASK.md")))
    text = render_terminal(report, a_task(report), task_file=None)
    assert "in full:" not in text
    assert "see .verifyd/TASK.md\n" in text


def test_where_no_finding_tells_more_the_last_line_of_the_output_is_shown() -> None:
    """It is most often the one that says why; the command for the rest stands beside it."""
    report = a_report(a_failure(tail="compiling\nno rule to make target 'x'\n"))
    assert "  its end:   no rule to make target 'x' (all of it: verifyd log tests)\n" in render_terminal(
        report, a_task(report)
    )


def test_colour_changes_no_word() -> None:
    """Wide enough, the text is the same with the colours taken out."""
    report = a_mixed_report()
    coloured = render_terminal(report, a_task(report), colour=True, width=400)
    assert "\x1b[1;31m" in coloured
    assert [line.rstrip() for line in COLOUR.sub("", coloured).splitlines()] == render_terminal(
        report, a_task(report)
    ).splitlines()


def test_on_a_narrow_terminal_lines_are_cut() -> None:
    """Never wrapped: a line is a fact."""
    coloured = render_terminal(a_mixed_report(), None, colour=True, width=40)
    assert max(len(line) for line in COLOUR.sub("", coloured).splitlines()) == 40
    assert len(coloured.splitlines()) == len(render_terminal(a_mixed_report(), None).splitlines())


@settings(max_examples=60)
@given(hostile, hostile.filter(bool))
def test_nothing_that_a_tool_prints_reaches_the_terminal_unescaped(said: str, path: str) -> None:
    """Neither with colours nor without; no message makes a line of its own."""
    report = a_report(
        a_failure(a_finding(message=f"{said}x", path=path, subject=path)),
        an_unproven("types", explanation=said, outcome=an_outcome("types")),
        notes=(said,),
    )
    text = render_terminal(report, a_task(report))
    assert ACTS_ON_TERMINALS.search(text) is None
    assert len(text.split("\n")) == 13
    coloured = render_terminal(report, a_task(report), colour=True, width=200)
    assert ACTS_ON_TERMINALS.search(COLOUR.sub("", coloured)) is None
