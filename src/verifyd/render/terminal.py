"""The report as the answer of ``verifyd run``: a line a gate, what failed and where, what to do next."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from verifyd.render.json import finding_line
from verifyd.render.markdown import duration, gate_notes, log_command, tests
from verifyd.render.shown import cut_end, shown, shown_command, shown_line, shown_path
from verifyd.report import TITLES, GateReport, Readiness, Report
from verifyd.verdict import Status, counted

if TYPE_CHECKING:
    from verifyd.task import Task

MARKS = {Status.PASSED: "✓", Status.FAILED: "✗", Status.SKIPPED: "–", Status.UNPROVEN: "?"}
STYLES = {Status.PASSED: "green", Status.FAILED: "bold red", Status.SKIPPED: "dim", Status.UNPROVEN: "yellow"}
VERDICT_STYLES = {Readiness.READY: "bold green", Readiness.NOT_READY: "bold red", Readiness.UNPROVEN: "bold yellow"}
MOST_FINDINGS = 3
TASK_FILE = ".verifyd/TASK.md"

Line = tuple[tuple[str, str], ...]
"""Pieces of text, each with the style it is drawn in where there is colour."""


def render_terminal(
    report: Report,
    task: Task | None,
    *,
    colour: bool = False,
    width: int = 80,
    task_file: str | None = TASK_FILE,
    log_of: Callable[[str], str] = log_command,
) -> str:
    """
    The answer as text, the verdict last, where the eye is.

    Args:
        colour: Whether to write ANSI colours; without, the text is the same.
        width: Columns; lines are cut, never wrapped, so that a line is a fact. Without colour nothing is cut: the text may be a file.
        task_file: Where the task is told in full; None where no file was written.
        log_of: Where the whole output of a gate is, by its name.
    """
    lines = [line for gate in report.gates for line in gate_lines(gate, name_width(report), log_of)]
    lines += [plain(f"note: {shown_line(note)}", "dim") for note in notes(report)]
    lines += [plain(), *task_lines(task, task_file, log_of), *verdict_lines(report)]
    return (
        drawn(lines, width) if colour else "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
    )


def plain(text: str = "", style: str = "") -> Line:
    """A line of one piece."""
    return ((text, style),)


def drawn(lines: list[Line], width: int) -> str:
    """The lines with ANSI colours, each cut at *width* columns, wide characters counted as two."""
    from rich.console import Console
    from rich.text import Text

    target = io.StringIO()
    console = Console(
        file=target,
        force_terminal=True,
        color_system="standard",
        width=max(width, 20),
        legacy_windows=False,
        _environ={},
    )
    for line in lines:
        text = Text.assemble(*line)
        text.truncate(max(width, 20), overflow="ellipsis")
        console.print(text, soft_wrap=True)
    return target.getvalue()


def name_width(report: Report) -> int:
    """Columns of the longest gate name."""
    return max((len(shown_line(gate.verdict.gate.name)) for gate in report.gates), default=0)


def gate_lines(gate: GateReport, width: int, log_of: Callable[[str], str]) -> list[Line]:
    """The gate's own line, and for a gate that makes a task its first findings."""
    verdict = gate.verdict
    name = shown_line(verdict.gate.name)
    head = (f"{MARKS[verdict.status]} {name:<{width}}  {verdict.status:<8}", STYLES[verdict.status])
    line: Line = (head, *((f"  {fact}", "") for fact in gate_facts(gate)))
    found = verdict.evidence.errors if verdict.makes_task else ()
    lines = [line, *(plain(f"    {cut_end(finding_line(finding), 300)}") for finding in found[:MOST_FINDINGS])]
    if len(found) > MOST_FINDINGS:
        lines.append(plain(f"    and {len(found) - MOST_FINDINGS} more: {log_of(verdict.gate.name)}", "dim"))
    return lines


def gate_facts(gate: GateReport) -> list[str]:
    """Time, expected time, tests, optional, and the reason where there is one."""
    verdict = gate.verdict
    facts = []
    if verdict.outcome is not None:
        expected = f" of {duration(gate.expected_s)} expected" if gate.expected_s is not None else ""
        facts.append(f"{duration(gate.duration_s)}{' (reused)' if verdict.reused else expected}")
    if verdict.evidence.tests is not None:
        total, comma, rest = tests(verdict).partition(",")
        facts.append(f"{counted(int(total), 'test')}{comma}{rest}")
    if verdict.gate.optional:
        facts.append("(optional)")
    if verdict.reason is not None:
        said = f": {shown_line(verdict.explanation, 300)}" if verdict.explanation else ""
        facts.append(f"{verdict.reason}{said}")
    return facts


def notes(report: Report) -> list[str]:
    """The report's notes and those of its gates."""
    return [*report.notes, *(note for gate in report.gates for note in gate_notes(gate))]


def task_lines(task: Task | None, task_file: str | None, log_of: Callable[[str], str]) -> list[Line]:
    """The next task in a few lines: what, where, the command that shows it again, where it is told in full."""
    if task is None:
        return []
    attempt = f" (attempt {task.attempt} of {task.attempt_limit})" if task.attempt > 1 else ""
    lines = [plain(f"next task{attempt}: {shown_line(task.title)}", "bold")]
    if task.escalate:
        lines.append(plain("  its attempts are used up: hand over to a person or a stronger model", "bold red"))
    where = ", ".join(place_text(place.path, place.line) for place in task.where[:3])
    if where:
        lines.append(plain(f"  where:     {where}"))
    if "\n" not in task.reproduce:
        lines.append(plain(f"  reproduce: {shown_command(task.reproduce)}"))
    said = shown(task.output).splitlines()
    if said:
        lines.append(plain(f"  its end:   {shown_line(said[-1], 200)} (all of it: {log_of(task.gate)})"))
    if task_file is not None:
        lines.append(plain(f"  in full:   {shown_path(task_file)}"))
    return [*lines, plain()]


def place_text(path: str, line: int | None) -> str:
    """``src/a.py:7``."""
    return shown_path(path) + (f":{line}" if line is not None else "")


def verdict_lines(report: Report) -> list[Line]:
    """Readiness with the tree it is for, and why when it is not ready."""
    verdict = (TITLES[report.readiness], VERDICT_STYLES[report.readiness])
    first: Line = (verdict, (f"  tree {report.snapshot.tree}  in {duration(report.duration_s)}", ""))
    return [first] if report.readiness is Readiness.READY else [first, plain(f"  {shown_line(report.explanation)}")]
