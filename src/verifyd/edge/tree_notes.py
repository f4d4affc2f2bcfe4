"""What a stranger should know about a snapshot, a sentence each: what git was told to overlook, and what a tree id cannot say."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from msgspec import Struct, field

NAMED = 3


class Oddity(StrEnum):
    """Something about paths that the tree id does not tell; the text goes before their names."""

    CONFLICTED = "conflicted"
    HIDDEN = (
        "hidden by a private ignore file (.git/info/exclude, core.excludesFile or a .gitignore that ignores itself) "
        "but part of the judged tree"
    )
    OVERLOOKED = "marked assume-unchanged or skip-worktree for git, but judged as it is on disk"
    SPARSE = "outside the sparse checkout, so not on disk and judged as committed"
    BY_CONTENT = "nested repository with content of its own, judged file by file"
    UNINITIALISED = "submodule whose files are not there for any gate (git submodule update --init)"
    CONVERTED = "stored in another form than on disk (line endings or a filter), and judged in the stored form"
    NO_LFS = "declared for git-lfs, which is not set up here, and judged by its raw content (git lfs install)"
    NO_FILTER = "declared for a filter that is not set up here, and judged by its raw content"
    UNREADABLE = "folder that cannot be read, so nothing in it is judged"


class Oddities(Struct, frozen=True):
    """Paths by what is odd about them."""

    found: dict[Oddity, set[str]] = field(default_factory=dict)

    def add(self, oddity: Oddity, paths: Iterable[str]) -> None:
        """Note it of each path."""
        for path in paths:
            self.found.setdefault(oddity, set()).add(path)

    def notes(self) -> tuple[str, ...]:
        """A sentence for each oddity that was found."""
        return tuple(f"{oddity}: {named(self.found[oddity])}" for oddity in Oddity if oddity in self.found)


def shown(path: str) -> str:
    """A path for people: line breaks, control characters and bytes that are no text are escaped."""
    return path if path.isprintable() else ascii(path)


def named(paths: Collection[str]) -> str:
    """The first few paths, and how many more there are."""
    first = ", ".join(shown(path) for path in sorted(paths)[:NAMED])
    return f"{first} and {len(paths) - NAMED} more" if len(paths) > NAMED else first
