"""The text of a failure in, the places on the way to it out: tracebacks of Python, JavaScript, Go and Rust."""

from __future__ import annotations

import re

from msgspec import Struct

from verifyd.evidence.places import Place, Places

MOST_LINES = 2_000
"""Lines of one failure that are looked at, from each end."""

_LONGEST_LINE = 1_000

# Outermost first, as Python prints them.
_PYTEST = re.compile(r"(?P<path>[^\s:][^:]*):(?P<line>\d{1,7}):(?: in |\s*$| (?:[\w.]+$))")
_PYTHON = re.compile(r'(?:E\s{1,12})?\s*File "(?P<path>[^"]+)", line (?P<line>\d{1,7})')
# Innermost first, as everybody else prints them.
_JAVASCRIPT = re.compile(
    r"\s*(?:at (?:[^()]{0,300}\()?|❯ (?:[^\s():/]{1,200} (?=\S))?)"
    r"(?P<path>(?:file://)?[^():]+):(?P<line>\d{1,7}):(?P<column>\d{1,7})\)?(?: \{)?\s*$"
)
_DRAWN = re.compile(r"\s{0,12}[╭┌]─{1,4}\[ ?(?P<path>[^\s:\]]+):(?P<line>\d{1,7}):(?P<column>\d{1,7}) ?\]")
_GO = re.compile(r"\s+(?P<path>[^\s:]+\.go):(?P<line>\d{1,7})(?: \+0x|: |$)")
_RUST_PANIC = re.compile(
    r"thread '.{0,300}' (?:\(\d+\) )?panicked at (?:'.{0,500}', )?(?P<path>[^:']+):(?P<line>\d{1,7}):(?P<column>\d{1,7})"
)
_RUST_FRAME = re.compile(r"\s+at (?P<path>[^\s:]+\.rs):(?P<line>\d{1,7}):(?P<column>\d{1,7})")

_OUTERMOST_FIRST = (_PYTEST, _PYTHON)
_INNERMOST_FIRST = (_DRAWN, _RUST_PANIC, _RUST_FRAME, _JAVASCRIPT, _GO)

_EXPLANATION = re.compile(r"E(?:   (?P<text>.*))?$")


class Trace(Struct, frozen=True, kw_only=True):
    """
    What a failure's text tells.

    Attributes:
        frames: Places in files of the tree, outermost first.
        column: Of the innermost frame; None when unknown.
        explanation: pytest's ``E`` lines of the last exception, without the mark; empty when there are none.
    """

    frames: tuple[tuple[str, int], ...] = ()
    column: int | None = None
    explanation: str = ""

    @property
    def innermost(self) -> Place | None:
        """The place of the failure itself; None when no file of the tree is on the way."""
        if not self.frames:
            return None
        path, line = self.frames[-1]
        return Place(path=path, line=line, column=self.column)


def read_trace(text: str, places: Places, *, package: str = "") -> Trace:
    """
    Finds the frames of a failure.

    Args:
        package: Where bare file names belong: Go prints ``x_test.go:7`` for a file of the package under test.
    """
    forward: list[tuple[str, int, int | None]] = []
    backward: list[tuple[str, int, int | None]] = []
    lines = ends_of(text.split("\n"))
    for line in lines:
        found = _frame(line[:_LONGEST_LINE], places, package)
        if found is not None:
            is_forward, frame = found
            (forward if is_forward else backward).append(frame)
    frames = _without_runs([*reversed(backward), *forward])
    return Trace(
        frames=tuple((path, number) for path, number, _ in frames),
        column=frames[-1][2] if frames else None,
        explanation=_explanation(lines),
    )


def ends_of(lines: list[str]) -> list[str]:
    """The first and last lines of a very long text: a runaway recursion repeats itself in between."""
    return lines if len(lines) <= 2 * MOST_LINES else lines[:MOST_LINES] + lines[-MOST_LINES:]


def _frame(line: str, places: Places, package: str) -> tuple[bool, tuple[str, int, int | None]] | None:
    if ":" not in line and '", line ' not in line:
        return None
    for pattern in _OUTERMOST_FIRST + _INNERMOST_FIRST:
        match = pattern.match(line)
        if match is None:
            continue
        path = (
            places.find_beside(match["path"], package)
            if package and "/" not in match["path"]
            else places.find(match["path"])
        )
        if path is not None and int(match["line"]) > 0:
            column = int(match["column"]) or None if "column" in pattern.groupindex else None
            return pattern in _OUTERMOST_FIRST, (path, int(match["line"]), column)
    return None


def _without_runs(frames: list[tuple[str, int, int | None]]) -> list[tuple[str, int, int | None]]:
    """Each place once in a row: of several columns on one line the innermost is kept."""
    last = len(frames) - 1
    return [frame for index, frame in enumerate(frames) if index == last or frame[:2] != frames[index + 1][:2]]


def _explanation(lines: list[str]) -> str:
    """The last run of pytest's ``E`` lines: chained exceptions come first, the one that counts last."""
    run: list[str] = []
    last: list[str] = []
    for line in lines:
        match = _EXPLANATION.match(line[:_LONGEST_LINE]) if line.startswith("E") else None
        if match is not None:
            run.append((match["text"] or "").strip())
        elif run:
            last, run = run, []
    explanation = run or last
    if explanation and explanation[0].startswith(
        'File "'
    ):  # a syntax error: its source, a caret, and only then what it is
        explanation = explanation[-1:]
    return "\n".join(explanation).strip()
