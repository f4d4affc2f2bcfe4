"""What a change sums up to."""

from __future__ import annotations

from verifyd.change import Change, ChangeKind, FileChange

CHANGE = Change(
    files=(
        FileChange(path="a.py", kind=ChangeKind.MODIFIED, added=3, deleted=1),
        FileChange(path="gone.py", kind=ChangeKind.DELETED, deleted=10),
        FileChange(path="image.png", kind=ChangeKind.ADDED, binary=True),
        FileChange(path="new.py", old_path="old.py", kind=ChangeKind.RENAMED, added=1),
        FileChange(path="sub", kind=ChangeKind.MODIFIED, added=1, deleted=1, inside=("sub/x.py",)),
        FileChange(path="uv.lock", kind=ChangeKind.MODIFIED, added=900, deleted=900, generated=True),
    )
)


def test_generated_lines_do_not_count() -> None:
    """What a tool wrote is nobody's work."""
    assert (CHANGE.added, CHANGE.deleted, CHANGE.changed_lines) == (5, 12, 17)


def test_every_touched_path_is_listed() -> None:
    """Old names of renames, and what moved inside a submodule, too."""
    expected = {"a.py", "gone.py", "image.png", "new.py", "old.py", "sub", "sub/x.py", "uv.lock"}
    assert CHANGE.paths == expected


def test_a_rename_is_no_deletion() -> None:
    """Only files that are gone for good are deleted."""
    assert CHANGE.deleted_files == ("gone.py",)


def test_nothing_sums_up_to_nothing() -> None:
    """No file, no line."""
    nothing = Change()
    assert (nothing.paths, nothing.changed_lines, nothing.deleted_files) == (frozenset(), 0, ())
