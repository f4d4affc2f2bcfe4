"""Tells whether anything of a snapshot's tree was touched since the snapshot, there and back included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from verifyd.edge.ignore_rules import REPORT_FOLDER, RULE_FILE, IgnoreRules
from verifyd.edge.sweep import GIT_ENTRY, ROOT, Difference, Stamp, Sweep, compare, shown_folder

HELD = "(held mapped for writing by another process, where that leaves no trace)"


class TreeGuard(Struct, frozen=True, kw_only=True):
    """
    The look that a snapshot was taken by, to be held against later ones.

    Comparing tree ids instead cannot see an edit that was taken back (a false green 10 times of 10). A look does: an edit
    changes the file's ctime, which no program can set back; a file that came and went changes its folder's.
    So these count too, although the content is the same: a touch, a chmod there and back, a new hard link.

    What does not count: reading; what happens to ignored files and inside ignored folders; the user's index, branches and
    commits. An ignored file that came, went or changed is taken as the reason why its folder changed: a file that came and
    went in that same folder meanwhile is then not seen.

    Attributes:
        absent: Paths that would belong to the tree if they came back, whatever the ignore rules say: tracked, but deleted.
        baseline: The look at the snapshot's moment, at every folder that is not ignored.
        expected: The stamps in it that must not change, by path.
        rules: Ignore rules by the folder of each repository, ``""`` for the root's.
        no_index: A path where no index is.
        held: Paths that another process may change without a trace, so that nothing can be said of them.
    """

    root: Path
    absent: frozenset[str]
    baseline: Sweep
    expected: Mapping[str, Stamp]
    rules: Mapping[str, IgnoreRules]
    no_index: Path
    held: frozenset[str] = frozenset()

    def moved(self) -> tuple[str, ...]:
        """Paths of the tree that are no longer as they were, sorted; new ones, and folders where one came and went, too."""
        found = compare(self.root, self.baseline, self.expected)
        self.sort_out(found)
        for folder in found.folders - found.explained - {parent_of(path) for path in found.moved}:
            found.moved.add(f"{shown_folder(folder)} (a file appeared and vanished, or the folder itself was changed)")
        found.moved.update(f"{path} {HELD}" for path in self.held)
        return tuple(sorted(found.moved))

    def sort_out(self, found: Difference) -> None:
        """Tell new entries that belong to the tree from ignored ones."""
        for path in found.new:
            name = path.rpartition("/")[2]
            # A new .git or .gitignore changes what the files around it are, even if it hides itself.
            if path in self.absent or name == RULE_FILE or (name == GIT_ENTRY and path != GIT_ENTRY):
                found.moved.add(path)
        asked = found.new - found.moved - {REPORT_FOLDER, GIT_ENTRY}
        found.moved |= self.belonging(asked)
        found.explained |= {parent_of(path) for path in found.new}

    def belonging(self, paths: Iterable[str]) -> set[str]:
        """Of *paths* and what is below them: what is part of the tree as it is now."""
        grouped: dict[str, list[str]] = {}
        for path in paths:
            grouped.setdefault(owner_of(path, list(self.rules)), []).append(path)
        return {
            below(owner, path)
            for owner, some in grouped.items()
            for path in self.rules[owner].untracked(self.no_index, [without(owner, path) for path in some]).paths
        }


def parent_of(path: str) -> str:
    """The folder that a path lies in; ``""`` for the root."""
    return path.removesuffix("/").rpartition("/")[0]


def owner_of(path: str, repositories: Sequence[str]) -> str:
    """The innermost repository that a path lies in; ``""`` for the root's."""
    return max((owner for owner in repositories if owner == ROOT or path.startswith(f"{owner}/")), key=len)


def below(folder: str, path: str) -> str:
    """A path of a nested repository, seen from the root."""
    return f"{folder}/{path}" if folder and path else folder or path


def without(folder: str, path: str) -> str:
    """A path seen from the root, as its nested repository names it."""
    return path[len(folder) + 1 :] if folder else path
