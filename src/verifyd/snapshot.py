"""The exact tree that is judged, and what its id cannot see."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from msgspec import Struct


def can_name_tree(text: str) -> bool:
    """Whether it can be a tree's id, or the beginning of one that git would take for it: 4 to 64 hexadecimal digits."""
    return 4 <= len(text) <= 64 and not text.lower().strip("0123456789abcdef")


class Source(StrEnum):
    """Where the judged content came from."""

    WORKING_TREE = "working_tree"
    STAGED = "staged"
    COMMITTED = "committed"


class Snapshot(Struct, frozen=True, kw_only=True):
    """
    One exact tree.

    Attributes:
        root: The work tree's top folder, absolute, links resolved.
        git_dir: This work tree's own git folder (differs between linked work trees), absolute.
        common_dir: The repository's shared git folder, absolute.
        tree: Id of the git tree with the judged content: tracked files and untracked ones that no .gitignore of the tree
            ignores, modes and links included; nested repositories and dirty submodules by their content.
        base: Id of the commit the change is counted from; None when there is none yet (unborn HEAD).
        base_tree: Id of the tree the change is counted from; the empty tree's id when *base* is None. Where *tree* holds a
            submodule by its content, so does this: else its whole content would count as added.
        head: Id of HEAD's commit; None when unborn.
        paths: Every file of the tree, relative, as git prints it (bytes decoded with surrogateescape); the files of a
            submodule too, where they are on this machine.
        notes: What the tree id does not see, or a stranger should know, a sentence each.
        conflicted: Whether a merge, rebase, pick or revert left conflicts in it: the tree is then the conflicted text.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    source: Source
    tree: str
    base: str | None
    base_tree: str
    head: str | None
    paths: frozenset[str]
    notes: tuple[str, ...] = ()
    conflicted: bool = False
