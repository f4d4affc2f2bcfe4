"""A failure that names no place in, where to look all the same out; and every place as the change left it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from verifyd.cause import CODE, MOST_PLACES, Place, is_test_file
from verifyd.change import Change, FileChange
from verifyd.evidence.model import Finding, FindingKind
from verifyd.pipeline import Gate
from verifyd.plan import matches

NOT_NAMED = "changed since the last ready tree; the gate itself names no place"
EQUAL_TO_BASE = "differs from the last ready tree, but not from the base; the gate itself names no place"
COUNTED_FILE = "what the limit counts"
DECLARED_IN = "VERIFY.md"
"""Whoever works on a task may not mend a gate by rewriting it: the page is no place to look."""

_INLINE_CODE = re.compile(r"\s*(?:\S*/)?(?:python[\d.]*|node|ruby|perl)\s+(?:-\S+\s+)*-[ce]\b")


def changed_inputs(
    changed: frozenset[str],
    globs: Sequence[str],
    *,
    since_base: frozenset[str] | None = None,
    runs_tests: bool = True,
) -> tuple[Place, ...]:
    """
    For a failure that names no place (a gate that hangs): the changed code among the gate's inputs, tests after what they test.

    Where no code changed, the settings and data that did: they are all there is to suspect. Files that equal the base come
    last, and not at all where code differs from it: most of them were put back.

    Args:
        since_base: What differs from the base now; None where that is the same as *changed*.
        runs_tests: False for a gate that cannot run a test; tests are then suspected only where *globs* name them.
    """
    changed -= {DECLARED_IN}
    inputs = (
        matches(globs, changed)
        if globs
        else frozenset(path for path in changed if runs_tests or not is_test_file(path))
    )
    fresh = inputs if since_base is None else inputs & since_base
    old = inputs - fresh
    fresh_code = in_order(fresh, code_only=True)
    found = fresh_code or [*in_order(fresh), *(in_order(old, code_only=True) or in_order(old))]
    return tuple(
        Place(path=path, line=None, why=NOT_NAMED if path in fresh or not fresh else EQUAL_TO_BASE)
        for path in found[:MOST_PLACES]
    )


def in_order(paths: Iterable[str], *, code_only: bool = False) -> list[str]:
    """Tests after what they test."""
    kept = [path for path in paths if not code_only or CODE.search(path)]
    return sorted(kept, key=lambda path: (is_test_file(path), path))


def counted_files(findings: Sequence[Finding], change: Change) -> tuple[Place, ...]:
    """The files that an exceeded limit on files counts, where no line of theirs was edited."""
    codes = {finding.code for finding in findings if finding.kind is FindingKind.LIMIT}
    gone = change.deleted_files if "limits.deleted_files" in codes else ()
    touched = tuple(file.path for file in change.files) if "limits.changed_files" in codes else ()
    paths = list(dict.fromkeys([*gone, *touched]))
    return tuple(Place(path=path, line=None, why=COUNTED_FILE) for path in paths[:MOST_PLACES])


def as_it_is_now(place: Place, change: Change) -> Place:
    """A file that the change deleted is not called changed, and one that it renamed is called by its new name."""
    if place.path in change.deleted_files:
        why = re.sub("^changed", "deleted", place.why)
        return replace(place, why=why if why.startswith("deleted") else f"deleted; {why}")
    renamed = next((file for file in change.files if file.old_path and place.path in file.touched), None)
    return place if renamed is None else replace(place, path=renamed.path, why=renamed_why(renamed, place.why))


def renamed_why(file: FileChange, why: str) -> str:
    """``renamed from src/a.py since the last ready tree; …``."""
    said = why.removeprefix("changed")
    return f"renamed from {file.old_path}{said}" if said != why else f"renamed from {file.old_path}; {why}"


def may_run_tests(gate: Gate) -> bool:
    """False for code that stands in the command itself (``python -c …``) and does not speak of tests."""
    return _INLINE_CODE.match(gate.script) is None or "test" in gate.script
