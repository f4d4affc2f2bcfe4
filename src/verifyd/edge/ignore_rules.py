"""Which untracked files belong to the tree: what the tree's own .gitignore files leave, whatever a private ignore file hides."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from verifyd.edge.git_process import GitProcess, Place, as_input, lines_of
from verifyd.errors import GitError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

RULE_FILE = ".gitignore"
REPORT_FOLDER = ".verifyd"

LITTER = (
    *(".DS_Store", "Thumbs.db", "*.swp", "*.swo", "*~", ".#*", ".idea/", ".vscode/", ".zed/", ".fleet/"),
    *(
        "__pycache__/",
        ".mypy_cache/",
        ".pytest_cache/",
        ".ruff_cache/",
        ".hypothesis/",
        ".tox/",
        ".nox/",
        ".ipynb_checkpoints/",
    ),
    *("node_modules/", ".venv/", "venv/", ".direnv/", ".claude/settings.local.json", f"/{REPORT_FOLDER}/"),
)
"""
What editors, systems and tools leave behind. Hidden by a private ignore file (``.git/info/exclude``, the user's own), it stays hidden.

Everything else that only a private ignore file hides is part of the tree: a conftest.py there would act on the run unseen. Not
listed on purpose: ``*.pyc`` (Python imports one that lies where its source would), ``.env``.
"""

ARGUMENTS_AT_ONCE = 200
"""Paths on one command line: far below the system's limit, even for names of 255 bytes in deep folders."""


class Untracked(Struct, frozen=True, kw_only=True):
    """
    What is on disk besides the index and belongs to the tree.

    Attributes:
        files: Paths of files and links.
        repositories: Folders that are git repositories of their own; no trailing slash.
        hidden: Those of both that only a private ignore file hides.
    """

    files: frozenset[str]
    repositories: frozenset[str]
    hidden: frozenset[str] = frozenset()

    @property
    def paths(self) -> frozenset[str]:
        """All of it."""
        return self.files | self.repositories


class IgnoreRules(Struct, frozen=True, kw_only=True):
    """
    The ignore rules of one work tree.

    Attributes:
        place: The work tree.
        are_private: Whether a private ignore file has any rule; without one git's own answer is the answer.
        without_force: .gitignore files next to files of the tree that are not part of it themselves, because they name
            themselves: what only they hide is part of the tree, and so are they.
    """

    git: GitProcess
    place: Place
    are_private: bool
    without_force: frozenset[str] = frozenset()

    def untracked(self, index: Path, under: Collection[str] = ()) -> Untracked:
        """
        Untracked files and repositories.

        Args:
            index: What counts as tracked; an index that does not exist tracks nothing.
            under: Only these paths and what is below them; empty means everything.
        """
        plain = self._others(index, under, "--exclude-standard")
        hidden: frozenset[str] = frozenset()
        if self.are_private:
            litter = [f"--exclude={pattern}" for pattern in LITTER]
            hidden |= self._others(index, under, f"--exclude-per-directory={RULE_FILE}", *litter)
        if self.without_force:
            listed = self._others(index, under, "--ignored", f"--exclude-per-directory={RULE_FILE}")
            hidden |= listed - self.ignored(listed)
        return sorted_out(plain | hidden, hidden=hidden - plain)

    def ignored(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of *paths* that do not belong to the tree; a folder counts when all below it is ignored by its own name."""
        asked = sorted(paths)
        if not asked:
            return frozenset()
        return frozenset(path for path, rule in self.deciding_rules(asked).items() if self.hides(rule, path))

    def hides(self, rule: Rule, path: str) -> bool:
        """Whether the rule that decides about a path keeps it out of the tree."""
        if rule.is_negative:
            return False
        has_force = rule.is_in_tree and rule.source not in self.without_force
        return has_force or is_litter(path) or is_litter(f"{path}/")

    def deciding_rules(self, paths: Sequence[str]) -> Mapping[str, Rule]:
        """The last matching rule for each path that any rule matches."""
        # With ./ before it, a name that begins with a colon is no pathspec magic.
        asked = as_input([f"./{path}" for path in paths])
        ended = self.git.attempt(self.place, "check-ignore", "--no-index", "--verbose", "-z", "--stdin", content=asked)
        if ended.status not in (0, 1):  # 1: none is ignored
            raise GitError(
                f"git check-ignore ended with status {ended.status}: {ended.complaint}", where=str(self.place.folder)
            )
        fields = lines_of(ended.output)
        return {
            path.removeprefix("./"): Rule(source=source, pattern=pattern)
            for source, pattern, path in zip(fields[::4], fields[2::4], fields[3::4], strict=True)
        }

    def _others(self, index: Path, under: Collection[str], *rules: str) -> frozenset[str]:
        place = self.place.with_variables(GIT_INDEX_FILE=str(index), GIT_LITERAL_PATHSPECS="1")
        listed: set[str] = set()
        for some in portions(sorted(under)) or [()]:
            listed.update(lines_of(self.git.run(place, "ls-files", "-z", "--others", *rules, "--", *some)))
        return frozenset(path for path in listed if not is_ours(path))


class Rule(Struct, frozen=True, kw_only=True):
    """One line of an ignore file; *source* is relative to the work tree for files in it."""

    source: str
    pattern: str

    @property
    def is_negative(self) -> bool:
        """Whether it takes a path back (``!keep``)."""
        return self.pattern.startswith("!")

    @property
    def is_in_tree(self) -> bool:
        """Whether a .gitignore inside the work tree says so; the user's own file may be called the same, elsewhere."""
        return not self.source.startswith("/") and PurePosixPath(self.source).name == RULE_FILE


def sorted_out(listed: frozenset[str], hidden: frozenset[str] = frozenset()) -> Untracked:
    """git lists a repository inside the work tree as one folder, with a slash at the end."""
    repositories = frozenset(path.removesuffix("/") for path in listed if path.endswith("/"))
    files = frozenset(path for path in listed if not path.endswith("/"))
    return Untracked(
        files=files, repositories=repositories, hidden=frozenset(path.removesuffix("/") for path in hidden)
    )


def is_ours(path: str) -> bool:
    """Whether a path, relative to the root, lies in the folder that the reports are written to."""
    return path == REPORT_FOLDER or path.startswith(f"{REPORT_FOLDER}/")


def portions(paths: Sequence[str]) -> list[Sequence[str]]:
    """Paths in lists that fit on a command line."""
    return [paths[start : start + ARGUMENTS_AT_ONCE] for start in range(0, len(paths), ARGUMENTS_AT_ONCE)]


def is_litter(path: str) -> bool:
    """Whether a path, a folder's with a slash at its end, is left behind by an editor, a system or a tool."""
    return litter_spec().match_file(path)


@functools.cache
def litter_spec() -> GitIgnoreSpec:
    """LITTER, made when it is first asked for: where nobody hides anything privately it never is."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(LITTER)
