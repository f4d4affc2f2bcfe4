"""Verdicts on earlier trees that a daemon has at hand; of all others history knows."""

from __future__ import annotations

from verifyd.app.finish import Result

REMEMBERED = 100
"""Verdicts of earlier trees that are kept at hand."""
REMEMBERED_FILES = 10_000
"""But no more than have so many changed files together (2 MB); of all others history knows."""


def remember(known: dict[str, Result], result: Result) -> None:
    """Keep a result at hand by its tree; the oldest go where it becomes too much."""
    tree = result.report.snapshot.tree
    known.pop(tree, None)
    known[tree] = result
    files = sum(len(one.report.change.files) for one in known.values())
    while len(known) > REMEMBERED or (files > REMEMBERED_FILES and len(known) > 1):
        files -= len(known.pop(next(iter(known))).report.change.files)


def find(known: dict[str, Result], tree: str) -> Result | None:
    """The verdict on a tree by its id or the beginning of it; of several the newest."""
    found = next((one for one in reversed(known) if one.startswith(tree)), None)
    return known[found] if found is not None else None
