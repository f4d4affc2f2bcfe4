"""The report as a job's summary page: what READINESS.md says, with the task on the page, within the host's bound."""

from __future__ import annotations

import html
from collections.abc import Callable

from verifyd.render.markdown import facts, failures, gates, heading, how_to_verify, notes
from verifyd.render.markup import escape
from verifyd.render.shown import shown_line
from verifyd.render.task_markdown import render_task_markdown
from verifyd.report import Report
from verifyd.task import Task

SUMMARY_BYTES = 1024 * 1024
"""GitHub drops a step's summary whole above this."""
CUT = "\n\n*More did not fit on this page: the job's report has all.*\n"


def render_ci_summary(
    report: Report, task: Task | None, *, title: str, log_of: Callable[[str], str], room_bytes: int = SUMMARY_BYTES
) -> str:
    """
    The page, whole sections left out at the end where it would grow too long; empty where there is no room for its head.

    Args:
        title: What the job is about.
        log_of: Where a gate's output is in what the job keeps, by the gate's name.
        room_bytes: Of the page, UTF-8.
    """
    sections = [
        heading(report).replace("# ", "## ", 1),
        escape(shown_line(title)),
        gates(report).replace("## ", "### ", 1),
        task_section(task),
        notes(report).replace("## ", "### ", 1),
        *(f"#{section}" for section in failures(report, log_of)),
        facts(report).replace("## ", "### ", 1),
        how_to_verify(report).replace("## ", "### ", 1),
    ]
    return fitting([section for section in sections if section], room_bytes)


def task_section(task: Task | None) -> str:
    """The task, folded away: whoever works on the change copies it from here."""
    if task is None:
        return ""
    title = html.escape(shown_line(task.title, 160))  # Markdown means nothing inside this line
    return f"<details><summary>Next task: {title}</summary>\n\n{render_task_markdown(task).strip()}\n\n</details>"


def fitting(sections: list[str], room_bytes: int) -> str:
    """The sections that fit, in order, and a word where some are left out."""
    kept: list[str] = []
    room = room_bytes - len(CUT)
    for section in sections:
        room -= len(f"{section}\n\n".encode("utf-8", "backslashreplace"))
        if room < 0:
            return "\n\n".join(kept) + CUT if kept else ""
        kept.append(section)
    return "\n\n".join(kept) + "\n"


def render_error_summary(problem: str, remedy: str) -> str:
    """A job that ended before there was a report."""
    from verifyd.render.markup import fence

    text = f"{problem}\n\n{remedy}" if remedy else problem
    return f"## Unproven: no report\n\n{fence(text)}\n"
