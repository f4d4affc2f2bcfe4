"""The change held against the limits and the scope that VERIFY.md sets: a gate that needs no process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verifyd.change import Change, ChangeKind, FileChange
from verifyd.evidence.model import Evidence, Finding, FindingKind
from verifyd.pipeline import DIFF_GATE, Gate, Limits, Scope
from verifyd.verdict import Reason, Status, Verdict, counted

NAMED = 3
"""Files that a message names: those that weigh most."""

DIFF_GATE_DECLARED = Gate(name=DIFF_GATE, line=1, script="(built in: limits and scope of VERIFY.md)")
"""What stands for the gate in a report: nobody wrote a fence for it."""


def judge_change(
    change: Change, limits: Limits | None, scope: Scope | None, *, agreed: frozenset[str] = frozenset()
) -> Verdict:
    """
    Judge a change: FAILED as soon as one limit is exceeded or one path lies outside; there is no other way to fail.

    Args:
        agreed: Protected paths that a person looks after in another way: VERIFY.md, by its approval, and what was accepted in CI.
    """
    evidence = make_evidence(change, limits, scope, agreed=agreed)
    if not evidence.findings:
        return Verdict(gate=DIFF_GATE_DECLARED, status=Status.PASSED, evidence=evidence)
    explanation = evidence.findings[0].message
    if len(evidence.findings) > 1:
        explanation += f" (and {counted(len(evidence.findings) - 1, 'other objection')})"
    return Verdict(
        gate=DIFF_GATE_DECLARED, status=Status.FAILED, reason=Reason.LIMITS, explanation=explanation, evidence=evidence
    )


def make_evidence(
    change: Change, limits: Limits | None, scope: Scope | None, *, agreed: frozenset[str] = frozenset()
) -> Evidence:
    """A finding for each limit that is exceeded and for each path that must not be touched."""
    findings = [*limit_findings(change, limits or Limits()), *scope_findings(change, scope or Scope(), agreed)]
    return Evidence(source="builtin", findings=tuple(findings))


def limit_findings(change: Change, limits: Limits) -> Iterable[Finding]:
    """One for each exceeded limit, saying by how much and what weighs most."""
    weighty = heaviest(change)
    if limits.changed_lines is not None and change.changed_lines > limits.changed_lines:
        weights = [f"{file.path} ({file.added + file.deleted})" for file in weighty]
        says = f"{exceeding(change.changed_lines, 'changed line', limits.changed_lines)}; most in {listed(weights)}"
        yield limit_finding("limits.changed_lines", says, weighty)
    names = [file.path for file in change.files]
    if limits.changed_files is not None and len(names) > limits.changed_files:
        says = f"{exceeding(len(names), 'changed file', limits.changed_files)}: {listed(names)}"
        yield limit_finding("limits.changed_files", says, weighty)
    gone = change.deleted_files
    if limits.deleted_files is not None and len(gone) > limits.deleted_files:
        says = f"{exceeding(len(gone), 'deleted file', limits.deleted_files)}: {listed(gone)}"
        yield limit_finding("limits.deleted_files", says, ())


def exceeding(number: int, noun: str, limit: int) -> str:
    """How many there are, and how many too many."""
    return f"{counted(number, noun)}, {f'{number - limit} over the limit of {limit}' if limit else 'none may be'}"


def limit_finding(code: str, message: str, files: Sequence[FileChange]) -> Finding:
    """
    A finding about the change as a whole: it has no path, for it is the same failure whichever file weighs most.

    Args:
        files: Those to begin with, heaviest first.
    """
    there = [file.path for file in files if file.kind is not ChangeKind.DELETED]
    frames = tuple((path, 1) for path in reversed(there[:NAMED]))
    return Finding(code=code, message=message, subject=code, kind=FindingKind.LIMIT, frames=frames)


def heaviest(change: Change) -> Sequence[FileChange]:
    """Files by the lines they add to the count, most first."""
    counted_files = [file for file in change.files if not file.generated and file.added + file.deleted]
    return sorted(counted_files, key=lambda file: (-(file.added + file.deleted), file.path))


def scope_findings(change: Change, scope: Scope, agreed: frozenset[str] = frozenset()) -> Iterable[Finding]:
    """One for each path outside ``scope.only``, and for each protected one."""
    from pathspec import GitIgnoreSpec  # see ``plan.matches``

    if scope.only:
        only = GitIgnoreSpec.from_lines(scope.only)
        for file, path in touched_paths(change):
            if not only.match_file(path):
                says = f"{done_to(file, path)}, but only {' '.join(scope.only)} may be changed"
                yield Finding(path=path, code="scope.only", message=says, kind=FindingKind.LIMIT)
    for file, path in protected_touches(change, scope):
        if path not in agreed:
            says = f"{done_to(file, path)}, but it is protected: a person has to agree to this change first"
            yield Finding(path=path, code="scope.protected", message=says, kind=FindingKind.LIMIT)


def protected_touches(change: Change, scope: Scope) -> Iterable[tuple[FileChange, str]]:
    """Every protected path that is touched, with what happened around it."""
    from pathspec import GitIgnoreSpec

    protected = GitIgnoreSpec.from_lines(scope.protected)
    return ((file, path) for file, path in touched_paths(change) if protected.match_file(path))


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
        phrases.append(room(limits.changed_lines - change.changed_lines, "changed line"))
    if limits.changed_files is not None:
        phrases.append(room(limits.changed_files - len(change.files), "changed file"))
    if limits.deleted_files is not None:
        left = limits.deleted_files - len(change.deleted_files)
        phrases.append(room(left, "deleted file") if left else "no file deletions")
    if scope.only:
        phrases.append(f"only files matching {', '.join(scope.only)}")
    if scope.protected:
        phrases.append(f"{listed(scope.protected)} {'is' if len(scope.protected) == 1 else 'are'} protected")
    return tuple(phrases)


def room(left: int, noun: str) -> str:
    """How much is left of a limit, or by how much the change exceeds it."""
    if left < 0:
        return f"{counted(-left, noun)} too many: make the change smaller"
    return f"at most {counted(left, f'more {noun}')}" if left else f"no further {noun}s"


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    first = ", ".join(names[:NAMED])
    return f"{first} and {len(names) - NAMED} more" if len(names) > NAMED else first
