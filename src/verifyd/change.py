"""What differs between the base tree and the judged tree, file by file."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class ChangeKind(StrEnum):
    """What happened to one path; git's letters spelled out."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"
    TYPE_CHANGED = "type_changed"


class FileChange(Struct, frozen=True, kw_only=True):
    """
    One path that differs.

    Attributes:
        path: Where it is now (where it was, when deleted).
        old_path: Where it was, for a rename; None otherwise.
        added: Lines added; 0 for binary files.
        deleted: Lines deleted; 0 for binary files.
        generated: Counts in no limit of lines: marked ``linguist-generated`` or ``-diff`` in .gitattributes, or a lock file
            or generated file by its well-known name.
        inside: For a submodule that moved: the paths in it that changed with it, as far as they are known.
    """

    path: str
    kind: ChangeKind
    old_path: str | None = None
    added: int = 0
    deleted: int = 0
    binary: bool = False
    generated: bool = False
    inside: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[str, ...]:
        """Both names of a rename, for a gate that reads the old place is affected too, and what moved inside a submodule."""
        return (self.path, *self.inside) if self.old_path is None else (self.old_path, self.path)


class Change(Struct, frozen=True, kw_only=True):
    """All that differs from the base, ordered by path."""

    files: tuple[FileChange, ...] = ()

    @property
    def paths(self) -> frozenset[str]:
        """Every path touched, old names of renames included."""
        return frozenset(path for file in self.files for path in file.touched)

    @property
    def added(self) -> int:
        """Lines added, generated files left out."""
        return sum(file.added for file in self.files if not file.generated)

    @property
    def deleted(self) -> int:
        """Lines deleted, generated files left out."""
        return sum(file.deleted for file in self.files if not file.generated)

    @property
    def changed_lines(self) -> int:
        """Lines added and deleted, generated files left out: what ``limits.changed_lines`` bounds."""
        return self.added + self.deleted

    @property
    def deleted_files(self) -> tuple[str, ...]:
        """Files that are gone; a rename is not a deletion."""
        return tuple(file.path for file in self.files if file.kind is ChangeKind.DELETED)
