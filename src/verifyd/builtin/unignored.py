"""The change in, the folders of installed and compiled files out that nobody told git to ignore: each run reads them whole."""

from __future__ import annotations

import posixpath
from collections import Counter

from msgspec import Struct

from verifyd.change import Change, ChangeKind
from verifyd.verdict import counted

INSTALLED = frozenset({"node_modules", "__pycache__"})
"""Names of folders that are made anew on each machine, wherever they lie."""
MARKERS = frozenset({"pyvenv.cfg", "CACHEDIR.TAG"})
"""Files that say what their folder is: a virtual environment (PEP 405), a cache (the Cache Directory Tagging Specification)."""
NAMED = 3


class Unignored(Struct, frozen=True, kw_only=True):
    """
    Folders that are in the tree because no .gitignore names them.

    Attributes:
        lines: For .gitignore, the one that leaves out most files first.
        files: How many files of the change lie in them.
    """

    lines: tuple[str, ...]
    files: int

    @property
    def what(self) -> str:
        """``.venv/ (3,367 files) is in no .gitignore, so every run reads it and it counts as changed``."""
        one = len(self.lines) == 1
        more = f" and {len(self.lines) - NAMED} more" if len(self.lines) > NAMED else ""
        verbs = (
            "is in no .gitignore, so every run reads it and it counts"
            if one
            else "are in no .gitignore, so every run reads them and they count"
        )
        return f"{', '.join(self.lines[:NAMED])}{more} ({counted(self.files, 'file')}) {verbs} as changed"

    @property
    def remedy(self) -> str:
        """The lines to add."""
        noun = "this line" if len(self.lines) == 1 else "these lines"
        return f"Add {noun} to .gitignore: {' '.join(self.lines[:NAMED])}"

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy[0].lower()}{self.remedy[1:]}"


def find_unignored(change: Change) -> Unignored | None:
    """Folders of installed files among what was added since the base; None without any. What was committed was meant."""
    added = [file.path for file in change.files if file.kind is ChangeKind.ADDED]
    homes = {posixpath.dirname(path) for path in added if posixpath.basename(path) in MARKERS} - {""}
    counts = Counter(line for path in added if (line := ignoring_line(path, homes)) is not None)
    if not counts:
        return None
    lines = sorted(counts, key=lambda line: (-counts[line], line))
    return Unignored(lines=tuple(lines), files=counts.total())


def ignoring_line(path: str, homes: set[str]) -> str | None:
    """The line of .gitignore that would leave a path out: the outermost folder of installed files it lies in; None for none."""
    folders = posixpath.dirname(path).split("/")
    for depth, name in enumerate(folders, 1):
        folder = "/".join(folders[:depth])
        if name in INSTALLED:
            return f"{name}/"
        if folder in homes:
            return f"{folder}/"
    return None
