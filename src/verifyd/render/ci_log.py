"""
The report as a CI job's log: what failed, each gate's last lines folded away, the verdict last.

A host reads its jobs' logs for commands. Whatever others wrote goes through ``harmless`` first, and on GitHub the reading is turned
off as well while it is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from verifyd.render.github import Annotation, command, render_github
from verifyd.render.terminal import render_terminal
from verifyd.report import Report
from verifyd.task import Task
from verifyd.verdict import Status


class Folding(StrEnum):
    """How a host folds lines of a log away."""

    GITHUB = "github"
    GITLAB = "gitlab"
    AZURE = "azure"
    PLAIN = "plain"


_HASHES = re.compile(r"##(?=[\w.-]*\[)")  # ``##[…]`` anywhere in a line: GitHub, Azure; ``##vso[…]``, ``##teamcity[…]``
_COLONS = re.compile(r"^(\s*):(?=:)", re.MULTILINE)  # ``::set-output …`` after any white space: GitHub
_HEADINGS = re.compile(r"^(?=(?:---|\+\+\+|~~~|\^\^\^)(?: |$))", re.MULTILINE)  # Buildkite


def harmless(text: str) -> str:
    """Text in which no host finds a command of its own: a backslash stands where one began."""
    return _HEADINGS.sub(r"\\", _COLONS.sub(r"\1\\:", _HASHES.sub(r"#\\#", text)))


def render_ci_log(
    report: Report,
    task: Task | None,
    *,
    folding: Folding,
    tails: Mapping[str, str],
    task_file: str,
    log_of: Callable[[str], str],
    token: str,
    moment_s: int,
) -> str:
    """
    The whole log.

    Args:
        tails: By gate: the end of what it printed, shown already.
        task_file: Where the task is told in full, in what the job keeps.
        log_of: Where a gate's output is there, by the gate's name.
        token: Nobody else can know it; it turns GitHub's reading on again.
        moment_s: Seconds since 1970, which GitLab wants of its sections.
    """
    told: list[str] = []
    for gate in report.gates:
        verdict = gate.verdict
        tail = tails.get(verdict.gate.name, "")
        if verdict.status in (Status.FAILED, Status.UNPROVEN) and tail:
            title = f"{verdict.gate.name}: {verdict.status}: the end of its output"
            told.append(folded(title, quiet(tail, folding, token), folding, name=verdict.gate.name, moment_s=moment_s))
    told.append(quiet(render_terminal(report, task, task_file=task_file, log_of=log_of).rstrip("\n"), folding, token))
    if folding is Folding.GITHUB:
        told.append(render_github(report, task).rstrip("\n"))
    return "\n".join(told) + "\n"


def quiet(text: str, folding: Folding, token: str) -> str:
    """Text of others as it may stand in a log."""
    safe = harmless(text)
    return f"::stop-commands::{token}\n{safe}\n::{token}::" if folding is Folding.GITHUB else safe


def folded(title: str, text: str, folding: Folding, *, name: str, moment_s: int) -> str:
    """Lines below a title that opens them."""
    safe = harmless(title)
    if folding is Folding.GITHUB:
        return f"::group::{safe}\n{text}\n::endgroup::"
    if folding is Folding.AZURE:
        return f"##[group]{safe}\n{text}\n##[endgroup]"
    if folding is Folding.GITLAB:
        section = f"verifyd_{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}"
        start = f"\x1b[0Ksection_start:{moment_s}:{section}[collapsed=true]\r\x1b[0K{safe}"
        return f"{start}\n{text}\n\x1b[0Ksection_end:{moment_s}:{section}\r\x1b[0K"
    return f"{safe}\n{text}"


def render_error(problem: str, remedy: str, *, folding: Folding, path: str | None, line: int | None) -> str:
    """
    An error that ended the job before there was a report; on GitHub an annotation, too.

    Args:
        path: Of the file that is wrong; None when none is.
        line: Its line; None when the whole file is meant.
    """
    text = harmless(f"{problem}\n  {remedy}" if remedy else problem)
    if folding is not Folding.GITHUB:
        return text
    place = line or 1 if path is not None else None
    note = Annotation(level="error", path=path, line=place, title="verifyd", message=f"{problem}\n{remedy}".rstrip())
    return f"{text}\n{command(note)}"
