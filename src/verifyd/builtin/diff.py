"""The change held against the limits and the scope that VERIFY.md sets: a gate that needs no process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pathspec import GitIgnoreSpec

from verifyd.change import Change, ChangeKind, FileChange
from verifyd.evidence.model import Evidence, Finding, FindingKind
from verifyd.pipeline import DIFF_GATE, Gate, Limits, Scope
from verifyd.verdict import Reason, Status, Verdict

NAMED = 3
"""Files that a message names: those that weigh most."""

DIFF_GATE_DECLARED = Gate(name=DIFF_GATE, line=1, script="(built in: limits and scope of VERIFY.md)")
"""What stands for the gate in a report: nobody wrote a fence for it."""


def judge_change(change: Change, limits: Limits | None, scope: Scope | None) -> Verdict:
    """Judge a change: FAILED as soon as one limit is exceeded or one path lies outside; there is no other way to fail."""
    evidence = make_evidence(change, limits, scope)
    if not evidence.findings:
        return Verdict(gate=DIFF_GATE_DECLARED, status=Status.PASSED, evidence=evidence)
    explanation = evidence.findings[0].message
    if len(evidence.findings) > 1:
        explanation += f" (and {len(evidence.findings) - 1} more)"
    return Verdict(
        gate=DIFF_GATE_DECLARED, status=Status.FAILED, reason=Reason.LIMITS, explanation=explanation, evidence=evidence
    )


def make_evidence(change: Change, limits: Limits | None, scope: Scope | None) -> Evidence:
    """A finding for each limit that is exceeded and for each path that must not be touched."""
    findings = [*limit_findings(change, limits or Limits()), *scope_findings(change, scope or Scope())]
    return Evidence(source="builtin", findings=tuple(findings))


def limit_findings(change: Change, limits: Limits) -> Iterable[Finding]:
    """One for each exceeded limit, saying by how much and what weighs most."""
    if limits.changed_lines is not None and change.changed_lines > limits.changed_lines:
        weighty = [f"{file.path} ({file.added + file.deleted})" for file in heaviest(change)]
        over = change.changed_lines - limits.changed_lines
        says = f"{counted(change.changed_lines, 'changed line')}, {over} over the limit of {limits.changed_lines}; most in {listed(weighty)}"
        yield limit_finding("limits.changed_lines", says, heaviest(change)[0].path)
    if limits.changed_files is not None and len(change.files) > limits.changed_files:
        over = len(change.files) - limits.changed_files
        names = [file.path for file in change.files]
        says = (
            f"{counted(len(names), 'changed file')}, {over} over the limit of {limits.changed_files}: {listed(names)}"
        )
        yield limit_finding("limits.changed_files", says, None)
    gone = change.deleted_files
    if limits.deleted_files is not None and len(gone) > limits.deleted_files:
        allowed = (
            f"{len(gone) - limits.deleted_files} over the limit of {limits.deleted_files}"
            if limits.deleted_files
            else "none may be"
        )
        says = f"{counted(len(gone), 'deleted file')}, {allowed}: {listed(gone)}"
        yield limit_finding("limits.deleted_files", says, gone[0])


def limit_finding(code: str, message: str, path: str | None) -> Finding:
    """A finding about the change as a whole; its first line must not wander with the counts, so the code identifies it."""
    return Finding(path=path, code=code, message=message, subject=code, kind=FindingKind.LIMIT)


def heaviest(change: Change) -> Sequence[FileChange]:
    """Files by the lines they add to the count, most first."""
    counted_files = [file for file in change.files if not file.generated and file.added + file.deleted]
    return sorted(counted_files, key=lambda file: (-(file.added + file.deleted), file.path))


def scope_findings(change: Change, scope: Scope) -> Iterable[Finding]:
    """One for each path outside ``scope.only``, and for each protected one."""
    if scope.only:
        only = GitIgnoreSpec.from_lines(scope.only)
        for file, path in touched_paths(change):
            if not only.match_file(path):
                says = f"{done_to(file, path)}, but only {' '.join(scope.only)} may be changed"
                yield Finding(path=path, code="scope.only", message=says, kind=FindingKind.LIMIT)
    protected = GitIgnoreSpec.from_lines(scope.protected)
    for file, path in touched_paths(change):
        if protected.match_file(path):
            says = f"{done_to(file, path)}, but it is protected: a person has to agree to this change first"
            yield Finding(path=path, code="scope.protected", message=says, kind=FindingKind.LIMIT)


def touched_paths(change: Change) -> Iterable[tuple[FileChange, str]]:
    """Every path with what happened around it; both ends of a rename."""
    return ((file, path) for file in change.files for path in file.touched)


def done_to(file: FileChange, path: str) -> str:
    """What happened to one path of a file change, in words."""
    if file.kind is ChangeKind.RENAMED:
        return f"renamed to {file.path}" if path == file.old_path else f"renamed from {file.old_path}"
    return "changed in type" if file.kind is ChangeKind.TYPE_CHANGED else str(file.kind)


def constraints_left(change: Change, limits: Limits | None, scope: Scope | None) -> tuple[str, ...]:
    """What whoever goes on with this change may still do: a phrase for each declared limit, for a task."""
    limits, scope = limits or Limits(), scope or Scope()
    phrases: list[str] = []
    if limits.changed_lines is not None:
        phrases.append(
            room(
                limits.changed_lines - change.changed_lines,
                "more changed line",
                "the limit of changed lines is exceeded",
            )
        )
    if limits.changed_files is not None:
        phrases.append(
            room(
                limits.changed_files - len(change.files), "more changed file", "the limit of changed files is exceeded"
            )
        )
    if limits.deleted_files is not None:
        left = limits.deleted_files - len(change.deleted_files)
        phrases.append(
            "no file deletions"
            if left == 0
            else room(left, "more deleted file", "the limit of deleted files is exceeded")
        )
    if scope.only:
        phrases.append(f"only files matching {' '.join(scope.only)}")
    if scope.protected:
        phrases.append(f"{listed(scope.protected)} {'is' if len(scope.protected) == 1 else 'are'} protected")
    return tuple(phrases)


def room(left: int, noun: str, exceeded: str) -> str:
    """How much is left of a limit, or by how much less it must become."""
    if left < 0:
        return f"{exceeded} by {-left}: make it smaller"
    return f"at most {counted(left, noun)}" if left else f"no {noun}s"


def counted(number: int, noun: str) -> str:
    """``1 changed line``, ``2 changed lines``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    first = ", ".join(names[:NAMED])
    return f"{first} and {len(names) - NAMED} more" if len(names) > NAMED else first
