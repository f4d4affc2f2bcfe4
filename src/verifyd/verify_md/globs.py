"""Patterns and paths as VERIFY.md writes them -> what is wrong with them, in words that follow their name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pathspec import GitIgnoreSpec

MOST_WILDCARDS = 6
"""In one folder's name; each costs a loop inside a loop when a long name is matched."""
MOST_FOLDERS = 8
"""Times ``**`` stands in one pattern, for the same reason."""
ODD_SET = re.compile(r"\[[^\]]*(?:\[|--|&&|~~|\|\|)")
"""What Python's patterns will read in another way than git's one day."""


def path_problem(path: str) -> str | None:
    """What keeps a text from being a path below the root; None when nothing does."""
    if not path.strip():
        return "is empty"
    if path.startswith(("/", "~")):
        return "must be a path below the root"
    if ".." in path.split("/"):
        return "leaves the root"
    return None


def glob_problem(glob: str) -> str | None:
    """What keeps a text from being a gitignore-style pattern that can match; None when nothing does."""
    bare = glob.removeprefix("!")
    if not bare.strip() or not bare.strip("/"):
        return "holds an empty pattern"
    if bare.startswith("#"):
        return "holds a pattern that .gitignore would read as a comment"
    if bare.startswith("~"):
        return "holds a pattern outside the root"
    if ".." in bare.split("/"):
        return "holds a pattern that leaves the root"
    if "{" in bare:
        return "holds braces, which .gitignore patterns do not have"
    if bare.count("**") > MOST_FOLDERS or any(part.count("*") > MOST_WILDCARDS for part in bare.split("/")):
        return "holds a pattern with too many wildcards"
    return None if ODD_SET.search(bare) is None and is_readable(glob) else "holds a pattern that cannot be read"


def is_readable(glob: str) -> bool:
    """Whether a pattern can be matched with."""
    try:
        GitIgnoreSpec.from_lines([glob])
    except (ValueError, re.error):
        return False
    return True


def globs_problem(globs: Sequence[str]) -> str | None:
    """What is wrong with a list of patterns; None when nothing is."""
    problems = (problem for glob in globs if (problem := glob_problem(glob)))
    if (first := next(problems, None)) is not None:
        return first
    return "holds nothing but exclusions, so nothing matches" if all(glob.startswith("!") for glob in globs) else None
