"""The built-in gate: a change held against limits and scope."""

from __future__ import annotations

import pytest

from verifyd.builtin.diff import constraints_left, judge_change, make_evidence
from verifyd.change import Change, ChangeKind, FileChange
from verifyd.evidence.model import FindingKind
from verifyd.pipeline import Limits, Scope
from verifyd.verdict import Reason, Status


def modified(path: str, added: int = 1, deleted: int = 0, *, generated: bool = False) -> FileChange:
    """An edited file."""
    return FileChange(path=path, kind=ChangeKind.MODIFIED, added=added, deleted=deleted, generated=generated)


def deleted(path: str) -> FileChange:
    """A file that is gone."""
    return FileChange(path=path, kind=ChangeKind.DELETED, deleted=5)


def change(*files: FileChange) -> Change:
    """A change of these files."""
    return Change(files=files)


def messages(
    found: Change, limits: Limits | None = None, scope: Scope | None = None
) -> list[tuple[str | None, str | None, str]]:
    """Path, code and message of each finding."""
    return [(one.path, one.code, one.message) for one in make_evidence(found, limits, scope).findings]


def test_a_change_within_its_limits_passes() -> None:
    """At the limit is within it."""
    limits = Limits(changed_lines=12, changed_files=2, deleted_files=1)
    verdict = judge_change(change(modified("a.py", 5, 2), deleted("b.py")), limits, Scope(only=("*.py",)))
    assert (verdict.status, verdict.reason, verdict.evidence.findings) == (Status.PASSED, None, ())
    assert verdict.gate.name == "diff"


def test_too_many_lines_name_the_files_that_weigh_most() -> None:
    """Generated files weigh nothing."""
    files = [modified(f"f{number}.py", number, number) for number in range(1, 6)]
    found = messages(change(*files, modified("uv.lock", 9000, generated=True)), Limits(changed_lines=20))
    says = "30 changed lines, 10 over the limit of 20; most in f5.py (10), f4.py (8), f3.py (6) and 2 more"
    assert found == [(None, "limits.changed_lines", says)]


def test_too_many_files_are_named() -> None:
    """Generated ones are files too."""
    files = [modified(f"f{number}.py") for number in range(4)]
    found = messages(change(*files, modified("uv.lock", generated=True)), Limits(changed_files=2))
    says = "5 changed files, 3 over the limit of 2: f0.py, f1.py, f2.py and 2 more"
    assert found == [(None, "limits.changed_files", says)]


@pytest.mark.parametrize(
    "limit, says",
    [
        (0, "2 deleted files, none may be: a.py, b.py"),
        (1, "2 deleted files, 1 over the limit of 1: a.py, b.py"),
    ],
)
def test_deleted_files_are_named(limit: int, says: str) -> None:
    """A rename is no deletion."""
    renamed = FileChange(path="new.py", old_path="old.py", kind=ChangeKind.RENAMED)
    found = messages(change(deleted("a.py"), deleted("b.py"), renamed), Limits(deleted_files=limit))
    assert found == [(None, "limits.deleted_files", says)]


def test_one_line_is_one_line() -> None:
    """Words agree with their numbers."""
    assert messages(change(modified("a.py")), Limits(changed_lines=0)) == [
        (None, "limits.changed_lines", "1 changed line, none may be; most in a.py (1)")
    ]


def test_paths_outside_the_scope_are_named_with_what_happened_to_them() -> None:
    """Both ends of a rename count, and what moved inside a submodule."""
    found = messages(
        change(
            modified("src/a.py"),
            FileChange(path="new.md", kind=ChangeKind.ADDED, added=1),
            FileChange(path="src/in.py", old_path="out.py", kind=ChangeKind.RENAMED),
            FileChange(path="sub", kind=ChangeKind.MODIFIED, inside=("sub/x.py",)),
            FileChange(path="link", kind=ChangeKind.TYPE_CHANGED),
        ),
        scope=Scope(only=("src/", "sub")),
    )
    assert found == [
        ("new.md", "scope.only", "added, but only src/ sub may be changed"),
        ("out.py", "scope.only", "renamed to src/in.py, but only src/ sub may be changed"),
        ("link", "scope.only", "changed in type, but only src/ sub may be changed"),
    ]


def test_protected_paths_are_named() -> None:
    """Also the old place of a file that was renamed away."""
    scope = Scope(protected=("VERIFY.md", ".github/**"))
    renamed = FileChange(path="old.md", old_path="VERIFY.md", kind=ChangeKind.RENAMED)
    found = messages(change(modified(".github/workflows/ci.yml"), renamed, modified("docs/VERIFY.mdx")), scope=scope)
    protected = "but it is protected: a person has to agree to this change first"
    assert found == [
        (".github/workflows/ci.yml", "scope.protected", f"modified, {protected}"),
        ("VERIFY.md", "scope.protected", f"renamed to old.md, {protected}"),
    ]


def test_a_name_in_the_scope_is_not_taken_for_more_than_it_says() -> None:
    """``/VERIFY.md`` means the root's alone, as in a .gitignore; a bare name means it in any folder."""
    nested = change(modified("docs/VERIFY.md"))
    assert messages(nested, scope=Scope(protected=("/VERIFY.md",))) == []
    assert [one[0] for one in messages(nested, scope=Scope(protected=("VERIFY.md",)))] == ["docs/VERIFY.md"]


def test_a_verdict_says_the_first_finding_and_how_many_more() -> None:
    """The gate fails with the reason ``limits_exceeded``."""
    verdict = judge_change(change(modified("a.py", 9), deleted("b.py")), Limits(changed_lines=3, deleted_files=0), None)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.LIMITS)
    assert (
        verdict.explanation
        == "14 changed lines, 11 over the limit of 3; most in a.py (9), b.py (5) (and 1 other objection)"
    )


def test_a_limit_has_the_same_fingerprint_however_far_it_is_exceeded() -> None:
    """The same failure on the next tree is the same task, whichever file weighs most."""
    first = make_evidence(change(modified("a.py", 9)), Limits(changed_lines=3), None).findings[0]
    second = make_evidence(change(modified("b.py", 90)), Limits(changed_lines=3), None).findings[0]
    assert first.fingerprint == second.fingerprint
    assert first.kind is FindingKind.LIMIT


def test_a_limit_leads_to_the_files_that_weigh_most() -> None:
    """Innermost last, as frames go; files that are gone lead nowhere."""
    files = [modified("a.py", 1), modified("b.py", 3), modified("c.py", 2), deleted("d.py")]
    (finding,) = make_evidence(change(*files), Limits(changed_lines=3), None).findings
    assert (finding.path, finding.frames) == (None, (("a.py", 1), ("c.py", 1), ("b.py", 1)))


def test_nothing_declared_leaves_nothing_to_say() -> None:
    """No limit, no scope: no finding, no constraint."""
    found = change(modified("a.py", 10_000), deleted("b.py"))
    assert (messages(found), constraints_left(found, None, None)) == ([], ())


def test_constraints_say_what_is_left() -> None:
    """Phrases for whoever goes on with the change."""
    found = change(modified("a.py", 40, 7))
    limits = Limits(changed_lines=200, changed_files=2, deleted_files=0)
    scope = Scope(only=("src/**", "*.py"), protected=("VERIFY.md",))
    assert constraints_left(found, limits, scope) == (
        "at most 153 more changed lines",
        "at most 1 more changed file",
        "no file deletions",
        "only files matching src/**, *.py",
        "VERIFY.md is protected",
    )


def test_constraints_say_what_is_used_up_and_what_is_exceeded() -> None:
    """An exceeded limit asks for a smaller change."""
    found = change(modified("a.py", 12), deleted("b.py"), deleted("c.py"))
    limits = Limits(changed_lines=20, changed_files=3, deleted_files=1)
    assert constraints_left(found, limits, Scope(protected=("VERIFY.md", ".github/**"))) == (
        "2 changed lines too many: make the change smaller",
        "no further changed files",
        "1 deleted file too many: make the change smaller",
        "VERIFY.md, .github/** are protected",
    )
    assert constraints_left(change(deleted("b.py")), Limits(deleted_files=3), None) == ("at most 2 more deleted files",)
