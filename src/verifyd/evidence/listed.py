"""A log of bare paths and the script that made it in, a finding for each file that a formatter would change out."""

from __future__ import annotations

import functools
import re

from verifyd.evidence.scan import Draft, Scan

_LONGEST = 500
_START = r"(?:^|[\s;&|(`\"'/])"
_OPTIONS = r"(?:\s[^\n;&|]{1,300}?)?\s"
_LISTERS = (
    ("gofmt", r"gofmt", r"--?l"),
    ("gofumpt", r"gofumpt", r"--?l"),
    ("goimports", r"goimports", r"--?l"),
    ("shfmt", r"shfmt", r"(?:-l|--list)"),
    ("prettier", r"prettier", r"(?:-l|--list-different)"),
    ("rustfmt", r"(?:rustfmt|cargo fmt)", r"(?:-l|--files-with-diff)"),
    ("terraform", r"(?:terraform|tofu) fmt", r"-check(?:=true)?"),
    ("git", r"git diff", r"--name-only"),
)
_WORDS = ("-l", "--name-only", "-check", "--files-with-diff")
_ECHO = "> $+\t"
"""What npm, pnpm, yarn, make and ``set -x`` print in front of a command."""


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile(f"{_START}{tool}{_OPTIONS}{option}(?=[\\s;&|)`\"']|$)", re.MULTILINE))
        for name, tool, option in _LISTERS
    )


def read_listed(scan: Scan, script: str) -> None:
    """
    Each line that is the path of a file of the tree, and nothing else, in the log of a tool that lists what differs.

    Args:
        script: The gate's; a command that a task runner prints before it runs it counts as well.
    """
    tool = _lister_in(script) or next(
        (found for line in scan.lines if _may_echo(line) and (found := _lister_in(line.lstrip(_ECHO)))), None
    )
    if tool is None:
        return
    says = "differs from what is committed" if tool == "git" else f"not formatted as {tool} would"
    for index, line in enumerate(scan.lines):
        if scan.taken[index] or not 0 < len(line.strip()) <= _LONGEST or _is_heading(scan, index):
            continue
        path = scan.places.find(line.strip())
        if path is not None:
            scan.add(Draft(at=index, message=says, place=scan.places.at(line.strip()), tool=tool))
            scan.take(index, index + 1)


def _lister_in(command: str) -> str | None:
    if not any(word in command for word in _WORDS):
        return None
    return next((name for name, pattern in _patterns() if pattern.search(command)), None)


def _may_echo(line: str) -> bool:
    return len(line) <= _LONGEST and any(word in line for word in _WORDS)


def _is_heading(scan: Scan, index: int) -> bool:
    """eslint and others put a path above what they say of it, which is indented."""
    below = scan.lines[index + 1] if index + 1 < len(scan.lines) else ""
    return below[:1].isspace() and bool(below.strip())
